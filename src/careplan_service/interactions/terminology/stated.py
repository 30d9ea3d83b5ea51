"""What the CapabilityStatement says of definitions. https://hl7.org/fhir/R4/capabilitystatement.html"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from careplan_service.interactions.terminology.finding import PARAMETERS
from careplan_service.interventions.vocabulary.whole import TYPES

_OPERATIONS: Mapping[str, Sequence[str]] = {
    "CodeSystem": ("lookup", "validate-code"),
    "ValueSet": ("expand", "validate-code"),
    "ConceptMap": ("translate",),
}
_DEFINITION = "http://hl7.org/fhir/OperationDefinition"


def definitions_stated() -> list[dict[str, Any]]:
    """The entry of each type of definition."""
    return [_stated(type_) for type_ in TYPES]


def _stated(type_: str) -> dict[str, Any]:
    operations = [
        {"name": name, "definition": f"{_DEFINITION}/{type_}-{name}"} for name in _OPERATIONS.get(type_, ())
    ]
    return {
        "type": type_,
        "documentation": "made of the service's vocabulary; read without a token, written by nobody",
        "interaction": [{"code": "read"}, {"code": "search-type"}],
        "versioning": "no-version",
        "searchParam": [
            {"name": name, "type": kind, "documentation": about} for name, (kind, about) in PARAMETERS.items()
        ],
        **({"operation": operations} if operations else {}),
    }

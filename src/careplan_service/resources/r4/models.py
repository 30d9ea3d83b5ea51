"""The one door to `fhir.resources.R4B`: the structure of each type. https://hl7.org/fhir/R4/resourcelist.html

Its classes are imported on first use, each costs time and memory. They are only asked; what they make of a
document is thrown away, because it is not what the client sent. R4B carries R4 except where named below.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from careplan_service.resources.r4.facts import RESOURCE_TYPES
from careplan_service.resources.r4.finding import Finding, step
from careplan_service.resources.r4.wording import quoted

if TYPE_CHECKING:
    from pydantic import BaseModel

_CHANGED_IN_R4B = frozenset({"Evidence", "EvidenceVariable"})

# Known to be refused although R4 allows it: UUIDs of any version; in extensions Meta as the value, and
# a primitive value that is only explained by an extension of its own.
_FORMATS_REFUSED_WRONGLY = frozenset({"uuid_version"})
_NAMES_REFUSED_WRONGLY = ("valueMeta", "_value")

_SENTENCES: Mapping[str, tuple[str, str]] = {
    "missing": ("required", "is missing: it must be given"),
    "model_field_validation.missing": ("required", "is missing: it must be given"),
    "list_type": ("structure", "must be a list without null"),
    "value_error": ("structure", "does not hold what FHIR R4 allows here: check its [x] choices"),
}
_OTHER = ("value", "does not have the form that FHIR R4 gives it")


@cache
def _model(resource_type: str) -> type[BaseModel] | None:
    """The class of the type; None where R4B has none or another one."""
    if resource_type not in RESOURCE_TYPES - _CHANGED_IN_R4B:
        return None
    try:
        module = import_module(f"fhir.resources.R4B.{resource_type.lower()}")
    except ModuleNotFoundError:
        return None
    model: type[BaseModel] = getattr(module, resource_type)
    return model


def _wrongly_refused(kind: str, location: tuple[int | str, ...]) -> bool:
    if kind == "extra_forbidden":
        return str(location[-1]).startswith(_NAMES_REFUSED_WRONGLY)
    return kind in _FORMATS_REFUSED_WRONGLY


def _finding(kind: str, location: tuple[int | str, ...]) -> Finding:
    path = "".join(f"[{name}]" if isinstance(name, int) else step(name) for name in location)
    if kind == "extra_forbidden":
        return "structure", f"{quoted(location[-1])} is not an element of FHIR R4 here: remove it", path
    return (*_SENTENCES.get(kind, _OTHER), path)


def model_findings(document: Mapping[str, Any], resource_type: str) -> list[Finding]:
    """What fhir.resources finds wrong with the structure; contained resources are not looked at."""
    model = _model(resource_type)
    if model is None:
        return []
    # Not at the top: with pydantic the start of every command would take a third of a second longer.
    from pydantic import ValidationError

    alone = {name: value for name, value in document.items() if name != "contained"}
    try:
        model.model_validate(alone)
    except ValidationError as refusal:
        return [
            _finding(error["type"], error["loc"])
            for error in refusal.errors(include_url=False, include_context=False, include_input=False)
            if not _wrongly_refused(error["type"], error["loc"])
        ]
    except Exception:  # its validators let KeyError, TypeError and others escape on hostile input
        return [("structure", f"cannot be read as a {resource_type} of FHIR R4", "")]
    return []

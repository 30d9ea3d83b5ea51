"""The paths of definitions and of questions about codes. https://hl7.org/fhir/R4/terminology-service.html"""

from __future__ import annotations

from collections.abc import Mapping

from careplan_service.interactions.terminology.asked import Known
from careplan_service.interactions.terminology.expand import EXPAND
from careplan_service.interactions.terminology.lookup import LOOKUP, VALIDATE_IN_SET, VALIDATE_IN_SYSTEM
from careplan_service.interactions.terminology.translate import TRANSLATE
from careplan_service.interventions.vocabulary.whole import TYPES
from careplan_service.web.openapi_fhir import Operations
from careplan_service.web.openapi_operations import Row, operation

_SHAPE = ("format", "pretty")
_OPEN = (400, 406, 503)
_SEARCH = ("id", "codes-url", "codes-name", "codes-version", "count", *_SHAPE)
_ROWS = (
    Row("", "get", "search{}", "Search {}", {200: "Definitions"}, (), "", _SEARCH, always=_OPEN),
    Row("/_search", "post", "searchByForm{}", "Search {}, by form", {200: "Definitions"}, (413, 415), "",
        _SHAPE, "Form", always=_OPEN),
    Row("/{id}", "get", "read{}", "Read a {}", {200: "Definition"}, (404,), "", _SHAPE, always=_OPEN),
)  # fmt: skip
_ASKED: Mapping[tuple[str, str], tuple[str, str, Known]] = {
    ("CodeSystem", "lookup"): ("lookup", "What a code means", LOOKUP),
    ("CodeSystem", "validate-code"): ("validateCode", "Does {} have a code", VALIDATE_IN_SYSTEM),
    ("ValueSet", "expand"): ("expand", "The codes of a value set", EXPAND),
    ("ValueSet", "validate-code"): ("validateCode", "Does {} have a code", VALIDATE_IN_SET),
    ("ConceptMap", "translate"): ("translate", "What a code is elsewhere", TRANSLATE),
}


def definition_operations() -> Operations:
    """(path, method, operation); none asks for a token."""
    for type_ in TYPES:
        for row in _ROWS:
            yield _open(f"/fhir/{type_}{row.path}", row, type_)
    for (type_, name), (id_, about, takes) in _ASKED.items():
        for place, ending in (("", ""), ("/{id}", "Of")):
            if name == "lookup" and place:
                continue
            asked = tuple(f"codes-{one}" for one, kind in takes.items() if kind[0].islower())
            path, answer = f"{place}/${name}", {200: "Definition" if name == "expand" else "AboutCode"}
            for row in (
                Row(path, "get", f"{id_}{ending}{{}}", about, answer, (404,), "", (*asked, *_SHAPE),
                    always=_OPEN),
                Row(path, "post", f"{id_}ByBody{ending}{{}}", f"{about}, asked by Parameters", answer,
                    (404, 413, 415), "", _SHAPE, "Asked", always=_OPEN),
            ):  # fmt: skip
                yield _open(f"/fhir/{type_}{path}", row, type_)


def _open(path: str, row: Row, type_: str) -> tuple[str, str, dict[str, object]]:
    return path, row.method, {**operation(row, "Definitions", type_), "security": []}

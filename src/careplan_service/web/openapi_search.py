"""Search parameters as OpenAPI parameters. https://hl7.org/fhir/R4/search.html"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from careplan_service.resources.audit_event import AUDIT_EVENT
from careplan_service.resources.params import SearchParam
from careplan_service.resources.registry import SERVED
from careplan_service.resources.spec import ResourceSpec
from careplan_service.web.openapi_parameters import DATE

_PREFIXES = "after one of `eq ne gt lt ge le sa eb ap` if need be"
_KINDS: Mapping[str, str] = {
    "token": "`code`, `system|code`, `system|` (any code of it) or `|code` (without a system).",
    "reference": "`Type/id`, an id alone, or an absolute address.",
    "date": f"{DATE}, {_PREFIXES}.",
    "string": "Texts that begin like this; case and accents do not count.",
    "phonetic": "Names that sound like this.",
    "uri": "Matched whole; with `:below` what begins with it, with `:above` what it begins with.",
    "quantity": f"`5.4|http://unitsofmeasure.org|mg`, `5.4||mg` or `5.4`, {_PREFIXES}.",
    "composite": "The values of both parts with a `$` between: `code$value`.",
    "special": "`latitude|longitude|distance|unit`, as `52.5|13.4|5|km`.",
}
COMMON = ("id", "lastUpdated", "profile", "security", "source", "tag", "text", "content", "filter")
PRESENTATION = ("format", "pretty", "summary", "elements")
CONTROLS = (
    "include", "revinclude", "sort", "count", "total", "contained", "cursor", "format", "pretty",
    "summary-search", "elements", "further", "Prefer-handling",
)  # fmt: skip


def search_schemas() -> dict[str, Any]:
    """How the values of each kind of parameter are written; several, parted by commas, mean any of them."""
    items = {"type": "array", "items": {"type": "string"}}
    return {f"search-{kind}": {**items, "description": about} for kind, about in _KINDS.items()}


def search_parameters() -> Iterator[tuple[str, dict[str, Any]]]:
    """The parameters of every type, with the names under which they stand in the components."""
    for spec in (*SERVED.values(), AUDIT_EVENT):
        for param in spec.params:
            yield f"{spec.name}.{param.name}", _described(param)


def names_of(spec: ResourceSpec) -> tuple[str, ...]:
    """The components that a search of the type takes."""
    return (*(f"{spec.name}.{param.name}" for param in spec.params), *COMMON, *CONTROLS)


def _described(param: SearchParam) -> dict[str, Any]:
    return {
        "name": param.name,
        "in": "query",
        "description": _about(param),
        "schema": {"$ref": f"#/components/schemas/search-{_kind(param)}"},
        # One parameter with commas means any of them; the parameter sent twice means both.
        "explode": False,
    }


def _kind(param: SearchParam) -> str:
    return param.form if param.form in _KINDS else param.kind


def _about(param: SearchParam) -> str:
    about = [f"{param.kind} of `{'`, `'.join(param.paths)}`."]
    if param.system:
        about.append(f"The codes are those of `{param.system}`.")
    if param.targets:
        about.append(f"May point to {', '.join(param.targets)}.")
    return " ".join([*about, f"Modifiers: {', '.join(f'`:{m}`' for m in param.modifiers)}."])

"""Search parameters as OpenAPI parameters. https://hl7.org/fhir/R4/search.html"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from careplan_service.interactions.search import DEFAULT_COUNT, MOST
from careplan_service.resources.params import SearchParam
from careplan_service.resources.spec import ResourceSpec

_DATE = (
    "Write `2026`, `2026-01`, `2026-01-31` or `2026-01-31T08:00:00Z` (UTC where no zone is given), "
    "after one of `eq ne gt lt ge le sa eb ap` if need be."
)
_HOW: Mapping[str, str] = {
    "token": "Write `code`, `system|code`, `system|` (any code of it) or `|code` (without a system).",
    "reference": "Write `Type/id`, an id alone, or an absolute address.",
    "date": _DATE,
    "string": "Finds texts that begin like this; case and accents do not count.",
    "uri": "Matched whole.",
}
_MODIFIERS: Mapping[str, str] = {
    "missing": "`:missing` (`true` or `false`)",
    "not": "`:not`",
    "exact": "`:exact`",
    "contains": "`:contains`",
}

_TEXT = {"type": "string"}


def _query(name: str, about: str, **schema: Any) -> Mapping[str, Any]:
    return {"name": name, "in": "query", "description": about, "schema": schema or _TEXT}


COMMON: Mapping[str, Mapping[str, Any]] = {
    "id": _query("_id", "The logical id; several are parted by commas."),
    "lastUpdated": _query("_lastUpdated", f"When the version was stored. {_DATE}"),
    "count": _query(
        "_count",
        f"Entries of a page; more than {MOST} counts as {MOST}, 0 gives the total only.",
        type="integer",
        minimum=0,
        maximum=999_999,
        default=DEFAULT_COUNT,
    ),
    "sort": _query(
        "_sort",
        "Without it, in the order of creation.",
        type="string",
        enum=["_lastUpdated", "-_lastUpdated"],
    ),
    "total": _query(
        "_total",
        "The total is exact whichever is asked for.",
        type="string",
        enum=["accurate", "estimate", "none"],
    ),
    "cursor": _query("_cursor", "Where a page begins: follow the `next` link, do not make one."),
    "format": _query("_format", "`json`; wins over the Accept header."),
}
"""The parameters that every type has, by the names under which they stand in the document once."""


def parameters_of(spec: ResourceSpec) -> Iterator[dict[str, Any]]:
    """What a search of the type takes."""
    for param in spec.params:
        yield {
            "name": param.name,
            "in": "query",
            "description": _about(param),
            "schema": {"type": "array", "items": {"type": "string"}},
            "style": "form",
            # One parameter with commas means any of them; the parameter sent twice means both.
            "explode": False,
        }
    for name in COMMON:
        yield {"$ref": f"#/components/parameters/{name}"}


def _about(param: SearchParam) -> str:
    about = [f"{param.kind} of `{'`, `'.join(param.paths)}`.", _HOW[param.kind]]
    if param.system:
        about.append(f"The codes are those of `{param.system}`.")
    if param.targets:
        about.append(f"May point to {', '.join(param.targets)}.")
    return " ".join([*about, f"Modifiers: {', '.join(_modifiers(param))}."])


def _modifiers(param: SearchParam) -> Iterator[str]:
    for modifier in param.modifiers:
        yield _MODIFIERS.get(modifier, f"`:{modifier}`")

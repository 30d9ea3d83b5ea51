"""The parameters that operations share: of the path, of the header, of the query.

https://spec.openapis.org/oas/v3.1.0.html#parameter-object
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from careplan_service.interactions.controls import DEFAULT_COUNT, MOST
from careplan_service.interactions.metadata import FORMATS
from careplan_service.interactions.validate import MODES
from careplan_service.web.docs import ASSETS

DATE = "`2026`, `2026-01`, `2026-01-31` or `2026-01-31T08:00:00Z` (UTC where no zone is given)"

_TEXT: Mapping[str, Any] = {"type": "string"}
_SWITCH: Mapping[str, Any] = {"type": "string", "enum": ["true", "false"]}
_ID: Mapping[str, Any] = {"type": "string", "pattern": r"^[A-Za-z0-9\-.]{1,64}$"}
_COUNT: Mapping[str, Any] = {"type": "integer", "minimum": 0, "maximum": 999_999, "default": DEFAULT_COUNT}
_LIST: Mapping[str, Any] = {"type": "array", "items": {"type": "string"}}
_FREE: Mapping[str, Any] = {"type": "object", "additionalProperties": {"type": "string"}}
_STYLES: Mapping[int, Mapping[str, Any]] = {
    id(_LIST): {"style": "form", "explode": False},
    id(_FREE): {"style": "form", "explode": True, "example": {}},
}


def _choice(*words: str) -> Mapping[str, Any]:
    return {"type": "string", "enum": list(words)}


Row = tuple[str, str, str, Mapping[str, Any]]
"""Where it stands, its name, what it says, its schema."""

SHARED: Mapping[str, Row] = {
    "path-id": ("path", "id", "The logical id of the resource.", _ID),
    "path-vid": (
        "path", "vid", "The version, as in `meta.versionId`.", {"type": "string", "pattern": "^[0-9]{1,9}$"}
    ),
    "path-asset": ("path", "asset", "The name of a file.", {"type": "string", "enum": list(ASSETS)}),
    "If-Match": (
        "header", "If-Match",
        'Carry it out only if this is the current version: `W/"3"`, or `*` for any; 412 otherwise.', _TEXT,
    ),
    "If-None-Match": (
        "header", "If-None-Match", 'Answer 304 if this is the current version: `W/"3"`, or `*` for any.',
        _TEXT,
    ),
    "If-None-Match-write": (
        "header", "If-None-Match",
        'Answer 412 if this is the current version: `W/"3"`, or `*`: nothing may be there.', _TEXT,
    ),
    "If-Modified-Since": (
        "header", "If-Modified-Since", "Answer 304 if nothing was stored after this HTTP date.", _TEXT
    ),
    "If-None-Exist": (
        "header", "If-None-Exist",
        "Create it only if this search finds nothing: `identifier=http://x|1`. One match is answered with "
        "200, several with 412.", _TEXT,
    ),
    "Idempotency-Key": (
        "header", "Idempotency-Key",
        "Sent again under this key within a day, the write is not carried out again; 422 if the request is "
        'another one. 1 to 255 printable characters: `"8e03978e-40d5"`.', _TEXT,
    ),
    "Prefer": (
        "header", "Prefer", "What a write is answered with: the resource, nothing, or an OperationOutcome.",
        _choice("return=representation", "return=minimal", "return=OperationOutcome"),
    ),
    "Prefer-handling": (
        "header", "Prefer", "`handling=lenient` leaves out what is not known, and says so in the answer.",
        _choice("handling=strict", "handling=lenient"),
    ),
    "format": ("query", "_format", "How the answer is written; wins over Accept.", _choice(*FORMATS)),
    "pretty": ("query", "_pretty", "`true` writes the answer on many lines.", _SWITCH),
    "summary": (
        "query", "_summary", "A part of each resource; `count` gives a search's total only.",
        _choice("true", "text", "data", "false"),
    ),
    "summary-search": (
        "query", "_summary", "A part of each resource; `count` gives the total only.",
        _choice("true", "text", "data", "count", "false"),
    ),
    "elements": ("query", "_elements", "Only these top elements, parted by commas: `status,subject`.", _LIST),
    "id": ("query", "_id", "The logical id; several are parted by commas.", _TEXT),
    "lastUpdated": (
        "query", "_lastUpdated",
        f"When the version was stored: {DATE}, after one of `eq ne gt lt ge le sa eb ap` if need be.", _TEXT,
    ),
    "text": ("query", "_text", "Words of the narrative; ASCII case does not count.", _TEXT),
    "content": ("query", "_content", "Words of the whole document; ASCII case does not count.", _TEXT),
    "filter": (
        "query", "_filter", 'Conditions joined by `and`, `or`, `not` and brackets: `name eq "Ann"`.', _TEXT
    ),
    "profile": ("query", "_profile", "A profile in `meta.profile`, whole.", _TEXT),
    "security": ("query", "_security", "A security label: `code`, `system|code`.", _TEXT),
    "source": ("query", "_source", "`meta.source`, whole.", _TEXT),
    "tag": ("query", "_tag", "A tag: `code`, `system|code`.", _TEXT),
    "include": (
        "query", "_include", "What matches refer to: `Goal:subject`, `Goal:subject:Patient` or `*`. As "
        "`_include:iterate` also what that refers to.", _TEXT,
    ),
    "revinclude": (
        "query", "_revinclude", "What refers to matches: `CarePlan:goal`. As `_revinclude:iterate` also what "
        "refers to that.", _TEXT,
    ),
    "count": (
        "query", "_count", f"Entries of a page; more than {MOST} counts as {MOST}, 0 gives the total only.",
        _COUNT,
    ),
    "sort": (
        "query", "_sort", "Up to 5 of `_lastUpdated`, `_id` and the type's parameters, parted by commas; `-` "
        "before one means descending. Without it, in the order of creation.", _LIST,
    ),
    "total": (
        "query", "_total", "Without it the total is told where it costs little; with it, always or never.",
        _choice("accurate", "estimate", "none"),
    ),
    "contained": (
        "query", "_contained", "Contained resources are not searched on their own.", _choice("false")
    ),
    "cursor": ("query", "_cursor", "Where a page begins: follow the `next` link, do not make one.", _TEXT),
    "type": ("query", "_type", "Only these types, parted by commas.", _LIST),
    "since": ("query", "_since", f"Only what was stored at or after this: {DATE}.", _TEXT),
    "at": ("query", "_at", f"Only what was current then: {DATE}.", _TEXT),
    "start": ("query", "start", f"Only care at or after this: {DATE}.", _TEXT),
    "end": ("query", "end", f"Only care at or before this: {DATE}.", _TEXT),
    "disclosed-start": ("query", "start", f"Only what happened at or after this: {DATE}.", _TEXT),
    "disclosed-end": ("query", "end", f"Only what happened at or before this: {DATE}.", _TEXT),
    "recipient": ("query", "recipient", "Only what these got: `Organization/x` or `Practitioner/x`.", _TEXT),
    "partner": ("query", "partner", "Which organisation: `Organization/x`. Needed.", _TEXT),
    "a-partner": ("query", "partner", "Which partner: the id of its client, or `Organization/x`.", _TEXT),
    "query-explained": ("query", "query", "The search: `patient=Patient/ann`; empty: all.", _TEXT),
    "at-moment": ("query", "at", f"When, now if it is left out: {DATE}.", _TEXT),
    "purpose": ("query", "purpose", "The purpose of use asserted, a v3-ActReason code.", _TEXT),
    "format-csv": (
        "query", "_format", "How the answer is written; wins over Accept.", _choice(*FORMATS, "text/csv")
    ),
    "sort-log": ("query", "_sort", "`-date`, which is how they come, or `date`.", _choice("-date", "date")),
    "summary-log": ("query", "_summary", "`count` gives the total only.", _choice("count", "false")),
    "mode": ("query", "mode", "What would be done with the resource.", _choice(*MODES)),
    "store": ("query", "store", "Whether what is said is stored at once.", _choice("true", "false")),
    "validated-profile": ("query", "profile", "The profile it should keep to.", _TEXT),
    "further": (
        "query", "further", "Parameters with a modifier (`status:not`), chains (`subject:Patient.name`) and "
        "`_has:Type:reference:parameter`.", _FREE,
    ),
    "criteria": (
        "query", "criteria", "The search parameters that only one resource may match: "
        "`identifier=http://x|1`. 412 if several do.", _FREE,
    ),
}  # fmt: skip
"""Under the names they have in `#/components/parameters`."""

_NUMBER: Mapping[str, Any] = {"type": "integer", "minimum": 0, "maximum": 999_999}
_DAY: Mapping[str, Any] = {"type": "string", "format": "date"}
_OF_CODES: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "url": ("The canonical address of what is asked or searched; `url|version` for one version.", _TEXT),
    "name": ("How the name begins; case does not count.", _TEXT),
    "version": ("The version.", _TEXT),
    "conceptMapVersion": ("The version of the map.", _TEXT),
    "valueSetVersion": ("The version of the value set.", _TEXT),
    "systemVersion": ("The version of the code system.", _TEXT),
    "code": ("The code; `system` goes with it.", _TEXT),
    "system": ("The code system of `code`.", _TEXT),
    "display": ("What the code is called: whether it is, is told.", _TEXT),
    "property": ("Which properties to tell; all without it.", _TEXT),
    "date": ("The day on which a code may be used.", _DAY),
    "filter": ("Words that code, display or a spelling must have.", _TEXT),
    "offset": ("How many codes to leave out first.", _NUMBER),
    "count": ("How many codes to list.", _NUMBER),
    "includeDesignations": ("`true` lists the spellings, too.", _SWITCH),
    "source": ("The value set that the code is used in.", _TEXT),
    "target": ("The value set that a match is to be in.", _TEXT),
    "targetsystem": ("The code system that a match is to be of.", _TEXT),
    "reverse": ("`true` asks which of our codes it stands for.", _SWITCH),
}
OF_CODES: Mapping[str, Row] = {
    f"codes-{name}": ("query", name, about, schema) for name, (about, schema) in _OF_CODES.items()
}
"""Those of questions about codes."""


def shared_parameters() -> Iterator[tuple[str, dict[str, Any]]]:
    """Each with its name in the components."""
    for key, (place, name, about, schema) in {**SHARED, **OF_CODES}.items():
        made: dict[str, Any] = {"name": name, "in": place, "description": about, "schema": dict(schema)}
        if place == "path":
            made["required"] = True
        made |= _STYLES.get(id(schema), {})
        yield key, made

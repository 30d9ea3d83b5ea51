"""Parts of resources: `_summary` and `_elements`. https://hl7.org/fhir/R4/search.html#summary

An element is kept or left out as a whole: half of a `Consent.provision` would permit what the whole forbids.
What is not whole any more says so with the tag SUBSETTED, and nobody may store it again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from careplan_service.errors import Malformed
from careplan_service.resources.r4.tables import SHAPES
from careplan_service.resources.summaries import NEEDED, SUMMARY

_Document = dict[str, Any]

SUBSETTED: Mapping[str, str] = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue",
    "code": "SUBSETTED",
}

# Numbers stay the text they are.
_DECODER = json.JSONDecoder(parse_int=orjson.Fragment, parse_float=orjson.Fragment)


@dataclass(frozen=True)
class Narrowing:
    """What to keep of a resource: `summary` is `true`, `text`, `data` or empty, `elements` are names by type.

    Types that `elements` does not have are left whole.
    """

    summary: str = ""
    elements: Mapping[str, frozenset[str]] = field(default_factory=dict)


WHOLE = Narrowing()


def narrowing_of(summary: str | None, elements: str | None, types: Iterable[str]) -> Narrowing:
    """What `_summary` and `_elements` ask of an answer about these types.

    Raises Malformed (400) for values that are not R4's, `count`, unknown names and both at once.
    """
    if summary is not None and summary not in _SUMMARIES:
        known = ", ".join(sorted(_SUMMARIES))
        raise Malformed(f"`_summary` takes {known} here, and `count` in a search, not `{summary}`")
    kept = "" if summary in (None, "false") else str(summary)
    if elements is None:
        return Narrowing(kept)
    if kept:
        raise Malformed("`_summary` and `_elements` exclude each other; leave one of them out")
    return Narrowing(elements=_by_type(elements, sorted(types)))


def _by_type(text: str, types: list[str]) -> Mapping[str, frozenset[str]]:
    names: dict[str, set[str]] = {}
    for asked in text.split(","):
        prefix, _, name = asked.strip().rpartition(".")
        holders = [prefix] if prefix else types
        found = [type_ for type_ in holders if name.removesuffix("[x]") in _known(type_)]
        if not found:
            known = ", ".join(sorted(set().union(*map(_known, holders)))) if len(holders) == 1 else ""
            told = f"{holders[0]} has {known}" if known else "ask for elements at the top of a served type"
            raise Malformed(f"`_elements` names `{asked}`; {told}")
        for type_ in found:
            names.setdefault(type_, set()).add(name.removesuffix("[x]"))
    return {type_: frozenset(asked) for type_, asked in names.items()}


def _known(type_: str) -> set[str]:
    """The names of the elements at the top of a served type; of another type none."""
    return {element.path for element in SHAPES[type_].elements.values()} if type_ in SUMMARY else set()


def narrowed(data: bytes, narrowing: Narrowing) -> bytes:
    """A resource in JSON, or each resource of a Bundle, with what is to be kept; numbers keep their digits.

    Types that are not served here (OperationOutcome, CapabilityStatement) are left as they are.
    """
    return orjson.dumps(_part(_DECODER.decode(data.decode()), narrowing))


def indented(data: bytes) -> bytes:
    """The same JSON with a line for each element, for people; numbers keep their digits."""
    return orjson.dumps(_DECODER.decode(data.decode()), option=orjson.OPT_INDENT_2)


def _part(document: _Document, narrowing: Narrowing) -> _Document:
    type_ = document["resourceType"]
    if type_ == "Bundle":
        entries = [_entry(entry, narrowing) for entry in document.get("entry", ())]
        return {**document, "entry": entries} if entries else document
    keeps = _keeps(type_, narrowing) if type_ in SUMMARY else None
    if keeps is None:
        return document
    kept = {key: value for key, value in document.items() if keeps(_name(type_, key))}
    return _tagged(kept) if len(kept) < len(document) else document


def _name(type_: str, key: str) -> str:
    """`value` for `valueQuantity`, `birthDate` for `_birthDate`."""
    element = SHAPES[type_].elements.get(key)
    return element.path if element else key


def _entry(entry: _Document, narrowing: Narrowing) -> _Document:
    resource = entry.get("resource")
    return {**entry, "resource": _part(resource, narrowing)} if resource else entry


def _keeps(type_: str, narrowing: Narrowing) -> Callable[[str], bool] | None:
    """Whether an element is kept; None where all are."""
    if narrowing.summary:
        return _SUMMARIES[narrowing.summary](type_)
    asked = narrowing.elements.get(type_)
    return None if asked is None else (asked | NEEDED[type_]).__contains__


_SUMMARIES: Mapping[str, Callable[[str], Callable[[str], bool]]] = {
    "true": lambda type_: (SUMMARY[type_] | NEEDED[type_]).__contains__,
    "text": lambda type_: (NEEDED[type_] | {"text"}).__contains__,
    "data": lambda type_: lambda name: name != "text",
    "false": lambda type_: lambda name: True,
}


def _tagged(document: _Document) -> _Document:
    if subsetted_at(document) is not None:
        return document
    meta = document.get("meta", {})
    return {**document, "meta": {**meta, "tag": [*meta.get("tag", ()), SUBSETTED]}}


def subsetted_at(document: Mapping[str, Any]) -> int | None:
    """The index of the tag by which a document says that it is only a part; storing it would lose the rest.

    Takes any JSON object, also one that is not valid.
    """
    meta = document.get("meta")
    tags = meta.get("tag") if type(meta) is dict else None
    return next((i for i, tag in enumerate(tags) if _says_part(tag)), None) if type(tags) is list else None


def _says_part(tag: Any) -> bool:
    return type(tag) is dict and all(tag.get(name) == value for name, value in SUBSETTED.items())

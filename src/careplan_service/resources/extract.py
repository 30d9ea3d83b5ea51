"""Reading values out of a document: elements by path, codings anywhere, texts made comparable.

https://hl7.org/fhir/R4/search.html#string (case and accents do not count)
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from careplan_service.access import instants
from careplan_service.access.consent.dimensions import local

Path = tuple[str, ...]
Pair = tuple[str, str]

_NESTING = (dict, list)
"""What parsed JSON nests by; nothing here is of a class made from them."""

_NAME_PARTS = ("family", "given", "prefix", "suffix", "text")
_CONTACT_SYSTEMS = frozenset({"phone", "fax", "email", "pager", "url", "sms", "other"})
_ADDRESS_PARTS = ("line", "city", "district", "state", "postalCode", "country", "text")


def values_at(document: Mapping[str, Any], path: Path) -> list[Any]:
    """Every value at a path; lists are walked through, `effective[x]` means each of its types."""
    found: list[Any] = [document]
    for name in path:
        below: list[Any] = []
        for node in found:
            if not isinstance(node, dict):
                continue
            for value in (node.get(name),) if name[-1] != "]" else _choices(node, name[:-3]):
                if isinstance(value, list):
                    below += value
                elif value is not None:
                    below.append(value)
        if not below:
            return below
        found = below
    return [value for value in found if value is not None] if None in found else found


def _choices(node: Mapping[str, Any], stem: str) -> list[Any]:
    return [value for key, value in node.items() if key.startswith(stem)]


def codings_in(node: Any) -> set[str]:
    """Every coding below a value, as `system|code`."""
    return told_in(node)[0]


def told_in(node: Any) -> tuple[set[str], dict[str, None]]:
    """Every coding below a value, as `system|code`, and every literal reference, in one walk."""
    codings: set[str] = set()
    references: dict[str, None] = {}
    waiting = [node] if node.__class__ in _NESTING else []
    while waiting:
        held = waiting.pop()
        if held.__class__ is dict:
            if "code" in held and "system" in held:
                code, system = held["code"], held["system"]
                if isinstance(code, str) and isinstance(system, str):
                    codings.add(f"{system}|{code}")
            if "reference" in held and isinstance(held["reference"], str):
                references[held["reference"]] = None
        for value in held.values() if held.__class__ is dict else held:
            if value.__class__ is dict or value.__class__ is list:
                waiting.append(value)  # noqa: PERF401 (the time of a write: a list made apart takes longer)
    return codings, references


def normalised(text: str) -> str:
    """The text as string search compares it: folded case, no accents, single spaces."""
    if text.isascii():
        return " ".join(text.lower().split())
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(c for c in decomposed if not unicodedata.combining(c)).split())


def token_pairs(value: Any, system: str) -> Iterator[Pair]:
    """The (code, system) pairs of a code, boolean, Coding, CodeableConcept, Identifier or ContactPoint."""
    if isinstance(value, bool):
        yield ("true" if value else "false"), system
    elif isinstance(value, str):
        yield value, system
    elif isinstance(value, dict):
        if "coding" in value:
            for coding in value["coding"]:
                if isinstance(coding.get("code"), str):
                    yield coding["code"], str(coding.get("system", ""))
        elif isinstance(code := value.get("code", value.get("value")), str):
            yield code, "" if _is_contact_point(value) else str(value.get("system", ""))


def _is_contact_point(value: Mapping[str, Any]) -> bool:
    return "code" not in value and value.get("system") in _CONTACT_SYSTEMS


def labels_at(value: Any) -> Iterator[str]:
    """What a code is called: CodeableConcept.text, Coding.display, Identifier.type.text."""
    if isinstance(value, dict):
        kind = value.get("type")
        stated = [value.get("display"), kind.get("text") if isinstance(kind, dict) else None]
        if "coding" in value or not ("code" in value or "value" in value):
            stated += [value.get("text"), *(coding.get("display") for coding in value.get("coding", ()))]
        yield from (text for text in stated if isinstance(text, str))


def identifier_types(value: Any) -> Iterator[tuple[str, str]]:
    """The (value, `system|code` of its type) pairs of an Identifier."""
    kind = value.get("type") if isinstance(value, dict) else None
    if isinstance(kind, dict) and isinstance(value.get("value"), str):
        for code, system in token_pairs(kind, ""):
            yield value["value"], f"{system}|{code}"


def of_extension(url: str, *elements: str) -> Callable[[Mapping[str, Any]], list[Any]]:
    """What takes the values at a path below the extensions of a resource that have the url."""

    def taken(document: Mapping[str, Any]) -> list[Any]:
        held = (one for one in document.get("extension", ()) if one.get("url") == url)
        return [value for one in held for value in values_at(one, elements)]

    return taken


def texts(value: Any) -> Iterator[str]:
    """The searchable texts of a string, HumanName or Address."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        parts = _ADDRESS_PARTS if "family" not in value and "given" not in value else _NAME_PARTS
        for part in dict.fromkeys((*parts, "text")):
            found = value.get(part)
            yield from (t for t in (found if isinstance(found, list) else [found]) if isinstance(t, str))


def spans(value: Any) -> Iterator[tuple[int, int]]:
    """The ranges of a date, dateTime, instant, Period or Timing, in microseconds UTC."""
    if isinstance(value, str):
        try:
            yield instants.span(value)
        except ValueError:
            return
    elif isinstance(value, dict):
        if "start" in value or "end" in value:
            yield instants.period(value.get("start"), value.get("end"))
        for event in value.get("event", ()):
            yield from spans(event)
        bounds = (
            value.get("repeat", {}).get("boundsPeriod") if isinstance(value.get("repeat"), dict) else None
        )
        if bounds:
            yield from spans(bounds)


def references(value: Any, base_url: str) -> Iterator[str]:
    """The literal reference as `Type/id` (foreign ones whole), or a canonical with and without version."""
    if isinstance(value, dict):
        reference = value.get("reference")
        if isinstance(reference, str) and not reference.startswith("#"):
            yield local(reference, base_url)
    elif isinstance(value, str):
        yield value
        if "|" in value:
            yield value.split("|", 1)[0]

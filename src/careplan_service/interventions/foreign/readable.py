"""A FHIR element as a text for people that leaves nothing of it out.

https://hl7.org/fhir/R4/datatypes.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from html import unescape
from typing import Any

Tell = Callable[[str], str]
"""What a reference leads to, in a few words; empty where that is not known."""

_TAG = re.compile(r"<[^>]*>")


def plain(xhtml: str) -> str:
    """The text of a narrative: https://hl7.org/fhir/R4/narrative.html"""
    return " ".join(unescape(_TAG.sub(" ", xhtml)).split())


def readable(value: Any, tell: Tell = lambda ref: "") -> str:
    """Every text, number and flag of an element, in the order that its type is read in."""
    if isinstance(value, Mapping):
        told = next((told for has_shape, told in _SHAPES if value and has_shape(value)), None)
        return told(value, tell) if told else "; ".join(_named(value, tell))
    if isinstance(value, list):
        return ", ".join(readable(one, tell) for one in value if one is not None)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return plain(value) if isinstance(value, str) and value.startswith("<div") else str(value)


def _named(value: Mapping[str, Any], tell: Tell) -> Iterator[str]:
    for name, one in value.items():
        yield f"{name}: {readable(one, tell)}"


def _coding(value: Mapping[str, Any], tell: Tell) -> str:
    code = "|".join(str(value[name]) for name in ("system", "code") if name in value)
    for name in ("version", "userSelected"):
        code += f", {name} {readable(value[name])}" if name in value else ""
    display = str(value.get("display", ""))
    return f"{display} ({code})" if display and code else display or code


def _concept(value: Mapping[str, Any], tell: Tell) -> str:
    codings = [readable(one, tell) for one in value.get("coding", ())]
    text = str(value.get("text", ""))
    if not text or any(one.startswith(f"{text} (") or one == text for one in codings):
        return ", ".join(codings) or text
    return f"{text}: {', '.join(codings)}" if codings else text


def amount(value: Any) -> str:
    """A Quantity, Range or concept as people say it, without its codes."""
    if not isinstance(value, Mapping):
        return str(value)
    if "value" in value:
        return " ".join(str(value[name]) for name in ("comparator", "value", "unit") if name in value)
    if value.keys() & {"low", "high"}:
        return _between("low", "high")({name: amount(value[name]) for name in value}, lambda ref: "")
    codings = [one.get("display") or one.get("code") for one in value.get("coding", ())]
    return str(value.get("text") or next(iter(codings), "") or readable(value))


def _quantity(value: Mapping[str, Any], tell: Tell) -> str:
    said = [str(value[name]) for name in ("comparator", "value", "unit") if name in value]
    code = "|".join(str(value[name]) for name in ("system", "code") if name in value)
    return " ".join([*said, *([f"({code})"] if code else [])])


def _between(lo: str, hi: str) -> Callable[[Mapping[str, Any], Tell], str]:
    def told(value: Mapping[str, Any], tell: Tell) -> str:
        first, last = (readable(value[name], tell) if name in value else "" for name in (lo, hi))
        if first and last:
            return f"{first} to {last}"
        return f"from {first}" if first else f"to {last}"

    return told


def _reference(value: Mapping[str, Any], tell: Tell) -> str:
    ref, display = str(value.get("reference", "")), str(value.get("display", ""))
    known = tell(ref) if ref else ""
    words = [one for one in dict.fromkeys((display, known)) if one]
    if not ref:
        return display
    return f"{', '.join(words)} ({ref})" if words else ref


def _annotation(value: Mapping[str, Any], tell: Tell) -> str:
    names = ("authorString", "authorReference", "time")
    around = ", ".join(readable(value[name], tell) for name in names if name in value)
    return f"{value['text']} ({around})" if around else str(value["text"])


def _extension(value: Mapping[str, Any], tell: Tell) -> str:
    inner = ", ".join(readable(one, tell) for name, one in value.items() if name != "url")
    return f"{value['url']}: {inner}" if inner else str(value["url"])


def _narrative(value: Mapping[str, Any], tell: Tell) -> str:
    return f"{plain(value['div'])} ({value['status']})"


def _only(
    *names: str, needs: tuple[str, ...] = (), inner: tuple[str, ...] = ()
) -> Callable[[Mapping[str, Any]], bool]:
    """Whether an element has no other names than these, and those that it needs; only those of `inner` hold
    elements."""

    def has_shape(value: Mapping[str, Any]) -> bool:
        if not (value.keys() <= set(names) and value.keys() >= set(needs)):
            return False
        return all(isinstance(value[name], Mapping | list) == (name in inner) for name in value)

    return has_shape


def _is_extension(value: Mapping[str, Any]) -> bool:
    return "url" in value and all(one in ("url", "extension") or one.startswith("value") for one in value)


_HasShape = Callable[[Mapping[str, Any]], bool]
_SHAPES: tuple[tuple[_HasShape, Callable[[Mapping[str, Any], Tell], str]], ...] = (
    (_only("reference", "display"), _reference),
    (_only("system", "code", "display", "version", "userSelected", needs=("code",)), _coding),
    (_only("coding", "text", inner=("coding",)), _concept),
    (_only("value", "comparator", "unit", "system", "code", needs=("value",)), _quantity),
    (_only("low", "high", inner=("low", "high")), _between("low", "high")),
    (_only("start", "end"), _between("start", "end")),
    (_only("div", "status", needs=("div", "status")), _narrative),
    (
        _only("text", "time", "authorString", "authorReference", needs=("text",), inner=("authorReference",)),
        _annotation,
    ),
    (_is_extension, _extension),
)

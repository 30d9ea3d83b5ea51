"""The parameters of a question about codes, of the address or of Parameters.

https://hl7.org/fhir/R4/operations.html#executing
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from careplan_service.errors import Malformed, shown
from careplan_service.interactions.parameters import parts_of

Known = Mapping[str, str]
"""Which parameters an operation takes, and what each is: `text`, `flag`, `number`, `day`, `Coding` ..."""

_NUMBER = re.compile(r"[0-9]{1,6}")
_DAY = re.compile(r"(\d{4}-\d{2}-\d{2})(T.*)?")
_FLAGS = {"true": True, "false": False}
_PARTS = {"Coding": "valueCoding", "CodeableConcept": "valueCodeableConcept"}
MANY = frozenset({"property"})
"""What may be asked several times."""

Coding = tuple[str, str, str]
"""System, code and display; what is not given is empty."""


@dataclass(frozen=True)
class Asked:
    """What was asked: parts are kept as they were sent, all else as text."""

    values: Mapping[str, tuple[Any, ...]]

    def text(self, name: str) -> str:
        """The text of a parameter; empty without it."""
        return str(next(iter(self.values.get(name, ())), ""))

    def flag(self, name: str) -> bool:
        """Whether it is `true`. Raises Malformed (400) unless it is `true` or `false`."""
        text = self.text(name) or "false"
        if text not in _FLAGS:
            raise _wrong(name, text, "takes `true` or `false`")
        return _FLAGS[text]

    def number(self, name: str) -> int | None:
        """A whole number from 0. Raises Malformed (400)."""
        text = self.text(name)
        if text and not _NUMBER.fullmatch(text):
            raise _wrong(name, text, "takes a whole number from 0")
        return int(text) if text else None

    def day(self, name: str) -> date | None:
        """A day, of a moment its day. Raises Malformed (400)."""
        text = self.text(name)
        found = _DAY.fullmatch(text)
        try:
            return date.fromisoformat(found[1] if found else text) if text else None
        except ValueError:
            raise _wrong(name, text, "takes a day as `2025-09-30`") from None

    def codings(self) -> tuple[Coding, ...]:
        """What is asked about: `coding`, `codeableConcept`, or `code` with `system` and `display`.

        Raises Malformed (400) when nothing or more than one of them is given.
        """
        given = [name for name in ("code", "coding", "codeableConcept") if name in self.values]
        if len(given) != 1:
            told = " and ".join(f"`{name}`" for name in given) or "nothing"
            text = f"give one of `code`, `coding` and `codeableConcept`; here is {told}"
            raise Malformed(text, expression="Parameters.parameter")
        if given == ["code"]:
            return ((self.text("system"), self.text("code"), self.text("display")),)
        (value,) = self.values[given[0]]
        codings = value.get("coding") if given == ["codeableConcept"] else [value]
        found = [_coding(one) for one in codings] if isinstance(codings, list) else []
        if not found or not all(system and code for system, code, _ in found):
            raise Malformed(f"`{given[0]}` needs `system` and `code`", expression="Parameters.parameter")
        return tuple(found)


def from_query(pairs: Iterable[tuple[str, str]], known: Known) -> Asked:
    """What an address asks. Raises Malformed (400), naming the parameter."""
    values: dict[str, tuple[str, ...]] = {}
    for name, text in pairs:
        if name not in known:
            raise _unknown(name, known)
        if known[name] in _PARTS:
            text = f"`{name}` has parts; send it by POST, in Parameters"
            raise Malformed(text, expression=name)
        values[name] = _more(values, name, text)
    return Asked(values)


def from_parameters(body: bytes, known: Known) -> Asked:
    """What Parameters ask. Raises Malformed (400), naming the parameter."""
    values: dict[str, tuple[Any, ...]] = {}
    for part in parts_of(body, frozenset(known)):
        name = part["name"]
        given = [(key, value) for key, value in part.items() if key.startswith("value")]
        wanted = _PARTS.get(known[name])
        if len(given) != 1 or (wanted is None) == isinstance(given[0][1], dict | list | None):
            raise Malformed(f"`{name}` takes one value", expression=f"Parameters.parameter[{name}]")
        key, value = given[0]
        if wanted and key != wanted:
            raise Malformed(f"`{name}` takes `{wanted}`", expression=f"Parameters.parameter[{name}]")
        text = value if wanted else str(value).lower() if isinstance(value, bool) else str(value)
        values[name] = _more(values, name, text)
    return Asked(values)


def _more(values: Mapping[str, tuple[Any, ...]], name: str, value: Any) -> tuple[Any, ...]:
    if name in values and name not in MANY:
        raise Malformed(f"`{name}` stands here more than once; give it once", expression=name)
    if value == "":
        raise Malformed(f"`{name}` is empty; give it a value, or leave it out", expression=name)
    return (*values.get(name, ()), value)


def _coding(of: Any) -> Coding:
    told = of if isinstance(of, dict) else {}
    system, code, display = (told.get(name, "") for name in ("system", "code", "display"))
    return str(system), str(code), str(display)


def _wrong(name: str, text: str, takes: str) -> Malformed:
    return Malformed(f"`{name}` {takes}, not `{shown(text)}`", expression=name)


def _unknown(name: str, known: Known) -> Malformed:
    text = f"`{shown(name)}` is no parameter of this operation; it takes {', '.join(sorted(known))}"
    return Malformed(text, expression=shown(name))

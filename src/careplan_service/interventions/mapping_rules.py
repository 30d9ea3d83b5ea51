"""What a mapping file must keep to: its keys, its columns, its tables; each fault by its key.

docs/agency-imports.md; dates: https://docs.python.org/3/library/datetime.html#format-codes
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any, NamedTuple

from marshmallow import ValidationError

from careplan_service.interventions import intake_fields as read
from careplan_service.interventions.columns import COLUMNS, PARTS, reader_of
from careplan_service.interventions.intake_fields import did_you_mean, quoted

ENCODINGS = ("utf-8", "utf-16", "windows-1250", "windows-1252", "iso-8859-1", "iso-8859-15", "cp437", "cp850",
             "mac-roman")  # fmt: skip
DELIMITERS = (",", ";", "\t", "|")
_DIRECTIVE = re.compile(r"%(.?)", re.DOTALL)
_DAY = ({"d"}, {"m", "b", "B"}, {"Y"})
_TIME = set("HIMSp")


class Said(NamedTuple):
    """A fault: the key that it is at (empty: the whole), and what is wrong."""

    key: str
    text: str


def faults_in(said: Any) -> Iterator[Said]:
    """Every fault of a mapping as it was parsed."""
    if not isinstance(said, Mapping):
        yield Said("", "write the mapping as an object with `columns`")
        return
    yield from _unknown("", said, _TOP)
    for key, check in _TOP.items():
        if key in said:
            yield from (Said(key + inner, text) for inner, text in check(said[key]))
    columns = said.get("columns")
    if columns is None:
        yield Said("columns", "is missing: say which of our columns comes from which of yours")
    elif isinstance(columns, Mapping):
        yield from _contradictions(columns, said.get("ignored"))


def _unknown(place: str, said: Iterable[str], known: Iterable[str]) -> Iterator[Said]:
    listed = list(known)
    for name in said:
        if name not in listed:
            near = get_close_matches(name, listed, n=1, cutoff=0.6)
            hint = did_you_mean(near[0] if near else None) or f": use one of {', '.join(listed[:8])}"
            yield Said(f"{place}{name}", f"unknown key {quoted(name)}{hint}")


def _one_of(listed: tuple[str, ...], what: str) -> Callable[[Any], Iterator[Said]]:
    def check(said: Any) -> Iterator[Said]:
        if not (isinstance(said, str) and said.lower() in listed):
            near = get_close_matches(str(said).lower(), listed, n=1, cutoff=0.5)
            shown = ", ".join("tab" if one == "\t" else f"`{one}`" for one in listed)
            hint = did_you_mean(near[0] if near else None) or f": use one of {shown}"
            yield Said("", f"unknown {what} {quoted(said)}{hint}")

    return check


def _date_format(said: Any) -> Iterator[Said]:
    """A format that says day, month and a year of four digits, once each; a time may stand beside."""
    found = _DIRECTIVE.findall(said) if isinstance(said, str) else []
    if not found:
        yield Said("", f"{quoted(said)} is no date format: write it like `%m/%d/%Y`")
        return
    known = set().union(*_DAY, _TIME)
    if wrong := [one for one in found if one not in known]:
        meant = ": a year needs four digits, `%Y`" if wrong[0] == "y" else ": use %d, %m, %b, %B and %Y"
        yield Said("", f"`%{wrong[0]}` of {quoted(said)} is not taken{meant}")
    elif any(len([one for one in found if one in part]) != 1 for part in _DAY):
        yield Said("", f"{quoted(said)} must have one day `%d`, one month `%m` and one year `%Y`")
    elif len(set(found)) < len(found):
        yield Said("", f"{quoted(said)} says a part twice: say each once")


def _ignored(said: Any) -> Iterator[Said]:
    if not (isinstance(said, list) and all(isinstance(one, str) for one in said)):
        yield Said("", "write a list of column names")


def _columns(said: Any) -> Iterator[Said]:
    if not isinstance(said, Mapping):
        yield Said("", "write an object with our columns")
        return
    for name, of in said.items():
        if name not in COLUMNS:
            near = get_close_matches(name, COLUMNS, n=1, cutoff=0.6)
            hint = did_you_mean(near[0] if near else None) or ": see the columns in docs/plans.md"
            yield Said(f".{name}", f"no plan has a column {quoted(name)}{hint}")
        elif isinstance(of, str):
            if not of.strip():
                yield Said(f".{name}", "name the column of your file that it comes from")
        elif isinstance(of, Mapping):
            yield from (Said(f".{name}{inner}", text) for inner, text in _of_column(name, of))
        else:
            yield Said(f".{name}", f"write a column name or an object instead of {quoted(of)}")
    if "plan_number" not in said:
        yield Said(".plan_number", "is missing: plans are recognised by their number")


def _of_column(name: str, said: Mapping[str, Any]) -> Iterator[Said]:
    yield from (Said(f".{key}", text) for key, text in _unknown("", said, _SOURCE))
    if ("column" in said) == ("value" in said):
        yield Said("", "say either the `column` of your file or a fixed `value`")
    elif "value" in said and len(said) > 1:
        yield Said("", "a fixed `value` stands alone")
    for key, check in _SOURCE.items():
        if key in said:
            yield from (Said(f".{key}{inner}", text) for inner, text in check(name, said[key]))


def _column_name(name: str, said: Any) -> Iterator[Said]:
    if not (isinstance(said, str) and said.strip()):
        yield Said("", "name the column of your file that it comes from")


def _fixed(name: str, said: Any) -> Iterator[Said]:
    if not (isinstance(said, str) and said.strip()):
        yield Said("", "write the value as text in quotation marks")
    elif text := _refusal(name, said):
        yield Said("", text)


def _table(name: str, said: Any) -> Iterator[Said]:
    if not isinstance(said, Mapping) or not said:
        yield Said("", 'write a table of values, as {"Closed - success" = "closed-goals-met"}')
        return
    for cell, value in said.items():
        key = f'."{cell}"'
        if not isinstance(value, str):
            yield Said(key, "write the value as text in quotation marks")
        elif not cell.strip():
            yield Said(key, "a blank cell means as above, and has no other meaning")
        elif value.strip() and (text := _refusal(name, value)):
            yield Said(key, text)


def _format_of(name: str, said: Any) -> Iterator[Said]:
    if reader_of(name) is not read.day:
        yield Said("", f"`{name}` is no date: leave it out")
    else:
        yield from _date_format(said)


def _system_of(name: str, said: Any) -> Iterator[Said]:
    if reader_of(name) is not read.identifier:
        yield Said("", f"`{name}` is no identifier: leave it out")
    elif text := _refusal(name, f"{said}|1"):
        yield Said("", text)


def _refusal(name: str, value: str) -> str | None:
    """Why a plan does not take that value in that column, or None."""
    try:
        reader_of(name)(value)
    except ValidationError as refused:
        return str(refused.messages[0])
    return None


def _contradictions(columns: Mapping[str, Any], ignored: Any) -> Iterator[Said]:
    taken = {}
    for name, of in columns.items():
        found = of.get("column") if isinstance(of, Mapping) else of
        if isinstance(found, str):
            taken[found.strip()] = name
    for i, one in enumerate(ignored if isinstance(ignored, list) else ()):
        if isinstance(one, str) and one.strip() in taken:
            text = f"{quoted(one)} is taken by `columns.{taken[one.strip()]}`: ignore it or take it"
            yield Said(f"ignored[{i}]", text)
    for part in {PARTS[name][0] for name in columns if name in PARTS}:
        own = [name for name in columns if name in PARTS and PARTS[name][0] == part]
        if all(isinstance(columns[name], Mapping) and "value" in columns[name] for name in own):
            text = f"is fixed and nothing else is taken of a {part}: take one of its columns from your file"
            yield Said(f"columns.{own[0]}", text)


_TOP: Mapping[str, Callable[[Any], Iterator[Said]]] = {
    "encoding": _one_of(ENCODINGS, "encoding"),
    "delimiter": _one_of(DELIMITERS, "delimiter"),
    "date_format": _date_format,
    "columns": _columns,
    "ignored": _ignored,
}
_SOURCE: Mapping[str, Callable[[str, Any], Iterator[Said]]] = {
    "column": _column_name,
    "value": _fixed,
    "values": _table,
    "date_format": _format_of,
    "system": _system_of,
}

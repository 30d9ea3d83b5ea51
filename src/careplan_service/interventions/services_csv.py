"""An agency's list of services as CSV: a row for each, with every fault by row and column.

RFC 4180: https://www.rfc-editor.org/rfc/rfc4180 ; docs/plans.md describes the columns for agencies.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches

from careplan_service.errors import Fault, Invalid
from careplan_service.interventions import csv_text
from careplan_service.interventions.added import RELATIONS, Service
from careplan_service.interventions.catalogue import kind_terms, kinds
from careplan_service.interventions.intake_fields import did_you_mean, quoted
from careplan_service.interventions.terms import Terms, normal

COLUMNS = ("code", "name", "kind", "method", "relation")
_NEEDED = ("code", "name", "kind")
CODE = re.compile(r"[^\s|]+( [^\s|]+)*")
"""A code, as FHIR has them, without what a search token is parted by."""
_LONGEST = 200
MOST = 2000
"""Rows of a list."""

Cells = Mapping[str, str]


def services_from_csv(data: bytes, organization: str, present: Sequence[Service]) -> tuple[Service, ...]:
    """What a file adds to or changes in the services that are `present`, each with the list's next version.

    Rows that say what is there already are left out; a service that is not in the file stays. Raises Invalid
    with every fault, `expression` being `row 7, column "kind"`.
    """
    table = csv_text.table(data, COLUMNS)
    names = [csv_text.name(cell) for cell in table[0]]
    faults = [Fault("invalid", text, _place(1, column)) for column, text in _header(names)]
    rows = [
        (number, {name: cell for name, cell in zip(names, row, strict=False) if cell})
        for number, row in enumerate(table[1:], 2)
        if any(row)
    ]
    if len(rows) > MOST:
        raise csv_text.refused(f"a list has at most {MOST} services, here are {len(rows)}: split it")
    if not faults:
        faults = [fault for number, cells in rows for fault in _faults(number, cells)]
        faults += _twice(rows)
        faults += _taken(rows, organization, present)
    if not rows and not faults:
        raise csv_text.refused("the file has no service: there is nothing below the column names")
    if faults:
        raise Invalid(f"the file has {len(faults)} fault{'s' * (len(faults) > 1)}", faults=faults)
    return _changed([_service(cells, organization) for _, cells in rows], organization, present)


def _place(row: int, column: str) -> str:
    return f'row {row}, column "{column}"'


def _header(names: Sequence[str]) -> Iterator[tuple[str, str]]:
    for name in dict.fromkeys(names):
        if name and name not in COLUMNS:
            near = get_close_matches(name, COLUMNS, n=1, cutoff=0.6)
            yield name, f"unknown column {quoted(name)}{did_you_mean(near[0] if near else None)}"
        elif name and names.count(name) > 1:
            yield name, f"column {quoted(name)} comes twice"
    yield from ((name, "is missing: add the column") for name in _NEEDED if name not in names)


def _faults(row: int, cells: Cells) -> Iterator[Fault]:
    for name in _NEEDED:
        if name not in cells:
            yield Fault("invalid", "is missing: give it a value", _place(row, name))
    for name, cell in cells.items():
        if len(cell) > _LONGEST or not cell.isprintable():
            text = f"write {quoted(cell)} on one line of at most {_LONGEST} characters"
            yield Fault("invalid", text, _place(row, name))
    if "code" in cells and not CODE.fullmatch(cells["code"]):
        yield Fault("invalid", f"{quoted(cells['code'])} is no code: leave out the `|`", _place(row, "code"))
    if "kind" in cells and _kind(cells["kind"]) is None:
        near = did_you_mean(_seeds().near(cells["kind"])) or f": use one of {', '.join(kinds())}"
        yield Fault(
            "invalid", f"unknown kind of intervention {quoted(cells['kind'])}{near}", _place(row, "kind")
        )
    if cells.get("relation", "wider") not in RELATIONS:
        text = f"unknown relation {quoted(cells['relation'])}: use one of {', '.join(RELATIONS)}"
        yield Fault("invalid", text, _place(row, "relation"))


def _seeds() -> Terms:
    """The kinds, without the names of services."""
    return kind_terms(())


def _kind(text: str) -> str | None:
    return _seeds().code(text)


def _twice(rows: Sequence[tuple[int, Cells]]) -> Iterator[Fault]:
    for column in ("code", "name"):
        seen: dict[str, int] = {}
        for row, cells in rows:
            text = normal(cells.get(column, "")) if column == "name" else cells.get(column, "")
            first = seen.setdefault(text, row) if text else row
            if first != row:
                yield Fault(
                    "invalid", f"{quoted(cells[column])} stands in row {first} too", _place(row, column)
                )


def _taken(
    rows: Sequence[tuple[int, Cells]], organization: str, present: Sequence[Service]
) -> Iterator[Fault]:
    """A name says one thing: no name of another service, none of the catalogue for another kind."""
    names = {
        normal(name): one for one in present for name in (one.name, *one.former)
    }  # fmt: skip
    for row, cells in rows:
        name = cells.get("name", "")
        seed, other = _kind(name), names.get(normal(name))
        if seed and seed != _kind(cells.get("kind", "")):
            text = f"{quoted(name)} is how plans write the kind `{seed}`: give the service another name"
            yield Fault("invalid", text, _place(row, "name"))
        if other and (other.organization, other.code) != (organization, cells.get("code")):
            text = f"{quoted(name)} is service `{other.code}` of `{other.organization}`: give another name"
            yield Fault("invalid", text, _place(row, "name"))


def _service(cells: Cells, organization: str) -> Service:
    kind = _kind(cells["kind"]) or ""
    relation = cells.get("relation", "wider")
    return Service(organization, cells["code"], cells["name"], kind, cells.get("method", ""), relation)


def _changed(read: Sequence[Service], organization: str, present: Sequence[Service]) -> tuple[Service, ...]:
    known = {one.code: one for one in present if one.organization == organization}
    version = max((one.version for one in known.values()), default=0) + 1
    return tuple(
        replace(one, version=version)
        for one in read
        if one.code not in known or known[one.code].content != one.content
    )

"""FHIR transaction: every entry or none. https://hl7.org/fhir/R4/http.html#transaction"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from careplan_service.access.consent.rules import Door
from careplan_service.access.view import require_scope
from careplan_service.errors import Fault, Invalid, Malformed
from careplan_service.interactions.admission import admit, forbid_self_service
from careplan_service.interactions.delete import remove
from careplan_service.interactions.desk import Changes, Desk, Stored
from careplan_service.interactions.entries import METHODS, Entry, entries_of, placed, placing
from careplan_service.interactions.update import put
from careplan_service.resources.r4.wording import quoted

_URN = re.compile(r"urn:(?:uuid|oid):.*", re.DOTALL)
_REFERENCE = re.compile(rb'("reference"\s*:\s*")([^"\\]*)(?=")')
_LETTER = {"DELETE": "d", "POST": "c", "PUT": "u"}


@dataclass(frozen=True)
class Outcome:
    """What became of one entry, for the transaction-response."""

    status: int
    stored: Stored


def transaction(desk: Desk, data: bytes, door: Door) -> list[Outcome]:
    """Carry out every entry of a transaction Bundle, in the order R4 wants, answered in the order sent.

    Raises Malformed, Invalid (with the faults of all entries), Forbidden or NotFound; then
    nothing was written but the audit row.
    """
    entries = entries_of(desk, data)
    for entry in entries:
        require_scope(desk.caller, _LETTER[entry.method], entry.spec.name)
    links = {entry.full_url: entry.key for entry in entries if entry.method != "DELETE"}
    _admit_all(desk, entries, linked(links), door)
    outcomes: dict[int, Outcome] = {}
    with desk.records.changes() as changes:
        # Everyone takes the locks in one order, so that two transactions never wait for each other.
        for key in sorted(entry.key for entry in entries if entry.method != "POST"):
            changes.alone(key)
        for entry in sorted(entries, key=lambda e: METHODS.index(e.method)):
            outcomes[entry.number] = _carried_out(desk, changes, entry, door)
        desk.note_in(changes, 200)
    return [outcomes[entry.number] for entry in entries]


def linked(links: Mapping[str, str]) -> Callable[[bytes], bytes]:
    """Turn every reference to an entry's fullUrl into the reference that entry gets; other bytes stay."""
    made = {urn.encode(): reference.encode() for urn, reference in links.items() if urn}
    return lambda data: _REFERENCE.sub(lambda found: found[1] + made.get(found[2], found[2]), data)


def _admit_all(desk: Desk, entries: Sequence[Entry], resolve: Callable[[bytes], bytes], door: Door) -> None:
    faults: list[Fault] = []
    for entry in entries:
        if entry.data is None or entry.method == "DELETE":
            continue
        try:
            entry.admitted = admit(entry.spec, resolve(entry.data), door)
            faults += _unresolved(entry)
            if entry.method == "PUT" and entry.admitted.document.get("id") != entry.id:
                text = f"the resource must have the id of the url, `{entry.id}`"
                faults.append(Fault("invalid", text, f"{entry.where}.resource.id"))
        except (Invalid, Malformed) as problem:
            faults += placed(problem, f"{entry.where}.resource")
    if faults:
        raise Invalid("this transaction holds what is not valid; nothing of it was kept", faults=faults)
    for entry in entries:
        if entry.admitted:
            with placing(f"{entry.where}.resource"):
                forbid_self_service(desk.caller, entry.admitted.document)


def _unresolved(entry: Entry) -> Iterable[Fault]:
    document = entry.admitted.document if entry.admitted else {}
    for where, reference in _references(document, f"{entry.where}.resource"):
        if _URN.fullmatch(reference):
            text = f"{quoted(reference)} is no `fullUrl` of an entry that creates a resource"
            yield Fault("not-found", text, where)


def _references(node: Any, where: str) -> Iterator[tuple[str, str]]:
    """Every literal reference below a value, with its place."""
    if isinstance(node, dict):
        for name, value in node.items():
            if name == "reference" and isinstance(value, str):
                yield f"{where}.reference", value
            else:
                yield from _references(value, f"{where}.{name}")
    elif isinstance(node, list):
        for i, item in enumerate(node):
            yield from _references(item, f"{where}[{i}]")


def _carried_out(desk: Desk, changes: Changes, entry: Entry, door: Door) -> Outcome:
    with placing(entry.where):
        return _CARRY_OUT[entry.method](desk, changes, entry, door)


def _post(desk: Desk, changes: Changes, entry: Entry, door: Door) -> Outcome:
    assert entry.admitted is not None
    write = entry.admitted.write(entry.id, "POST", door.base_url)
    return Outcome(201, desk.show(changes.put(write, None, desk.now, desk.caller.organization)))


def _put(desk: Desk, changes: Changes, entry: Entry, door: Door) -> Outcome:
    assert entry.admitted is not None
    stored, created = put(desk, changes, entry.admitted, entry.id, door, entry.if_match)
    return Outcome(201 if created else 200, stored)


def _delete(desk: Desk, changes: Changes, entry: Entry, door: Door) -> Outcome:
    return Outcome(204, remove(desk, changes, entry.spec, entry.id, door.base_url, entry.if_match))


_CARRY_OUT: Mapping[str, Callable[[Desk, Changes, Entry, Door], Outcome]] = {
    "POST": _post,
    "PUT": _put,
    "DELETE": _delete,
}

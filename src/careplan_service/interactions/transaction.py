"""FHIR transaction: every entry or none. https://hl7.org/fhir/R4/http.html#transaction"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from careplan_service.access.consent.rules import Door
from careplan_service.access.view import require_scope
from careplan_service.errors import Fault, Invalid, Malformed, Problem, TooLarge
from careplan_service.interactions.admission import Admitted, admit, forbid_self_service, spec_of
from careplan_service.interactions.delete import remove
from careplan_service.interactions.desk import Changes, Desk, Stored
from careplan_service.interactions.update import put, version_of
from careplan_service.resources import r4
from careplan_service.resources.spec import ResourceSpec
from careplan_service.resources.splice import entry_resources

MOST_ENTRIES = 2000
_URL = re.compile(r"([A-Z][A-Za-z]+)(?:/([A-Za-z0-9\-.]{1,64}))?")
_ORDER = {"DELETE": 0, "POST": 1, "PUT": 2}
_LETTER = {"DELETE": "d", "POST": "c", "PUT": "u"}


@dataclass
class Entry:
    """One entry as it was understood; `id` is made by the server for POST."""

    number: int
    method: str
    spec: ResourceSpec
    id: str
    full_url: str
    data: bytes | None
    if_match: str | None
    admitted: Admitted | None = None

    @property
    def where(self) -> str:
        """The place of the entry for an OperationOutcome."""
        return f"Bundle.entry[{self.number}]"


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
    entries = _entries(desk, data)
    for entry in entries:
        require_scope(desk.caller, _LETTER[entry.method], entry.spec.name)
    links = {entry.full_url: f"{entry.spec.name}/{entry.id}" for entry in entries if entry.method != "DELETE"}
    _admit_all(desk, entries, linked(links), door)
    outcomes: dict[int, Outcome] = {}
    with desk.records.changes() as changes:
        for entry in sorted(entries, key=lambda e: _ORDER[e.method]):
            outcomes[entry.number] = _CARRY_OUT[entry.method](desk, changes, entry, door)
        desk.note_in(changes, 200)
    return [outcomes[entry.number] for entry in entries]


def _entries(desk: Desk, data: bytes) -> list[Entry]:
    bundle = r4.parse(data)
    if bundle.get("resourceType") != "Bundle" or bundle.get("type") != "transaction":
        text = "this address takes a Bundle of type `transaction`"
        raise Invalid(text, expression="Bundle.type")
    given = bundle.get("entry", [])
    if not isinstance(given, list) or not all(isinstance(entry, dict) for entry in given):
        raise Invalid("`entry` must be a list of entries", expression="Bundle.entry")
    if len(given) > MOST_ENTRIES:
        raise TooLarge(f"a transaction takes at most {MOST_ENTRIES} entries, not {len(given)}")
    bodies = entry_resources(data)
    entries, faults = [], []
    for number, (entry, body) in enumerate(zip(given, bodies, strict=True)):
        try:
            entries.append(_entry(desk, number, entry, body))
        except Problem as problem:
            faults += _placed(problem, f"Bundle.entry[{number}]")
    faults += _twice(entries)
    if faults:
        raise Invalid("this transaction cannot be carried out", faults=faults)
    return entries


def _entry(desk: Desk, number: int, entry: Mapping[str, Any], body: bytes | None) -> Entry:
    request = entry.get("request")
    if not isinstance(request, dict):
        raise Invalid("every entry of a transaction has a `request`")
    method, url = request.get("method"), str(request.get("url", ""))
    if method not in _ORDER:
        raise Invalid(f"`request.method` is `{method}`; a transaction here takes POST, PUT and DELETE")
    if "ifNoneExist" in request:
        raise Invalid("`request.ifNoneExist` is not offered; search first, then send PUT or POST")
    found = _URL.fullmatch(url)
    if not found or bool(found[2]) == (method == "POST"):
        shape = "`Type`" if method == "POST" else "`Type/id`"
        raise Invalid(f"`request.url` is `{url}`; {method} takes {shape}")
    if body is None and method != "DELETE":
        raise Invalid(f"{method} needs a `resource`")
    return Entry(
        number=number,
        method=method,
        spec=spec_of(found[1]),
        id=found[2] or desk.new_id(),
        full_url=str(entry.get("fullUrl", "")),
        data=body,
        if_match=version_of(request.get("ifMatch")),
    )


def _twice(entries: Sequence[Entry]) -> Iterable[Fault]:
    """R4: no resource may be touched twice, and no two entries share a fullUrl."""
    seen: set[str] = set()
    for entry in entries:
        for key in (f"{entry.spec.name}/{entry.id}", entry.full_url):
            if key and key in seen:
                yield Fault("invalid", f"`{key}` stands in this transaction twice", entry.where)
            seen.add(key)


def linked(links: Mapping[str, str]) -> Callable[[bytes], bytes]:
    """Turn every reference to an entry's fullUrl into the reference that entry gets; other bytes stay."""
    made = {urn.encode(): reference.encode() for urn, reference in links.items() if urn}
    if not made:
        return lambda data: data
    pattern = re.compile(rb'("reference"\s*:\s*")(' + b"|".join(map(re.escape, made)) + rb')(?=")')
    return lambda data: pattern.sub(lambda found: found[1] + made[found[2]], data)


def _admit_all(desk: Desk, entries: Sequence[Entry], resolve: Callable[[bytes], bytes], door: Door) -> None:
    faults: list[Fault] = []
    for entry in entries:
        if entry.data is None or entry.method == "DELETE":
            continue
        try:
            entry.admitted = admit(entry.spec, resolve(entry.data), door)
            faults += _unresolved(entry)
            if entry.method == "PUT" and entry.admitted.document.get("id") != entry.id:
                faults.append(
                    Fault("invalid", "the id of the resource is not that of the url", f"{entry.where}")
                )
            forbid_self_service(desk.caller, entry.admitted.document)
        except (Invalid, Malformed) as problem:
            faults += _placed(problem, f"{entry.where}.resource")
    if faults:
        raise Invalid("this transaction holds what is not valid; nothing of it was kept", faults=faults)


def _unresolved(entry: Entry) -> Iterable[Fault]:
    for urn in sorted(
        set(
            re.findall(
                rb'"reference"\s*:\s*"(urn:(?:uuid|oid):[^"]*)"',
                entry.admitted.data if entry.admitted else b"",
            )
        )
    ):
        text = f"`{urn.decode()}` is no `fullUrl` of an entry that creates a resource"
        yield Fault("not-found", text, f"{entry.where}.resource")


def _placed(problem: Problem, where: str) -> list[Fault]:
    """The faults of one entry under its place in the Bundle: `Bundle.entry[2].resource.status`."""
    placed = []
    for fault in problem.faults:
        inner = (fault.expression or "").partition(".")[2]
        placed.append(Fault(fault.code, fault.text, f"{where}.{inner}" if inner else where, fault.severity))
    return placed


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

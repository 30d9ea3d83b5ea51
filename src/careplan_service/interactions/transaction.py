"""FHIR transaction: every entry or none. https://hl7.org/fhir/R4/http.html#transaction"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from careplan_service.access.consent.rules import Door
from careplan_service.access.view import require_scope
from careplan_service.errors import Fault, Invalid, Malformed, Problem, TooLarge, Unavailable
from careplan_service.interactions.admission import (
    Admitted,
    admit,
    forbid_self_service,
    require_plain_names,
    spec_of,
)
from careplan_service.interactions.delete import remove
from careplan_service.interactions.desk import Changes, Desk, Stored
from careplan_service.interactions.update import put, version_of
from careplan_service.resources import r4
from careplan_service.resources.r4.wording import quoted
from careplan_service.resources.spec import ResourceSpec
from careplan_service.resources.splice import entry_resources

MOST_ENTRIES = 2000
_URN = re.compile(r"urn:(?:uuid|oid):.*", re.DOTALL)
_REFERENCE = re.compile(rb'("reference"\s*:\s*")([^"\\]*)(?=")')
_URL = re.compile(r"([A-Z][A-Za-z]+)(?:/([A-Za-z0-9\-.]{1,64}))?")
_ORDER = {"DELETE": 0, "POST": 1, "PUT": 2}
_NOT_OFFERED = {"ifNoneExist", "ifNoneMatch", "ifModifiedSince"}
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
    def key(self) -> str:
        """What the entry is about: `Goal/1`."""
        return f"{self.spec.name}/{self.id}"

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
    links = {entry.full_url: entry.key for entry in entries if entry.method != "DELETE"}
    _admit_all(desk, entries, linked(links), door)
    outcomes: dict[int, Outcome] = {}
    with desk.records.changes() as changes:
        # Everyone takes the locks in one order, so that two transactions never wait for each other.
        for key in sorted(entry.key for entry in entries if entry.method != "POST"):
            changes.alone(key)
        for entry in sorted(entries, key=lambda e: _ORDER[e.method]):
            outcomes[entry.number] = _carried_out(desk, changes, entry, door)
        desk.note_in(changes, 200)
    return [outcomes[entry.number] for entry in entries]


def _entries(desk: Desk, data: bytes) -> list[Entry]:
    bundle = r4.parse(data)
    require_plain_names(data)
    if bundle.get("resourceType") != "Bundle" or bundle.get("type") != "transaction":
        text = "this address takes a Bundle of type `transaction`"
        raise Invalid(text, expression="Bundle.type")
    given = bundle.get("entry", [])
    if not isinstance(given, list) or not all(isinstance(entry, dict) for entry in given):
        raise Invalid("`entry` must be a list of entries", expression="Bundle.entry")
    if len(given) > MOST_ENTRIES:
        raise TooLarge(f"a transaction takes at most {MOST_ENTRIES} entries, not {len(given)}")
    entries: list[Entry] = []
    faults = list(_frame_faults(bundle, given))
    if faults:
        raise Invalid("this Bundle is not a transaction that can be read", faults=faults)
    for number, (entry, body) in enumerate(zip(given, entry_resources(data), strict=True)):
        try:
            entries.append(_entry(desk, number, entry, body))
        except Problem as problem:
            faults += _placed(problem, f"Bundle.entry[{number}]")
    faults += _twice(entries)
    if faults:
        raise Invalid("this transaction cannot be carried out", faults=faults)
    return entries


def _frame_faults(bundle: Mapping[str, Any], given: Sequence[Mapping[str, Any]]) -> Iterable[Fault]:
    """What is wrong with the Bundle around the resources."""
    for number, entry in enumerate(given):
        if not isinstance(entry.get("request"), dict):
            text = "every entry of a transaction has a `request`"
            yield Fault("required", text, f"Bundle.entry[{number}].request")
    frames = [{**entry, "request": entry.get("request") or {"method": "GET"}} for entry in given]
    for frame in frames:
        frame.pop("resource", None)
    yield from r4.check({**bundle, "entry": frames} if frames else bundle, "Bundle")


def _entry(desk: Desk, number: int, entry: Mapping[str, Any], body: bytes | None) -> Entry:
    request = entry["request"]
    method, url = request.get("method"), request.get("url", "")
    if method not in _ORDER:
        raise Invalid(f"`request.method` is {quoted(method)}; a transaction here takes POST, PUT and DELETE")
    for name in sorted(_NOT_OFFERED & request.keys()):
        raise Invalid(f"`request.{name}` is not offered; search first, then send PUT or POST")
    found = _URL.fullmatch(url)
    if not found or bool(found[2]) == (method == "POST"):
        shape = "`Type`" if method == "POST" else "`Type/id`"
        raise Invalid(f"`request.url` is {quoted(url)}; {method} takes {shape}")
    if body is None and method != "DELETE":
        raise Invalid(f"{method} needs a `resource`")
    return Entry(
        number=number,
        method=method,
        spec=spec_of(found[1]),
        id=found[2] or desk.new_id(),
        full_url=entry.get("fullUrl", ""),
        data=body,
        if_match=version_of(request.get("ifMatch")),
    )


def _twice(entries: Sequence[Entry]) -> Iterable[Fault]:
    """R4: no resource may be touched twice, and no two entries share a fullUrl."""
    seen: set[str] = set()
    for entry in entries:
        for key in (entry.key, entry.full_url):
            if key and key in seen:
                yield Fault("invalid", f"`{key}` stands in this transaction twice", entry.where)
            seen.add(key)


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
                faults.append(
                    Fault("invalid", "the id of the resource is not that of the url", f"{entry.where}")
                )
        except (Invalid, Malformed) as problem:
            faults += _placed(problem, f"{entry.where}.resource")
    if faults:
        raise Invalid("this transaction holds what is not valid; nothing of it was kept", faults=faults)
    for entry in entries:
        if entry.admitted:
            with _placing(f"{entry.where}.resource"):
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


@contextmanager
def _placing(where: str) -> Iterator[None]:
    """A problem in the block is told with its place in the Bundle."""
    try:
        yield
    except Unavailable:
        raise
    except Problem as problem:
        raise type(problem)(problem.text, faults=_placed(problem, where)) from None


def _placed(problem: Problem, where: str) -> list[Fault]:
    """The faults of one entry under its place in the Bundle: `Bundle.entry[2].resource.status`."""
    placed = []
    for fault in problem.faults:
        inner = (fault.expression or "").partition(".")[2]
        placed.append(Fault(fault.code, fault.text, f"{where}.{inner}" if inner else where, fault.severity))
    return placed


def _carried_out(desk: Desk, changes: Changes, entry: Entry, door: Door) -> Outcome:
    with _placing(entry.where):
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

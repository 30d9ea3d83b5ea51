"""What the entries of a transaction are about to write, checked before the database is held.

Ids are made and links resolved; which resources conditions find is put in afterwards (`resolving.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from careplan_service.access.consent.rules import Door
from careplan_service.errors import Fault, Invalid, Malformed
from careplan_service.interactions.admission import Admitted, admit, forbid_self_service, require_whole
from careplan_service.interactions.conditional import Condition, condition_of
from careplan_service.interactions.create import post
from careplan_service.interactions.delete import remove
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.entries import Entry, placed, placing
from careplan_service.interactions.integrity import Integrity
from careplan_service.interactions.links import Links, conditional_references, replaced
from careplan_service.interactions.once import Made
from careplan_service.interactions.patch import Patch, amend
from careplan_service.interactions.records import Changes, Stored
from careplan_service.interactions.update import put, put_where, require_same_id
from careplan_service.resources.literals import places, targets_in
from careplan_service.resources.r4.wording import quoted


@dataclass
class Draft:
    """One entry on its way: what it is about, what it will store, what its condition found.

    `searches` are the conditional references it holds, each with the key that stands for it until it is
    resolved.
    """

    entry: Entry
    id: str
    condition: Condition | None = None
    found: Stored | None = None
    admitted: Admitted | None = None
    patch: Patch | None = None
    searches: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """What the entry is about: `Goal/1`."""
        return f"{self.entry.spec.name}/{self.id}"

    def exchange(self, keys: Mapping[str, str], door: Door) -> None:
        """Put other references in for those that were made for this transaction only."""
        if self.admitted is not None:
            self.admitted = self.admitted.exchanged(replaced(self.admitted.data, keys), door)
        if self.patch is not None:
            self.patch = self.patch._replace(data=replaced(self.patch.data, keys))

    def write(self, desk: Desk, changes: Changes, integrity: Integrity, door: Door) -> Made:
        """Carry the entry out inside the open transaction."""
        return _WRITE[self.entry.method](self, desk, changes, integrity, door)


def _post(draft: Draft, desk: Desk, changes: Changes, integrity: Integrity, door: Door) -> Made:
    if draft.found is not None:
        return Made(200, draft.found)
    assert draft.admitted is not None
    return post(desk, changes, draft.admitted, draft.id, integrity, f"{draft.entry.where}.resource")


def _put(draft: Draft, desk: Desk, changes: Changes, integrity: Integrity, door: Door) -> Made:
    assert draft.admitted is not None
    guard, where = draft.entry.guard, f"{draft.entry.where}.resource"
    if draft.condition is None:
        return put(desk, changes, draft.admitted, draft.id, integrity, guard, where=where)
    return put_where(
        desk,
        changes,
        draft.admitted,
        draft.condition,
        draft.found,
        integrity,
        guard,
        new_id=draft.id,
        where=where,
    )


def _patch(draft: Draft, desk: Desk, changes: Changes, integrity: Integrity, door: Door) -> Made:
    assert draft.patch is not None
    entry = draft.entry
    where = f"{entry.where}.resource"
    return amend(
        desk,
        changes,
        entry.spec,
        draft.id,
        draft.patch,
        door,
        integrity,
        entry.guard,
        draft.condition,
        where=where,
    )


def _delete(draft: Draft, desk: Desk, changes: Changes, integrity: Integrity, door: Door) -> Made:
    entry = draft.entry
    return remove(desk, changes, entry.spec, draft.id, integrity, entry.guard, draft.condition)


_WRITE: Mapping[str, Callable[[Draft, Desk, Changes, Integrity, Door], Made]] = {
    "POST": _post,
    "PUT": _put,
    "PATCH": _patch,
    "DELETE": _delete,
}


def drafts_of(desk: Desk, entries: Sequence[Entry], door: Door) -> list[Draft]:
    """A draft of each entry, its links resolved and its resource checked.

    Raises Forbidden, Malformed, or Invalid with the faults of all entries.
    """
    drafts = [Draft(entry, entry.id or desk.new_id()) for entry in entries]
    made = {d.entry.full_url: d.key for d in drafts if d.entry.method != "DELETE"}
    searches = _searches(desk, entries)
    links = Links({**made, **searches})
    faults: list[Fault] = []
    for draft in drafts:
        with placing(draft.entry.where):
            draft.condition = _condition(desk, draft.entry)
        faults += _filled(draft, links, searches, door)
    if faults:
        raise Invalid("this transaction holds what is not valid; nothing of it was kept", faults=faults)
    for draft in drafts:
        if draft.admitted:
            with placing(f"{draft.entry.where}.resource"):
                forbid_self_service(desk.caller, draft.admitted.document)
    return drafts


def _searches(desk: Desk, entries: Iterable[Entry]) -> dict[str, str]:
    """A key of our own for each conditional reference, to stand for it until it is resolved."""
    asked = {literal for entry in entries for literal in conditional_references(entry.data)}
    return {literal: f"{literal.partition('?')[0]}/{desk.new_id()}" for literal in sorted(asked)}


def _condition(desk: Desk, entry: Entry) -> Condition | None:
    return None if entry.query is None else condition_of(desk, entry.spec, entry.query)


def _filled(draft: Draft, links: Links, searches: Mapping[str, str], door: Door) -> Iterator[Fault]:
    """Resolve and check what the entry brings; yields what is wrong with it."""
    entry = draft.entry
    asked = set(conditional_references(entry.data)) if searches else set()
    draft.searches = {literal: searches[literal] for literal in asked}
    if entry.patch is not None:
        draft.patch = entry.patch._replace(data=links.resolve(entry.patch.data, entry.full_url))
    elif entry.method != "DELETE":
        try:
            draft.admitted = admit(entry.spec, links.resolve(entry.data, entry.full_url), door)
            yield from _unresolved(draft.admitted, entry, door.base_url)
            if entry.method == "PUT":
                require_whole(draft.admitted)
                draft.id = _named_id(draft.admitted, entry) or draft.id
        except (Invalid, Malformed) as problem:
            yield from placed(problem, f"{entry.where}.resource")


def _named_id(admitted: Admitted, entry: Entry) -> str | None:
    if entry.query is None:
        require_same_id(admitted, entry.id)
    named: str | None = admitted.document.get("id")
    return named


def _unresolved(admitted: Admitted, entry: Entry, base_url: str) -> Iterator[Fault]:
    if b"urn:" not in admitted.data:
        return
    wanted = {literal for literal in targets_in(admitted.data, base_url) if literal.startswith("urn:")}
    for where, literal in places(admitted.document, wanted):
        text = f"{quoted(literal)} is no `fullUrl` of an entry that creates a resource"
        yield Fault("not-found", text, f"{entry.where}.resource.{where.partition('.')[2]}.reference")

"""What leaves: copies without the references and elements that the caller may not see.

Which references of a page are hidden is asked in one statement; where none is, and no element has a label of
its own, the stored bytes leave untouched. docs/consent-in-detail.md and docs/adr/0016
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from careplan_service.access.labels import labels_in
from careplan_service.access.view import known_to_any
from careplan_service.errors import Conflict
from careplan_service.interactions.withheld import NOTHING, Withheld, withheld
from careplan_service.resources.inline_labels import PROCESS, labelled_in
from careplan_service.resources.naming import named_in
from careplan_service.resources.patching import amended, patched
from careplan_service.resources.patching.document import read_stored, rewritten, written
from careplan_service.resources.redaction import Redaction

if TYPE_CHECKING:
    from careplan_service.interactions.desk import Desk
    from careplan_service.interactions.records import Stored

_TAG = PROCESS.encode()


class _Part(NamedTuple):
    """What of a version the caller may not see: the references among its own, and elements."""

    hidden: frozenset[str]
    withheld: Withheld

    def __bool__(self) -> bool:
        return bool(self.hidden or self.withheld)


def leaving(desk: Desk, page: Sequence[Stored]) -> list[Stored]:
    """The versions as the caller may have them: as they are stored, or redacted copies."""
    named = _named(desk, page)
    hidden = _hidden(desk, frozenset[str]().union(*named) - _on_page(desk, page))
    elements = withheld(desk, page)
    if not hidden and not elements and not any(_TAG in stored.body for stored in page):
        return list(page)
    return [
        _copy(desk, stored, _Part(names & hidden, elements.get(stored, NOTHING)))
        for stored, names in zip(page, named, strict=True)
    ]


@dataclass(frozen=True)
class Seen:
    """The current version as the caller sees it, and how a change of that becomes one of the whole."""

    stored: Stored
    whole: bytes
    lost: _Part
    base_url: str

    @property
    def taken_out(self) -> frozenset[str]:
        """The references (`Goal/1`) and elements (`Goal.note[0]`) that a redacted copy lacks."""
        if not self.stored.projection:
            return frozenset()
        return self.lost.hidden.union(
            one.where for one in self.lost.withheld.elements(read_stored(self.whole))
        )

    def require_whole(self) -> None:
        """Raise Conflict (409) when the caller sees a part only: what replaced it would lose the rest."""
        if self.stored.projection:
            name = f"`{self.stored.type}/{self.stored.id}`"
            raise Conflict(f"{name} is redacted for you, and PUT would lose the rest; send a JSON Patch")

    def patched(self, patch: bytes, kind: str) -> bytes:
        """The bytes of the whole after a patch of what the caller sees. Raises as `patching.patched`,
        and Conflict (409) where the patch would touch what is hidden."""
        if not self.stored.projection:
            return patched(self.whole, patch, kind)
        redaction = _redaction(self.whole, self.lost, self.base_url)
        return written(redaction.undone(amended(redaction.document, patch, kind))).encode()


def seen_of(desk: Desk, stored: Stored) -> Seen:
    """The current version, before it is changed."""
    [named] = _named(desk, [stored])
    lost = _Part(_hidden(desk, named), withheld(desk, [stored]).get(stored, NOTHING))
    return Seen(_copy(desk, stored, lost), stored.body, lost, desk.policy.base_url)


def _named(desk: Desk, page: Sequence[Stored]) -> list[frozenset[str]]:
    """The resources that each names and that may be hidden. Who wrote a version knows what it says."""
    own = None if desk.caller.is_agency else desk.caller.contributor
    base_url = desk.policy.base_url
    return [
        named_beside(stored, base_url) if stored.body and stored.contributor != own else frozenset()
        for stored in page
    ]


def named_beside(stored: Stored, base_url: str) -> frozenset[str]:
    """What a version names that may be hidden where it is open itself: not itself, nor its patient."""
    return named_in(stored.body, base_url).guarded - {stored.patient, f"{stored.type}/{stored.id}"}


def _on_page(desk: Desk, page: Sequence[Stored]) -> frozenset[str]:
    """What leaves itself is not hidden from staff, from whom what was deleted is not hidden either."""
    return frozenset(f"{one.type}/{one.id}" for one in page) if desk.caller.is_agency else frozenset()


def foresee(desk: Desk, data: bytes, known: Collection[str]) -> None:
    """Ask which names in a resource's bytes are hidden before its update begins, while nobody waits for it.

    `known` are its own name and its patient. It holds for the update of a type that decides about nothing
    but itself. Partners need no such thing: they change what they wrote, and know what that says.
    """
    if desk.caller.is_agency:
        named = named_in(data, desk.policy.base_url).guarded.difference(known)
        hidden = _hidden_now(desk, named)
        desk.foreseen.update({name: name in hidden for name in named})


def _hidden(desk: Desk, named: frozenset[str]) -> frozenset[str]:
    """Those that are hidden; what is foreseen is not asked again."""
    if not desk.foreseen:
        return _hidden_now(desk, named)
    hidden = _hidden_now(desk, named.difference(desk.foreseen))
    return hidden.union(name for name in named if desk.foreseen.get(name))


def _hidden_now(desk: Desk, named: frozenset[str]) -> frozenset[str]:
    """Those that are not here for the caller: to it what is hidden and what is not there are the same.

    The custodian's staff keep their references to what is not there; only a patient's deny takes some out.
    """
    if not named:
        return named
    seen = known_to_any(desk.caller, sorted({name.partition("/")[0] for name in named}), desk.now)
    if desk.caller.is_agency:
        return desk.records.among(named, ~seen)
    return named - desk.records.among(named, seen)


def _redaction(data: bytes, lost: _Part, base_url: str) -> Redaction:
    document = read_stored(data)
    spots = frozenset(one.spot for one in lost.withheld.elements(document))
    return Redaction(document, named_in(data, base_url).texts(lost.hidden).__contains__, spots)


def _copy(desk: Desk, stored: Stored, lost: _Part) -> Stored:
    if lost:
        redaction = _redaction(stored.body, lost, desk.policy.base_url)
        if not redaction.is_whole:
            body = rewritten(redaction.document)
            stored = stored._replace(body=body, projection=sha256(body).hexdigest()[:16])
    return _with_labels_within(stored)


def _with_labels_within(stored: Stored) -> Stored:
    """What leaves is as secret as the most secret element that is still in it."""
    if _TAG not in stored.body:
        return stored
    labels = [labels_in(one.labels) for one in labelled_in(read_stored(stored.body))]
    rank = max([stored.rank, *(one.rank for one in labels)])
    return stored._replace(rank=rank, part2=stored.part2 or any(one.part2 for one in labels))

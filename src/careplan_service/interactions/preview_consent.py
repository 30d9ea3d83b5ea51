"""$preview: what a partner would see of a client if a draft Consent were filed as active now.

The draft is written as `$file-consent` would write it, the one predicate is asked as the partner, and all
of it is undone: nobody else ever sees it. https://hl7.org/fhir/R4/consent.html and docs/adr/0018
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from careplan_service.access.consent.directory import MERGED
from careplan_service.access.consent.lint import warnings
from careplan_service.access.consent.rules import Door
from careplan_service.access.filters import Has, Is, Represented, any_of
from careplan_service.errors import Fault, Forbidden, Invalid
from careplan_service.interactions.compartment import of_patient
from careplan_service.interactions.consent_draft import Draft, Question, drafted, file_draft, unsigned
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.disclosures import require_seen
from careplan_service.interactions.file_consent import active_consents, contradicted, parted, stored_rules
from careplan_service.interactions.partner_eyes import Clients, Eyes, eyes_of, named, own_heads, pages
from careplan_service.interactions.read import absent
from careplan_service.interactions.records import Page, Stored
from careplan_service.interactions.undone import undone
from careplan_service.resources import r4
from careplan_service.resources.directory import edges_of
from careplan_service.resources.registry import SERVED

MOST = 5000
"""Resources of one client that are looked at."""
_MOST_RECORDS = 20
_ASKERS = frozenset({"agency", "patient", "related"})


@dataclass(frozen=True)
class Sight:
    """What the partner sees, as references: what of it is new or gone, and what leaves as a redacted copy.

    `changed` is what it sees today as well, with more or less in it. `drafts` are those of `consent` and
    `document` that it would see themselves.
    """

    visible: frozenset[str] = frozenset()
    gained: frozenset[str] = frozenset()
    lost: frozenset[str] = frozenset()
    changed: frozenset[str] = frozenset()
    in_part: frozenset[str] = frozenset()
    drafts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Preview:
    """The answer. `sight` is None where the draft could not be filed; then `faults` say why.

    `contradicts` are references of active Consents that would have to be replaced.
    """

    eyes: Eyes
    sight: Sight | None
    faults: tuple[Fault, ...]
    contradicts: tuple[str, ...] = ()

    @property
    def fileable(self) -> bool:
        """Whether `$file-consent` would take it as it is."""
        return self.sight is not None and not self.contradicts


def preview(desk: Desk, asked: Question, clients: Clients, door: Door) -> Preview:
    """What a partner would see if the draft were active, and what of that is new or gone.

    For the custodian's staff, the client herself and who represents her, who are told of what they may
    see themselves. Raises Forbidden for all others, NotFound when the Patient may not be seen, Malformed
    (400), Invalid for `replaces` that names no active Consent, TooLarge for a very long record.
    """
    if desk.caller.kind not in _ASKERS:
        raise Forbidden("what a partner would see is told to the client and to the custodian's staff only")
    eyes = eyes_of(desk, asked.partner, asked.purpose, clients)
    desk.also_asked(eyes.asked)
    try:
        draft = drafted(asked, door)
    except Invalid as problem:
        return Preview(eyes, None, problem.faults)
    _require_hers(desk, draft.patient)
    desk.patients[draft.patient] = None
    draft.ended, left = parted(active_consents(desk, draft.patient), asked.replaces)
    contradictions = {one.id: contradicted(one, draft.consent, desk.now, door) for one in left}
    rules = {f"Consent/{one.id}": stored_rules(one, door) for one in left}
    told = [fault for faults in contradictions.values() for fault in faults]
    told += warnings(draft.consent.document, draft.consent.rules, rules, SERVED, desk.now)
    told += unsigned(asked)
    try:
        sight = _seen(desk, draft, eyes, door)
    except Invalid as problem:
        return Preview(eyes, None, (*problem.faults, *told))
    contradicts = tuple(f"Consent/{id_}" for id_, faults in contradictions.items() if faults)
    return Preview(eyes, sight, tuple(told), contradicts)


def _require_hers(desk: Desk, patient: str) -> None:
    """Raise NotFound unless the caller may see the Patient and, as a relative, represents her.

    A patient sees no other Patient; relatives may see one that let them, and represent her or not.
    """
    id_ = patient.partition("/")[2]
    require_seen(desk, id_)
    represented = Represented(desk.caller.fhir_user, desk.now)
    if desk.caller.kind == "related" and desk.records.glance("Patient", id_, represented) is None:
        raise absent()


def _seen(desk: Desk, draft: Draft, eyes: Eyes, door: Door) -> Sight:
    about = any_of(*(of_patient(one.partition("/")[2]) for one in _records_of(desk, draft.patient, door)))
    known = named(own_heads(desk, about, MOST))
    before = _copies(pages(desk, eyes, about, MOST))
    with undone(desk.records) as changes:
        made = file_draft(desk, changes, draft, door)
        after = _copies(pages(desk, eyes, about, MOST))
    return Sight(
        frozenset(after.keys() & known),
        frozenset((after.keys() & known) - before.keys()),
        frozenset((before.keys() & known) - after.keys()),
        frozenset(name for name in after.keys() & before.keys() & known if after[name] != before[name]),
        frozenset(name for name in after.keys() & known if after[name]),
        tuple(name for name, reference in made if reference in after),
    )


def _copies(shown: Iterable[Stored]) -> dict[str, str]:
    """By reference what tells the redacted copies of a version apart; empty for one that is whole."""
    return {f"{one.type}/{one.id}": one.projection for one in shown}


def _records_of(desk: Desk, patient: str, door: Door) -> list[str]:
    """Her record and those merged with it, as far as the caller sees them: a deny counts in all of them."""
    found, waiting = {patient}, [patient]
    while waiting and len(found) < _MOST_RECORDS:
        one = waiting.pop()
        linked = any_of(Is("id", one.partition("/")[2]), Has("Patient.link", one))
        stated = desk.find("r", "Patient", linked, Page(_MOST_RECORDS))
        patients = [r4.parse(stored.body) for stored in stated if stored.contributor in door.custodians]
        edges = [edge for document in patients for edge in edges_of(document, door.base_url)]
        others = {edge.key for edge in edges if edge.kind == MERGED} - found
        found |= others
        waiting += others
    return sorted(found)

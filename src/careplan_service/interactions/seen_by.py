"""$seen-by: what a partner could see of a client at a moment, from the versions of that moment.

Consents and resources are taken as they stood then and judged by the same predicate in plain Python
(`access/holds.py`). https://hl7.org/fhir/R4/consent.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

from careplan_service.access.caller import Caller
from careplan_service.access.consent.choices import STRICT
from careplan_service.access.consent.decide import questions
from careplan_service.access.consent.decision import Compiled, judged
from careplan_service.access.consent.dimensions import local, local_reference
from careplan_service.access.consent.directory import Directory, majority_of
from careplan_service.access.consent.matching import asked_by
from careplan_service.access.consent.rules import Door
from careplan_service.access.consent.words import in_words
from careplan_service.access.holds import Version, World, holds
from careplan_service.access.instants import instant
from careplan_service.access.instants import span as span_of
from careplan_service.access.requests import request_of
from careplan_service.access.view import known_to
from careplan_service.errors import Forbidden, Malformed, TooLarge
from careplan_service.interactions.agreed import compiled, version_of
from careplan_service.interactions.compartment import MEMBERS
from careplan_service.interactions.controls import PRESENTATION, moment_of, require_once
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.disclosures import require_seen
from careplan_service.interactions.records import Page, Span, Stored
from careplan_service.interactions.seen_in_part import beyond, seen_in_part
from careplan_service.resources import r4
from careplan_service.resources.directory import edges_of

MOST = 5000
"""Versions of one record that are looked at."""
_DIRECTORY = ("Group", "CareTeam", "Organization", "PractitionerRole")
_TAKEN = frozenset({"partner", "at", "purpose"})

Pairs = Sequence[tuple[str, str]]


class Agreed(NamedTuple):
    """One version of a Consent at the moment as its rules then, and whose it is."""

    patient: str
    consent: Compiled

    @property
    def version(self) -> str:
        """Its reference: `Consent/1/_history/2`."""
        return f"{self.consent.reference}/_history/{self.consent.version}"


class Opening(NamedTuple):
    """The version of a Consent that opened something, by which provision, and what that says."""

    consent: str
    provision: str
    rule: str


class Shown(NamedTuple):
    """A version that the partner could see: what opened it, and whether it got a redacted copy."""

    version: str
    openings: tuple[Opening, ...]
    in_part: bool


class Then(NamedTuple):
    """What stood around a record at the moment: who belonged to whom, and the record itself."""

    at: int
    directory: Directory
    versions: tuple[Version, ...]


@dataclass(frozen=True)
class Seen:
    """The answer: each version the partner could see, with the provisions that alone would open it.

    Without a provision it is the partner's own contribution. `unread` are versions of Consents that cannot
    be enforced and deny what they may concern.
    """

    partner: str
    purpose: str
    at: int
    shown: tuple[Shown, ...]
    unread: tuple[str, ...]


def seen_by(desk: Desk, id_: str, pairs: Pairs, door: Door) -> Seen:
    """What a partner could see of a client's record at a moment.

    For the custodian's staff, who are told of what they may see themselves. Raises Forbidden for all
    others, NotFound when the Patient may not be seen, Malformed (400), TooLarge for a very long record.
    """
    if not desk.caller.is_agency:
        raise Forbidden("what a partner could see is told to the custodian's staff only")
    partner, purpose, at = _asked(pairs, desk)
    require_seen(desk, id_)
    versions = _standing(desk, MEMBERS, f"Patient/{id_}", at)
    as_then = {one: version_of(one, door.base_url) for one in versions if not one.deleted}
    others = {one: version_of(one, door.base_url) for one in beyond(desk.records, as_then, at, door.base_url)}
    judged = as_then | others
    patients = {f"Patient/{id_}", *(p for then in judged.values() for p in _named(then))}
    agreed, unread = _agreed(desk, patients, at, door)
    caller = Caller("", "partner", partner, (purpose,) if purpose else ())
    around = Then(at, _directory(desk, versions, at, door), tuple(judged.values()))
    can_see = partial(_holds, caller, agreed=agreed, around=around)
    opened = {f"{one.type}/{one.id}" for one, then in judged.items() if can_see(then)}
    shown = tuple(
        Shown(
            f"{one.type}/{one.id}/_history/{one.version}",
            _opening(caller, then, agreed, around),
            one.contributor != partner and seen_in_part(one, then, opened, can_see, door.base_url),
        )
        for one, then in as_then.items()
        if f"{one.type}/{one.id}" in opened
    )
    return Seen(partner, purpose, at, shown, unread)


def _asked(pairs: Pairs, desk: Desk) -> tuple[str, str, int]:
    given = {name: text for name, text in pairs if name not in PRESENTATION}
    require_once(name for name, _ in pairs)
    for name in given:
        if name not in _TAKEN:
            raise Malformed(f"`$seen-by` does not take `{name}`; it has {', '.join(sorted(_TAKEN))}")
    partner = local(given.get("partner", ""), desk.policy.base_url)
    if not local_reference(partner, "Organization"):
        raise Malformed("`$seen-by` needs the `partner`, as `Organization/food-bank`")
    at = moment_of("at", given["at"])[0] if "at" in given else desk.now
    if at > desk.now:
        raise Malformed("`at` is a moment that has been; nobody knows what will be agreed")
    return partner, given.get("purpose", ""), at


def _standing(desk: Desk, types: Iterable[str], patient: str, at: int) -> list[Stored]:
    """The versions that were current then, of a record or of all, as far as the caller sees them."""
    span = Span(lo=at, hi=at, patient=patient)
    found = desk.records.versions("", "", desk.sees_any("r", types), Page(MOST + 1), span)
    if len(found) > MOST:
        raise TooLarge(f"more than {MOST} resources would have to be looked at")
    return found


def _directory(desk: Desk, record: Iterable[Stored], at: int, door: Door) -> Directory:
    """Who belonged to whom then, as the custodians' own staff had recorded it."""
    stated = [*_standing(desk, _DIRECTORY, "", at), *record]
    ours = [one for one in stated if not one.deleted and one.contributor in door.custodians]
    documents = [r4.parse(one.body) for one in ours]
    edges = [edge for document in documents for edge in edges_of(document, door.base_url)]
    majorities = {
        f"Patient/{document['id']}": majority_of(span_of(document["birthDate"])[0])
        for document in documents
        if document["resourceType"] == "Patient" and "birthDate" in document
    }
    return Directory.of(edges, majorities)


def _named(version: Version) -> set[str]:
    return {version.patient, *version.facts.other_patients} - {""}


def _agreed(desk: Desk, patients: Iterable[str], at: int, door: Door) -> tuple[list[Agreed], tuple[str, ...]]:
    """The Consents of the patients as they stood at the moment."""
    desk.sees("r", "Consent")
    agreed = [
        Agreed(patient, compiled(one, door))
        for patient in sorted(patients)
        for one in _standing(desk, ["Consent"], patient, at)
        if not one.deleted and one.patient == patient
    ]
    unread = (one.version for one in agreed if any(rule.kept for rule in one.consent.rules))
    return agreed, tuple(unread)


def _world(agreed: Iterable[Agreed], around: Then) -> World:
    consents: dict[str, list[Compiled]] = {}
    for one in agreed:
        consents.setdefault(one.patient, []).append(one.consent)
    return World(consents, around.versions, around.directory)


def _holds(caller: Caller, version: Version, agreed: Iterable[Agreed], around: Then) -> bool:
    return holds(known_to(caller, version.type, around.at), version, _world(agreed, around))


def _opening(caller: Caller, version: Version, agreed: Sequence[Agreed], around: Then) -> tuple[Opening, ...]:
    """The Consents without which it would have stayed closed, or that would open it alone."""
    named = _named(version)
    if len(named) == 1 and _holds(caller, version, (), around):
        return ()
    of_these = [one for one in agreed if one.patient in named]
    return tuple(
        _by_provision(caller, version, one, around)
        for one in of_these
        if _holds(caller, version, [one, *(o for o in of_these if o.patient != one.patient)], around)
        and not _holds(caller, version, [o for o in of_these if o.patient != one.patient], around)
    )


def _by_provision(caller: Caller, version: Version, agreed: Agreed, around: Then) -> Opening:
    """The provision of the Consent that decides for its patient."""
    world = _world([agreed], around)
    asked = asked_by(questions(request_of(caller, "read", around.at), STRICT)[0], around.directory)
    found = judged(asked, world.record(version), agreed.patient, world.consents, around.directory)
    rule = found.permits[0].rule
    return Opening(agreed.version, rule.path, in_words(rule))


def told(seen: Seen) -> dict[str, Any]:
    """The answer as Parameters. https://hl7.org/fhir/R4/parameters.html"""
    asked = [
        {"name": "partner", "valueReference": {"reference": seen.partner}},
        {"name": "at", "valueInstant": instant(seen.at)},
        *([{"name": "purpose", "valueCode": seen.purpose}] if seen.purpose else []),
        {"name": "total", "valueInteger": len(seen.shown)},
    ]
    shown = [{"name": "seen", "part": [_part("version", one.version), *_how(one)]} for one in seen.shown]
    unread = [{"name": "unread", "valueReference": {"reference": version}} for version in seen.unread]
    return {"resourceType": "Parameters", "parameter": [*asked, *shown, *unread]}


def _how(shown: Shown) -> Iterator[dict[str, Any]]:
    if shown.in_part:
        yield {"name": "in-part", "valueBoolean": True}
    for one in shown.openings:
        yield from _opened(one)


def _opened(opening: Opening) -> Iterator[dict[str, Any]]:
    yield _part("consent", opening.consent)
    yield {"name": "provision", "valueString": opening.provision}
    yield {"name": "rule", "valueString": opening.rule}


def _part(name: str, reference: str) -> dict[str, Any]:
    return {"name": name, "valueReference": {"reference": reference}}

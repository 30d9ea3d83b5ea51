"""A referral goes out under a Consent in force that covers who gets it and what is sent.

https://hl7.org/fhir/R4/consent.html and docs/practice.md
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from careplan_service.access.caller import Caller
from careplan_service.access.consent.rules import Door
from careplan_service.access.filters import EVERYTHING
from careplan_service.access.holds import holds
from careplan_service.access.scope_text import parse_scopes
from careplan_service.access.view import view_for
from careplan_service.errors import Fault, Invalid
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.records import Stored
from careplan_service.interactions.standing import as_judged, standing
from careplan_service.interventions.canonical import extension_value, sw
from careplan_service.interventions.intake_rules import Path
from careplan_service.interventions.plan import Plan
from careplan_service.interventions.practice import INSIDE, sentence_of
from careplan_service.interventions.record import Referral
from careplan_service.resources import r4

PURPOSES = ("COC", "TREAT", "CAREMGT", "ELIGDTRM", "ENROLLM")
"""For what a referral may be sent: coordination, treatment, management, eligibility, enrolment."""


def require_released(
    desk: Desk,
    before: Plan | None,
    after: Plan,
    where: Callable[[Path], str | None],
    made: Sequence[Stored],
    door: Door,
) -> None:
    """Raise Invalid (422) where a change sends referrals that no Consent covers; `made` is what it wrote."""
    requests = [one for one in made if one.type == "ServiceRequest"]
    found = unreleased(desk, before, after, requests, door)
    places = {one.number: i for i, one in enumerate(after.referrals)}
    faults = [
        Fault("business-rule", text, where(("referrals", places[number], "consent")))
        for number, text in found.items()
    ]
    if faults:
        raise Invalid("a referral is not covered by a consent", faults=faults)


def unreleased(
    desk: Desk, before: Plan | None, after: Plan, requests: Sequence[Stored], door: Door
) -> Mapping[str, str]:
    """The referrals, by number, that a change sends out without a Consent that covers them, and why not.

    `requests` are the ServiceRequests of the plan as they are stored; who names a legal ground needs none.
    """
    earlier = {one.number: one for one in before.referrals} if before else {}
    by_number = {extension_value(r4.parse(one.body), sw("referral")): one for one in requests}
    found: dict[str, str] = {}
    for referral in after.referrals:
        if _goes_out(earlier.get(referral.number), referral):
            request = by_number.get(referral.number)
            why = (
                "is not on record"
                if request is None
                else _missing(desk, f"Consent/{referral.consent}", request, door)
            )
            if why:
                told = f"`Consent/{referral.consent}` {why}: `{referral.to}` is not sent referral"
                found[referral.number] = f"{told} `{referral.number}`; {sentence_of('released')}"
    return found


def _goes_out(before: Referral | None, now: Referral) -> bool:
    if now.status in INSIDE or not now.consent or now.legal_ground:
        return False
    return before is None or before.status in INSIDE or before.consent != now.consent


def _missing(desk: Desk, consent: str, request: Stored, door: Door) -> str:
    """Why the receiver may not have the request; empty where it may."""
    receiver = _receiver(desk, request)
    if not receiver:
        return "covers nobody: the receiver is no organisation on record"
    version = as_judged(desk.records, request, door.base_url)
    covered = False
    for purpose in PURPOSES:
        caller = Caller("", "partner", receiver, (purpose,), parse_scopes("system/*.rs"))
        world = standing(desk.records, caller, [version], [request], door)
        view = view_for(caller, "r", request.type, desk.now)
        agreed = {
            who: [one for one in held if one.reference == consent] for who, held in world.consents.items()
        }
        if holds(view, version, replace(world, consents=agreed)):
            covered = True
            if holds(view, version, world):
                return ""
    if covered:
        return "does not help, for another consent of the client denies it"
    return "is not in force, or does not cover the client, the receiver and what is sent"


def _receiver(desk: Desk, request: Stored) -> str:
    performers = r4.parse(request.body).get("performer", ())
    reference = str(performers[0].get("reference", "")) if performers else ""
    type_, _, id_ = reference.partition("/")
    if type_ != "PractitionerRole":
        return reference if type_ == "Organization" else ""
    role = desk.records.current(type_, id_, EVERYTHING)
    held = r4.parse(role.body).get("organization", {}) if role and not role.deleted else {}
    return str(held.get("reference", ""))

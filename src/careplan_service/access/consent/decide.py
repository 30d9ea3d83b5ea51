"""decide: may this version go to this caller, by which rule of which Consent, and with which obligations.

The gates are those of docs/consent-in-detail.md, in their order. https://hl7.org/fhir/R4/consent.html
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from careplan_service.access.consent.choices import STRICT, Choices
from careplan_service.access.consent.decision import (
    EMERGENCIES,
    Consents,
    Deciding,
    Judgement,
    NearMiss,
    judged,
    patients_of,
    withstands_emergency,
)
from careplan_service.access.consent.directory import NOBODY, Directory
from careplan_service.access.consent.matching import ADOLESCENT, asked_by
from careplan_service.access.consent.terminology import purpose_and_ancestors
from careplan_service.access.consent.words import in_words
from careplan_service.access.facts import Facts, Record
from careplan_service.access.filters import Consented

_WRITES = frozenset({"update", "patch", "delete"})
_LOOKS = frozenset({"read", "vread", "search"})
_EMERGENCY = frozenset({"BTG"})


@dataclass(frozen=True)
class Request:
    """Who asks for what, from the verified token and our own directory, never from what the client writes.

    `actors` are organisation, client (`Device/x`), practitioner, role; `also` whom only denies concern;
    `purposes` v3-ActReason codes; `interaction` read, vread, search, history, export, update, patch or
    delete; `now` microseconds UTC. `patient` or `relative` is the person where she is one, `contributor`
    whose own contributions these would be. `break_glass` is the reason an authorised person gave.
    """

    actors: tuple[str, ...]
    purposes: tuple[str, ...]
    interaction: str
    now: int
    also: tuple[str, ...] = ()
    patient: str = ""
    relative: str = ""
    contributor: str = ""
    workforce: bool = False
    person: bool = False
    break_glass: str = ""


@dataclass(frozen=True)
class Decision:
    """The answer, and all that is to be said of it.

    `decision` is `permit` or `deny`, `reason` one of REASONS; `consent` is `Consent/x` at `version`,
    `provision` the place in it, `rule` what it says in words, all empty where no Consent decided.
    `overridden` are the Consents whose permits did not help, `near_misses` the permits that fail,
    each with the first dimension by which it does.
    """

    decision: str
    reason: str
    consent: str = ""
    version: int = 0
    provision: str = ""
    rule: str = ""
    obligations: tuple[str, ...] = ()
    overridden: tuple[str, ...] = ()
    near_misses: tuple[NearMiss, ...] = ()

    @property
    def permitted(self) -> bool:
        """Whether it may be disclosed."""
        return self.decision == "permit"


REASONS = (
    "SELF-ACCESS", "PROXY-ACCESS", "OWN-CONTRIBUTION", "STAFF-ACCESS", "CONSENT-PERMIT", "EXCEPTION-PERMIT",
    "BREAK-GLASS", "CONSENT-DENY", "EXCEPTION-DENY", "DEFAULT-DENY", "UNENFORCEABLE", "PURPOSE-TAG-ON-DATA",
    "CURRENT-VERSION-HIDDEN", "NOT-PATIENT-DATA",
)  # fmt: skip


def decide(
    request: Request,
    about: Record,
    consents: Consents,
    directory: Directory = NOBODY,
    choices: Choices = STRICT,
    current: Record | None = None,
) -> Decision:
    """Decide about one version; `current` is the current one where the version is not.

    `consents` are all Consents of all patients the version names, not only those in force.
    """
    found = _decide(request, about, consents, directory, choices)
    if current is None or not found.permitted:
        return found
    newest = _decide(request, current, consents, directory, choices)
    return found if newest.permitted else Decision("deny", "CURRENT-VERSION-HIDDEN")


def _decide(
    request: Request, about: Record, consents: Consents, directory: Directory, choices: Choices
) -> Decision:
    facts = about.facts
    if request.patient and patients_of(facts) == [request.patient]:
        return Decision("permit", "SELF-ACCESS")
    if _represented(request, facts, directory):
        return Decision("permit", "PROXY-ACCESS")
    if request.contributor and request.contributor == about.contributor:
        return Decision("permit", "OWN-CONTRIBUTION")
    if not facts.patient:
        reason = "STAFF-ACCESS" if request.workforce else "NOT-PATIENT-DATA"
        return Decision("permit" if request.workforce else "deny", reason)
    answers = []
    for question in questions(request, choices):
        tags = facts.labels.purposes
        if tags and not question.workforce and tags.isdisjoint(question.purpose):
            return Decision("deny", "PURPOSE-TAG-ON-DATA")
        asked = asked_by(question, directory)
        for patient in patients_of(facts):
            judgement = judged(asked, about, patient, consents, directory, near=True)
            answers.append(_of_one_patient(question, judgement))
    worst = next((one for one in answers if not one.permitted), answers[0])
    return replace(worst, obligations=_obligations(request, facts, worst))


def questions(request: Request, choices: Choices) -> list[Consented]:
    """What has to be permitted: every action the interaction needs, for every purpose that is asserted."""
    actions = ["correct"] if request.interaction in _WRITES else ["access"]
    if request.interaction == "export" and choices.export_collects:
        actions.append("collect")
    return [
        Consented(
            request.actors,
            purpose_and_ancestors(purpose) if purpose else (),
            request.now,
            request.workforce,
            action,
            request.also,
            choices.parts_follow,
            _is_emergency(request, purpose, choices),
        )
        for purpose in request.purposes or ("",)
        for action in actions
    ]


def _represented(request: Request, facts: Facts, directory: Directory) -> bool:
    """A representative sees what is about this one patient, but for what is the adolescent's own."""
    return (
        bool(request.relative)
        and not facts.other_patients
        and ADOLESCENT not in facts.labels.sensitivities
        and directory.represents(request.relative, facts.patient, request.now)
    )


def _is_emergency(request: Request, purpose: str, choices: Choices) -> bool:
    """Breaking the glass is for people, with a reason, for looking only."""
    return (
        choices.break_glass == "policy"
        and purpose in EMERGENCIES
        and request.person
        and bool(request.break_glass)
        and request.interaction in _LOOKS
    )


def _of_one_patient(question: Consented, judgement: Judgement) -> Decision:
    if question.emergency and not any(withstands_emergency(one.rule) for one in judgement.denies):
        if not judgement.denies and judgement.permits:
            return _decided("permit", judgement.permits[0], judgement)
        return replace(Decision("permit", "BREAK-GLASS"), near_misses=judgement.near)
    if judgement.denies:
        overridden = tuple(dict.fromkeys(one.consent.reference for one in judgement.permits))
        deciding = next((d for d in judgement.denies if withstands_emergency(d.rule)), judgement.denies[0])
        found = deciding if question.emergency else judgement.denies[0]
        return replace(_decided("deny", found, judgement), overridden=overridden)
    if judgement.permits:
        return _decided("permit", judgement.permits[0], judgement)
    if question.workforce:
        return Decision("permit", "STAFF-ACCESS")
    return Decision("deny", "DEFAULT-DENY", near_misses=judgement.near)


def _decided(decision: str, by: Deciding, judgement: Judgement) -> Decision:
    nested = ".provision[" in by.rule.path
    reason = "UNENFORCEABLE" if by.rule.kept else f"{'EXCEPTION' if nested else 'CONSENT'}-{decision.upper()}"
    return Decision(
        decision,
        reason,
        by.consent.reference,
        by.consent.version,
        by.rule.path,
        in_words(by.rule),
        near_misses=judgement.near,
    )


def _obligations(request: Request, facts: Facts, found: Decision) -> tuple[str, ...]:
    """What who discloses has to see to. https://hl7.org/fhir/R4/security-labels.html"""
    if not found.permitted:
        return ()
    told: Iterable[tuple[bool, tuple[str, ...]]] = (
        (facts.labels.part2, ("NORDSCLCD", "NOTICE-42CFR2.32")),
        (
            not _EMERGENCY.isdisjoint(request.purposes),
            ("BTG-AUDIT", "NOTIFY-PATIENT", "NOTIFY-PRIVACY-OFFICER"),
        ),
        (found.reason == "BREAK-GLASS", ("NO-FURTHER-USE",)),
    )
    return tuple(one for owed, names in told if owed for one in names)

"""Scopes in plain words, for the pages where a person allows them and sees what was allowed.

https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from careplan_service.access.asking import CHOICES, ONLINE, STAY, WHO, Ask, NotGiven, Question
from careplan_service.access.compartment import IN_NONE
from careplan_service.access.granted import resource_scopes, split
from careplan_service.web.query_words import words_of

THINGS: Mapping[str, str] = {
    "*": "everything on record",
    "CarePlan": "care plans",
    "CareTeam": "care teams",
    "Condition": "conditions and problems",
    "Consent": "consents",
    "DocumentReference": "documents",
    "Encounter": "visits",
    "EpisodeOfCare": "cases",
    "Goal": "goals",
    "Group": "groups",
    "HealthcareService": "services on offer",
    "Location": "places",
    "Observation": "observations and measurements",
    "Organization": "organisations",
    "Patient": "personal details",
    "Practitioner": "practitioners",
    "PractitionerRole": "roles of practitioners",
    "Procedure": "procedures and activities",
    "Provenance": "notes of who recorded what",
    "Questionnaire": "questionnaires",
    "QuestionnaireResponse": "answers to questionnaires",
    "RelatedPerson": "relatives and contacts",
    "ServiceRequest": "referrals and requests",
    "Task": "tasks",
}
"""What each resource type is called."""

VERBS: Mapping[str, str] = {"r": "read", "s": "search", "c": "add", "u": "change", "d": "delete"}
"""What each letter of `cruds` allows, in the order in which they are told."""

CHOICE_WORDS: Mapping[str, tuple[str, str]] = {
    WHO: ("Know who you are", "The app is told which record here is yours, and when you signed in."),
    STAY: (
        "Stay connected when you are away",
        "The app keeps this access without asking again, until you take it back.",
    ),
    ONLINE: ("Stay connected while you are signed in", "It ends when you sign out here."),
}
"""What else can be allowed: a label, and what it means."""


class Line(NamedTuple):
    """One scope on the page: its sentence before and after what is shown of the query, letters, a hint."""

    number: int
    sentence: str
    query: tuple[tuple[str, str], ...]
    ending: str
    letters: tuple[tuple[str, str], ...]
    hint: str = ""


class Struck(NamedTuple):
    """One scope that cannot be allowed, and why."""

    sentence: str
    query: tuple[tuple[str, str], ...]
    why: str


def allowed(scopes: Sequence[str], patient: str) -> list[Struck]:
    """What was granted in these words, its ending in place of a reason, of the patient so called."""
    words, rest = split(" ".join(scopes))
    asks = [
        Ask(context, name, letters, query)
        for context, name, query, letters in resource_scopes(rest).grouped()
    ]
    told = [Struck(_told(ask, patient), words_of(ask.query).rest, _ending(ask)) for ask in asks]
    chosen = (CHOICE_WORDS[choice][0] for choice, ones in CHOICES.items() if {*ones} & {*words})
    return [*told, *(Struck(label, (), "") for label in chosen)]


def lines(question: Question) -> list[Line]:
    """The scopes that can be allowed."""
    return [
        Line(
            number,
            _sentence(ask, question),
            words_of(ask.query).rest,
            _ending(ask),
            _letters(ask.letters),
            _hint(ask, question),
        )
        for number, ask in enumerate(question.offer.asks)
    ]


def struck(question: Question) -> list[Struck]:
    """The scopes that cannot."""
    return [_struck(one, question) for one in question.offer.not_given]


def _struck(one: NotGiven, question: Question) -> Struck:
    return Struck(_sentence(one.ask, question), words_of(one.ask.query).rest, one.why)


def _sentence(ask: Ask, question: Question) -> str:
    return _told(ask, question.patient)


def _told(ask: Ask, patient: str) -> str:
    verbs = joined([verb for letter, verb in VERBS.items() if letter in ask.letters])
    whose = f"of {patient}" if ask.context == "patient" else "that you may see yourself"
    whose = "on record here" if ask.resource_type in IN_NONE else whose
    thing = THINGS.get(ask.resource_type, ask.resource_type)
    return f"{verbs[:1].upper()}{verbs[1:]} {thing}{words_of(ask.query).text} {whose}"


def _ending(ask: Ask) -> str:
    """What is left out, where a reader might expect it."""
    letters, them = set(ask.letters), "it" if ask.resource_type == "*" else "them"
    if not letters & set("cud"):
        return f"; not change {them}"
    return "" if letters & set("rs") else f"; not see {them}"


def _hint(ask: Ask, question: Question) -> str:
    """That everything is more than the kinds there are, and than the lines for some of them."""
    if ask.resource_type != "*":
        return ""
    hint = "It covers kinds of records that are added later, too."
    if any(_covers(ask, other) for other in question.offer.asks):
        hint += " It also covers the kinds that have a line of their own, whatever is ticked there."
    return hint


def _covers(ask: Ask, other: Ask) -> bool:
    """Whether a line for everything also opens what one for a single kind does."""
    return (
        other.resource_type != "*"
        and ask.context in ("user", other.context)
        and bool(set(ask.letters) & set(other.letters))
    )


def _letters(letters: str) -> tuple[tuple[str, str], ...]:
    return tuple((letter, verb.capitalize()) for letter, verb in VERBS.items() if letter in letters)


def joined(words: list[str]) -> str:
    """`read, search and add`."""
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1] if words else "")))

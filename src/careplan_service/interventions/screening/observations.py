"""Answers become Observations, and needs that they say Conditions: concerns that nobody has confirmed yet.

https://hl7.org/fhir/us/sdoh-clinicalcare/StructureDefinition-SDOHCC-ObservationScreeningResponse.html
https://hl7.org/fhir/us/sdoh-clinicalcare/StructureDefinition-SDOHCC-Condition.html

An answer becomes one Observation; of several answers to one question each has its own. Condition codes are
SNOMED CT and ICD-10-CM: see `catalogue` for their licences.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from careplan_service.interventions import canonical
from careplan_service.interventions.canonical import SDOH_CATEGORY, Document, concept, element, reference
from careplan_service.interventions.catalogue import domains
from careplan_service.interventions.screening.answers import Answered, Given
from careplan_service.interventions.screening.tools import AT_RISK, FOLLOWS_FROM, Choice, Finding, Tool, tools
from careplan_service.interventions.sensitivity import NONE, Labels, found_in
from careplan_service.interventions.terms import display

_CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
_ABSENT = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
_CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
VERIFIED = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
_POSITIVE = concept("http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation", "POS", "Positive")
_SOCIAL = concept(_CATEGORY, "social-history", "Social History")
_SURVEY = concept(_CATEGORY, "survey", "Survey")
_CONCERN = concept(canonical.US_CORE_CONDITION_CATEGORY, "health-concern", "Health Concern")
IDENTIFIER = f"{canonical.BASE}/identifier/screening-answer"
"""The system of what they are found again by."""
PANEL = "panel"
"""The key of the Observation that has all others as members."""


@dataclass(frozen=True)
class About:
    """Whose answers they are, when they were given, what they are on record as.

    `refer` gives the reference of an Observation by its key: `88122-7`, or `93031-3/1` for the first of
    several answers.
    """

    subject: str
    effective: str
    response: str
    refer: Callable[[str], str]
    performer: Document | None = None
    based_on: str | None = None


@dataclass(frozen=True)
class Made:
    """The content of a document without what says where it is kept, its key, and the labels it needs."""

    key: str
    content: Document
    labels: Labels


def identified(value: str) -> Document:
    """The identifier of what came of a response: the response's own id or key, and what of it."""
    return {"system": IDENTIFIER, "value": value}


@dataclass(frozen=True)
class Concern:
    """A need that was found, and the keys of the Observations that show it."""

    finding: Finding
    keys: tuple[str, ...]


def observations(tool: Tool, answered: Sequence[Answered], about: About) -> list[Made]:
    """One for each answer, or for each question without one; the panel is the last."""
    made = [_observation(key, one, given, answered, about) for key, one, given in _keyed(answered)]
    whole = {one.domain for one in tool.questions}
    panel = element(
        **_common(about, whole if len(whole) == 1 else {"sdoh-category-unspecified"}),
        code={"coding": [{"system": canonical.LOINC, "code": tool.code, "display": tool.display}]},
        hasMember=[reference(about.refer(one.key)) for one in made],
        derivedFrom=[reference(about.response)],
    )
    return [*made, Made(PANEL, panel, found_in(panel))]


def labels_of(answered: Sequence[Answered]) -> Labels:
    """The labels that the answers call for, wherever they stand."""
    labels = NONE
    for _, one, given in _keyed(answered):
        labels |= _labels(one, given)
    return labels


def concerns(answered: Sequence[Answered]) -> list[Concern]:
    """The needs that the answers say, each once."""
    found: dict[Finding, list[str]] = {}
    for key, _, given in _keyed(answered):
        if isinstance(given, Choice) and given.finding:
            found.setdefault(given.finding, []).append(key)
    return [Concern(finding, tuple(keys)) for finding, keys in found.items()]


def conditions(answered: Sequence[Answered], about: About) -> Iterator[Made]:
    """A health concern for each need, that nobody has confirmed."""
    for concern in concerns(answered):
        finding = concern.finding
        content = element(
            clinicalStatus=concept(_CLINICAL, "active", "Active"),
            verificationStatus=concept(VERIFIED, "unconfirmed", "Unconfirmed"),
            category=[_CONCERN, SDOH_CATEGORY, domains()[finding.domain].category],
            code={"coding": [row.coding(picked=False) for row in finding.codings], "text": finding.text},
            subject=reference(about.subject),
            recordedDate=about.effective,
            evidence=[{"detail": [reference(about.refer(key)) for key in concern.keys]}],
        )
        yield Made(_key(finding), content, found_in(content))


@cache
def needs() -> tuple[str, ...]:
    """The keys that conditions can have."""
    listed = (choice.finding for tool in tools().values() for one in tool.questions for choice in one.choices)
    return tuple(dict.fromkeys(_key(finding) for finding in listed if finding))


def _key(finding: Finding) -> str:
    return f"need/{finding.codings[0].code}"


def _keyed(answered: Sequence[Answered]) -> Iterator[tuple[str, Answered, Given | None]]:
    for one in answered:
        code = one.question.code
        if not one.given:
            yield code, one, None
        for n, given in enumerate(one.given, 1):
            yield f"{code}/{n}" if one.question.many else code, one, given


def _observation(
    key: str, one: Answered, given: Given | None, answered: Sequence[Answered], about: About
) -> Made:
    finding = given.finding if isinstance(given, Choice) else None
    follows = [other.question.code for other in answered if other.question.code in FOLLOWS_FROM]
    derived = [about.refer(code) for code in follows] if one.question.follows else []
    content = element(
        **_common(about, {one.question.domain, *([finding.domain] if finding else [])}),
        code={"coding": [one.question.coding], "text": one.question.text},
        **_value(given),
        dataAbsentReason=concept(_ABSENT, one.unanswered, display(one.unanswered))
        if one.unanswered
        else None,
        interpretation=[_POSITIVE] if isinstance(given, Choice) and given.code == AT_RISK else [],
        derivedFrom=[reference(ref) for ref in (*derived, about.response)],
    )
    return Made(key, content, _labels(one, given) | found_in(content))


def _common(about: About, of: set[str]) -> Document:
    return element(
        basedOn=[reference(about.based_on)] if about.based_on else [],
        status="final",
        category=[_SOCIAL, _SURVEY, SDOH_CATEGORY, *(domains()[code].category for code in sorted(of))],
        subject=reference(about.subject),
        effectiveDateTime=about.effective,
        performer=[about.performer] if about.performer else [],
    )


def _labels(one: Answered, given: Given | None) -> Labels:
    finding = given.finding if isinstance(given, Choice) else None
    told = [
        domains()[code].category for code in {one.question.domain, *([finding.domain] if finding else [])}
    ]
    codes = [row.coding(picked=False) for row in finding.codings] if finding else []
    words = given if isinstance(given, str) else None
    return found_in([one.question.coding, one.question.text, words, told, codes])


def _value(given: Given | None) -> Document:
    if given is None:
        return {}
    if isinstance(given, Choice):
        return {"valueCodeableConcept": {"coding": [given.coding]}}
    return {"valueInteger": given} if isinstance(given, int) else {"valueString": given}

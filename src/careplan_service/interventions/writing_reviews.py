"""A progress review becomes an Observation with a member for each goal, the outcome that the Goal refers to.

https://hl7.org/fhir/R4/observation.html https://hl7.org/fhir/R4/goal-definitions.html#Goal.outcomeReference
"""

from __future__ import annotations

from careplan_service.interventions import canonical
from careplan_service.interventions.canonical import (
    SDOH_CATEGORY,
    Document,
    concept,
    element,
    extension,
    note,
    reference,
    sw,
)
from careplan_service.interventions.draft import Draft
from careplan_service.interventions.goals import ACHIEVEMENT
from careplan_service.interventions.people import marks
from careplan_service.interventions.record import Finding, Review
from careplan_service.interventions.sensitivity import found_in, marked
from careplan_service.interventions.terms import GOAL_STATES

REVIEW = concept(canonical.RECORD, "progress-review", "Progress review")
ATTAINMENT = concept(canonical.RECORD, "goal-attainment", "Goal attainment")
LEVEL = concept(canonical.RECORD, "goal-attainment-level", "Goal Attainment Scaling level")


def write_review(draft: Draft, review: Review) -> str:
    """Writes a review and its findings; gives the Observation of the whole."""
    own = marked(review.sensitivity) | found_in([review.barriers])
    labels, members = own, []
    for finding in review.findings:
        members.append(_write_finding(draft, review, finding))
        labels |= draft.goal_labels[finding.goal] | found_in([finding.evidence])
    content = element(
        extension=[
            *extension(sw("review"), valueString=review.number),
            *extension(sw("effect"), valueCode=review.effective),
            *extension(
                sw("review-date"), valueDate=review.next_review.isoformat() if review.next_review else None
            ),
            *marks(review.sensitivity),
        ],
        **_observed(draft, review, REVIEW),
        valueString=review.effective,
        note=note("barriers", review.barriers),
        hasMember=[reference(one) for one in members],
    )
    return draft.write(draft.reserve("Observation", review.number), labels, **content)


def _observed(draft: Draft, review: Review, code: Document) -> Document:
    who = draft.who.get("worker", draft.agency)
    return element(
        basedOn=[reference(draft.care_plan)],
        status="final",
        category=[SDOH_CATEGORY],
        code=code,
        subject=reference(draft.subject),
        effectiveDateTime=review.date.isoformat(),
        performer=[reference(who)],
    )


def _write_finding(draft: Draft, review: Review, finding: Finding) -> str:
    achievement = GOAL_STATES.fhir(finding.status).partition(" ")[2]
    display = achievement.replace("-", " ").title()
    value = concept(ACHIEVEMENT, achievement, display) if achievement else {"text": finding.status}
    level = {"code": LEVEL, "valueInteger": finding.level}
    content = element(
        extension=extension(sw("state"), valueCode=finding.status),
        **_observed(draft, review, ATTAINMENT),
        focus=[reference(draft.reserve("Goal", finding.goal))],
        partOf=[reference(draft.reserve("Procedure", number)) for number in finding.sessions],
        valueCodeableConcept=value,
        note=[{"text": finding.evidence}] if finding.evidence else [],
        component=[level] if finding.level is not None else [],
    )
    labels = draft.goal_labels[finding.goal] | found_in(content) | marked(review.sensitivity)
    return draft.write(draft.reserve("Observation", f"{review.number}/{finding.goal}"), labels, **content)

"""Writes what became of a plan: every part of the record, and where the CarePlan refers to it.

https://hl7.org/fhir/R4/careplan-definitions.html#CarePlan.activity.outcomeReference

The CarePlan leads to all of it: assessments, reviews and the closing are `supportingInfo`, sessions the
`outcomeReference` of the strategies that they carry out, referrals activities of their own.
"""

from __future__ import annotations

from careplan_service.interventions.canonical import Document, element, extension, reference, sw
from careplan_service.interventions.draft import Draft
from careplan_service.interventions.record import Referral
from careplan_service.interventions.writing_notes import write_assessment, write_closing
from careplan_service.interventions.writing_referrals import write_referral
from careplan_service.interventions.writing_reviews import write_review
from careplan_service.interventions.writing_screening import write_screening
from careplan_service.interventions.writing_sessions import write_session


def write_record(draft: Draft, activities: list[Document]) -> tuple[list[str], list[Document]]:
    """Writes the record of a plan whose goals are written.

    Gives what is `supportingInfo` and the further activities; the `activities` of strategies get the sessions
    in which they were carried out.
    """
    plan = draft.plan
    information = [write_assessment(draft, assessment) for assessment in plan.assessments]
    for assessment in plan.assessments:
        if assessment.screening:
            information += write_screening(draft, assessment, assessment.screening)
    by_number = {activity["id"]: activity for activity in activities}
    contacts: list[str] = []
    for session in plan.sessions:
        written = write_session(draft, session)
        for number in session.strategies:
            by_number[number].setdefault("outcomeReference", []).append(reference(written))
        if not session.strategies:
            contacts.append(written)
    information += [write_review(draft, review) for review in plan.reviews]
    if plan.closing:
        information.append(write_closing(draft, plan.closing))
    further = [_referred(draft, referral) for referral in plan.referrals]
    if contacts:
        outcomes = [reference(one) for one in contacts]
        kind = extension(sw("contacts"), valueBoolean=True)
        further.append(element(id="contacts", extension=kind, outcomeReference=outcomes))
    return information, further


def _referred(draft: Draft, referral: Referral) -> Document:
    request, task = write_referral(draft, referral)
    return {
        "id": referral.number,
        "extension": extension(sw("referral"), valueString=referral.number),
        "outcomeReference": [reference(task)],
        "reference": reference(request),
    }

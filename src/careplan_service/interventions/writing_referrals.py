"""A referral becomes a ServiceRequest (what is asked) and a Task (what becomes of it).

https://hl7.org/fhir/us/sdoh-clinicalcare/StructureDefinition-SDOHCC-TaskForReferralManagement.html

The Task's `businessStatus` keeps the state in our code, and in the words of whoever set it: no code of R4
says `waitlisted`.
"""

from __future__ import annotations

from careplan_service.interventions.canonical import (
    REFERRAL_STATE,
    SDOH_CATEGORY,
    Document,
    concept,
    element,
    extension,
    reference,
    sw,
)
from careplan_service.interventions.catalogue import domains, kinds
from careplan_service.interventions.draft import Draft
from careplan_service.interventions.people import marks
from careplan_service.interventions.record import Referral
from careplan_service.interventions.sensitivity import NONE, found_in, marked
from careplan_service.interventions.team import labels_of
from careplan_service.interventions.terms import REFERRAL_STATES, display

TASK_CODE = "http://hl7.org/fhir/CodeSystem/task-code"
REQUESTS = {
    "draft": "draft",
    "completed": "completed",
    "cancelled": "revoked",
    "rejected": "revoked",
    "failed": "revoked",
    "entered-in-error": "entered-in-error",
}


def write_referral(draft: Draft, referral: Referral) -> tuple[str, str]:
    """Writes a referral; gives the ServiceRequest and the Task."""
    request, task = _request(draft, referral), _task(draft, referral)
    receiver = [labels_of(one) for one in draft.plan.participants if one.label == referral.to]
    labels = found_in([request, task]) | marked(referral.sensitivity) | NONE.union(*receiver)
    return (
        draft.write(draft.reserve("ServiceRequest", referral.number), labels, **request),
        draft.write(draft.reserve("Task", referral.number), labels, **task),
    )


def _request(draft: Draft, referral: Referral) -> Document:
    kind = kinds()[referral.kind]
    again = draft.reserve("ServiceRequest", referral.again) if referral.again else None
    return element(
        extension=[
            *extension(sw("referral"), valueString=referral.number),
            *extension(sw("state"), valueCode=referral.status),
            *extension(
                sw("consent"),
                valueReference=reference(f"Consent/{referral.consent}" if referral.consent else None),
            ),
            *extension(sw("legal-ground"), valueString=referral.legal_ground),
            *extension(sw("sent"), valueDate=referral.sent.isoformat() if referral.sent else None),
            *extension(sw("warm-handoff"), valueBoolean=True if referral.warm_handoff else None),
            *marks(referral.sensitivity),
        ],
        basedOn=[reference(draft.care_plan)],
        replaces=[reference(again)] if again else [],
        status=REQUESTS.get(REFERRAL_STATES.fhir(referral.status), "active"),
        intent="order",
        category=[domains()[referral.domain].category, SDOH_CATEGORY],
        priority=referral.urgency,
        code={"coding": [kind.own_coding, *kind.sent(None, "intervention", "service-type", "referral")]},
        orderDetail=[{"text": referral.text}],
        subject=reference(draft.subject),
        authoredOn=draft.now.isoformat(),
        requester=reference(draft.who.get("worker", draft.agency)),
        performer=[reference(draft.who[referral.to])],
    )


def _task(draft: Draft, referral: Referral) -> Document:
    status = REFERRAL_STATES.fhir(referral.status)
    explained = status in ("rejected", "failed", "on-hold", "cancelled")
    return element(
        status=status,
        # Gravity wants a reason in words wherever a referral does not go on
        statusReason={"text": referral.outcome or referral.status} if explained else None,
        businessStatus={
            **concept(REFERRAL_STATE, referral.status, display(referral.status)),
            "text": referral.vendor_status or referral.status,
        },
        intent="order",
        priority=referral.urgency,
        code={"coding": [{"system": TASK_CODE, "code": "fulfill", "display": "Fulfill the focal request"}]},
        focus=reference(draft.reserve("ServiceRequest", referral.number)),
        **{"for": reference(draft.subject)},
        executionPeriod=element(
            start=referral.sent.isoformat() if referral.sent else None,
            end=referral.closed.isoformat() if referral.closed else None,
        ),
        authoredOn=draft.now.isoformat(),
        requester=reference(draft.who.get("worker", draft.agency)),
        owner=reference(draft.who[referral.to]),
        output=[{"type": {"text": "outcome"}, "valueString": referral.outcome}] if referral.outcome else [],
    )

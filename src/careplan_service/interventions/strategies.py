"""Strategies as CarePlan.activity.detail, or as ServiceRequest when another agency must act.

https://hl7.org/fhir/R4/careplan-definitions.html#CarePlan.activity
"""

from __future__ import annotations

from careplan_service.interventions import canonical
from careplan_service.interventions.canonical import (
    SDOH_CATEGORY,
    Document,
    element,
    extension,
    reference,
    sw,
)
from careplan_service.interventions.catalogue import domains, kind_of
from careplan_service.interventions.draft import Draft
from careplan_service.interventions.people import marks
from careplan_service.interventions.plan import Goal, Strategy
from careplan_service.interventions.sensitivity import NONE, Labels, found_in, marked
from careplan_service.interventions.team import labels_of
from careplan_service.interventions.terms import ACTIVE_PLANS, ACTIVITY_STATES
from careplan_service.interventions.timing import timing

REQUEST_STATUS = {
    "not-started": "active",
    "scheduled": "active",
    "in-progress": "active",
    "on-hold": "on-hold",
    "completed": "completed",
    "cancelled": "revoked",
    "stopped": "revoked",
    "entered-in-error": "entered-in-error",
}


def write_strategy(
    draft: Draft, goal: Goal, strategy: Strategy, objective: str, inherited: Labels
) -> Document:
    """The CarePlan activity of a strategy; writes a ServiceRequest when another agency is to act.

    `objective` refers to the Goal of the objective, `inherited` are the labels that it has.
    """
    others = [one for one in draft.plan.participants if one.label in strategy.who]
    labels = inherited | marked(strategy.sensitivity) | NONE.union(*(labels_of(one) for one in others))
    draft.goal_labels[strategy.number] = labels
    if any(one.agency for one in others):
        return _request(draft, goal, strategy, objective, labels)
    return _detail(draft, strategy, objective, labels)


def _detail(draft: Draft, strategy: Strategy, objective: str, labels: Labels) -> Document:
    kind = kind_of(strategy.kind)
    detail = element(
        extension=_own_words(draft, strategy),
        code={
            "coding": [
                *kind.own_codings,
                *kind.sent(strategy.method, "intervention", "service-type", "category"),
            ]
        },
        goal=[reference(objective)],
        status=ACTIVITY_STATES.fhir(strategy.status),
        scheduledTiming=timing(strategy.frequency, strategy.duration, strategy.count),
        location=element(display=strategy.where),
        performer=_performers(draft, strategy),
        description=strategy.text,
    )
    draft.labels |= labels | found_in(detail)
    return {"id": strategy.number, "extension": _number(strategy), "detail": detail}


def _request(draft: Draft, goal: Goal, strategy: Strategy, objective: str, labels: Labels) -> Document:
    kind = kind_of(strategy.kind)
    code = [*kind.own_codings, *kind.sent(strategy.method, "intervention", "service-type", "referral")]
    category = [{"coding": [coding]} for coding in kind.sent(strategy.method, "category")]
    where = element(text=strategy.where)
    content = element(
        extension=[
            *_number(strategy),
            *extension(canonical.PERTAINS_TO_GOAL, valueReference=reference(objective)),
            *_own_words(draft, strategy),
        ],
        basedOn=[reference(draft.care_plan)],
        status=_request_status(draft, strategy),
        intent="order" if draft.plan.status in ACTIVE_PLANS else "plan",
        category=[domains()[goal.domain].category, SDOH_CATEGORY, *category],
        code={"coding": code},
        orderDetail=[{"text": strategy.text}],
        subject=reference(draft.subject),
        occurrenceTiming=timing(strategy.frequency, strategy.duration, strategy.count),
        authoredOn=draft.now.isoformat(),
        requester=reference(draft.who.get("worker", draft.agency)),
        performer=_performers(draft, strategy),
        locationCode=[where] if where else [],
    )
    target = draft.write(
        draft.reserve("ServiceRequest", strategy.number), labels | found_in(content), **content
    )
    return {"id": strategy.number, "extension": _number(strategy), "reference": reference(target)}


def _request_status(draft: Draft, strategy: Strategy) -> str:
    status = REQUEST_STATUS[ACTIVITY_STATES.fhir(strategy.status)]
    return "draft" if status == "active" and draft.plan.status not in ACTIVE_PLANS else status


def _number(strategy: Strategy) -> list[Document]:
    return extension(sw("number"), valueString=strategy.number)


def _own_words(draft: Draft, strategy: Strategy) -> list[Document]:
    group = [draft.who[who] for who in strategy.who if draft.who[who].startswith("Group/")]
    return [
        *extension(sw("state"), valueCode=strategy.status),
        *extension(sw("method"), valueString=strategy.method),
        *extension(sw("evidence-base"), valueString=strategy.evidence_base),
        # no performer may be a Group
        *(part for one in group for part in extension(sw("performer"), valueReference=reference(one))),
        *marks(strategy.sensitivity),
    ]


def _performers(draft: Draft, strategy: Strategy) -> list[Document | None]:
    found = [draft.who[who] for who in strategy.who]
    return [reference(one) for one in found if not one.startswith("Group/")]

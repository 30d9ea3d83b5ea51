"""A plan becomes FHIR R4 documents: CarePlan first, then all that it refers to.

https://hl7.org/fhir/R4/careplan.html https://hl7.org/fhir/us/core/StructureDefinition-us-core-careplan.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType

from careplan_service.interventions import canonical
from careplan_service.interventions.canonical import (
    ALERT_KIND,
    SDOH_CATEGORY,
    Document,
    concept,
    element,
    extension,
    note,
    reference,
    sw,
)
from careplan_service.interventions.draft import Draft, Identity, Places
from careplan_service.interventions.episodes import write_case
from careplan_service.interventions.goals import write_goal, write_need, write_strength
from careplan_service.interventions.narrative import narrative
from careplan_service.interventions.people import (
    in_danger,
    marks,
    name_members,
    write_group,
    write_members,
)
from careplan_service.interventions.plan import Agreement, Person, Plan
from careplan_service.interventions.sensitivity import CONTACT, NONE, Labels, found_in, marked
from careplan_service.interventions.team import write_care_team
from careplan_service.interventions.terms import PLAN_STATES, display
from careplan_service.interventions.writing_record import write_record

CARE_PLAN = concept(canonical.SNOMED, "734163000", "Care plan")
ASSESS_PLAN = concept(
    "http://hl7.org/fhir/us/core/CodeSystem/careplan-category",
    "assess-plan",
    "Assessment and Plan of Treatment",
)


def identities(plan: Plan) -> list[Identity]:
    """Who and what in a plan may already be on record, each once, in order of appearance."""
    system = plan.client_system
    team = [*([plan.worker] if plan.worker else []), *plan.participants]
    found = [
        *(("Patient", member.person.identifier) for member in system.members if member.client),
        *([("Organization", system.identifier)] if system.kind == "organisation" else []),
        *([("Group", system.identifier)] if system.kind != "individual" else []),
        *(("Practitioner", one.identifier) for one in team),
        *(("Organization", one.agency_identifier) for one in team),
    ]
    return list(dict.fromkeys(Identity(type_, one.system, one.value) for type_, one in found if one))


def to_fhir(
    plan: Plan,
    *,
    agency: str,
    new_id: Callable[[], str],
    now: datetime,
    known: Mapping[Identity, str],
    places: Places = MappingProxyType({}),
) -> list[Document]:
    """The documents of a plan, for one transaction; the first is the CarePlan.

    `agency` is the caller's `Organization/x`; `new_id` makes ids; `now` is an aware time; `known` gives
    references of what is on record, which is then referred to and not written; `places` those that parts of
    this plan have already, which are written again.
    """
    draft = Draft(plan, agency, new_id, now, known, places=dict(places))
    draft.care_plan = draft.reserve("CarePlan", "plan")
    name_members(draft)
    team = write_care_team(draft)
    needs = [write_need(draft, need, f"need {i}") for i, need in enumerate(plan.needs)]
    strengths = [write_strength(draft, one, f"strength {i}") for i, one in enumerate(plan.strengths)]
    goals: list[str] = []
    activities: list[Document] = []
    for goal in plan.goals:
        addressed = [ref for need, ref in zip(plan.needs, needs, strict=True) if need.domain == goal.domain]
        references, parts = write_goal(draft, goal, addressed)
        goals += references
        activities += parts
    information, more = write_record(draft, activities)
    episodes = write_case(draft, plan.case, team) if plan.case else []
    labels = frozenset(draft.labels) | _plan_labels(plan)
    members = write_members(draft, labels)
    write_group(draft, labels)
    content = element(
        text=narrative(plan, activities),
        extension=_extensions(draft, members),
        identifier=draft.number_identifier("plan", plan.number),
        status=PLAN_STATES.fhir(plan.status),
        intent="plan",
        replaces=[reference(f"CarePlan/{plan.reopens}")] if plan.reopens else [],
        category=[CARE_PLAN, ASSESS_PLAN, SDOH_CATEGORY],
        title=plan.title,
        subject=reference(draft.subject),
        period=_period(plan),
        created=now.isoformat(),
        author=reference(draft.who.get("worker", agency)),
        careTeam=[reference(team)] if team else [],
        addresses=[reference(need) for need in needs],
        supportingInfo=[reference(one) for one in [*strengths, *information, *episodes]],
        goal=[reference(goal) for goal in goals],
        activity=[*activities, *more],
        note=[*note("sharing", plan.sharing_notes), *note("crisis-plan", plan.crisis_plan)],
    )
    # the title, the notes and the list of activities are about the whole plan, so its labels are the highest
    draft.write(draft.care_plan, labels | frozenset(draft.labels) | found_in(content), **content)
    return [draft.documents[-1], *draft.documents[:-1]]


def _plan_labels(plan: Plan) -> Labels:
    system = plan.client_system
    told = [
        plan.title,
        plan.status_reason,
        plan.sharing_notes,
        plan.crisis_plan,
        system.name,
        system.locality,
        system.description,
    ]
    if plan.agreement:
        told += [plan.agreement.comment, plan.agreement.reason]
    own = found_in(told) | marked(plan.sensitivity) | marked(system.sensitivity)
    own |= found_in(_alerts(plan)) | marked(mark for one in plan.alerts for mark in one.sensitivity)
    for member in system.members:
        own |= found_in([member.role, *_leading_to(member.person)]) | marked(member.sensitivity)
        own |= CONTACT if in_danger(member) else NONE
    return own


def _leading_to(person: Person) -> list[str | None]:
    """What is said of where somebody is and of who is near them."""
    contact = person.emergency_contact
    return [person.address, person.guardian, *([contact.name, contact.relationship] if contact else [])]


def _extensions(draft: Draft, members: list[Document]) -> list[Document]:
    plan = draft.plan
    return [
        *extension(sw("client-system"), extension=_client_system(draft, members)),
        *extension(sw("state"), valueCode=plan.status),
        *extension(sw("status-reason"), valueString=plan.status_reason),
        *extension(sw("review-date"), valueDate=plan.review_date.isoformat() if plan.review_date else None),
        *(_agreement(plan.agreement) if plan.agreement else []),
        *_alerts(plan),
        *extension(sw("episode"), valueInteger=plan.episode),
        *marks(plan.sensitivity),
    ]


def _client_system(draft: Draft, members: list[Document]) -> list[Document]:
    system = draft.plan.client_system
    number = system.identifier
    return [
        *extension("kind", valueCode=system.kind),
        *extension("group", valueReference=reference(draft.group)),
        *extension("name", valueString=system.name),
        *extension(
            "identifier", valueIdentifier={"system": number.system, "value": number.value} if number else {}
        ),
        *extension("size", valueInteger=system.size),
        *extension("locality", valueString=system.locality),
        *extension("description", valueString=system.description),
        *marks(system.sensitivity),
        *members,
    ]


def _alerts(plan: Plan) -> list[Document]:
    return [
        part
        for one in plan.alerts
        for part in extension(
            sw("alert"),
            extension=[
                *extension(
                    "kind",
                    valueCoding={"system": ALERT_KIND, "code": one.kind, "display": display(one.kind)},
                ),
                *extension("text", valueString=one.text),
                *extension("start", valueDate=one.start.isoformat() if one.start else None),
                *extension("end", valueDate=one.end.isoformat() if one.end else None),
                *marks(one.sensitivity),
            ],
        )
    ]


def _agreement(agreement: Agreement) -> list[Document]:
    return extension(
        sw("agreement"),
        extension=[
            *extension("status", valueCode=agreement.status),
            *extension("date", valueDate=agreement.date.isoformat() if agreement.date else None),
            *extension("how", valueCode=agreement.how),
            *extension("comment", valueString=agreement.comment),
            *extension("reason", valueString=agreement.reason),
        ],
    )


def _period(plan: Plan) -> Document:
    return element(
        start=plan.start.isoformat() if plan.start else None,
        end=plan.end.isoformat() if plan.end else None,
    )

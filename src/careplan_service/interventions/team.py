"""The workers and agencies of a plan as Practitioner, PractitionerRole, Organization and CareTeam.

https://hl7.org/fhir/R4/careteam.html https://hl7.org/fhir/R4/practitionerrole.html

Roles are coded with the NUCC provider taxonomy, which is copyright of the American Medical Association.
"""

from __future__ import annotations

from careplan_service.interventions.canonical import Document, element, extension, reference, sw
from careplan_service.interventions.draft import Draft, identifier
from careplan_service.interventions.people import marks
from careplan_service.interventions.plan import Participant
from careplan_service.interventions.sensitivity import NONE, Labels, found_in, marked
from careplan_service.interventions.terms import PLAN_STATES, normal

TAXONOMY = "http://nucc.org/provider-taxonomy"

ROLES = {
    "social worker": (TAXONOMY, "104100000X", "Social Worker"),
    "clinical social worker": (TAXONOMY, "1041C0700X", "Clinical Social Worker"),
    "school social worker": (TAXONOMY, "1041S0200X", "School Social Worker"),
    "case manager": (TAXONOMY, "171M00000X", "Case Manager/Care Coordinator"),
    "community health worker": (TAXONOMY, "172V00000X", "Community Health Worker"),
}
STATUS = {
    "draft": "proposed",
    "completed": "inactive",
    "revoked": "inactive",
    "entered-in-error": "entered-in-error",
}
"""`CareTeam.status` by that of the CarePlan."""


def role(text: str) -> Document:
    """A role in somebody's own words, coded where the words are known."""
    system, code, display = ROLES.get(normal(text), ("", "", ""))
    return element(coding=[{"system": system, "code": code, "display": display}] if code else [], text=text)


def write_care_team(draft: Draft) -> str | None:
    """Writes the workers and agencies and the CareTeam that joins them; gives the CareTeam's reference."""
    plan = draft.plan
    team = [*([plan.worker] if plan.worker else []), *plan.participants]
    if not team:
        return None
    agencies: dict[tuple[object, ...], Labels] = {}
    for one in team:
        agencies[_agency(one)] = agencies.get(_agency(one), NONE) | labels_of(one)
    written: dict[tuple[object, ...], str] = {}
    keys = [
        *(["worker"] if plan.worker else []),
        *(f"participant {i}" for i in range(len(plan.participants))),
    ]
    parts = [
        _write_participant(draft, one, key, agencies, written) for one, key in zip(team, keys, strict=True)
    ]
    return draft.write(
        draft.reserve("CareTeam", "team"),
        NONE.union(*(labels_of(one) for one in team)),
        status=STATUS.get(PLAN_STATES.fhir(plan.status), "active"),
        subject=reference(draft.subject),
        participant=parts,
        managingOrganization=[reference(draft.agency)],
    )


def labels_of(one: Participant) -> Labels:
    """What a participant's name, agency, role and marks call for."""
    return found_in([one.name, one.agency, one.role]) | marked(one.sensitivity)


def agency_key(one: Participant) -> str:
    """What tells the agency of a participant from others in the plan."""
    number = one.agency_identifier
    return f"{one.agency}|{number.system}|{number.value}" if number else f"{one.agency}|"


def _agency(one: Participant) -> tuple[object, ...]:
    return (one.agency, one.agency_identifier)


def _write_participant(
    draft: Draft,
    one: Participant,
    place: str,
    agencies: dict[tuple[object, ...], Labels],
    written: dict[tuple[object, ...], str],
) -> Document:
    key = _agency(one)
    if one.agency and key not in written:
        written[key] = _write_organisation(draft, one, agencies[key])
    agency = written.get(key)
    person = _write_practitioner(draft, one, place) if one.name else None
    both = bool(person and agency)
    target = _write_practitioner_role(draft, one, place, person, agency) if both else person or agency or ""
    responsible = one is draft.plan.worker
    draft.who["worker" if responsible else one.label] = target
    return element(
        extension=[
            *extension(sw("responsible"), valueBoolean=True if responsible else None),
            *marks(one.sensitivity),
        ],
        role=[role(one.role)],
        member=reference(target),
        # ctm-1: only a Practitioner takes part on behalf of somebody
        onBehalfOf=reference(draft.agency) if person and not agency else None,
    )


def _write_practitioner(draft: Draft, one: Participant, place: str) -> str:
    known = draft.on_record("Practitioner", one.identifier)
    return known or draft.write(
        draft.reserve("Practitioner", place),
        labels_of(one),
        identifier=identifier(one.identifier),
        active=True,
        name=[element(text=one.name)],
    )


def _write_practitioner_role(
    draft: Draft, one: Participant, place: str, person: str | None, agency: str | None
) -> str:
    return draft.write(
        draft.reserve("PractitionerRole", place),
        labels_of(one),
        active=True,
        practitioner=reference(person),
        organization=reference(agency),
        code=[role(one.role)],
    )


def _write_organisation(draft: Draft, one: Participant, labels: Labels) -> str:
    known = draft.on_record("Organization", one.agency_identifier)
    return known or draft.write(
        draft.reserve("Organization", agency_key(one)),
        labels,
        identifier=identifier(one.agency_identifier),
        active=True,
        name=one.agency,
    )

"""Search over HTTP: every parameter of CarePlan, Goal and Consent, and those of the other types. https://hl7.org/fhir/R4/search.html"""

from __future__ import annotations

from urllib.parse import quote

import pytest

from builders import (
    CONSENT_SCOPE,
    Api,
    Document,
    a_care_plan,
    a_consent,
    a_goal,
    a_patient,
    coding,
    concept,
)
from builders import an_example as example
from careplan_service.resources.registry import SERVED

FORM = "application/x-www-form-urlencoded"
CODES = "http://example.org/codes"


# What stands in `meta` of the three resources below, and finds them.
META: Document = {
    "profile": ["http://example.org/StructureDefinition/plan|1.2"],
    "security": [coding("http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "N")],
    "source": "http://example.org/intake",
    "tag": [coding(CODES, "imported")],
}
COMMON: dict[str, tuple[list[str], list[str]]] = {
    "_profile": (
        [f"http://example.org/StructureDefinition/plan{version}" for version in ("", "|1.2")],
        ["http://example.org/StructureDefinition/plan|1.0", "http://example.org/StructureDefinition"],
    ),
    "_security": (["N", "http://terminology.hl7.org/CodeSystem/v3-Confidentiality|N"], ["R", "|N"]),
    "_source": (["http://example.org/intake"], ["http://example.org"]),
    "_tag": (["imported", f"{CODES}|imported"], ["exported", "|imported"]),
}


def _ref(reference: str) -> Document:
    return {"reference": reference}


GOAL = a_goal(
    of="Patient/ann",
    identifier=[{"system": "http://example.org/goals", "value": "G-1"}],
    achievementStatus=concept("http://terminology.hl7.org/CodeSystem/goal-achievement", "in-progress"),
    description=concept(CODES, "find-a-home"),
    startDate="2026-02",
    target=[{"dueDate": "2026-08-31", "measure": {"text": "housed"}, "detailString": "yes"}],
)
CARE_PLAN = a_care_plan(
    "Patient/ann",
    goals=("Goal/one",),
    identifier=[{"system": "http://example.org/plans", "value": "P|1,a"}],
    extension=[
        {
            "url": "https://careplan-service.org/fhir/StructureDefinition/sw-review-date",
            "valueDate": "2026-06-30",
        }
    ],
    instantiatesCanonical=["http://example.org/PlanDefinition/housing|2.0"],
    instantiatesUri=["http://example.org/protocol.html"],
    basedOn=[_ref("CarePlan/older")],
    replaces=[_ref("CarePlan/replaced")],
    partOf=[_ref("CarePlan/whole")],
    category=[concept(CODES, "longitudinal")],
    encounter=_ref("Encounter/intake"),
    period={"start": "2026-01-15", "end": "2026-12-31"},
    careTeam=[_ref("CareTeam/team")],
    addresses=[_ref("Condition/homeless")],
    activity=[
        {"reference": _ref("ServiceRequest/referral")},
        {
            "detail": {
                "status": "scheduled",
                "code": concept(CODES, "visit"),
                "scheduledPeriod": {"start": "2026-03-01", "end": "2026-03-31"},
                "performer": [_ref("Practitioner/worker")],
            }
        },
    ],
)
CONSENT = a_consent(
    "Patient/ann",
    {
        "type": "permit",
        "period": {"start": "2026-01-01", "end": "2026-06-30"},
        "actor": [{"role": concept(CODES, "IRCP"), "reference": _ref("Organization/partner")}],
        "action": [concept("http://terminology.hl7.org/CodeSystem/consentaction", "access")],
        "purpose": [coding("http://terminology.hl7.org/CodeSystem/v3-ActReason", "COC")],
        "securityLabel": [coding("http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "R")],
        "data": [{"meaning": "instance", "reference": _ref("Goal/one")}],
    },
    status="draft",
    identifier=[{"value": "C-1"}],
    dateTime="2026-01-02T03:04:05+02:00",
    performer=[_ref("RelatedPerson/mother")],
    organization=[_ref("Organization/agency")],
    sourceReference=_ref("DocumentReference/signed"),
)

# Every search parameter of the type: queries that find the resource above, and queries that do not.
PARAMETERS: dict[str, dict[str, tuple[list[str], list[str]]]] = {
    "Goal": {
        "achievement-status": (
            ["in-progress", "http://terminology.hl7.org/CodeSystem/goal-achievement|"],
            ["achieved"],
        ),
        "category": (
            ["housing-instability", "food-insecurity,housing-instability"],
            ["Housing-Instability", "|housing-instability"],
        ),
        "description": (["find-a-home", f"{CODES}|find-a-home"], ["home"]),
        "identifier": (
            ["G-1", "http://example.org/goals|G-1", "http://example.org/goals|"],
            ["|G-1", "x|G-1", "G-2"],
        ),
        "lifecycle-status": (["active", "http://hl7.org/fhir/goal-status|active"], ["completed", "x|active"]),
        "patient": (
            ["Patient/ann", "ann", "http://127.0.0.1:8000/fhir/Patient/ann"],
            ["bob", "http://elsewhere/Patient/ann"],
        ),
        "subject": (["Patient/ann", "ann", "Group/x,Patient/ann"], ["Group/ann", "bob"]),
        "start-date": (
            [
                "2026-02",
                "2026",
                "ge2026-02",
                "le2026-02",
                "gt2026-01",
                "lt2026-03",
                "ne2025",
                "sa2026-01",
                "eb2026-03",
                "ap2026-02",
            ],
            ["2026-02-01", "gt2026-02", "lt2026-02", "sa2026-02", "eb2026-02", "2025", "ne2026"],
        ),
        "due-date": (["2026-08-31", "le2026-08-31"], ["2026-08-30", "lt2026-08-31"]),
        "target-date": (
            ["2026-08-31", "2026-08", "ge2026-08-31", "le2026-08-31", "2026-08-30,2026-08-31"],
            ["2026-08-30", "gt2026-08-31", "lt2026-08-31"],
        ),
    },
    "CarePlan": {
        "review-date": (["2026-06-30", "le2026-06-30"], ["2026-06-29", "lt2026-06-30"]),
        "activity-code": (["visit", f"{CODES}|visit"], ["call"]),
        "activity-date": (
            ["2026-03", "ge2026-03-15", "le2026-03-15", "ap2026-03-10"],
            ["2026-04", "sa2026-03-15", "eb2026-03-15", "2026-03-15"],
        ),
        "activity-reference": (["ServiceRequest/referral", "referral"], ["Task/referral"]),
        "based-on": (["CarePlan/older", "older"], ["CarePlan/one"]),
        "care-team": (["CareTeam/team", "team"], ["CareTeam/other"]),
        "category": (["longitudinal"], ["assess-plan"]),
        "condition": (["Condition/homeless", "homeless"], ["Condition/x"]),
        "date": (
            ["2026", "ge2026-06-01", "le2026-06-01", "gt2026-06-01", "lt2026-06-01", "ap2026-06-01"],
            ["2026-06-01", "sa2026-06-01", "eb2026-06-01", "2027"],
        ),
        "encounter": (["Encounter/intake", "intake"], ["Encounter/x"]),
        "goal": (["Goal/one", "one"], ["Goal/two"]),
        "identifier": (
            ["http://example.org/plans|P\\|1\\,a", "P\\|1\\,a"],
            ["P", "http://example.org/plans|P"],
        ),
        "instantiates-canonical": (
            ["http://example.org/PlanDefinition/housing|2.0", "http://example.org/PlanDefinition/housing"],
            ["http://example.org/PlanDefinition/housing|1.0"],
        ),
        "instantiates-uri": (
            ["http://example.org/protocol.html"],
            ["http://example.org/protocol", "HTTP://example.org/protocol.html"],
        ),
        "intent": (["plan"], ["order"]),
        "part-of": (["CarePlan/whole"], ["CarePlan/older"]),
        "patient": (["ann"], ["bob"]),
        "performer": (["Practitioner/worker", "worker"], ["Patient/worker"]),
        "replaces": (["CarePlan/replaced"], ["CarePlan/older"]),
        "status": (["active", "draft,active"], ["draft"]),
        "subject": (["Patient/ann"], ["Patient/bob"]),
    },
    "Consent": {
        "action": (["access"], ["collect"]),
        "actor": (["Organization/partner", "partner"], ["Organization/agency"]),
        "category": (["IDSCL"], ["x"]),
        "consentor": (["RelatedPerson/mother", "mother"], ["Patient/mother"]),
        "data": (["Goal/one"], ["Goal/two"]),
        "date": (
            ["2026-01-02T01:04:05Z", "2026-01-02", "2026-01-02T03:04:05+02:00"],
            ["2026-01-02T03:04:05Z", "2026-01-03"],
        ),
        "identifier": (["C-1", "|C-1"], ["x|C-1"]),
        "organization": (["Organization/agency"], ["Organization/partner"]),
        "patient": (["ann"], ["bob"]),
        "period": (["ge2026-03-01", "2026"], ["2027", "sa2026-03-01"]),
        "purpose": (["COC"], ["TREAT"]),
        "scope": (["patient-privacy", f"{CONSENT_SCOPE}|patient-privacy"], ["research"]),
        "security-label": (["R"], ["V"]),
        "source-reference": (["DocumentReference/signed", "signed"], ["Consent/signed"]),
        "status": (["draft"], ["active"]),
    },
}
FILLED = {"Goal": GOAL, "CarePlan": CARE_PLAN, "Consent": CONSENT}


def test_every_parameter_of_the_first_types_is_in_the_table() -> None:
    assert {t: set(found) for t, found in PARAMETERS.items()} == {
        t: {param.name for param in SERVED[t].params} for t in PARAMETERS
    }


@pytest.mark.parametrize("type_", PARAMETERS)
def test_every_parameter_finds_what_it_should_and_nothing_else(api: Api, type_: str) -> None:
    api.agency.make({**FILLED[type_], "meta": META})
    wanted: dict[str, int] = {}
    for name, (finding, missing) in {**PARAMETERS[type_], **COMMON}.items():
        wanted |= {f"{name}={text}": 1 for text in finding} | {f"{name}={text}": 0 for text in missing}
        wanted |= {f"{name}:missing=false": 1, f"{name}:missing=true": 0}
    found = {query: api.agency.get(f"/fhir/{type_}?{quote(query, safe='=')}") for query in wanted}
    assert {query: answer.json.get("total") for query, answer in found.items()} == wanted


def test_every_parameter_of_every_type_is_taken_and_missing_parts_all_resources(api: Api) -> None:
    ann = api.agency.make(a_patient("Ann"))
    for type_, spec in SERVED.items():
        api.agency.make(example(type_, ann))
        everything = api.agency.get(f"/fhir/{type_}").json["total"]
        for name in spec.by_name:
            answers = [api.agency.get(f"/fhir/{type_}?{name}:missing={text}") for text in ("true", "false")]
            assert sum(answer.json["total"] for answer in answers) == everything, (type_, name)


def test_others_are_found_by_what_identifies_them(api: Api) -> None:
    number = {"system": "http://example.org/numbers", "value": "N-1"}
    known: dict[str, Document] = {
        "Patient": {
            "identifier": [number],
            "name": [{"family": "Müller-Lüdenscheidt", "given": ["Änne"]}],
            "birthDate": "1980-05",
            "telecom": [{"system": "email", "value": "anne@example.org"}],
        },
        "Organization": {"identifier": [number], "name": "Food Bank"},
        "Practitioner": {"identifier": [number], "name": [{"family": "Case"}]},
        "RelatedPerson": {"identifier": [number], "patient": _ref("Patient/ann")},
        "Questionnaire": {"status": "active", "url": "http://example.org/Questionnaire/intake"},
    }
    for type_, document in known.items():
        api.agency.make({"resourceType": type_, **document})
    finding = {
        "Patient?identifier=http://example.org/numbers|N-1": 1,
        "Patient?identifier=N-2": 0,
        "Patient?family=muller-lud": 1,
        "Patient?family=denscheidt": 0,
        "Patient?family:contains=DENSCHEIDT": 1,
        "Patient?family:exact=Müller-Lüdenscheidt": 1,
        "Patient?family:exact=müller-lüdenscheidt": 0,
        "Patient?given=anne": 1,
        "Patient?name=änn": 1,
        "Patient?birthdate=1980": 1,
        "Patient?birthdate=1980-05-03": 0,
        "Patient?birthdate=ge1980-05-03": 1,
        "Patient?email=anne@example.org": 1,
        "Patient?phone=anne@example.org": 0,
        "Organization?name=food": 1,
        "Organization?identifier=N-1": 1,
        "Practitioner?family=case": 1,
        "RelatedPerson?patient=ann": 1,
        "Questionnaire?url=http://example.org/Questionnaire/intake": 1,
        "Questionnaire?url=http://example.org/Questionnaire": 0,
    }
    assert {query: api.agency.get(f"/fhir/{query}").json["total"] for query in finding} == finding

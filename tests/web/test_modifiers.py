"""Modifiers over HTTP, one by one, with what they must not find. https://hl7.org/fhir/R4/search.html#modifiers"""

from __future__ import annotations

from itertools import product
from urllib.parse import quote

from builders import Api, Document, a_goal, a_patient, coding, concept

CODES = "http://example.org/codes"
CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
RACE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-race"
OMB = "urn:oid:2.16.840.1.113883.6.238"
ASSERTED = "http://hl7.org/fhir/StructureDefinition/condition-assertedDate"
SETS = "http://hl7.org/fhir/ValueSet"
SDOH = "http://hl7.org/fhir/us/sdoh-clinicalcare"
CATEGORIES = f"{SDOH}/ValueSet/SDOHCC-ValueSetSDOHCategory"

PATIENT: Document = a_patient(
    identifier=[
        {
            "type": {
                "coding": [coding("http://terminology.hl7.org/CodeSystem/v2-0203", "MR")],
                "text": "Chart",
            },
            "system": "http://example.org/mrn",
            "value": "7,8",
        }
    ],
    name=[{"family": "Smyth", "given": ["Kathryn"]}],
    deceasedDateTime="2026-01-02",
    address=[{"use": "home", "city": "Ulm"}],
    extension=[
        {
            "url": RACE,
            "extension": [
                {"url": "ombCategory", "valueCoding": coding(OMB, "2106-3")},
                {"url": "text", "valueString": "White"},
            ],
        }
    ],
)
GOAL = a_goal(
    of="Patient/ann",
    category=[
        {
            **concept(f"{SDOH}/CodeSystem/SDOHCC-CodeSystemTemporaryCodes", "homelessness"),
            "text": "Where to stay",
        }
    ],
    description={"text": "A safe Öfen of her own"},
    addresses=[{"reference": "Condition/one"}],
)
CONDITION: Document = {
    "resourceType": "Condition",
    "subject": {"identifier": {"system": "http://example.org/mrn", "value": "7"}, "type": "Patient"},
    "clinicalStatus": concept(CLINICAL, "recurrence"),
    "verificationStatus": concept("http://terminology.hl7.org/CodeSystem/condition-ver-status", "confirmed"),
    "code": {"coding": [{**coding(CODES, "h1"), "display": "Homeless since spring"}]},
    "evidence": [{"detail": [{"reference": "Observation/o"}]}],
    "onsetString": "Some time in  Spring",
    "extension": [{"url": ASSERTED, "valueDateTime": "2026-03-04"}],
}
TASK: Document = {
    "resourceType": "Task",
    "status": "requested",
    "intent": "order",
    "focus": {"reference": "ServiceRequest/s"},
    "output": [{"type": {"text": "result"}, "valueReference": {"reference": "Procedure/p"}}],
}
QUESTIONNAIRE: Document = {
    "resourceType": "Questionnaire",
    "status": "active",
    "url": "http://example.org/fhir/Questionnaire/intake",
}
CONSENT_LESS = (PATIENT, GOAL, CONDITION, TASK, QUESTIONNAIRE)

FINDING = [
    # string
    "Patient?family:exact=Smyth",
    "Patient?family:contains=MYT",
    "Patient?family:missing=false",
    "Patient?phonetic=katherine smith",
    "Patient?phonetic=Smith",
    "Condition?onset-info:contains=in spring",
    # token
    "Patient?deceased=true",
    "Patient?deceased:not=false",
    "Patient?identifier:of-type=http://terminology.hl7.org/CodeSystem/v2-0203|MR|7\\,8",
    "Patient?identifier:text=chart",
    f"Patient?race={OMB}|2106-3",
    "Patient?ethnicity:missing=true",
    "Patient?address-use=http://hl7.org/fhir/address-use|home",
    "Goal?category:text=where",
    "Goal?category:text=STAY",
    "Goal?category:text=to stay",
    "Goal?description:text=ofen",
    "Goal?description:missing=false",
    f"Goal?category:in={CATEGORIES}",
    f"Goal?lifecycle-status:in={SETS}/goal-status|4.0.1",
    f"Goal?lifecycle-status:not-in={SETS}/task-status",
    f"Condition?clinical-status:below={CLINICAL}|active",
    f"Condition?clinical-status:above={CLINICAL}|recurrence",
    "Condition?code:text=since",
    "Condition?code:not=h2,h3",
    f"Task?intent:in={SETS}/task-intent",
    # date
    "Condition?asserted-date=2026-03",
    "Condition?recorded-date:missing=true",
    # reference
    "Goal?subject:Patient=ann",
    "Goal?patient:Patient=ann",
    "Goal?patient:missing=false",
    "Condition?subject:identifier=http://example.org/mrn|7",
    "Condition?patient:identifier=7",
    "Condition?patient:missing=false",
    "Condition?evidence-detail:Observation=o",
    "Condition?evidence-detail=Observation/o",
    "Task?focus:ServiceRequest=s",
    "Task?output=Procedure/p",
    # uri
    "Questionnaire?url:below=http://example.org/fhir",
    "Questionnaire?url:below=http://example.org/fhir/Questionnaire/intake",
    "Questionnaire?url:above=http://example.org/fhir/Questionnaire/intake/_history/5",
]
MISSING = [
    "Patient?family:exact=smyth",
    "Patient?family:exact=Smy",
    "Patient?family:contains=x",
    "Patient?family:missing=true",
    "Patient?phonetic=Jones",
    "Patient?phonetic=Smith Jones",
    "Patient?deceased=false",
    "Patient?deceased:missing=true",
    "Patient?identifier:of-type=http://terminology.hl7.org/CodeSystem/v2-0203|SS|7\\,8",
    "Patient?identifier:of-type=http://terminology.hl7.org/CodeSystem/v2-0203|MR|7",
    "Patient?race=|2106-3",
    "Patient?race:missing=true",
    "Goal?category:text=tay",
    "Goal?category:not=homelessness",
    f"Goal?category:not-in={CATEGORIES}",
    f"Goal?lifecycle-status:in={SETS}/consent-state-codes",
    f"Goal?lifecycle-status:not-in={SETS}/goal-status",
    f"Condition?clinical-status:below={CLINICAL}|inactive",
    f"Condition?clinical-status:above={CLINICAL}|active",
    "Condition?code:text=h1",
    "Condition?asserted-date=2026-04",
    "Goal?subject:Group=ann",
    "Goal?subject:identifier=ann",
    "Condition?subject:identifier=http://example.org/other|7",
    "Condition?evidence-detail:Condition=o",
    "Task?focus:Task=s",
    "Task?output=Procedure/q",
    "Questionnaire?url:below=http://example.org/fh",
    "Questionnaire?url:above=http://example.org/fhir/Questionnaire",
]  # fmt: skip
REFUSED = {
    "Goal?category:exact=x": "`:exact` is not offered on `category`",
    "Goal?category:of-type=a|b|c": "`:of-type` is not offered on `category`",
    "Goal?category:in=http://example.org/unheard-of": "known are http://hl7.org/fhir/ValueSet/address-type",
    f"Goal?category:below={CODES}|x": "has a known place in",
    "Goal?category:below=x": "has a known place in",
    "Goal?start-date:not=2026": "`:not` is not offered on `start-date`",
    "Goal?subject:Device=1": "`:Device` is not offered on `subject`",
    "Goal?subject:Patient=Group/1": "names another type than `Patient`",
    "Goal?patient:missing=perhaps": "takes true or false",
    "Patient?identifier:of-type=MR|7": "takes `system|code|value`",
    "Patient?family:text=x": "`:text` is not offered on `family`",
    "Patient?phonetic:exact=x": "`:exact` is not offered on `phonetic`",
    "Task?focus=s": "may point to any type",
    "Task?focus:Dragon=s": "`:Dragon` is not offered on `focus`",
    "Questionnaire?url:below=urn:oid:1.2": "takes a url",
    "Questionnaire?url:contains=x": "`:contains` is not offered on `url`",
    "Goal?_tag:exact=x": "`:exact` is not offered on `_tag`",
}


def test_every_modifier_finds_what_it_should_and_nothing_else(api: Api) -> None:
    for document in CONSENT_LESS:
        api.agency.make(document)
    wanted = {**dict.fromkeys(FINDING, 1), **dict.fromkeys(MISSING, 0)}
    found = {query: api.agency.get(f"/fhir/{quote(query, safe='?=:')}") for query in wanted}
    assert {query: answer.json.get("total", answer.body) for query, answer in found.items()} == wanted


def test_a_modifier_that_cannot_be_followed_is_refused_in_a_sentence(api: Api) -> None:
    for query, told in REFUSED.items():
        answer = api.agency.get(f"/fhir/{quote(query, safe='?=:')}")
        assert answer.status == 400, query
        assert [told in text for _, text in answer.faults] == [True], query


def test_who_is_not_known_to_have_died_is_not_deceased(api: Api) -> None:
    api.agency.make(a_patient())
    api.agency.make(a_patient(deceasedBoolean=False))
    api.agency.make(a_patient(deceasedBoolean=True))
    totals = [api.agency.get(f"/fhir/Patient?deceased={text}").json["total"] for text in ("true", "false")]
    assert totals == [1, 2]


def test_a_parameter_about_one_type_passes_over_the_others(api: Api) -> None:
    meeting: Document = {
        "resourceType": "Encounter",
        "status": "finished",
        "class": coding("http://terminology.hl7.org/CodeSystem/v3-ActCode", "AMB"),
        "participant": [{"individual": {"reference": "RelatedPerson/r"}}],
    }
    api.agency.make(meeting)
    wanted = {
        "practitioner:missing=true": 1,
        "participant:missing=false": 1,
        "participant=RelatedPerson/r": 1,
    }
    assert {q: api.agency.get(f"/fhir/Encounter?{q}").json["total"] for q in wanted} == wanted


LONG = [
    "a" * 10_000,
    "\\" * 10_000,
    "|" * 10_000,
    "$" * 10_000,
    "9" * 10_000,
    "ö" * 5_000,
    "a," * 5_000,
    "a/" * 5_000,
]


NAMES = "code code:text code-value-quantity value-quantity date value-string focus _profile:above".split()


def test_a_long_value_is_answered_or_refused(api: Api) -> None:
    for name, value in product(NAMES, LONG):
        form = "application/x-www-form-urlencoded"
        asked = f"{name}={quote(value)}"
        answer = api.agency("POST", "/fhir/Observation/_search", asked, Content_Type=form)
        assert answer.status in (200, 400), name
        assert len(answer.body) < 100_000

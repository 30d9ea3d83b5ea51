"""Every invariant of R4: one object that breaks it, and its neighbours that do not."""

# ruff: noqa: E501

from __future__ import annotations

from decimal import Decimal

import pytest

from careplan_service.resources.r4 import check
from careplan_service.resources.r4.dates import certainly_after
from careplan_service.resources.r4.invariants import INVARIANTS
from resources.r4.samples import careplan, extended, goal, patient

NAN = Decimal("sNaN")
UCUM = "http://unitsofmeasure.org"
CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
VERIFICATION = "http://terminology.hl7.org/CodeSystem/condition-ver-status"


def activity(**parts):
    return careplan(activity=[parts])


def condition(**parts):
    return {"resourceType": "Condition", "subject": {"reference": "Patient/a"}, **parts}


def concept(system, code):
    return {"coding": [{"system": system, "code": code}]}


def observation(**parts):
    return {"resourceType": "Observation", "status": "final", "code": coded("1", "2"), **parts}


def coded(*codes, **more):
    return {"coding": [{"system": "urn:c", "code": code, **more} for code in codes]}


def repeat(**parts):
    return extended(valueTiming={"repeat": parts})


def item(kind, **parts):
    return questionnaire({"linkId": "1", "type": kind, **parts})


def questionnaire(*items):
    return {"resourceType": "Questionnaire", "status": "active", "item": list(items)}


def quantity(value, **parts):
    return {"value": value, "code": "d", "system": UCUM, **parts}


def trigger(**parts):
    return extended(valueTriggerDefinition=parts)


def codes_filter(**parts):
    return extended(valueDataRequirement={"type": "Goal", "codeFilter": [parts]})


def dates_filter(**parts):
    return extended(valueDataRequirement={"type": "Goal", "dateFilter": [parts]})


def answer(**parts):
    return {
        "resourceType": "QuestionnaireResponse",
        "status": "completed",
        "item": [{"linkId": "1", **parts}],
    }


def task(**parts):
    return {"resourceType": "Task", "status": "ready", "intent": "order", **parts}


def period(start, end):
    return careplan(period={"start": start, "end": end})


def member(reference):
    organization = {"reference": "Organization/o"}
    return {
        "resourceType": "CareTeam",
        "participant": [{"member": {"reference": reference}, "onBehalfOf": organization}],
    }


DETAIL = {"status": "scheduled"}
GROUP = {"resourceType": "Group", "type": "person"}
CONSENT = {"resourceType": "Consent", "status": "active", "scope": {"text": "s"}, "category": [{"text": "c"}]}
CHOICE = {"linkId": "1", "type": "choice"}
OPTION = [{"valueString": "a"}]
ASKED = {"question": "0", "operator": "=", "answerString": "a"}
NEEDS = [{"type": "Goal"}]
HOME = [{"system": "phone", "value": "1", "use": "home"}]
WORK = [{"system": "phone", "value": "1", "use": "work"}]
NESTED = {"url": "u", "extension": [{"url": "v", "valueCode": "c"}]}

# key: broken documents with the expression of the fault, documents that keep the rule
CASES = {
    "ext-1": ({"Patient.extension[0]": [extended(), extended(valueCode="a", extension=[NESTED])]},
              [extended(valueCode="a"), patient(extension=[NESTED]), extended(_valueCode={"extension": [NESTED]})]),
    "per-1": (
        {"CarePlan.period": [
            period("2024-02", "2024-01"), period("2024-01-02", "2024-01-01"), period("2025", "2024-12-31"),
            period("2024-01-01T10:00:00Z", "2024-01-01T09:59:59Z"),
            period("2024-01-01T10:00:00+01:00", "2024-01-01T10:00:00+02:00"),
            period("2024-01-03", "2024-01-01T10:00:00Z"), period("2024-01-03T10:00:00Z", "2024-01-01"),
            period("2024-01-01T10:00:00.002Z", "2024-01-01T10:00:00.0019Z"),
            period("9999-12-31T23:59:59-14:00", "9999-12-31T23:59:59Z"),
        ]},
        [
            period("2024", "2024-01"), period("2024-03", "2024"), period("2024-01-01", "2024-01-01"),
            period("2024-01-01T10:00:00+02:00", "2024-01-01T09:00:00+01:00"),
            period("2024-01-01T23:00:00-10:00", "2024-01-02"), period("2024-01-01", "2023-12-31T23:00:00Z"),
            period("2024-12-31", "2024-12-31T01:00:00Z"), period("2024-01-02T05:00:00Z", "2024-01-01"), period("2024-01-01T00:00:00Z", "2023-12-31"),
            period("2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z"), careplan(period={"start": "2024"}),
            careplan(period={"end": "2024"}), period("2024-05", "2024-05-01T00:00:00+14:00"),
        ],
    ),
    "att-1": ({"Patient.photo[0]": [patient(photo=[{"data": "aGk="}])]},
              [patient(photo=[{"data": "aGk=", "contentType": "image/png"}]), patient(photo=[{"url": "x"}])]),
    "cpt-2": ({"Patient.telecom[0]": [patient(telecom=[{"value": "1"}])]},
              [patient(telecom=[{"system": "phone", "value": "1"}]), patient(telecom=[{"use": "home"}])]),
    "qty-3": ({"Patient.extension[0].value": [extended(valueQuantity={"value": 1, "code": "d"})]},
              [extended(valueQuantity=quantity(1)), extended(valueQuantity={"value": 1, "unit": "days"})]),
    "sqty-1": (
        {"CarePlan.activity[0].detail.quantity": [
            activity(detail={**DETAIL, "quantity": quantity(1, comparator="<")})]},
        [activity(detail={**DETAIL, "quantity": quantity(1)}), extended(valueQuantity=quantity(1, comparator="<"))],
    ),
    "age-1": (
        {"Patient.extension[0].value": [
            extended(valueAge={"value": 3}), extended(valueAge=quantity(0)), extended(valueAge=quantity(-1)),
            extended(valueAge={"value": 3, "system": "urn:x", "code": "a"})]},
        [extended(valueAge=quantity(3)), extended(valueAge={"unit": "years"})],
    ),
    "cnt-3": (
        {"Patient.extension[0].value": [
            extended(valueCount=quantity(Decimal("1.5"), code="1")), extended(valueCount=quantity(1, code="d")),
            extended(valueCount={"value": 1})]},
        [extended(valueCount=quantity(3, code="1"))],
    ),
    "dis-1": (
        {"Patient.extension[0].value": [
            extended(valueDistance={"value": 3}), extended(valueDistance=quantity(3, system="urn:x"))]},
        [extended(valueDistance=quantity(3, code="m"))],
    ),
    "drt-1": (
        {"Patient.extension[0].value": [
            extended(valueDuration={"system": UCUM, "code": "d"}),
            extended(valueDuration=quantity(3, system="urn:x"))]},
        [extended(valueDuration=quantity(3)), extended(valueDuration={"value": 3, "unit": "days"})],
    ),
    "rng-2": (
        {"Patient.extension[0].value": [
            extended(valueRange={"low": quantity(3), "high": quantity(Decimal("2.9"))})]},
        [
            extended(valueRange={"low": quantity(2), "high": quantity(2)}), extended(valueRange={"low": quantity(2)}),
            extended(valueRange={"low": quantity(20), "high": quantity(2, code="wk")}),
        ],
    ),
    "rat-1": (
        {"Patient.extension[0].value": [
            extended(valueRatio={"numerator": quantity(1)}), extended(valueRatio={"denominator": quantity(1)})]},
        [
            extended(valueRatio={"numerator": quantity(1), "denominator": quantity(1)}),
            extended(valueRatio={"extension": [NESTED]}),
        ],
    ),
    "tim-1": ({"Patient.extension[0].value.repeat": [repeat(duration=1)]}, [repeat(duration=1, durationUnit="h")]),
    "tim-2": ({"Patient.extension[0].value.repeat": [repeat(period=1)]}, [repeat(period=1, periodUnit="h")]),
    "tim-4": ({"Patient.extension[0].value.repeat.duration": [repeat(duration=-1, durationUnit="h")]},
              [repeat(duration=0, durationUnit="h")]),
    "tim-5": ({"Patient.extension[0].value.repeat.period": [repeat(period=-1, periodUnit="h")]},
              [repeat(period=0, periodUnit="h")]),
    "tim-6": ({"Patient.extension[0].value.repeat": [repeat(periodMax=1)]},
              [repeat(period=1, periodMax=2, periodUnit="h")]),
    "tim-7": ({"Patient.extension[0].value.repeat": [repeat(durationMax=1)]},
              [repeat(duration=1, durationMax=2, durationUnit="h")]),
    "tim-8": ({"Patient.extension[0].value.repeat": [repeat(countMax=1)]}, [repeat(count=1, countMax=2)]),
    "tim-9": (
        {"Patient.extension[0].value.repeat": [repeat(offset=1), repeat(offset=1, when=["CM"])]},
        [repeat(offset=1, when=["ACM"]), repeat(when=["C"]), repeat(offset=1, when=["C", "ACM"])],
    ),
    "tim-10": ({"Patient.extension[0].value.repeat": [repeat(when=["PC"], timeOfDay=["10:00:00"])]},
               [repeat(when=["PC"]), repeat(timeOfDay=["10:00:00"])]),
    "exp-1": ({"Patient.extension[0].value": [extended(valueExpression={"language": "text/fhirpath"})]},
              [extended(valueExpression={"language": "text/fhirpath", "expression": "1"}),
               extended(valueExpression={"language": "text/fhirpath", "reference": "urn:x"})]),
    "drq-1": ({"Patient.extension[0].value.codeFilter[0]": [
                   codes_filter(path="a", searchParam="b"), codes_filter(valueSet="urn:x")]},
              [codes_filter(path="a"), codes_filter(searchParam="a")]),
    "drq-2": ({"Patient.extension[0].value.dateFilter[0]": [
                   dates_filter(path="a", searchParam="b"), dates_filter(valueDateTime="2024")]},
              [dates_filter(path="a"), dates_filter(searchParam="a")]),
    "trd-1": ({"Patient.extension[0].value": [trigger(type="data-added", data=NEEDS, timingDate="2024")]},
              [trigger(type="data-added", data=NEEDS)]),
    "trd-2": ({"Patient.extension[0].value": [
                   trigger(type="named-event", name="x", condition={"language": "l", "expression": "1"})]},
              [trigger(type="data-added", data=NEEDS, condition={"language": "l", "expression": "1"})]),
    "trd-3": ({"Patient.extension[0].value": [
                   trigger(type="named-event"), trigger(type="periodic"), trigger(type="data-added")]},
              [trigger(type="named-event", name="x"), trigger(type="periodic", timingDate="2024")]),
    "cpl-3": ({"CarePlan.activity[0]": [activity(detail=DETAIL, reference={"reference": "Task/t"})]},
              [activity(detail=DETAIL), activity(reference={"reference": "Task/t"}),
               activity(progress=[{"text": "x"}])]),
    "gol-1": (
        {"Goal.target[0].detail": [
            goal(target=[{"detailString": "x"}]), goal(target=[{"_detailString": {"extension": [NESTED]}}])]},
        [goal(target=[{"detailString": "x", "measure": {"text": "m"}}]), goal(target=[{"dueDate": "2024"}])],
    ),
    "ppc-1": ({"Consent": [CONSENT]},
              [{**CONSENT, "policyRule": {"text": "x"}}, {**CONSENT, "policy": [{"uri": "urn:x"}]}]),
    "pat-1": ({"Patient.contact[0]": [patient(contact=[{"gender": "female"}])]},
              [patient(contact=[{"name": {"text": "x"}}]),
               patient(contact=[{"organization": {"reference": "Organization/o"}}])]),
    "org-1": ({"Organization": [{"resourceType": "Organization", "active": True}]},
              [{"resourceType": "Organization", "name": "x"},
               {"resourceType": "Organization", "identifier": [{"value": "x"}]}]),
    "org-2": ({"Organization.address": [{"resourceType": "Organization", "name": "x", "address": [{"use": "home"}]}]},
              [{"resourceType": "Organization", "name": "x", "address": [{"use": "work"}]}]),
    "org-3": ({"Organization.telecom": [{"resourceType": "Organization", "name": "x", "telecom": HOME}]},
              [{"resourceType": "Organization", "name": "x", "telecom": WORK}]),
    "ctm-1": ({"CareTeam.participant[0].onBehalfOf": [member("Patient/p"), member("PractitionerRole/p")]},
              [member("Practitioner/p"), member("urn:uuid:x"),
               {"resourceType": "CareTeam", "participant": [{"member": {"reference": "Patient/p"}}]}]),
    "grp-1": ({"Group.member": [{**GROUP, "actual": False, "member": [{"entity": {"reference": "Patient/a"}}]}]},
              [{**GROUP, "actual": True, "member": [{"entity": {"reference": "Patient/a"}}]},
               {**GROUP, "actual": False}]),
    "con-1": ({"Condition.stage[0]": [condition(stage=[{"type": {"text": "x"}}])]},
              [condition(stage=[{"summary": {"text": "x"}}])]),
    "con-2": ({"Condition.evidence[0]": [condition(evidence=[{"extension": [NESTED]}])]},
              [condition(evidence=[{"code": [{"text": "x"}]}])]),
    "con-4": (
        {"Condition.clinicalStatus": [
            condition(abatementString="x"),
            condition(abatementDateTime="2024", clinicalStatus=concept(CLINICAL, "active"))]},
        [condition(abatementDateTime="2024", clinicalStatus=concept(CLINICAL, "resolved")), condition()],
    ),
    "con-5": (
        {"Condition.clinicalStatus": [
            condition(clinicalStatus=concept(CLINICAL, "active"),
                      verificationStatus=concept(VERIFICATION, "entered-in-error"))]},
        [condition(verificationStatus=concept(VERIFICATION, "entered-in-error"))],
    ),
    "obs-3": ({"Observation.referenceRange[0]": [observation(referenceRange=[{"type": {"text": "x"}}])]},
              [observation(referenceRange=[{"text": "x"}])]),
    "obs-6": ({"Observation.dataAbsentReason": [observation(dataAbsentReason={"text": "x"}, valueString="y")]},
              [observation(dataAbsentReason={"text": "x"})]),
    "obs-7": (
        {"Observation.value": [observation(valueString="x", component=[{"code": coded("2")}])]},
        [
            observation(component=[{"code": coded("2")}]), observation(valueString="x", component=[{"code": coded("3")}]),
            observation(valueString="x", component=[{"code": coded("2", display="d")}]),
        ],
    ),
    "prr-1": (
        {"ServiceRequest.orderDetail": [
            {"resourceType": "ServiceRequest", "status": "active", "intent": "order",
             "subject": {"reference": "Patient/a"}, "orderDetail": [{"text": "x"}]}]},
        [{"resourceType": "ServiceRequest", "status": "active", "intent": "order", "code": {"text": "c"},
          "subject": {"reference": "Patient/a"}, "orderDetail": [{"text": "x"}]}],
    ),
    "inv-1": ({"Task.lastModified": [task(authoredOn="2024-02-01", lastModified="2024-01-31")]},
              [task(authoredOn="2024-02-01", lastModified="2024-02-01"), task(authoredOn="2024-02-01"),
               task(lastModified="2024-02-01"), task(authoredOn="2024-02-01T10:00:00Z", lastModified="2024-02")]),
    "que-1": ({"Questionnaire.item[0].item": [item("group"), item("display", item=[{"linkId": "2", "type": "string"}])]},
              [item("display"), item("group", item=[{"linkId": "2", "type": "string"}])]),
    "que-2": (
        {"Questionnaire.item": [
            questionnaire(CHOICE, CHOICE), item("group", item=[{"linkId": "1", "type": "string"}])]},
        [questionnaire(CHOICE, {**CHOICE, "linkId": "2"})],
    ),
    "que-3": ({"Questionnaire.item[0].code": [item("display", code=[{"code": "x"}])]},
              [item("string", code=[{"code": "x"}])]),
    "que-4": ({"Questionnaire.item[0]": [item("choice", answerOption=OPTION, answerValueSet="urn:x")]},
              [item("choice", answerOption=OPTION), item("choice", answerValueSet="urn:x")]),
    "que-5": ({"Questionnaire.item[0]": [item("boolean", answerOption=OPTION), item("text", answerValueSet="urn:x")]},
              [item("open-choice", answerOption=OPTION), item("quantity", answerOption=OPTION)]),
    "que-6": ({"Questionnaire.item[0]": [item("display", required=True), item("display", repeats=False)]},
              [item("string", required=True, repeats=True)]),
    "que-7": ({"Questionnaire.item[0].enableWhen[0].answer": [
                   item("string", enableWhen=[{**ASKED, "operator": "exists"}])]},
              [item("string", enableWhen=[{"question": "0", "operator": "exists", "answerBoolean": True}])]),
    "que-8": ({"Questionnaire.item[0].initial": [item("display", initial=[{"valueString": "x"}])]},
              [item("string", initial=[{"valueString": "x"}])]),
    "que-9": ({"Questionnaire.item[0].readOnly": [item("display", readOnly=True)]}, [item("string", readOnly=True)]),
    "que-10": ({"Questionnaire.item[0].maxLength": [item("date", maxLength=3)]}, [item("url", maxLength=3)]),
    "que-11": ({"Questionnaire.item[0].initial": [
                    item("choice", answerOption=OPTION, initial=[{"valueString": "a"}])]},
               [item("choice", answerOption=[{"valueString": "a", "initialSelected": True}])]),
    "que-12": ({"Questionnaire.item[0]": [item("string", enableWhen=[ASKED, ASKED, ASKED])]},
               [item("string", enableWhen=[ASKED, ASKED]),
                item("string", enableWhen=[ASKED] * 3, enableBehavior="any")]),
    "que-13": ({"Questionnaire.item[0].initial": [item("string", initial=[{"valueString": "a"}] * 2)]},
               [item("string", repeats=True, initial=[{"valueString": "a"}] * 2)]),
    "qrs-1": ({"QuestionnaireResponse.item[0]": [
                   answer(answer=[{"valueString": "x"}], item=[{"linkId": "2"}])]},
              [answer(answer=[{"valueString": "x", "item": [{"linkId": "2"}]}])]),
}  # fmt: skip

BROKEN = [
    (key, at, document)
    for key, (broken, _) in CASES.items()
    for at, documents in broken.items()
    for document in documents
]
KEPT = [(key, document) for key, (_, kept) in CASES.items() for document in kept]


def keys(document):
    faults = check(document, document["resourceType"])
    return {
        (fault.text.rpartition("(")[2].rstrip(")"), fault.expression)
        for fault in faults
        if fault.code == "invariant"
    }


@pytest.mark.parametrize(("key", "at", "document"), BROKEN)
def test_a_broken_invariant_is_told_with_its_key_and_place(key, at, document):
    assert (key, at) in keys(document)


@pytest.mark.parametrize(("key", "document"), KEPT)
def test_what_keeps_an_invariant_is_not_refused_for_it(key, document):
    assert key not in {broken for broken, _ in keys(document)}


@pytest.mark.parametrize(
    "text", ["", "x", "2024-02-30T10:00:00Z", "0000-01-01T10:00:00Z", "2024-13-01T10:00:00Z"]
)
def test_what_is_no_date_is_neither_before_nor_after(text):
    assert not certainly_after(text, "1999-01-01T00:00:00+01:00")
    assert not certainly_after("1999-01-01T00:00:00+01:00", text)


def test_every_invariant_has_its_cases():
    assert {invariant.key for invariant in INVARIANTS} == set(CASES)


@pytest.mark.parametrize(
    "value",
    [
        None,
        {},
        [],
        "",
        "x",
        3,
        10**400,
        NAN,
        {"value": NAN},
        [3],
        [{}],
        {"coding": 3},
        {"coding": [{"system": []}]},
    ],
)
def test_no_invariant_stumbles_over_malformed_objects(value):
    names = "value valueString extension start end low high numerator denominator duration when offset period type data"
    names += " detail reference measure telecom address contact member onBehalfOf actual clinicalStatus code component"
    names += " verificationStatus abatementAge authoredOn lastModified item linkId operator enableWhen repeats initial"
    node = dict.fromkeys(names.split(), value)
    for invariant in INVARIANTS:
        assert invariant.broken(node) in (True, False), invariant.key

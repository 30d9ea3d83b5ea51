"""Screening questionnaires over HTTP: served, answered, extracted. docs/screening.md

https://hl7.org/fhir/uv/sdc/OperationDefinition-QuestionnaireResponse-extract.html
"""

from __future__ import annotations

from urllib.parse import quote

import pytest

from builders import PARTNER, Api, a_care_plan, a_consent, a_patient, a_provision
from careplan_service.interventions.screening.tools import tools
from careplan_service.resources import r4
from careplan_service.resources.profiles import check_profile
from web.screenings import a_response, by_code, resources
from web.test_plan_work import Plan as Working
from web.test_plan_work import a_plan, ok

PLAN = a_plan()
PLAN["needs"] = [one for one in PLAN["needs"] if one["domain"] == "housing"]
HUNGER = "hunger-vital-sign"
OFTEN, NEVER, AT_RISK = "LA28397-0", "LA28398-8", "LA19952-3"
EXTRACT = "/fhir/QuestionnaireResponse/$extract"
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def ann(api: Api) -> str:
    return api.agency.make(a_patient("Ann"))


@on_sqlite
def test_the_questionnaires_are_read_and_found_without_a_token(api: Api) -> None:
    for tool in tools().values():
        read = api.http.get(f"/fhir/Questionnaire/{tool.id}")
        assert (read.status_code, read.json["url"], read.json["version"]) == (200, tool.url, "1.0.0")
        assert r4.check(r4.parse(read.data), "Questionnaire") == ()
        assert "LOINC is copyright of Regenstrief Institute" in read.json["copyright"]
        for asked in (tool.url, tool.canonical):
            found = api.http.get(f"/fhir/Questionnaire?url={quote(asked)}")
            assert [one["resource"]["id"] for one in found.json["entry"]] == [tool.id]
    other = api.http.get(f"/fhir/Questionnaire?url={quote(tools()[HUNGER].url + '|9')}")
    assert (other.status_code, other.json["total"]) == (200, 0)
    assert api.http.get("/fhir/Questionnaire/hunger").status_code == 401


@on_sqlite
def test_an_agency_keeps_its_own_questionnaires_beside_them(api: Api) -> None:
    own = {"resourceType": "Questionnaire", "status": "active", "url": "https://agency.example.org/intake"}
    made = api.agency.make(own)
    assert api.agency.get(f"/fhir/{made}").json["url"] == own["url"]
    for search in ("", f"?url={own['url']}", f"?_id={made.split('/')[1]}"):
        assert api.agency.get(f"/fhir/Questionnaire{search}").ids == [made.split("/")[1]]
    assert api.agency.put("Questionnaire/house-rules", own).status == 201
    refused = api.agency.put(f"Questionnaire/{HUNGER}", own)
    assert (refused.status, refused.faults[0][0]) == (409, "Questionnaire.id")
    copied = api.agency("POST", "/fhir/Questionnaire", {**own, "url": tools()[HUNGER].url})
    assert (copied.status, copied.faults[0][0]) == (422, "Questionnaire.url")


def test_answers_become_observations_and_a_concern_once_however_often_they_are_stored(
    api: Api, ann: str
) -> None:
    stored = api.agency.make(a_response(HUNGER, ann, {"88122-7": OFTEN, "88123-5": NEVER}))
    path = f"/fhir/{stored}/$extract"
    bundle = api.agency.get(path).json
    assert bundle["type"] == "transaction"
    assert bundle == api.agency("POST", path).json
    assert api.agency.get("/fhir/Observation").json["total"] == 0
    assert api.agency.get(f"{path}?store=true").status == 400

    done = api.agency("POST", f"{path}?store=true")
    assert (done.status, done.json["type"]) == (200, "transaction-response"), done.body
    assert [one["response"]["status"] for one in done.json["entry"]] == ["201 Created"] * 5
    again = api.agency("POST", f"{path}?store=true")
    assert [one["response"]["status"] for one in again.json["entry"]] == ["200 OK"] * 5
    sent = api.agency("POST", "/fhir", bundle)
    assert [one["response"]["status"] for one in sent.json["entry"]] == ["200 OK"] * 5

    found = {one["resource"]["code"]["coding"][0]["code"]: one["resource"]
             for one in api.agency.get("/fhir/Observation").json["entry"]}  # fmt: skip
    assert len(found) == 4
    panel, risk = found["88121-9"], found["88124-3"]
    assert risk["valueCodeableConcept"]["coding"][0]["code"] == AT_RISK
    assert risk["interpretation"][0]["coding"][0]["code"] == "POS"
    assert [one["reference"] for one in risk["derivedFrom"]] == [
        *(f"Observation/{found[code]['id']}" for code in ("88122-7", "88123-5")), stored,
    ]  # fmt: skip
    assert len(panel["hasMember"]) == 3
    concern = api.agency.get("/fhir/Condition").json["entry"][0]["resource"]
    assert concern["verificationStatus"]["coding"][0]["code"] == "unconfirmed"
    assert concern["evidence"] == [{"detail": [{"reference": f"Observation/{risk['id']}"}]}]
    for one in (*found.values(), concern):
        assert check_profile(one, one["meta"]["profile"][0]) == ()


@on_sqlite
def test_a_response_that_is_not_on_record_is_stored_with_what_it_says(api: Api, ann: str) -> None:
    response = a_response(HUNGER, ann, {"88122-7": NEVER, "88123-5": NEVER})
    asked = {"resourceType": "Parameters", "parameter": [
        {"name": "questionnaire-response", "resource": response}, {"name": "store", "valueBoolean": True},
    ]}  # fmt: skip
    assert len(api.agency("POST", EXTRACT, asked).json["entry"]) == 5
    assert api.agency("POST", EXTRACT, asked).status == 200
    totals = [api.agency.get(f"/fhir/{type_}").json["total"]
              for type_ in ("QuestionnaireResponse", "Observation", "Condition")]  # fmt: skip
    assert totals == [1, 4, 0]
    kept = api.agency.get("/fhir/QuestionnaireResponse").json["entry"][0]["resource"]
    panel = api.agency.get("/fhir/Observation?code=88121-9").json["entry"][0]["resource"]
    assert panel["derivedFrom"] == [{"reference": f"QuestionnaireResponse/{kept['id']}"}]


@on_sqlite
def test_the_questionnaire_that_is_named_decides_which_answers_there_are(api: Api, ann: str) -> None:
    homeless = {"ahc-hrsn": "LA31995-6", "prapare": "LA30190-5"}
    for tool, code in homeless.items():
        bundle = api.agency("POST", EXTRACT, a_response(tool, ann, {"71802-3": code})).json
        assert [one["code"]["coding"][0]["code"] for one in resources(bundle, "Condition")] == ["32911000"]
        other = next(one for one in homeless if one != tool)
        refused = api.agency("POST", "/fhir/QuestionnaireResponse", a_response(other, ann, {"71802-3": code}))
        place = ".item[0].item[0]" if other == "prapare" else ".item[0]"
        expression = f"QuestionnaireResponse{place}.answer[0].valueCoding"
        assert (refused.status, refused.faults[0][0]) == (422, expression)
        assert "I have housing" in refused.faults[0][1] or "steady place" in refused.faults[0][1]


@on_sqlite
def test_answers_about_violence_at_home_are_labelled_and_others_are_not(api: Api, ann: str) -> None:
    answers = {"95618-5": "LA6482-9", "93030-5": "LA32-8", "71802-3": "LA31994-9"}
    bundle = api.agency("POST", EXTRACT, a_response("ahc-hrsn", ann, answers)).json
    labels = {code: {one["code"] for one in made["meta"]["security"]}
              for code, made in by_code(bundle).items()}  # fmt: skip
    assert labels["95618-5"] == {"R", "SDV"}
    assert labels["93030-5"] == labels["71802-3"] == labels["96777-8"] == {"N"}
    assert {one["code"] for one in bundle["meta"]["security"]} == {"R", "SDV"}

    api.agency.make(a_consent(ann, a_provision(to=PARTNER, purpose=["COC"], labels=["N"])))
    response = a_response("ahc-hrsn", ann, answers)
    asked = {"resourceType": "Parameters", "parameter": [
        {"name": "questionnaire-response", "resource": response}, {"name": "store", "valueBoolean": True},
    ]}  # fmt: skip
    assert api.agency("POST", EXTRACT, asked).status == 200
    seen = api.partner.get(f"/fhir/Observation?patient={ann}").json
    codes = {one["resource"]["code"]["coding"][0]["code"] for one in seen["entry"]}
    assert codes == {"93030-5", "71802-3", "96777-8"}


@on_sqlite
@pytest.mark.parametrize(
    ("changed", "expression"),
    [
        ({"status": "in-progress"}, "QuestionnaireResponse.status"),
        ({"authored": "2026"}, "QuestionnaireResponse.authored"),
        ({"subject": {"display": "Ann"}}, "QuestionnaireResponse.subject"),
        ({"questionnaire": "https://agency.example.org/intake"}, "QuestionnaireResponse.questionnaire"),
    ],
)
def test_what_cannot_be_extracted_is_refused_with_its_place(
    api: Api, ann: str, changed: dict[str, object], expression: str
) -> None:
    refused = api.agency("POST", EXTRACT, {**a_response(HUNGER, ann, {"88122-7": OFTEN}), **changed})
    assert (refused.status, refused.faults[0][0]) == (422, expression), refused.body


@on_sqlite
def test_a_response_that_the_caller_may_not_see_is_not_there_to_be_extracted(api: Api, ann: str) -> None:
    stored = api.agency.make(a_response(HUNGER, ann, {"88122-7": OFTEN}))
    hidden = api.partner.get(f"/fhir/{stored}/$extract")
    absent = api.partner.get("/fhir/QuestionnaireResponse/none/$extract")
    assert (hidden.status, absent.status) == (404, 404)
    assert hidden.body == absent.body
    assert api.agency("POST", EXTRACT).status == 400


TOLD = {
    "date": "2026-05-20",
    "presenting": "Food and rent",
    "screening": {
        "tool": "PRAPARE",
        "answers": [
            {"question": "71802-3", "answer": "I do not have housing"},
            {"question": "93031-3", "answer": ["food", "a cot"]},
            {"question": "76501-6", "answer": "yes"},
            {"question": "93033-9", "unanswered": "declined"},
        ],
    },
}


def test_a_screening_in_an_assessment_is_kept_as_fhir_and_told_back_with_the_needs_it_proposes(
    api: Api,
) -> None:
    made = api.agency("POST", "/plans", PLAN, Content_Type="application/json")
    plan = Working(api, made)
    before = plan.get()
    told = ok(plan("/assessments", TOLD))
    needs = told.pop("proposed_needs")
    assert [(one["assessment"], one["domain"], one["codes"][0]) for one in needs] == [
        ("A1", "homelessness", "32911000"),
        ("A1", "food-insecurity", "733423003"),
        ("A1", "intimate-partner-violence", "22791000175108"),
    ]
    assert needs[0]["because"] == ["Housing status"]
    assert plan.get() == told
    assert told["needs"] == before["needs"]
    screening = told["assessments"][0]["screening"]
    assert screening["answers"][2] == {
        "question": tools()["prapare"].by_code["93031-3"].text,
        "answer": ["Food", "a cot"],
    }
    assert plan.get("/evaluation")["proposed_needs"] == needs

    response = api.agency.get(f"/fhir/QuestionnaireResponse?subject={_subject(api, plan)}").json
    documents = [one["resource"] for one in response["entry"]]
    (kept,) = [one for one in documents if "questionnaire" in one]
    assert kept["questionnaire"] == tools()["prapare"].canonical
    assert {one["code"] for one in kept["meta"]["security"]} == {"R", "LIVARG", "SDV"}
    found = api.agency.get("/fhir/Observation?_count=50").json["entry"]
    codes = [one["resource"]["code"]["coding"][0]["code"] for one in found]
    assert sorted(codes) == ["71802-3", "76501-6", "93025-5", "93031-3", "93031-3", "93033-9"]
    bundle = api.agency.get(f"/fhir/QuestionnaireResponse/{kept['id']}/$extract").json
    assert len(resources(bundle, "Observation")) == len(found)
    assert len(resources(bundle, "Condition")) == 3
    done = api.agency("POST", f"/fhir/QuestionnaireResponse/{kept['id']}/$extract?store=true").json
    assert [one["response"]["status"][:3] for one in done["entry"]] == ["200"] * 6 + ["201"] * 3

    told = ok(plan("/assessments", {**TOLD, "date": "2026-05-21", "screening": None}))
    assert "screening" not in told["assessments"][1]
    more = {"text": "Eats at the mission", "domain": "food"}
    told = ok(plan("/adjustments", {"reason": "found out", "agreement": {"status": "agreed"},
                                    "plan": {"needs": [*before["needs"], more]}}))  # fmt: skip
    assert [one["domain"] for one in plan.get("/evaluation")["proposed_needs"]] == [
        "homelessness", "intimate-partner-violence",
    ]  # fmt: skip
    assert api.agency.get("/fhir/Observation?code=93025-5").json["total"] == 1
    sent = {**told, "proposed_needs": needs}
    assert ok(plan("", sent, "PUT"))["assessments"] == told["assessments"]


@on_sqlite
def test_an_answer_that_is_not_in_the_list_is_told_by_the_senders_own_path(api: Api) -> None:
    plan = Working(api, api.agency("POST", "/plans", PLAN, Content_Type="application/json"))
    wrong = {"tool": "hvs", "answers": [{"question": "88122-7", "answer": "always"}]}
    refused = plan("/assessments", {**TOLD, "screening": wrong})
    assert refused.status == 422
    assert refused.faults[0][0] == "screening.answers[0].answer"
    assert "`Often true`, `Sometimes true`" in refused.faults[0][1]


def _subject(api: Api, plan: Working) -> str:
    subject: str = api.agency.get(f"/fhir/CarePlan/{plan.id}").json["subject"]["reference"]
    return subject


@on_sqlite
def test_an_amended_response_corrects_what_came_of_it_and_leaves_what_was_looked_at(
    api: Api, ann: str
) -> None:
    first = a_response("prapare", ann, {"71802-3": "LA30190-5", "93031-3": ["LA30125-1", "LA30126-9"],
                                        "76501-6": "LA32-8"})  # fmt: skip
    stored = api.agency.make(first)
    path = f"/fhir/{stored}/$extract?store=true"
    assert api.agency("POST", path).status == 200
    named = {"system": "https://careplan-service.org/fhir/identifier/screening-answer", "value": "other/1"}
    other = {"resourceType": "Observation", "status": "final", "code": {"text": "a remark"},
             "subject": {"reference": ann}, "derivedFrom": [{"reference": stored}],
             "identifier": [named]}  # fmt: skip
    remark = api.agency.make(other)
    homeless = api.agency.get("/fhir/Condition?code=32911000").json["entry"][0]["resource"]
    homeless["verificationStatus"]["coding"] = [{**homeless["verificationStatus"]["coding"][0],
                                                 "code": "confirmed", "display": "Confirmed"}]  # fmt: skip
    assert api.agency.put(f"Condition/{homeless['id']}", homeless).status == 200
    amends = a_response("prapare", ann, {"71802-3": "LA30189-7", "93031-3": "LA30126-9", "76501-6": "LA33-6"})
    assert api.agency.put(stored, {**amends, "status": "amended"}).status == 200

    done = api.agency("POST", path)
    assert done.status == 200, done.body
    assert api.agency.get(f"/fhir/{remark}").json["status"] == "final"
    housed = api.agency.get("/fhir/Observation?code=71802-3").json["entry"][0]["resource"]["meta"]["security"]
    assert {one["code"] for one in housed} == {"R", "LIVARG"}
    answers = "/fhir/Observation?code=http://loinc.org|&_count=50"
    found = [one["resource"] for one in api.agency.get(answers).json["entry"]]
    told = sorted(
        (one["code"]["coding"][0]["code"], one["status"],
         one.get("valueCodeableConcept", {"coding": [{"code": ""}]})["coding"][0]["code"])
        for one in found
    )  # fmt: skip
    assert told == [
        ("71802-3", "corrected", "LA30189-7"),
        ("76501-6", "corrected", "LA33-6"),
        ("93025-5", "corrected", ""),
        ("93031-3", "corrected", "LA30126-9"),
        ("93031-3", "entered-in-error", "LA30126-9"),
    ]
    concerns = {one["resource"]["code"]["coding"][0]["code"]: one["resource"]["verificationStatus"]
                for one in api.agency.get("/fhir/Condition").json["entry"]}  # fmt: skip
    assert {code: one["coding"][0]["code"] for code, one in concerns.items()} == {
        "32911000": "confirmed", "733423003": "entered-in-error", "Z59.87": "unconfirmed",
        "22791000175108": "unconfirmed",
    }  # fmt: skip
    again = api.agency("POST", path).json
    assert {one["response"]["status"] for one in again["entry"]} == {"200 OK"}
    same = [one["resource"] for one in api.agency.get(answers).json["entry"]]
    assert same == found

    assert api.agency.put(stored, {**first, "status": "amended"}).status == 200
    assert api.agency("POST", path).status == 200
    last = api.agency.get(answers).json["entry"]
    assert {one["resource"]["status"] for one in last} == {"corrected"}
    food = api.agency.get("/fhir/Condition?code=733423003").json["entry"][0]["resource"]
    assert food["verificationStatus"]["coding"][0]["code"] == "unconfirmed"
    assert food["clinicalStatus"]["coding"][0]["code"] == "active"
    labelled = api.agency.get("/fhir/Observation?code=71802-3").json["entry"][0]["resource"]["meta"]
    assert {one["code"] for one in labelled["security"]} == {"R", "LIVARG"}


@on_sqlite
def test_what_is_asked_amiss_is_refused(api: Api, ann: str) -> None:
    response = a_response(HUNGER, ann, {"88122-7": OFTEN})
    stored = api.agency.make(response)
    part = {"name": "questionnaire-response", "resource": response}
    yes = {"name": "store", "valueBoolean": True}
    for path, sent in (
        (f"/fhir/{stored}/$extract", response),
        (f"{EXTRACT}?store=perhaps", response),
        (EXTRACT, {"resourceType": "Parameters", "parameter": [part, yes, yes]}),
        (EXTRACT, {"resourceType": "Parameters", "parameter": [part, {"name": "store", "valueString": "1"}]}),
        (EXTRACT, {"resourceType": "Parameters", "parameter": [part, {"name": "other"}]}),
        (EXTRACT, {"resourceType": "Parameters", "parameter": [yes]}),
    ):
        assert api.agency("POST", path, sent).status == 400, sent
    assert api.agency("POST", EXTRACT, {**response, "status": "done"}).status == 422
    assert api.agency.get("/fhir/Observation").json["total"] == 0


@on_sqlite
def test_scopes_open_the_response_and_what_is_stored_of_it(api: Api, ann: str) -> None:
    response = a_response(HUNGER, ann, {"88122-7": OFTEN, "88123-5": NEVER})
    path = f"/fhir/{api.agency.make(response)}/$extract"
    blind = api.asking("agency", scope="system/Observation.cruds system/Condition.cruds")
    assert [blind("POST", EXTRACT, response).status, blind.get(path).status] == [403, 403]
    reading = api.asking("agency", scope="system/QuestionnaireResponse.rs system/Observation.cruds")
    assert reading("POST", EXTRACT, response).status == 200
    refused = reading("POST", f"{path}?store=true")
    assert (refused.status, api.agency.get("/fhir/Observation").json["total"]) == (403, 0)


@on_sqlite
def test_a_redacted_copy_is_not_extracted(api: Api, ann: str) -> None:
    secret = {
        "security": [{"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}]
    }
    plan = api.agency.make(a_care_plan(of=ann, meta=secret))
    response = a_response(HUNGER, ann, {"88122-7": OFTEN}, basedOn=[{"reference": plan}])
    path = f"/fhir/{api.agency.make(response)}/$extract"
    api.agency.make(a_consent(ann, a_provision(to=PARTNER, purpose=["COC"], labels=["N"])))
    assert api.partner.get(path.removesuffix("/$extract")).status == 200
    assert (api.partner.get(path).status, api.agency.get(path).status) == (409, 200)

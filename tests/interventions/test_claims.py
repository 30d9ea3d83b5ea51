"""What the documents of a plan claim in `meta.profile`. https://hl7.org/fhir/R4/resource.html#Meta"""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings

from careplan_service.interventions import canonical
from careplan_service.interventions.canonical import PERTAINS_TO_GOAL, extension_values
from careplan_service.interventions.claims import CANDIDATES, SDOHCC, US_CORE, with_true_claims
from careplan_service.interventions.plan import Need
from careplan_service.resources.profiles import KNOWN, check_profile
from interventions.generated import recorded_plans
from interventions.regenerate_expected import documents_of, fixtures, plan_of

CARE_PLAN, GOAL = f"{US_CORE}/us-core-careplan", f"{US_CORE}/us-core-goal"
SDOH_GOAL, CONDITION = f"{SDOHCC}/SDOHCC-Goal", f"{SDOHCC}/SDOHCC-Condition"
REQUEST, TASK = f"{SDOHCC}/SDOHCC-ServiceRequest", f"{SDOHCC}/SDOHCC-TaskForReferralManagement"
PROCEDURE, ANSWER = f"{SDOHCC}/SDOHCC-Procedure", f"{SDOHCC}/SDOHCC-ObservationScreeningResponse"

few = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


def worked(name):
    return plan_of(next(path for path in fixtures() if path.stem == name))


def claimed(document):
    return document["meta"].get("profile", [])


def claims_of(plan, type_):
    return [claimed(one) for one in documents_of(plan) if one["resourceType"] == type_]


def codes(concepts):
    return {(coding["system"], coding["code"]) for one in concepts for coding in one.get("coding", ())}


@few
@given(recorded_plans())
def test_every_document_keeps_to_every_profile_that_it_claims(plan):
    documents = documents_of(plan)
    by_reference = {f"{one['resourceType']}/{one['id']}": one for one in documents}
    for one in documents:
        for profile in claimed(one):
            assert check_profile(one, profile) == ()
            for holds in INVARIANTS.get(profile, ()):
                holds(one, by_reference)


def _of_goals(document, by_reference):
    for goal in extension_values(document, PERTAINS_TO_GOAL):
        assert SDOH_GOAL in claimed(by_reference[goal["reference"]])
    assert {system for system, _ in codes([document["code"]])} & {canonical.SNOMED, canonical.HCPCS}


def _of_condition(document, by_reference):
    categories = codes(document["category"])
    # SDOH-Con-2 and SDOH-Con-3
    assert (canonical.US_CORE_CATEGORY, "sdoh") in categories
    assert {code for _, code in categories} & {"problem-list-item", "health-concern"}
    assert {system for system, _ in codes([document["code"]])} & {canonical.SNOMED, canonical.ICD_10_CM}


def _of_procedure(document, by_reference):
    # us-core-7
    assert "performedPeriod" in document
    encounter = by_reference[document["encounter"]["reference"]]
    assert check_profile(encounter, f"{US_CORE}/us-core-encounter") == ()


def _of_task(document, by_reference):
    assert REQUEST in claimed(by_reference[document["focus"]["reference"]])


INVARIANTS = {
    CONDITION: (_of_condition,),
    REQUEST: (_of_goals,),
    PROCEDURE: (_of_goals, _of_procedure),
    TASK: (_of_task,),
}


def test_every_profile_that_may_be_claimed_is_known_and_of_its_type():
    for type_, candidates in CANDIDATES.items():
        assert {KNOWN[one.profile].type for one in candidates} == {type_}


@pytest.mark.parametrize("name", ["family-eviction", "crisis-and-safety", "elder-isolation", "re-entry"])
def test_the_plan_of_a_person_or_a_family_claims_us_core(name):
    assert claims_of(worked(name), "CarePlan") == [[CARE_PLAN]]
    assert {tuple(one) for one in claims_of(worked(name), "Goal")} == {(GOAL, SDOH_GOAL)}


@pytest.mark.parametrize("name", ["group-psychoeducation", "community-organising"])
def test_the_plan_of_a_group_claims_nothing_that_is_for_patients_only(name):
    plan = worked(name)
    for type_ in ("CarePlan", "Goal", "Condition", "ServiceRequest"):
        assert [one for one in claims_of(plan, type_) if one] == []


def test_a_need_claims_the_condition_only_with_a_code():
    needs = (Need("no lights", "utility-insecurity"), Need("no flat", "housing-instability"))
    plan = replace(worked("individual-cbt"), needs=needs, strengths=())
    assert claims_of(plan, "Condition") == [[], [CONDITION]]


def test_a_request_and_a_session_claim_only_with_a_code_for_what_is_done():
    plan = worked("family-conflict")
    kinds = [session.kind for session in plan.sessions]
    assert claims_of(plan, "Procedure") == [
        [PROCEDURE] if kind in ("family-therapy", "group-therapy", "cbt") else [] for kind in kinds
    ]
    assert [PROCEDURE] in claims_of(plan, "Procedure")
    assert {tuple(one) for one in claims_of(worked("hospital-discharge"), "ServiceRequest")} == {
        (REQUEST,),
        (),
    }


@pytest.mark.parametrize(("agency", "made"), [(None, []), ("Eastgate Ward", [TASK])])
def test_a_referral_claims_the_task_when_the_worker_asks_for_an_agency(agency, made):
    plan = worked("hospital-discharge")
    referrals = tuple(replace(one, kind="case-management") for one in plan.referrals)
    plan = replace(plan, referrals=referrals, worker=replace(plan.worker, agency=agency))
    assert claims_of(plan, "Task") == [made for _ in referrals]


def test_a_referral_whose_request_claims_nothing_claims_nothing():
    plan = worked("hospital-discharge")
    referrals = tuple(replace(one, kind="advocacy") for one in plan.referrals)
    plan = replace(plan, referrals=referrals, worker=replace(plan.worker, agency="Eastgate Ward"))
    assert {tuple(one) for one in claims_of(plan, "Task")} == {()}


def test_answers_to_a_screening_claim_what_extracted_ones_do_and_reviews_nothing():
    documents = [one for one in documents_of(worked("re-entry")) if one["resourceType"] == "Observation"]
    for one in documents:
        is_answer = any(part["url"].endswith("/sw-screening") for part in one["extension"])
        assert claimed(one) == ([ANSWER] if is_answer else [])
    assert {tuple(claimed(one)) for one in documents} == {(ANSWER,), ()}


def test_people_agencies_and_notes_claim_nothing():
    for path in fixtures():
        for one in documents_of(plan_of(path)):
            assert one["resourceType"] in CANDIDATES or claimed(one) == []


def test_what_others_wrote_into_a_document_takes_a_new_claim_away_and_no_old_one():
    condition = {
        "resourceType": "Condition",
        "meta": {"profile": [CONDITION, "https://ehr.example.org/p"], "versionId": "2"},
        "category": [canonical.SDOH_CATEGORY, {"coding": []}],
        "code": {"text": "eviction"},
        "subject": {"reference": "Patient/ann"},
    }
    theirs = {"meta": {"profile": ["https://ehr.example.org/p"]}}
    assert with_true_claims(condition, theirs) == condition
    changed = {**condition, "onsetString": "last year"}
    assert with_true_claims(changed, theirs)["meta"] == {**theirs["meta"], "versionId": "2"}
    assert with_true_claims(changed, condition) == changed
    alone = {**changed, "meta": {"profile": [CONDITION]}}
    assert with_true_claims(alone, {}) == {**changed, "meta": {}}

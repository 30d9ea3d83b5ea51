"""What holds for every plan, however odd.

https://hl7.org/fhir/R4/careplan.html https://hl7.org/fhir/R4/security-labels.html
"""

import json
from dataclasses import replace

from hypothesis import HealthCheck, given, settings

from careplan_service.interventions.from_fhir import from_fhir
from careplan_service.interventions.intake import plan_from_json, plan_to_json
from careplan_service.interventions.intake_csv import plans_from_csv, plans_to_csv
from careplan_service.resources.r4 import check
from interventions.generated import SECRET, plans, recorded_plans
from interventions.regenerate_expected import AGENCY, documents_of, labels_of

few = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def by_reference(documents):
    return {f"{one['resourceType']}/{one['id']}": one for one in documents}


def references_in(part):
    if isinstance(part, dict):
        if isinstance(part.get("reference"), str):
            yield part["reference"]
        for value in part.values():
            yield from references_in(value)
    elif isinstance(part, list):
        for value in part:
            yield from references_in(value)


@few
@given(recorded_plans())
def test_a_plan_comes_back_from_its_documents_as_it_was(plan):
    documents = json.loads(json.dumps(documents_of(plan)))
    assert from_fhir(documents[0], by_reference(documents)) == plan


@few
@given(recorded_plans())
def test_a_plan_comes_back_from_json_as_it_was(plan):
    assert plan_from_json(json.loads(json.dumps(plan_to_json(plan)))) == plan


@few
@given(plans())
def test_a_plan_without_what_has_no_columns_comes_back_from_csv_as_it_was(plan):
    plan = replace(plan, goals=tuple(replace(goal, scaling=None, acceptance=()) for goal in plan.goals))
    system = plan.client_system
    people = tuple(replace(one, person=replace(one.person, emergency_contact=None)) for one in system.members)
    plan = replace(plan, client_system=replace(system, members=people))
    assert plans_from_csv(plans_to_csv([plan])) == [plan]


@few
@given(recorded_plans())
def test_every_document_is_valid_r4_and_refers_only_to_what_is_there(plan):
    documents = documents_of(plan)
    for document in documents:
        assert check(document, document["resourceType"]) == ()
    written = by_reference(documents)
    assert len(written) == len(documents)
    assert set(references_in(documents)) <= {*written, AGENCY, "CarePlan/plan-before", "Consent/roi-1"}


@few
@given(recorded_plans())
def test_the_care_plan_has_every_label_of_what_belongs_to_it(plan):
    care_plan, *rest = documents_of(plan)
    assert labels_of(care_plan) >= set().union(*map(labels_of, rest))


@few
@given(recorded_plans())
def test_a_document_is_restricted_exactly_when_it_has_a_sensitivity_label(plan):
    for document in documents_of(plan):
        level = [coding["code"] for coding in document["meta"]["security"] if coding["code"] in ("N", "R")]
        assert level == (["R"] if labels_of(document) else ["N"])


@few
@given(recorded_plans())
def test_what_leads_to_a_person_in_danger_is_only_in_documents_labelled_for_it(plan):
    documents = documents_of(plan)
    endangered = "SDV" in labels_of(documents[0])
    for document in documents:
        if endangered and "SDV" not in labels_of(document):
            assert SECRET not in json.dumps(document)


@few
@given(recorded_plans())
def test_the_same_plan_gives_the_same_documents(plan):
    assert documents_of(plan) == documents_of(plan)

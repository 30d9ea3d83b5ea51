"""What plans become in FHIR, and that the published Bundles say so. https://hl7.org/fhir/R4/careplan.html"""

import json
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from careplan_service.errors import Invalid
from careplan_service.interventions.catalogue import kinds
from careplan_service.interventions.from_fhir import from_fhir
from careplan_service.interventions.to_fhir import Identity, identities
from careplan_service.resources.r4 import check
from interventions.regenerate_expected import (
    FIXTURES,
    bundle_of,
    documents_of,
    fixtures,
    labels_of,
    plan_of,
    text_of,
)

HOUSING = "housing-instability"
REFUGE = "Harbour Women's Service"
CLIENT = "https://agency.example.org/client-number"


def the_family():
    return plan_of(FIXTURES / "family-eviction.json")


def of_type(documents, type_):
    return [one for one in documents if one["resourceType"] == type_]


def ref(document):
    return f"{document['resourceType']}/{document['id']}"


def extension(holder, name):
    return [e for e in holder.get("extension", ()) if e["url"].endswith(f"/sw-{name}")]


def goals_by_number(documents):
    return {extension(one, "number")[0]["valueString"]: one for one in of_type(documents, "Goal")}


@pytest.mark.parametrize("path", fixtures(), ids=lambda path: path.name)
def test_the_published_bundle_is_what_the_plan_becomes(path):
    assert (FIXTURES / "expected" / f"{path.stem}.json").read_text(encoding="utf-8") == text_of(path)


@pytest.mark.parametrize("path", fixtures(), ids=lambda path: path.name)
def test_a_published_bundle_is_valid(path):
    assert check(bundle_of(plan_of(path)), "Bundle") == ()


def test_the_care_plan_comes_first():
    assert documents_of(the_family())[0]["resourceType"] == "CarePlan"


def test_a_partner_for_housing_who_is_denied_sdv_sees_one_of_two_housing_goals():
    goals = goals_by_number(documents_of(the_family()))
    housing = {
        n for n, one in goals.items() if one["category"][0]["coding"][0]["code"] == HOUSING and "." not in n
    }
    assert housing == {"1", "4"}
    assert labels_of(goals["1"]) == set()
    assert "SDV" in labels_of(goals["4"])
    assert "SDV" in labels_of(goals["3"])


def test_everything_about_violence_is_labelled_and_nothing_else_is():
    documents = documents_of(the_family())
    labelled = {one["code"]["text"]: "SDV" in labels_of(one) for one in of_type(documents, "Condition")}
    assert [text for text, sdv in labelled.items() if sdv] == ["Threats and control by the former partner"]
    requests = {
        extension(one, "number")[0]["valueString"]: one for one in of_type(documents, "ServiceRequest")
    }
    assert {number for number, one in requests.items() if "SDV" in labels_of(one)} == {"3.1.b", "4.1.a"}


def test_the_refuge_and_how_to_reach_the_mother_stand_only_where_they_are_labelled():
    for document in documents_of(the_family()):
        told = json.dumps(document, ensure_ascii=False)
        for secret in (
            REFUGE,
            "leave no message",
            "0142",
            "14 Mill Lane",
            "0177",
            "place known to the worker",
        ):
            assert secret not in told or "SDV" in labels_of(document)


def test_a_persons_contact_details_show_when_nothing_is_dangerous():
    [patient] = of_type(documents_of(plan_of(FIXTURES / "individual-cbt.json")), "Patient")
    assert patient["telecom"][0]["value"] == "+1 555 010 0188"
    assert patient["address"] == [{"text": "3 Harbour Row, Eastgate"}]


def test_no_reference_has_a_display():
    def displays(part):
        if isinstance(part, dict):
            return ("reference" in part and "display" in part) or any(map(displays, part.values()))
        return isinstance(part, list) and any(map(displays, part))

    assert not any(displays(document) for document in documents_of(the_family()))


def test_an_objective_is_a_milestone_of_its_goal_and_mirrored_in_its_target():
    goals = goals_by_number(documents_of(the_family()))
    [relation] = [e for e in goals["1.1"]["extension"] if e["url"].endswith("goal-relationship")]
    assert relation["extension"][1]["valueReference"]["reference"] == ref(goals["1"])
    mirrored = {
        extension(t, "number")[0]["valueString"]: t for t in goals["1"]["target"] if extension(t, "number")
    }
    assert mirrored["1.2"]["measure"] == {"text": "months paid on time"}
    assert mirrored["1.2"]["detailInteger"] == 3


def test_a_strategy_of_another_agency_is_a_service_request_and_of_ours_a_detail():
    care_plan = documents_of(the_family())[0]
    shape = {extension(a, "number")[0]["valueString"]: "detail" in a for a in care_plan["activity"]}
    assert [number for number, detail in shape.items() if not detail] == ["1.1.b", "2.1.a", "3.1.b", "4.1.a"]


def test_a_strategy_is_coded_with_its_own_code_first_then_the_standard_ones():
    [detail] = [
        a["detail"]
        for a in documents_of(the_family())[0]["activity"]
        if extension(a, "number")[0]["valueString"] == "1.1.a"
    ]
    own, *standard = detail["code"]["coding"]
    assert own == {**kinds()["case-management"].own_coding}
    assert own["userSelected"] is True
    assert [coding["code"] for coding in standard] == ["410341008", "279"]


def test_frequency_keeps_its_words_and_says_what_they_mean():
    [detail] = [a["detail"] for a in documents_of(the_family())[0]["activity"] if a["id"] == "3.1.a"]
    assert detail["scheduledTiming"]["code"] == {"text": "twice a week"}
    assert detail["scheduledTiming"]["repeat"] == {
        "count": 4, "duration": 1, "durationUnit": "h", "frequency": 2, "period": 1, "periodUnit": "wk"
    }  # fmt: skip


def test_goal_words_are_the_clients_and_the_wording_is_a_note():
    goal = goals_by_number(documents_of(the_family()))["1"]
    assert goal["description"]["text"] == "We want to stay in our flat."
    assert goal["note"][0]["text"] == "Prevent eviction and secure the tenancy"


@pytest.mark.parametrize(
    ("agreed", "category"), [("agreed", "problem-list-item"), ("pending", "health-concern")]
)
def test_a_need_is_a_problem_once_the_client_has_agreed(agreed, category):
    plan = the_family()
    plan = replace(plan, agreement=replace(plan.agreement, status=agreed))
    assert of_type(documents_of(plan), "Condition")[0]["category"][0]["coding"][0]["code"] == category


def test_the_family_plan_is_about_the_index_client_and_names_the_group():
    documents = documents_of(the_family())
    assert documents[0]["subject"]["reference"] == ref(of_type(documents, "Patient")[0])
    [system] = extension(documents[0], "client-system")
    assert {"url": "group", "valueReference": {"reference": ref(of_type(documents, "Group")[0])}} in system[
        "extension"
    ]


def test_the_community_plan_is_about_a_group_without_members():
    documents = documents_of(plan_of(FIXTURES / "community-organising.json"))
    [group] = of_type(documents, "Group")
    assert documents[0]["subject"]["reference"] == ref(group)
    assert group["actual"] is False
    assert "member" not in group


def test_a_group_formed_for_the_intervention_has_the_labels_of_its_plan():
    documents = documents_of(plan_of(FIXTURES / "group-psychoeducation.csv"))
    assert labels_of(of_type(documents, "Group")[0]) == labels_of(documents[0]) == {"MH"}


def test_who_is_on_record_is_referred_to_and_not_written():
    known = {Identity("Patient", CLIENT, "C-1001"): "Patient/123"}
    documents = documents_of(the_family(), known)
    assert documents[0]["subject"] == {"reference": "Patient/123"}
    assert len(of_type(documents, "Patient")) == 2
    assert "Patient/123" not in map(ref, documents)


def test_identities_are_clients_the_group_workers_and_agencies_but_no_relatives():
    found = [(one.resource_type, one.value) for one in identities(the_family())]
    assert found == [
        ("Patient", "C-1001"),
        ("Patient", "C-1002"),
        ("Patient", "C-1003"),
        ("Group", "H-77"),
        ("Practitioner", "S-12"),
        ("Organization", "O-31"),
        ("Organization", "O-32"),
        ("Organization", "O-33"),
    ]


def test_everybody_on_record_is_used_and_the_plan_can_still_be_read():
    plan, first = the_family(), documents_of(the_family())
    stored = {ref(one): one for one in first}
    numbers = {
        (one["resourceType"], i["system"], i["value"]): ref(one)
        for one in first
        for i in one.get("identifier", ())
    }
    known = {i: numbers[(i.resource_type, i.system, i.value)] for i in identities(plan)}
    again = documents_of(plan, known)
    assert {one["resourceType"] for one in again}.isdisjoint({"Patient", "Group", "Organization"})
    assert from_fhir(again[0], stored | {ref(one): one for one in again}) == plan


def test_an_agency_named_by_two_participants_is_one_organisation_with_both_their_labels():
    plan = the_family()
    first = replace(plan.participants[0], sensitivity=("MH",))
    second = replace(plan.participants[0], name="Maya Lind", sensitivity=("SDV",))
    documents = documents_of(replace(plan, participants=(first, second, *plan.participants[1:])))
    [union] = [one for one in of_type(documents, "Organization") if one["name"] == "Eastgate Tenants Union"]
    assert labels_of(union) == {"MH", "SDV"}


def test_the_narrative_is_escaped_and_tells_no_goal():
    plan = replace(the_family(), title='<script>alert("x")</script> & more', number="<i>1</i>")
    text = documents_of(plan)[0]["text"]
    tags = set()
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attributes: tags.add(tag)
    parser.feed(text["div"])
    assert text["status"] == "generated"
    assert tags == {"div", "p", "b", "ul", "li"}
    assert "&lt;script&gt;" in text["div"]
    assert "afraid at home" not in text["div"]


def test_a_status_changed_by_somebody_else_is_read_back():
    documents = documents_of(the_family())
    goal = goals_by_number(documents)["1"]
    goal["lifecycleStatus"] = "on-hold"
    del goal["achievementStatus"]
    assert from_fhir(documents[0], {ref(one): one for one in documents}).goals[0].status == "on-hold"


def test_a_missing_document_is_named():
    documents = documents_of(the_family())
    with pytest.raises(Invalid, match=r"refers to `Patient/fe-2025-014-2`"):
        from_fhir(documents[0], {ref(one): one for one in documents if one["resourceType"] != "Patient"})


@pytest.mark.parametrize(
    "spoil",
    [
        lambda plan: plan.pop("extension"),
        lambda plan: plan.pop("title"),
        lambda plan: plan.update(identifier=[]),
        lambda plan: plan.update(status="unknown"),
        lambda plan: plan["activity"][0]["detail"].update(code={"coding": []}),
        lambda plan: plan["activity"][0]["detail"].update(performer=[{"reference": "Practitioner/other"}]),
        lambda plan: plan.update(subject=None),
    ],
)
def test_a_care_plan_that_is_no_intervention_plan_is_refused_without_a_crash(spoil):
    documents = documents_of(the_family())
    spoil(documents[0])
    with pytest.raises(Invalid):
        from_fhir(documents[0], {ref(one): one for one in documents})

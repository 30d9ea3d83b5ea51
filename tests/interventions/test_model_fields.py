"""The fields of the domain model beyond the first: what they become, whom they name, what they reveal.

https://hl7.org/fhir/R4/goal.html https://hl7.org/fhir/R4/patient.html
"""

import json
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from careplan_service.errors import Invalid
from careplan_service.interventions import canonical
from careplan_service.interventions.from_fhir import from_fhir
from careplan_service.interventions.intake import plan_from_json, plan_to_json
from careplan_service.interventions.intake_csv import plans_from_csv, plans_to_csv, table_of
from careplan_service.interventions.marks_kept import marks_kept
from careplan_service.interventions.operations import reopen
from careplan_service.interventions.plan import Agreement, Alert, EmergencyContact, Identifier, Person
from careplan_service.interventions.printing.content import Around, leaflet
from careplan_service.interventions.printing.paper import on_paper
from careplan_service.interventions.printing.words import words_in
from careplan_service.interventions.record import Assessment, BillingCode, Section
from careplan_service.interventions.replacing import said_anew
from careplan_service.interventions.sheets import contradictions
from interventions.regenerate_expected import FIXTURES, documents_of, labels_of, plan_of
from interventions.test_labels import PLAIN, changed

NOW = datetime(2025, 6, 1, tzinfo=UTC)
FAMILY = plan_of(FIXTURES / "family-conflict.json")
SHAPE = json.loads((FIXTURES / "family-conflict.json").read_text(encoding="utf-8"))


def faults(shape):
    """What is refused of a shape: place and text."""
    with pytest.raises(Invalid) as refused:
        plan_from_json(shape)
    return {fault.expression: fault.text for fault in refused.value.faults}


def told(**changes):
    """The shape of the family's plan with a change to the first part of each kind."""
    shape = json.loads(json.dumps(SHAPE))
    places = {
        "goal": shape["goals"][0],
        "step": shape["goals"][2]["objectives"][0],
        "assessment": shape["assessments"][0],
        "session": shape["sessions"][0],
        "member": shape["client_system"]["members"][2],
        "plan": shape,
    }
    for part, fields in changes.items():
        places[part] |= fields
    return shape


def read_again(documents):
    documents = json.loads(json.dumps(documents))
    return from_fhir(documents[0], {f"{one['resourceType']}/{one['id']}": one for one in documents})


def goal_one(documents):
    return next(one for one in documents if one["resourceType"] == "Goal" and "expressedBy" in one)


def acceptances(goal):
    """Who accepts a goal, by reference, and how."""
    parts = [one["extension"] for one in goal["extension"] if one["url"] == canonical.GOAL_ACCEPTANCE]
    return [
        (
            next(p["valueReference"]["reference"] for p in one if p["url"] == "individual"),
            next(p["valueCode"] for p in one if p["url"] == "status"),
        )
        for one in parts
    ]


def test_each_person_accepts_a_goal_for_themselves_whatever_the_plan_says():
    found = acceptances(goal_one(documents_of(FAMILY)))
    assert [status for _, status in found] == ["agree", "agree", "pending", "agree"]
    assert len({who for who, _ in found}) == 4


def test_without_a_word_of_the_goal_the_client_accepts_it_as_the_plan():
    plan = changed(replace(PLAIN, agreement=Agreement("agreed")), ("goals", 0), status="agreed")
    documents = documents_of(plan)
    assert acceptances(goal_one(documents)) == [(goal_one(documents)["subject"]["reference"], "agree")]
    assert read_again(documents) == plan


@pytest.mark.parametrize(
    ("said", "what"),
    [
        ([{"who": "Hanna Voss", "status": "agreed"}], "is no person of the client system"),
        ([{"who": "worker", "status": "agreed"}], "is no person of the client system"),
        ([{"who": "Nobody", "status": "agreed"}], "nobody in the plan is called `Nobody`"),
        (2 * [{"who": "Karin", "status": "agreed"}], "comes twice"),
    ],
)
def test_a_goal_is_accepted_by_people_of_the_client_system_once_each(said, what):
    found = faults(told(goal={"acceptance": said}))
    assert list(found) == [f"goals[0].acceptance[{len(said) - 1}].who"]
    assert what in str(found)


def test_a_group_as_such_accepts_nothing():
    shape = told(goal={"acceptance": [{"who": "client", "status": "agreed"}]})
    shape["client_system"] = {"kind": "community", "name": "Eastgate"}
    assert "is no person" in faults(shape)["goals[0].acceptance[0].who"]


def test_an_alleged_abuser_accepts_nothing():
    shape = told(goal={"acceptance": [{"who": "Birgit Bergström", "status": "agreed"}]})
    shape["client_system"]["members"][4]["alleged_abuser"] = True
    assert "is an alleged abuser" in faults(shape)["goals[0].acceptance[0].who"]


@pytest.mark.parametrize(
    ("step", "place"),
    [
        ({"result": None}, "goals[2].objectives[0].result"),
        ({"measure": None, "target": None}, "goals[2].objectives[0].measure"),
    ],
)
def test_a_result_is_a_value_of_the_measure_and_its_day_has_one(step, place):
    assert place in faults(told(step=step))


@pytest.mark.parametrize(("who", "what"), [("Elin", "not of the team"), ("Nobody", "nobody in the plan")])
def test_an_assessment_is_made_by_the_team(who, what):
    assert what in faults(told(assessment={"worker": who}))["assessments[0].worker"]


def test_an_assessment_is_authored_by_who_assessed():
    [first] = FAMILY.assessments
    plan = replace(FAMILY, assessments=(replace(first, worker="Theo Marchetti"),))
    documents = documents_of(plan)
    response = next(one for one in documents if one["resourceType"] == "QuestionnaireResponse")
    author = next(
        one for one in documents if response["author"]["reference"] == f"{one['resourceType']}/{one['id']}"
    )
    assert author["name"][0]["text"] == "Theo Marchetti"
    assert read_again(documents) == plan


def test_an_assessment_that_names_nobody_is_read_as_before():
    [first] = FAMILY.assessments
    plan = replace(FAMILY, assessments=(replace(first, worker=None, sections=()),))
    assert read_again(documents_of(plan)) == plan


@pytest.mark.parametrize(
    ("section", "label"), [(Section("stress", "drinks alcohol"), "SUD"), (Section("elder-abuse", "x"), "SDV")]
)
def test_a_section_labels_its_assessment_by_its_words_and_its_domain(section, label):
    assessed = Assessment("A1", FAMILY.assessments[0].date, "presenting", sections=(section,))
    documents = documents_of(replace(PLAIN, assessments=(assessed,)))
    response = next(one for one in documents if one["resourceType"] == "QuestionnaireResponse")
    assert labels_of(response) == {label}


@pytest.mark.parametrize("code", ["H0001", "h0001 HF"])
@pytest.mark.parametrize("system", [None, "https://payer.example.org/codes", canonical.HCPCS])
def test_a_billing_code_labels_the_session_whatever_its_system_is_called(code, system):
    session = replace(FAMILY.sessions[0], billing_code=BillingCode(code, system))
    documents = documents_of(replace(FAMILY, sessions=(session,), reviews=()))
    for type_ in ("Procedure", "Encounter", "DocumentReference"):
        assert ["SUD" in labels_of(one) for one in documents if one["resourceType"] == type_] == [True]


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("T1017", {"code": "T1017"}),
        ("https://payer.example.org|T1017 U1", {"system": "https://payer.example.org", "code": "T1017 U1"}),
        ({"code": "T1017"}, {"code": "T1017"}),
    ],
)
def test_a_billing_code_is_taken_as_a_text_or_as_an_object(sent, kept):
    plan = plan_from_json(told(session={"billing_code": sent}))
    assert plan_to_json(plan)["sessions"][0]["billing_code"] == kept


@pytest.mark.parametrize("sent", [{}, {"code": "T1017", "text": "x"}, "payer|T1017", "a|b|c", "a  b", [1]])
def test_what_is_no_billing_code_is_refused(sent):
    assert list(faults(told(session={"billing_code": sent}))) == ["sessions[0].billing_code"]


def test_what_shows_success_is_left_off_paper_where_it_is_sensitive_and_the_step_with_a_sensitive_result():
    plan = changed(FAMILY, ("goals", 0), evidence_of_success="He stays off alcohol")
    plan = changed(plan, ("goals", 2, "objectives", 0), result="no alcohol")
    printed = on_paper(plan, {})
    assert [goal.evidence_of_success for goal in printed.goals if goal.words == plan.goals[0].words] == [None]
    assert [goal.objectives for goal in printed.goals if goal.words == plan.goals[2].words] == [()]
    assert on_paper(FAMILY, {}).goals[0].evidence_of_success == FAMILY.goals[0].evidence_of_success


def test_a_table_takes_no_acceptance_away():
    before = plan_to_json(FAMILY)
    sheet = {"number": "FC", "goals": [{"number": "1", "words": "other"}]}
    [goal] = said_anew(before, sheet, {"goal_number", "goal_words"})["goals"]
    assert goal["acceptance"] == before["goals"][0]["acceptance"]


CONTACT = EmergencyContact("Delphine Roux", "0166", "neighbour")


def person(i=0, **fields):
    """The plain plan, whose member `i` (a client, then a relative) is somebody else."""
    return changed(PLAIN, ("client_system", "members", i), person=Person(f"Person {i}", **fields))


def of_type(documents, type_):
    return [one for one in documents if one["resourceType"] == type_]


@pytest.mark.parametrize(("i", "type_"), [(0, "Patient"), (1, "RelatedPerson")])
def test_pronouns_and_an_emergency_contact_stand_with_the_person_and_come_back(i, type_):
    plan = person(i, pronouns="they/them", emergency_contact=CONTACT)
    care_plan, *rest = documents_of(plan)
    [told] = [str(one) for one in of_type(rest, type_)]
    assert "they/them" in told
    assert "0166" in told
    assert "0166" not in str(care_plan)
    assert read_again([care_plan, *rest]) == plan


@pytest.mark.parametrize("i", [0, 1])
@pytest.mark.parametrize(
    ("fields", "contact"),
    [
        ({"safe_contact": "ring twice"}, CONTACT),
        ({"address_confidential": True}, CONTACT),
        ({"guardian": "her violent husband"}, CONTACT),
        ({}, replace(CONTACT, relationship="friend from the refuge")),
        ({}, replace(CONTACT, name="Eastgate refuge")),
    ],
)
def test_an_emergency_contact_leaves_the_person_for_the_care_plan_as_soon_as_there_is_danger(
    i, fields, contact
):
    plan = person(i, emergency_contact=contact, **fields)
    care_plan, *rest = documents_of(plan)
    assert "0166" not in str(rest)
    assert "SDV" in labels_of(care_plan)
    assert read_again([care_plan, *rest]) == plan


def test_an_emergency_contact_is_the_first_of_r4_and_those_of_others_are_not_taken_for_it():
    documents = documents_of(person(emergency_contact=CONTACT))
    [patient] = of_type(documents, "Patient")
    [contact] = patient["contact"]
    assert contact["relationship"][0]["coding"][0]["code"] == "C"
    patient["contact"] = [{"relationship": contact["relationship"], "name": {"family": "Stranger"}}]
    assert read_again(documents) == person()


def test_further_identifiers_come_after_the_first_and_those_of_others_are_left_alone():
    first, further = (
        Identifier("urn:oid:1", "1"),
        (Identifier("urn:oid:2", "2"), Identifier("urn:oid:3", "3")),
    )
    plan = person(identifier=first, identifiers=further)
    documents = documents_of(plan)
    [patient] = of_type(documents, "Patient")
    assert [one["value"] for one in patient["identifier"]] == ["1", "2", "3"]
    patient["identifier"].append({"system": "urn:oid:4", "value": "theirs"})
    assert read_again(documents) == plan


def test_identifiers_have_a_column():
    plan = person(
        identifier=Identifier("urn:x", "1"),
        identifiers=(Identifier("urn:y", "2|3"), Identifier("urn:z", "4")),
    )
    assert plans_from_csv(plans_to_csv([plan])) == [plan]


@pytest.mark.parametrize(
    ("fields", "place", "what"),
    [
        ({"identifiers": "urn:x|1; urn:y|2", "identifier": None}, "identifier", "is missing"),
        ({"identifiers": ["https://agency.example.org/client-number|C-1133"]}, "identifiers", "further ones"),
        (
            {"identifiers": ["https://agency.example.org/client-number|C-1131"]},
            "identifiers",
            "somebody else",
        ),
        ({"identifiers": [{"system": "urn:x", "value": "1;2"}]}, "identifiers", "separates identifiers"),
        ({"emergency_contact": {"phone": "1"}}, "emergency_contact.name", "is missing"),
    ],
)
def test_odd_people_are_refused_by_their_fields(fields, place, what):
    assert what in faults(told(member=fields))[f"client_system.members[2].{place}"]


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("Karin", "client"),
        ("ousmane diallo", "Ousmane Diallo"),
        ("Youth Office of Eastgate", "Youth Office of Eastgate"),
        ("worker", "worker"),
    ],
)
def test_a_guardian_is_a_member_or_stands_in_words(said, kept):
    plan = plan_from_json(told(member={"guardian": said}))
    assert plan.client_system.members[2].person.guardian == kept
    care_plan, *rest = documents_of(plan)
    assert read_again([care_plan, *rest]) == plan


def test_a_guardian_whose_name_two_members_have_is_refused():
    shape = told(member={"guardian": "Karin"})
    shape["client_system"]["members"].append({"given": "Karin", "family": "Diallo", "client": False})
    assert "may be 2 different ones" in faults(shape)["client_system.members[2].guardian"]


@pytest.mark.parametrize("name", ["Birgit Bergström", "birgit"])
@pytest.mark.parametrize("field", ["guardian", "emergency_contact"])
def test_an_alleged_abuser_is_no_guardian_and_nobody_to_ring(field, name):
    shape = told(member={field: {"name": name} if field == "emergency_contact" else name})
    shape["client_system"]["members"][4]["alleged_abuser"] = True
    place = "emergency_contact.name" if field == "emergency_contact" else field
    assert "is an alleged abuser" in faults(shape)[f"client_system.members[2].{place}"]


def test_a_table_takes_no_emergency_contact_away():
    before = plan_to_json(person(emergency_contact=CONTACT))
    sheet = {"number": "P", "client_system": {"members": [{"given": "Person 0", "phone": "1"}]}}
    [member] = said_anew(before, sheet, {"member_given", "member_phone"})["client_system"]["members"]
    assert member["emergency_contact"]["name"] == "Delphine Roux"


def printed_crisis(plan):
    """What a print says below the heading of crises."""
    words = words_in("en")
    sections = leaflet(plan, Around(date(2025, 1, 10)), words).sections
    return [line.text for one in sections if one.title == words("heading.crisis") for line in one.lines]


def test_a_crisis_plan_comes_back_and_is_printed_for_the_client():
    plan = replace(PLAIN, crisis_plan="Ring Ann, go for a walk")
    assert read_again(documents_of(plan)) == plan
    assert "Ring Ann, go for a walk" in printed_crisis(on_paper(plan, {}))


def test_a_crisis_plan_stays_off_paper_where_it_could_harm():
    told = "Ring Ann, go for a walk"
    dangerous = replace(PLAIN, crisis_plan=told, sharing_notes="nothing to the abuser")
    by_reference = {f"{one['resourceType']}/{one['id']}": one for one in documents_of(dangerous)}
    sensitive = replace(PLAIN, crisis_plan="when suicidal ring Ann")
    assert on_paper(dangerous, by_reference).crisis_plan is None
    assert on_paper(sensitive, {}).crisis_plan is None


def test_a_new_episode_is_accepted_anew_and_has_no_results_yet():
    fresh = reopen(plan_to_json(FAMILY), {"number": "P-2", "reason": "again", "goals": ["1", "3"]}, NOW).plan
    assert [goal["number"] for goal in fresh["goals"]] == ["1", "3"]
    assert all("acceptance" not in goal for goal in fresh["goals"])
    assert all(
        "result" not in step and "result_date" not in step
        for goal in fresh["goals"]
        for step in goal["objectives"]
    )


@pytest.mark.parametrize(
    ("alert", "labels"),
    [
        (Alert("safety", "big dog"), {"VIO"}),
        (Alert("mandated-report", "filed"), {"SDV"}),
        (Alert("no-contact-order", "until May"), {"SDV"}),
        (Alert("safety", "loud when he has had alcohol"), {"VIO", "SUD"}),
        (Alert("safety", "big dog", sensitivity=("PATLOC",)), {"VIO", "PATLOC"}),
    ],
)
def test_an_alert_gives_the_care_plan_the_labels_of_its_kind_its_words_and_its_marks(alert, labels):
    plan = replace(PLAIN, alerts=(alert,))
    care_plan, *rest = documents_of(plan)
    assert labels_of(care_plan) == labels
    assert set().union(*map(labels_of, rest)) == set()
    assert read_again([care_plan, *rest]) == plan


@pytest.mark.parametrize(
    "alert",
    [
        Alert("no-contact-order", "x"),
        Alert("safety", "x", sensitivity=("SDV",)),
        Alert("safety", "a rapist: rape"),
    ],
)
def test_an_alert_about_violence_takes_contact_details_out_of_the_documents_of_people(alert):
    _, *rest = documents_of(replace(PLAIN, alerts=(alert,)))
    assert "1 Lane" not in str(rest)


def test_alerts_are_not_printed_for_the_client():
    plan = replace(PLAIN, alerts=(Alert("safety", "big dog"),))
    assert "big dog" not in str(leaflet(plan, Around(date(2025, 1, 10)), words_in("en")))


@pytest.mark.parametrize(
    ("alert", "place", "what"),
    [
        ({"kind": "safety", "text": "x", "start": "2025-02-01", "end": "2025-01-01"}, "end", "is before"),
        ({"kind": "weather", "text": "x"}, "kind", "unknown kind of alert"),
        ({"kind": "safety"}, "text", "is missing"),
    ],
)
def test_odd_alerts_are_refused_by_their_fields(alert, place, what):
    assert what in faults(told(plan={"alerts": [alert]}))[f"alerts[0].{place}"]


def test_alerts_have_columns():
    alerts = (
        Alert("safety", "big dog", date(2025, 1, 1), None, ("VIO", "SDV")),
        Alert("mandated-report", "filed"),
    )
    plan = replace(PLAIN, alerts=alerts)
    assert plans_from_csv(plans_to_csv([plan])) == [plan]


def test_an_alert_that_is_sent_anew_keeps_its_marks_and_a_table_without_columns_for_it_keeps_it():
    before = plan_to_json(
        replace(PLAIN, alerts=(Alert("safety", "b", sensitivity=("SDV",)), Alert("safety", "a")))
    )
    sent = marks_kept(before, {"alerts": [{"kind": "safety", "text": "b"}]})
    assert sent["alerts"] == [{"kind": "safety", "text": "b", "sensitivity": ["SDV"]}]
    assert said_anew(before, {"number": "P"}, {"plan_number"})["alerts"] == before["alerts"]


def test_a_kind_of_alert_that_others_wrote_makes_the_plan_theirs():
    documents = documents_of(replace(PLAIN, alerts=(Alert("safety", "x"),)))
    text = json.dumps(documents).replace('"code": "safety"', '"code": "weather"')
    with pytest.raises(Invalid, match="`weather` is no kind of alert"):
        read_again(json.loads(text))


def test_two_plans_that_call_a_person_otherwise_contradict_each_other():
    alike = [person(identifier=Identifier("urn:x", "1"), pronouns=said) for said in ("she/her", "they/them")]
    plans = [replace(plan, number=f"P-{i}") for i, plan in enumerate(alike)]
    found = list(contradictions(table_of(plans_to_csv(plans)).sheets))
    assert ["it is the same person" in fault.text for fault in found] == [True]

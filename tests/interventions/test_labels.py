"""Which documents a revelation reaches, and which it does not. https://hl7.org/fhir/R4/security-labels.html"""

from dataclasses import replace

import pytest

from careplan_service.interventions.plan import (
    ClientSystem,
    Goal,
    Member,
    Need,
    Objective,
    Participant,
    Person,
    Plan,
    Strategy,
    Strength,
)
from interventions.regenerate_expected import documents_of, labels_of


def strategy(number, **more):
    return Strategy(number, f"text {number}", "case-management", who=("Partner",), **more)


PLAIN = Plan(
    number="P",
    title="title",
    client_system=ClientSystem(
        "family",
        "Family",
        (Member(Person("Ann", address="1 Lane")), Member(Person("Bob"), client=False)),
    ),
    needs=(Need("need", "housing-instability"),),
    strengths=(Strength("strength"),),
    goals=(
        Goal(
            "1",
            "words 1",
            "housing-instability",
            objectives=(
                Objective("1.1", "step 1.1", strategies=(strategy("1.1.a"), strategy("1.1.b"))),
                Objective("1.2", "step 1.2", strategies=(strategy("1.2.a"),)),
            ),
        ),
        Goal("2", "words 2", "food-insecurity", objectives=(Objective("2.1", "step 2.1"),)),
    ),
    worker=Participant("social worker", "Dana"),
    participants=(Participant("help", "Partner", "Agency"), Participant("help", agency="Other")),
)


def changed(part, path, **fields):
    """The plan with fields of one part changed: `changed(PLAIN, ("goals", 0), words="x")`."""
    if not path:
        return replace(part, **fields)
    name, *rest = path
    old = getattr(part, name)
    if rest and isinstance(rest[0], int):
        i, *rest = rest
        return replace(part, **{name: (*old[:i], changed(old[i], rest, **fields), *old[i + 1 :])})
    return replace(part, **{name: changed(old, rest, **fields)})


def name_of(document):
    """What a test calls a document: its number where it has one, or else its type and name."""
    numbers = [e["valueString"] for e in document.get("extension", ()) if e["url"].endswith("/sw-number")]
    text = document.get("code", {}) if document["resourceType"] == "Condition" else {}
    names = [document["name"] if isinstance(document.get("name"), str) else "", text.get("text", "")]
    if isinstance(document.get("name"), list):
        names = [document["name"][0].get("text") or document["name"][0]["given"][0]]
    return " ".join([document["resourceType"], *numbers, *filter(None, names)])


def labelled(plan, label="SUD"):
    return {name_of(one) for one in documents_of(plan) if label in labels_of(one)} - {"CarePlan"}


def test_a_plan_that_reveals_nothing_has_no_label():
    assert all(labels_of(one) == set() for one in documents_of(PLAIN))


G, O11 = ("goals", 0), ("goals", 0, "objectives", 0)
S11 = (*O11, "strategies", 0)
UNDER_1 = {
    "Goal 1",
    "Goal 1.1",
    "Goal 1.2",
    "ServiceRequest 1.1.a",
    "ServiceRequest 1.1.b",
    "ServiceRequest 1.2.a",
}
UNDER_11 = {"Goal 1", "Goal 1.1", "ServiceRequest 1.1.a", "ServiceRequest 1.1.b"}
TEAM = {"CareTeam", "Practitioner Partner", "PractitionerRole", "Organization Agency"}
REQUESTS = {"ServiceRequest 1.1.a", "ServiceRequest 1.1.b", "ServiceRequest 1.2.a"}
MARKED, TOLD = {"sensitivity": ("SUD",)}, "about alcohol"


@pytest.mark.parametrize(
    ("path", "fields", "reached"),
    [
        (("needs", 0), MARKED, {"Condition need"}),
        (("needs", 0), {"text": TOLD}, {f"Condition {TOLD}"}),
        (("strengths", 0), MARKED, {"Condition strength"}),
        (("strengths", 0), {"text": TOLD}, {f"Condition {TOLD}"}),
        (G, MARKED, UNDER_1),
        (G, {"words": TOLD}, UNDER_1),
        (G, {"wording": TOLD}, UNDER_1),
        (O11, MARKED, UNDER_11),
        (O11, {"statement": TOLD}, UNDER_11),
        (O11, {"measure": TOLD}, UNDER_11),
        (S11, MARKED, {"ServiceRequest 1.1.a"}),
        (S11, {"text": TOLD}, {"ServiceRequest 1.1.a"}),
        (S11, {"method": TOLD}, {"ServiceRequest 1.1.a"}),
        (S11, {"where": TOLD}, {"ServiceRequest 1.1.a"}),
        (S11, {"text": TOLD, "who": ("worker",)}, set()),
        (S11, {**MARKED, "who": ("worker",)}, set()),
        (("participants", 0), MARKED, TEAM | REQUESTS),
        (("participants", 0), {"role": TOLD}, TEAM | REQUESTS),
        (("participants", 1), MARKED, {"CareTeam", "Organization Other"}),
        (("worker",), MARKED, {"CareTeam", "Practitioner Dana"}),
        (("client_system",), MARKED, {"Group Family"}),
        (("client_system",), {"description": TOLD}, set()),
        (("client_system", "members", 0), MARKED, {"Patient Ann"}),
        (("client_system", "members", 1), MARKED, {"RelatedPerson Bob"}),
        (("client_system", "members", 1), {"role": TOLD}, {"RelatedPerson Bob"}),
        ((), MARKED, set()),
        ((), {"title": TOLD}, set()),
        ((), {"sharing_notes": TOLD}, set()),
        ((), {"crisis_plan": TOLD}, set()),
        ((), {"status_reason": TOLD}, set()),
    ],
)  # fmt: skip
def test_a_revelation_reaches_the_documents_that_tell_it_and_always_the_care_plan(path, fields, reached):
    plan = changed(PLAIN, path, **fields)
    assert labelled(plan) == reached
    assert "SUD" in labels_of(documents_of(plan)[0])


def test_what_a_strategy_of_the_worker_inherits_reaches_the_care_plan_alone():
    plan = changed(PLAIN, S11, kind="cbt", who=("worker",))
    assert labelled(plan, "MH") == set()
    assert labels_of(documents_of(plan)[0]) == {"MH"}


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        (
            ("client_system", "members", 0),
            {"person": Person("Ann", address="1 Lane", safe_contact="ring twice")},
        ),
        (
            ("client_system", "members", 0),
            {"person": Person("Ann", address="1 Lane", address_confidential=True)},
        ),
        (("client_system", "members", 1), {"person": Person("Bob", safe_contact="ring twice")}),
        (("client_system", "members", 0), {"role": "hides from a violent partner"}),
        (("client_system", "members", 0), {"person": Person("Ann", address="1 Lane, women's shelter")}),
        (G, {"sensitivity": ("SDV",)}),
        (("needs", 0), {"domain": "elder-abuse"}),
        ((), {"sharing_notes": "nothing to the abuser"}),
        ((), {"crisis_plan": "to the refuge"}),
        (("participants", 1), {"agency": "Eastgate Refuge"}),
    ],
)
def test_an_address_leaves_the_patient_for_the_care_plan_as_soon_as_there_is_danger(path, fields):
    care_plan, *rest = documents_of(changed(PLAIN, path, **fields))
    assert "1 Lane" not in str(rest)
    assert "SDV" in labels_of(care_plan)


def test_an_address_without_danger_stands_with_the_patient_and_not_in_the_care_plan():
    care_plan, *rest = documents_of(PLAIN)
    assert "1 Lane" in str(rest)
    assert "1 Lane" not in str(care_plan)


def test_safe_contact_is_labelled_as_a_location_too():
    person = Person("Ann", safe_contact="ring twice")
    care_plan = documents_of(changed(PLAIN, ("client_system", "members", 0), person=person))[0]
    assert labels_of(care_plan) == {"SDV", "PATLOC"}

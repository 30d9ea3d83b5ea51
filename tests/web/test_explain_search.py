"""$explain-search: how many of a search a partner gets, and by which rule it does not get the rest."""

from __future__ import annotations

import json
import random
from typing import Any
from urllib.parse import quote

import pytest

from access.worlds import PATIENTS, TYPES, Maker
from builders import (
    AGENCY,
    DOMAIN,
    FOOD,
    HOUSING,
    PARTNER,
    Api,
    As,
    a_care_plan,
    a_consent,
    a_goal,
    a_patient,
    a_provision,
)
from careplan_service.interactions import explain_search
from careplan_service.resources import r4
from web.explaining import told
from web.persons import Persons
from web.test_why_access import keep

Told = dict[str, list[Any]]
SQLITE_ONLY = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def explained(who: As, type_: str, query: str, partner: str = "partner") -> Told:
    """What is told of a search, whose numbers are those of the partner's own search."""
    answer = who.get(f"/fhir/{type_}/$explain-search?partner={partner}&query={quote(query)}")
    assert r4.check(answer.json, "Parameters") == ()
    return told(answer)


def reasons(found: Told) -> dict[str, tuple[str, str]]:
    """By resource the reason and the Consent that decided."""
    return {
        one["resource"][0].partition("/_history/")[0]: (one["reason"][0], *one.get("consent", [""]))
        for one in found.get("because", ())
    }


def test_of_five_goals_the_partner_gets_three_and_the_rest_is_explained(api: Api) -> None:
    ann = api.agency.make(a_patient("Ann"))
    goals = [
        api.agency.make(a_goal(ann, about=about)) for about in (HOUSING, HOUSING, HOUSING, FOOD, "money")
    ]
    api.agency.make(a_consent(ann, a_provision(to=PARTNER, codes=[HOUSING, FOOD])))
    deny = api.agency.make(a_consent(ann, a_provision("deny", to=PARTNER, codes=[FOOD])))
    api.agency.make(a_goal(api.agency.make(a_patient("Ben"))))
    found = explained(api.agency, "Goal", f"patient={ann}&_sort=-_lastUpdated&_count=2")

    assert (found["found"], found["returned"], found["withheld"]) == ([5], [3], [2])
    viewed = api.agency.get(f"/fhir/Goal?patient={ann}", X_Careplan_View_As="partner")
    assert viewed.json["total"] == 3
    assert reasons(found) == {
        goals[3]: ("CONSENT-DENY", f"{deny}/_history/1"),
        goals[4]: ("DEFAULT-DENY", ""),
    }
    assert found["sentence"] == [f"`partner` of {PARTNER} gets 3; of the 5 that you find 2 are withheld."]
    assert found["query"] == [f"Goal?patient={ann}&_sort=-_lastUpdated&_count=2"]
    (denied,) = (one for one in found["because"] if one["reason"] == ["CONSENT-DENY"])
    assert denied["provision"] == ["provision"]
    assert denied["rule"] == [f"deny {PARTNER}, about {DOMAIN}|{FOOD}"]
    assert len(denied["overridden"]) == 1
    nothing = explained(api.agency, "Goal", f"patient={ann}", "stranger")
    assert (nothing["returned"], nothing["withheld"], len(nothing["because"])) == ([0], [5], 5)
    row = api.audit()[-1]
    assert (row["interaction"], row["status"]) == ("explain-search", 200)
    events = api.agency.get(f"/fhir/AuditEvent?patient={ann}&subtype=explain-search").json
    assert events["total"] == 2


def test_what_is_found_only_by_what_is_redacted_is_withheld_by_an_obligation(api: Api) -> None:
    ann = api.agency.make(a_patient("Ann"))
    food, home = (api.agency.make(a_goal(ann, about=about)) for about in (FOOD, HOUSING))
    plan = api.agency.make(a_care_plan(ann, goals=(food, home)))
    api.agency.make(a_consent(ann, a_provision(to=PARTNER, classes=["CarePlan"])))
    api.agency.make(a_consent(ann, a_provision(to=PARTNER, codes=[FOOD])))
    for query in (f"goal={home}", f"goal.category={HOUSING}", f"goal:Goal._id={home.partition('/')[2]}"):
        found = explained(api.agency, "CarePlan", query)
        assert (found["found"], found["returned"], found["withheld"]) == ([1], [0], [1]), query
        (why,) = found["because"]
        assert (why["resource"], why["decision"]) == ([f"{plan}/_history/1"], ["deny"])
        assert (why["reason"], why["obligation"], why["redacted"]) == (["REDACTED"], ["REDACTED"], [home])
        assert "consent" not in why
    assert explained(api.agency, "CarePlan", f"goal={food}")["returned"] == [1]


def test_a_search_that_the_partner_is_refused_is_told_as_that(api: Api) -> None:
    ann = api.agency.make(a_patient("Ann"))
    goal = api.agency.make(a_goal(ann))
    api.agency.make(a_consent(ann, a_provision(to=PARTNER)))
    api.register("narrow", "partner", scopes=f"system/Goal.rs?category={DOMAIN}|{FOOD}")
    closed = explained(api.agency, "CarePlan", f"patient={ann}", "narrow")
    assert closed["refused"][0]["status"] == [403]
    assert "system/CarePlan.s" in closed["sentence"][0]
    part = explained(api.agency, "Goal", f"patient={ann}", "narrow")
    assert (part["returned"], reasons(part)) == ([0], {goal: ("OUT-OF-SCOPE", "")})
    words = explained(api.agency, "Goal", "_content=housing")
    assert (words["found"], words["returned"], words["refused"][0]["status"]) == ([1], [0], [400])
    behind = explained(api.agency, "Goal", f"_has:CarePlan:goal:patient={ann}", "narrow")
    assert behind["refused"][0]["status"] == [403]


def test_only_the_custodians_staff_are_told(api: Api) -> None:
    ann = api.agency.make(a_patient("Ann"))
    api.agency.make(a_goal(ann))
    persons = Persons(api.service)
    path = "/fhir/Goal/$explain-search?partner=partner"
    dana, herself = (
        persons.signed_in("Practitioner/dana", "user/*.rs"),
        persons.signed_in(ann, "patient/*.rs", patient=ann),
    )
    assert told(dana.get(path))["found"] == [1]
    for who in (api.partner, api.stranger, herself):
        assert who.get(path).status == 403
    assert api.partner.get(f"{path}&query=x").body == api.partner.get(path).body
    for scope in (
        "system/CarePlan.rs system/Consent.rs",
        "system/Goal.rs",
        "system/Goal.rs system/Consent.rs?status=draft",
    ):
        assert api.asking("agency", scope=scope).get(path).status == 403
    # The partner's number is told to an administrator; to others as far as they see it themselves.
    deny = a_provision("deny", to=AGENCY, classes=["Goal"])
    for provision in (deny, a_provision(to=PARTNER)):
        api.agency.make(a_consent(ann, provision))
    narrow = api.asking("agency", scope="system/Goal.rs system/Consent.rs")
    assert told(api.agency.get(path))["returned"] == [1]
    assert api.agency.get("/fhir/Goal", X_Careplan_View_As="partner").json["total"] == 1
    for who in (narrow, dana):
        found = told(who.get(path))
        assert (found["found"], found["returned"], found["withheld"]) == ([0], [0], [0])


@SQLITE_ONLY
def test_what_is_asked_is_checked(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    ann = api.agency.make(a_patient("Ann"))
    for _ in range(3):
        api.agency.make(a_goal(ann))
    path = "/fhir/Goal/$explain-search"
    wrong = {"": "needs the `partner`", "partner=nobody": "no partner's client",
             "partner=partner&patient=x": "does not take `patient`",
             "partner=partner&query=nonsense": "`query` is that of a search",
             "partner=partner&query=x%3Dy": "`x`",
             "partner=partner&query=_id%3D%FF": "UTF-8"}  # fmt: skip
    for question, text in wrong.items():
        refused = api.agency.get(f"{path}?{question}")
        assert (refused.status, text in refused.faults[0][1]) == (400, True), refused.body
    for text in ("_id=%00", "_id=\x00", "_id=\ud800", "_id=%ED%A0%80", "%00=x"):
        parts = [{"name": "partner", "valueString": "partner"}, {"name": "query", "valueString": text}]
        answer = api.agency("POST", path, json.dumps({"resourceType": "Parameters", "parameter": parts}))
        assert answer.status == 400, (text, answer.body)
    assert api.agency.get(f"{path}?partner=partner&query=_id%3D%2500").status == 400
    assert api.agency.get(f"{path}?partner=%ED%A0%80").status == 400
    assert api.agency.get("/fhir/Nothing/$explain-search?partner=partner").status == 404
    asked = [
        {"name": "partner", "valueString": "partner"},
        {"name": "query", "valueString": f"patient={ann}"},
    ]
    monkeypatch.setattr(explain_search, "MOST", 2)
    found = told(api.agency("POST", path, {"resourceType": "Parameters", "parameter": asked}))
    assert (found["withheld"], len(found["because"])) == ([3], 2)
    assert found["sentence"][0].endswith("the first 2 are explained.")
    assert "query=patient%3DPatient" in api.audit()[-1]["asked"]
    assert found["client"] == ["partner"]
    with_chain = quote("_has:CarePlan:goal:" * 4 + "_id=x")
    assert api.agency.get(f"{path}?partner=partner&query={with_chain}").status in (200, 400)


def test_the_numbers_are_those_of_both_searches_in_a_random_world(api: Api) -> None:
    maker = Maker(random.Random(3))
    for document in maker.directory():
        keep(api, document)
    for number in range(24):
        type_ = TYPES[number % 7]
        id_ = f"r{number}" if type_ != "Patient" else PATIENTS[number % 3].partition("/")[2]
        if api.agency.get(f"/fhir/{type_}/{id_}").status == 404:
            keep(api, maker.document(type_, id_))
    for number in range(10):
        keep(api, maker.consent(f"c{number}"))
    withheld = 0
    for question in (
        "Goal", "Patient", "Consent", f"Goal?category={FOOD}", "CarePlan?goal=Goal/r0,Goal/r7,Goal/r14",
        f"Goal?_has:CarePlan:goal:category={HOUSING}", "CarePlan?goal.patient.family=doe&_sort=_lastUpdated",
    ):  # fmt: skip
        type_, _, query = question.partition("?")
        ours = set(api.agency.get(f"/fhir/{type_}?{query}&_count=1000".replace("?&", "?")).ids)
        viewed = api.agency.get(
            f"/fhir/{type_}?{query}&_count=1000".replace("?&", "?"), X_Careplan_View_As="partner"
        )
        found = explained(api.agency, type_, query)
        assert viewed.status == 200, viewed.body
        assert found["found"] == [len(ours)], question
        assert found["returned"] == [viewed.json["total"]] == [len(viewed.ids)], question
        assert found["withheld"] == [len(ours - set(viewed.ids))], question
        assert {key.partition("/")[2] for key in reasons(found)} == ours - set(viewed.ids), question
        withheld += len(ours - set(viewed.ids))
    assert withheld > 10

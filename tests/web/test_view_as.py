"""An administrator asks as a partner would, and gets what the partner gets, byte for byte."""

from __future__ import annotations

import pytest

from builders import (
    AGENCY,
    FOOD,
    HOUSING,
    PARTNER,
    Answer,
    Api,
    a_care_plan,
    a_consent,
    a_goal,
    a_patient,
    a_provision,
    a_transaction,
    an_entry,
)

ASKED = (
    "/fhir/{food}",
    "/fhir/{home}",
    "/fhir/{food}/_history",
    "/fhir/{food}/_history/1",
    "/fhir/Goal",
    "/fhir/Goal?_count=1&_sort=-_lastUpdated&_total=accurate",
    "/fhir/Goal?patient={ann}&_revinclude=CarePlan:goal",
    "/fhir/Patient/{ann_id}/$everything",
    "/fhir/CarePlan?_has:Goal:nonsense=x",
    "/fhir/Goal/nobody",
    "/fhir/Nothing",
    "/fhir/Goal?_format=xml",
    "/plans/nobody",
)


@pytest.fixture
def world(api: Api) -> dict[str, str]:
    """Ann shares her goal about food with the partner for coordination, and both with it for treatment."""
    ann, ben = api.agency.make(a_patient("Ann")), api.agency.make(a_patient("Ben"))
    food, more, home = (api.agency.make(a_goal(ann, about=about)) for about in (FOOD, FOOD, HOUSING))
    api.agency.make(a_goal(ben, about=FOOD))
    api.agency.make(a_care_plan(ann, goals=(food, home)))
    for purpose, codes in (("COC", (FOOD,)), ("HPAYMT", (HOUSING,))):
        api.agency.make(a_consent(ann, a_provision(to=PARTNER, purpose=(purpose,), codes=codes)))
    api.register("food-bank", "partner", scopes="system/Goal.rs", further=("HPAYMT",))
    return {"food": food, "more": more, "home": home, "ann": ann, "ann_id": ann.partition("/")[2]}


def _same(one: Answer, other: Answer) -> bool:
    return (one.status, list(one.headers), one.body) == (other.status, list(other.headers), other.body)


@pytest.mark.parametrize("asked", ASKED)
def test_the_answer_is_the_partners_byte_for_byte(api: Api, world: dict[str, str], asked: str) -> None:
    path = asked.format(**world)
    partners, viewed = api.partner.get(path), api.agency.get(path, X_Careplan_View_As="partner")

    assert _same(partners, viewed)
    if asked == "/fhir/Goal":
        assert sorted(viewed.ids) == sorted(one.partition("/")[2] for one in (world["food"], world["more"]))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_search_by_form_and_its_next_page_are_the_partners_too(api: Api, world: dict[str, str]) -> None:
    form = {"Content_Type": "application/x-www-form-urlencoded"}
    asked = ("POST", "/fhir/Goal/_search", "_count=1")
    partners, viewed = api.partner(*asked, **form), api.agency(*asked, **form, X_Careplan_View_As="partner")
    assert _same(partners, viewed)
    (following,) = (link["url"] for link in viewed.json["link"] if link["relation"] == "next")
    path = following.removeprefix("http://127.0.0.1:8000")

    assert _same(api.partner.get(path), api.agency.get(path, X_Careplan_View_As="partner"))
    assert api.agency.get(path).status == 400  # the page is the partner's


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_purpose_and_the_scopes_are_those_registered_for_the_client(
    api: Api, world: dict[str, str]
) -> None:
    api.agency.make(a_consent(world["ann"], a_provision(to="Organization/food-bank", purpose=("HPAYMT",))))

    assert api.agency.get("/fhir/Goal", X_Careplan_View_As="food-bank").ids == []
    for_payment = api.agency.get("/fhir/Goal", X_Careplan_View_As="food-bank; purpose=HPAYMT")
    assert len(for_payment.ids) == 3
    assert api.agency.get("/fhir/CarePlan", X_Careplan_View_As="food-bank").status == 403
    wrong = api.agency.get("/fhir/Goal", X_Careplan_View_As="partner; purpose=HPAYMT")
    assert (wrong.status, "has COC" in wrong.json["issue"][0]["diagnostics"]) == (400, True)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_audit_log_names_the_administrator_and_as_whom_it_was_asked(
    api: Api, world: dict[str, str]
) -> None:
    api.agency.get(f"/fhir/{world['food']}", X_Careplan_View_As="partner")
    row = api.audit()[-1]

    assert (row["client"], row["organization"], row["purpose"]) == ("agency", AGENCY, "COC")
    assert row["asked"] == f"as partner for COC: GET /fhir/{world['food']}"
    assert row["shown"] == f"{world['food']}/_history/1"
    assert "Consent/" in row["because"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_only_a_system_of_the_agency_that_may_read_everything_looks_through_other_eyes(api: Api) -> None:
    assert api.partner.get("/fhir/Goal", X_Careplan_View_As="stranger").status == 403
    for scope in ("system/Goal.rs", "system/*.r", "system/*.cud", "system/*.rs?_tag=x|y"):
        narrow = api.asking("agency", scope=scope)
        assert narrow.get("/fhir/Goal", X_Careplan_View_As="partner").status == 403, scope
    assert api.asking("agency", scope="system/*.rs").get("/fhir/Goal", X_Careplan_View_As="partner").ids == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("named", ["", "nobody", "agency", "partner;", "partner; purpose=", "a b", "pärtner"])
def test_a_header_that_names_no_partner_is_refused(api: Api, named: str) -> None:
    answer = api.agency.get("/fhir/Goal", X_Careplan_View_As=named)

    assert answer.status == 400
    assert answer.faults[0][1].startswith("`X-Careplan-View-As`")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_nothing_is_written_in_anothers_name(api: Api, world: dict[str, str]) -> None:
    before = len(api.audit())
    goal = a_goal(world["ann"])
    writes = (
        ("POST", "/fhir/Goal", goal),
        ("PUT", f"/fhir/{world['food']}", {**goal, "id": world["food"].partition("/")[2]}),
        ("DELETE", f"/fhir/{world['food']}", None),
        ("POST", "/fhir", a_transaction(an_entry("POST", "Goal", goal))),
        ("POST", "/plans", {}),
        ("POST", "/oauth/launch", {}),
    )
    for method, path, body in writes:
        assert api.agency(method, path, body, X_Careplan_View_As="partner").status == 400, path
    assert len(api.audit()) == before
    assert api.agency.get(f"/fhir/{world['food']}").status == 200

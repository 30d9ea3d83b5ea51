"""`_include` and `_revinclude`: what comes with the matches, each once, as far as the caller may see it."""

from __future__ import annotations

import pytest

from builders import (
    HOUSING,
    PARTNER,
    Answer,
    Api,
    As,
    a_care_plan,
    a_consent,
    a_goal,
    a_patient,
    a_provision,
)


@pytest.fixture
def world(api: Api) -> dict[str, str]:
    """Ann, her two goals, the plan that names them and a Provenance of the plan."""
    food_bank = api.agency.make({"resourceType": "Organization", "name": "the food bank"})
    ann = api.agency.make(a_patient("Ann", managingOrganization={"reference": food_bank}))
    goals = [api.agency.make(a_goal(of=ann, about=about)) for about in (HOUSING, "food-insecurity")]
    plan = api.agency.make(a_care_plan(of=ann, goals=tuple(goals)))
    provenance = api.agency.make(
        {
            "resourceType": "Provenance",
            "target": [{"reference": plan}],
            "recorded": "2026-05-01T08:00:00Z",
            "agent": [{"who": {"display": "a worker"}}],
        }
    )
    return {"org": food_bank, "ann": ann, "g1": goals[0], "g2": goals[1], "plan": plan, "prov": provenance}


def _by_mode(answer: Answer) -> tuple[set[str], set[str]]:
    found: dict[str, set[str]] = {"match": set(), "include": set()}
    entries = answer.json.get("entry", [])
    for entry in entries:
        resource = entry["resource"]
        found[entry["search"]["mode"]].add(f"{resource['resourceType']}/{resource['id']}")
    assert len(entries) == len(found["match"]) + len(found["include"])
    return found["match"], found["include"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("CarePlan?_include=CarePlan:goal", "g1 g2"),
        ("CarePlan?_include=CarePlan:patient", "ann"),
        ("CarePlan?_include=CarePlan:subject:Patient", "ann"),
        ("CarePlan?_include=CarePlan:subject:Group", ""),
        ("CarePlan?_include=CarePlan:goal&_include=CarePlan:subject", "g1 g2 ann"),
        ("CarePlan?_include=CarePlan:*", "g1 g2 ann"),
        ("CarePlan?_include=*", "g1 g2 ann"),
        ("CarePlan?_include=*&_revinclude=Provenance:target", "g1 g2 ann prov"),
        ("CarePlan?_include:iterate=*", "g1 g2 ann org"),
        ("CarePlan?_include=CarePlan:goal&_include:iterate=Goal:patient", "g1 g2 ann"),
        ("CarePlan?_include=CarePlan:patient&_include:iterate=Patient:organization", "ann org"),
        ("CarePlan?_include=CarePlan:patient&_include=Patient:organization", "ann"),
        ("CarePlan?_revinclude=Provenance:target", "prov"),
        ("CarePlan?_revinclude=Provenance:target:CarePlan", "prov"),
        ("CarePlan?_revinclude=Provenance:target:Goal", ""),
        ("Patient?_revinclude=Goal:patient&_revinclude:iterate=CarePlan:goal", "g1 g2 plan"),
        ("Goal?_revinclude=CarePlan:goal", "plan"),
        ("Goal?_include=Goal:subject", "ann"),
    ],
)
def test_an_include_brings_what_it_names(api: Api, world: dict[str, str], query: str, expected: str) -> None:
    answer = api.agency.get(f"/fhir/{query}")
    assert answer.status == 200, answer.body
    match, include = _by_mode(answer)
    assert include == {world[name] for name in expected.split()}
    assert answer.json["total"] == len(match)
    assert answer.json["link"][0]["url"].endswith(query)


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("_include=Goal", "write `Type:reference`"),
        ("_include=Goal:colour", "is no reference of Goal"),
        ("_include=Goal:category", "is no reference of Goal"),
        ("_include=Device:patient", "write `Type:reference`"),
        ("_include=Goal:subject:Device", "write `Type:reference`"),
        ("_include:deep=Goal:subject", "`:iterate`"),
        ("&".join(["_include=Goal:subject"] * 21), "at most 20 includes"),
    ],
)
def test_an_include_that_cannot_be_read_is_refused(api: Api, query: str, says: str) -> None:
    answer = api.agency.get(f"/fhir/Goal?{query}")
    assert answer.status == 400
    assert says in answer.faults[0][1]


def test_no_include_brings_what_is_hidden(api: Api, world: dict[str, str]) -> None:
    """Attack 2: forwards, backwards and by iteration."""
    api.agency.make(a_consent(world["ann"], a_provision(to=PARTNER, purpose=["COC"], classes=["CarePlan"])))
    for query in (
        "_include=*",
        "_include:iterate=*",
        "_include=CarePlan:goal",
        "_include=CarePlan:patient&_include:iterate=Patient:organization",
        "_revinclude=Provenance:target",
        "_revinclude=*",
        "_revinclude:iterate=*",
    ):
        match, include = _by_mode(api.partner.get(f"/fhir/CarePlan?{query}"))
        assert (match, include) == ({world["plan"]}, set()), query


def test_an_include_out_of_the_tokens_scope_brings_nothing(api: Api, world: dict[str, str]) -> None:
    narrow = As(api, "agency", scope="system/CarePlan.rs system/Goal.s")
    assert _by_mode(narrow.get("/fhir/CarePlan?_include=*"))[1] == set()
    narrow = As(api, "agency", scope="system/CarePlan.rs system/Goal.r")
    assert _by_mode(narrow.get("/fhir/CarePlan?_include=*"))[1] == {world["g1"], world["g2"]}


def test_what_is_included_follows_the_page(api: Api, world: dict[str, str]) -> None:
    pages = api.agency.pages("/fhir/Goal?_count=1&_include=Goal:patient")
    assert [_by_mode(page) for page in pages] == [
        ({world["g1"]}, {world["ann"]}),
        ({world["g2"]}, {world["ann"]}),
    ]

"""Search of all types, of one compartment, and `$everything`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from builders import (
    FOOD,
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
from careplan_service.app import Service

FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def world(api: Api) -> dict[str, str]:
    """Ann with a plan, two goals and a care team that ben is in; the worker who leads it."""
    worker = api.agency.make({"resourceType": "Practitioner", "name": [{"family": "Case"}]})
    ann, ben = (api.agency.make(a_patient(name)) for name in ("Ann", "Ben"))
    goals = [
        api.agency.make(a_goal(of=ann, about=about, startDate=f"202{n}-01-01"))
        for n, about in enumerate((HOUSING, FOOD), 4)
    ]
    team = api.agency.make(
        {
            "resourceType": "CareTeam",
            "subject": {"reference": ann},
            "participant": [{"member": {"reference": one}} for one in (worker, ben)],
        }
    )
    plan = api.agency.make(a_care_plan(of=ann, goals=tuple(goals), careTeam=[{"reference": team}]))
    bens = api.agency.make(a_goal(of=ben))
    return {
        "worker": worker, "ann": ann, "ben": ben, "g1": goals[0], "g2": goals[1], "team": team,
        "plan": plan, "bens": bens,
    }  # fmt: skip


def _found(answer: Answer, world: dict[str, str], mode: str | None = None) -> str:
    """The names of what was found, in the order of the world."""
    assert answer.status == 200, answer.body
    entries = [e for e in answer.json.get("entry", []) if mode in (None, e["search"]["mode"])]
    keys = [f"{e['resource']['resourceType']}/{e['resource']['id']}" for e in entries]
    assert len(keys) == len(set(keys))
    return " ".join(name for name, key in world.items() if key in keys)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/fhir?_type=Goal", "g1 g2 bens"),
        ("/fhir?_type=Goal,CarePlan", "g1 g2 plan bens"),
        ("/fhir?_type=Patient,Practitioner&_id={ann}", "ann"),
        ("/fhir?_lastUpdated=ge2026-01-01", "worker ann ben g1 g2 team plan bens"),
        ("/fhir/?_type=Goal,Condition,CarePlan&patient={ann}", "g1 g2 plan"),
        ("/fhir?_type=Goal,CarePlan&category=" + FOOD, "g2"),
        ("/fhir/Patient/{ann}/Goal", "g1 g2"),
        ("/fhir/Patient/{ann}/Goal?category=" + FOOD, "g2"),
        ("/fhir/Patient/{ann}/CareTeam", "team"),
        ("/fhir/Patient/{ben}/CareTeam", "team"),
        ("/fhir/Patient/{ben}/Goal", "bens"),
        ("/fhir/Patient/{ann}/Patient", "ann"),
        ("/fhir/Patient/{ann}/*", "ann g1 g2 team plan"),
        ("/fhir/Patient/{ann}/*?_type=Goal,CareTeam", "g1 g2 team"),
        ("/fhir/Patient/nobody/Goal", ""),
    ],
)
def test_a_search_finds_what_lies_in_its_reach(
    api: Api, world: dict[str, str], path: str, expected: str
) -> None:
    ids = {name: key.split("/")[1] for name, key in world.items()}
    answer = api.agency.get(path.format(**ids))
    assert _found(answer, world) == expected
    assert answer.json["total"] == len(expected.split())


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", "worker ann ben g1 g2 team plan bens"),
        ("_sort=_lastUpdated", "worker ann ben g1 g2 team plan bens"),
        ("_sort=-_lastUpdated", "bens plan team g2 g1 ben ann worker"),
        ("_type=Goal,CarePlan,Patient", "ann ben g1 g2 plan bens"),
        ("_type=CarePlan,Goal&_sort=-_lastUpdated", "bens plan g2 g1"),
    ],
)
def test_several_types_are_paged_in_one_order(
    api: Api, world: dict[str, str], query: str, expected: str
) -> None:
    """Each type has an index of its own; what was made in one moment stands in the order it was made."""
    names = {key: name for name, key in world.items()}
    pages = api.agency.pages(f"/fhir/?{query}&_count=3")
    assert len(pages) == -(-len(expected.split()) // 3)
    entries = [entry["resource"] for page in pages for entry in page.json["entry"]]
    assert " ".join(names[f"{one['resourceType']}/{one['id']}"] for one in entries) == expected


def test_a_form_is_searched_as_the_address_is(api: Api, world: dict[str, str]) -> None:
    ann = world["ann"].split("/")[1]
    for path, form, expected in (
        ("/fhir/_search", "_type=Goal", "g1 g2 bens"),
        (f"/fhir/Patient/{ann}/Goal/_search", f"category={FOOD}", "g2"),
    ):
        assert _found(api.agency("POST", path, form, Content_Type=FORM), world) == expected


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/fhir?_type=Device", 400),
        ("/fhir?_type=Goal,CarePlan&lifecycle-status=active", 400),
        ("/fhir?_type=Goal,CarePlan&_sort=start-date", 400),
        ("/fhir?colour=red", 400),
        ("/fhir/Patient/x/Practitioner", 404),
        ("/fhir/Patient/x/Device", 404),
    ],
)
def test_what_has_no_meaning_there_is_refused(api: Api, path: str, status: int) -> None:
    assert api.agency.get(path).status == status


def test_pages_of_all_types_hold_each_resource_once(api: Api, world: dict[str, str]) -> None:
    for path in ("/fhir?_count=3&_sort=-_lastUpdated,_id", "/fhir?_count=3", "/fhir?_type=Goal&_count=1"):
        pages = api.agency.pages(path)
        found = [id_ for page in pages for id_ in page.ids]
        assert len(found) == len(set(found)) == (3 if "_type" in path else len(world))


def test_a_partner_finds_only_what_is_open_to_it(api: Api, world: dict[str, str]) -> None:
    """Attacks 2, 4 and 20: no way of asking has other rules than the rest."""
    ann = world["ann"]
    api.agency.make(a_consent(ann, a_provision(to=PARTNER, purpose=["COC"], codes=[HOUSING])))
    id_ = ann.split("/")[1]
    for path in (
        "/fhir",
        f"/fhir/Patient/{id_}/*",
        f"/fhir/Patient/{id_}/Goal",
        f"/fhir/Patient/{id_}/$everything",
    ):
        answer = api.partner.get(path)
        assert _found(answer, world) == "g1", path
        assert answer.json["total"] == 1
    for path in (f"/fhir/Patient/{id_}/$everything", f"/fhir/Patient/{world['ben'][8:]}/$everything"):
        assert api.stranger.get(path).body == api.stranger.get("/fhir/Patient/nobody/$everything").body
    assert api.partner.get(f"/fhir/{world['plan']}/$everything").status == 404
    narrow = As(api, "agency", scope="system/Goal.rs")
    assert _found(narrow.get("/fhir"), world) == "g1 g2 bens"
    assert _found(narrow.get(f"/fhir/Patient/{id_}/$everything"), world) == "g1 g2"


@pytest.mark.parametrize(
    ("query", "match", "include"),
    [
        ("", "ann g1 g2 team plan", "worker"),
        ("?_type=Goal,CareTeam", "g1 g2 team", "worker"),
        ("?_type=Goal&start=2025-01-01", "g2", ""),
        ("?_type=Goal,CarePlan&end=2024-06", "g1 plan", ""),
        ("?start=2024-01-01&end=2024-12-31", "ann g1 team plan", "worker"),
        ("?_since=2026-01-01T00:00:00Z", "ann g1 g2 team plan", "worker"),
        ("?_since=2027-01-01T00:00:00Z", "", ""),
    ],
)
def test_everything_of_a_patient_is_the_record_and_the_people_it_names(
    api: Api, world: dict[str, str], query: str, match: str, include: str
) -> None:
    answer = api.agency.get(f"/fhir/{world['ann']}/$everything{query}")
    assert (_found(answer, world, "match"), _found(answer, world, "include")) == (match, include)
    assert answer.json["total"] == len(match.split())


def test_everything_comes_in_pages(api: Api, world: dict[str, str]) -> None:
    pages = api.agency.pages(f"/fhir/{world['ann']}/$everything?_count=2")
    assert [_found(page, world, "match") for page in pages] == ["ann g1", "g2 team", "plan"]


def test_everything_of_a_plan_is_all_that_it_refers_to(api: Api, world: dict[str, str]) -> None:
    answer = api.agency.get(f"/fhir/{world['plan']}/$everything")
    assert _found(answer, world, "match") == "plan"
    assert _found(answer, world, "include") == "worker ann ben g1 g2 team"
    for bad in ("?colour=red", "?_count=1"):
        assert api.agency.get(f"/fhir/{world['plan']}/$everything{bad}").status == 400


def test_a_lenient_search_leaves_out_what_is_not_known_and_says_so(api: Api, world: dict[str, str]) -> None:
    """Attack 12: without asking for lenience an unknown parameter is refused."""
    path = f"/fhir/Goal?colour=red&category={FOOD}"
    assert api.agency.get(path).status == 400
    answer = api.agency.get(path, Prefer="handling=lenient")
    told: list[Any] = [e for e in answer.json["entry"] if e["search"]["mode"] == "outcome"]
    assert _found(answer, world, "match") == "g2"
    assert "`colour`" in told[0]["resource"]["issue"][0]["diagnostics"]
    assert answer.json["link"][0]["url"] == f"http://127.0.0.1:8000/fhir/Goal?category={FOOD}"
    assert api.agency.get("/fhir/Goal?category=|", Prefer="handling=lenient").status == 400
    assert api.agency.get(path, Prefer="handling=strict").status == 400


def test_more_than_a_page_may_name_is_refused_and_not_cut_off(service: Service) -> None:
    narrow = Api(replace(service, settings=replace(service.settings, max_included=1))).agency
    workers = [narrow.make({"resourceType": "Practitioner", "name": [{"family": f"W{n}"}]}) for n in range(2)]
    ann = narrow.make(a_patient("Ann", generalPractitioner=[{"reference": one} for one in workers]))
    answer = narrow.get(f"/fhir/{ann}/$everything")
    assert (answer.status, "smaller `_count`" in answer.faults[0][1]) == (413, True)

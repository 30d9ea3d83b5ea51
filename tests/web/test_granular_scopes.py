"""Granular scopes: on every path a token opens what its queries find, and nothing else of that type.

https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html#finer-grained-resource-constraints-using-search-parameters
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from builders import Api, As, a_care_plan, a_goal, a_patient, a_transaction, an_entry
from careplan_service.errors import Invalid

SYSTEM = "http://agency.example/categories"


def of_category(code: str, **other: Any) -> dict[str, Any]:
    return a_goal(**{"category": [{"coding": [{"system": SYSTEM, "code": code}]}], **other})


@dataclass
class Scene:
    """Ann's goals of three categories and her plan; `asking` gives a client of the agency with scopes."""

    api: Api
    ann: str
    goals: dict[str, str]
    plan: str

    def asking(self, *scopes: str) -> As:
        return self.api.asking("agency", scope=" ".join(scopes))


@pytest.fixture
def scene(api: Api) -> Scene:
    ann = api.agency.make(a_patient("Ann"))
    goals = {code: api.agency.make(of_category(code, of=ann)) for code in ("housing", "food", "health")}
    return Scene(api, ann, goals, api.agency.make(a_care_plan(ann, tuple(goals.values()))))


HOUSING = f"system/Goal.cruds?category={SYSTEM}|housing"
FOOD = "system/Goal.r?category=food"
OTHERS = "system/Patient.rs system/CarePlan.rs"


def ids(scene: Scene, *codes: str) -> set[str]:
    return {scene.goals[code].partition("/")[2] for code in codes}


def found(answer: Any, type_: str = "Goal") -> set[str]:
    assert answer.status == 200, answer.body[:300]
    entries = (entry["resource"] for entry in answer.json.get("entry", ()))
    return {resource["id"] for resource in entries if resource["resourceType"] == type_}


SEARCHES = [
    "Goal",
    "Goal?patient={ann}",
    "Goal?category=housing,food,health",
    "Goal?_sort=-_lastUpdated&_total=accurate",
    "Patient/{id}/Goal",
    "Patient/{id}/*",
    "?_type=Goal",
    "?_type=Goal,CarePlan",
    "Patient?_revinclude=Goal:patient",
    "CarePlan?_include=CarePlan:goal",
    "CarePlan?_include=*",
]


@pytest.mark.parametrize("path", SEARCHES)
def test_a_search_finds_only_what_the_scope_opens(scene: Scene, path: str) -> None:
    asker = scene.asking(HOUSING, OTHERS)
    answer = asker.get("/fhir/" + path.format(ann=scene.ann, id=scene.ann[8:]))
    assert found(answer) == ids(scene, "housing")
    if path.startswith("Goal"):
        assert answer.json["total"] == 1
    assert found(scene.api.agency.get("/fhir/" + path.format(ann=scene.ann, id=scene.ann[8:]))) == ids(
        scene, "housing", "food", "health"
    )


def test_two_scopes_on_one_type_are_a_union_letter_by_letter(scene: Scene) -> None:
    asker = scene.asking(HOUSING, FOOD)
    read = {code for code, goal in scene.goals.items() if asker.get(f"/fhir/{goal}").status == 200}
    assert read == {"housing", "food"}
    assert found(asker.get("/fhir/Goal")) == ids(scene, "housing")


def test_counts_chains_and_reverse_chains_step_only_on_what_is_opened(scene: Scene) -> None:
    asker = scene.asking(HOUSING, OTHERS)
    assert asker.get("/fhir/Goal?_summary=count").json["total"] == 1
    for code, matches in (("housing", 1), ("food", 0), ("health", 0)):
        for path in (f"CarePlan?goal.category={code}", f"Patient?_has:Goal:patient:category={code}"):
            assert asker.get(f"/fhir/{path}").json["total"] == matches, path


def test_every_reading_of_one_resource_is_bound_by_the_scope(scene: Scene) -> None:
    asker = scene.asking(HOUSING, OTHERS, "system/Goal.s")
    for suffix in ("", "/_history", "/_history/1", "/$meta"):
        assert asker.get(f"/fhir/{scene.goals['housing']}{suffix}").status == 200, suffix
        hidden, absent = (
            asker.get(f"/fhir/{scene.goals['food']}{suffix}"),
            asker.get(f"/fhir/Goal/no{suffix}"),
        )
        assert (hidden.status, hidden.body) == (absent.status, absent.body), suffix
        assert hidden.status == 404, suffix
    everything = asker.get(f"/fhir/{scene.ann}/$everything")
    assert found(everything) == ids(scene, "housing")
    assert found(asker.get(f"/fhir/{scene.plan}/$everything")) == ids(scene, "housing")
    versions = asker.get("/fhir/Goal/_history").json["entry"]
    assert {entry["resource"]["id"] for entry in versions} == ids(scene, "housing")


def test_what_was_of_another_category_once_is_not_shown_as_it_was(scene: Scene) -> None:
    goal = scene.goals["food"]
    scene.api.agency("PUT", f"/fhir/{goal}", of_category("housing", of=scene.ann, id=goal[5:]))
    asker = scene.asking(HOUSING)
    assert asker.get(f"/fhir/{goal}").status == 200
    assert asker.get(f"/fhir/{goal}/_history/1").status == 404
    assert [
        e["resource"]["meta"]["versionId"] for e in asker.get(f"/fhir/{goal}/_history").json["entry"]
    ] == ["2"]


def test_only_what_is_opened_is_written(scene: Scene) -> None:
    asker = scene.asking(HOUSING, "system/Patient.r")
    made = asker("POST", "/fhir/Goal", of_category("housing", of=scene.ann))
    assert made.status == 201
    refused = asker("POST", "/fhir/Goal", of_category("food", of=scene.ann))
    assert refused.status == 403
    assert "granular" in refused.faults[0][1]
    own, other = scene.goals["housing"], scene.goals["food"]
    assert asker("PUT", f"/fhir/{own}", of_category("housing", of=scene.ann, id=own[5:])).status == 200
    for category in ("housing", "food"):
        hidden = asker("PUT", f"/fhir/{other}", of_category(category, of=scene.ann, id=other[5:]))
        assert hidden.status in (403, 404), category
    assert scene.api.agency.get(f"/fhir/{other}").json["meta"]["versionId"] == "1"


def test_an_update_that_creates_is_one_by_its_letter_and_query(scene: Scene) -> None:
    updating = scene.asking("system/Goal.u?category=housing", "system/Patient.r")
    lease, meals = (of_category(code, of=scene.ann, id=f"new-{code}") for code in ("housing", "food"))
    assert updating("PUT", "/fhir/Goal/new-housing", lease).status == 201
    assert updating("PUT", "/fhir/Goal/new-food", meals).status == 403
    del lease["id"]
    assert updating("POST", "/fhir/Goal", lease).status == 403
    creating = scene.asking("system/Goal.cr", "system/Patient.r")
    assert creating("PUT", "/fhir/Goal/new-food", meals).status == 403
    assert scene.api.agency.get("/fhir/Goal/new-food").status == 404


def test_what_a_scope_does_not_open_is_told_with_the_scope_that_would(scene: Scene) -> None:
    """https://www.rfc-editor.org/rfc/rfc6750#section-3.1"""
    asker = scene.asking(HOUSING)
    challenge = 'Bearer realm="careplan", error="insufficient_scope"'
    for method, path, body, scope in (
        ("GET", "/fhir/CarePlan", None, ', scope="system/CarePlan.s"'),
        ("DELETE", f"/fhir/{scene.plan}", None, ', scope="system/CarePlan.d"'),
        ("POST", "/fhir/Goal", of_category("food", of=scene.ann), ""),
    ):
        answer = asker(method, path, body)
        assert (answer.status, answer.headers["WWW-Authenticate"]) == (403, challenge + scope), path
    entry = an_entry("GET", "CarePlan")
    batch = asker("POST", "/fhir", {**a_transaction(entry), "type": "transaction"})
    told = 'Bearer realm="careplan", error="insufficient_scope", scope="system/CarePlan.s"'
    assert (batch.status, batch.headers["WWW-Authenticate"]) == (403, told)
    by_role = scene.api.partner("POST", "/oauth/launch", {}, Content_Type="application/json")
    assert (by_role.status, by_role.headers["WWW-Authenticate"]) == (403, 'Bearer realm="careplan"')


def test_nothing_is_written_out_of_what_is_opened_nor_into_it(scene: Scene) -> None:
    asker = scene.asking(HOUSING, "system/Patient.r")
    own = scene.goals["housing"]
    out = asker("PUT", f"/fhir/{own}", of_category("food", of=scene.ann, id=own[5:]))
    assert out.status == 403
    patch = [{"op": "replace", "path": "/category/0/coding/0/code", "value": "food"}]
    assert asker("PATCH", f"/fhir/{own}", patch, Content_Type="application/json-patch+json").status == 403
    assert scene.api.agency.get(f"/fhir/{own}").json["meta"]["versionId"] == "1"
    assert asker("DELETE", f"/fhir/{scene.goals['food']}").status == 404
    assert asker("DELETE", "/fhir/Goal?category=food").status == 404
    assert scene.api.agency.get(f"/fhir/{scene.goals['food']}").status == 200


@pytest.mark.parametrize("kind", ["batch", "transaction"])
def test_the_entries_of_a_bundle_are_judged_one_by_one(scene: Scene, kind: str) -> None:
    asker = scene.asking(HOUSING, "system/Patient.r")
    entries = [an_entry("POST", "Goal", of_category(code, of=scene.ann)) for code in ("housing", "food")]
    answer = asker("POST", "/fhir", {**a_transaction(*entries), "type": kind})
    goals = len(found(scene.api.agency.get("/fhir/Goal")))
    if kind == "batch":
        assert [entry["response"]["status"][:3] for entry in answer.json["entry"]] == ["201", "403"]
        assert goals == 4
    else:
        assert (answer.status, goals) == (403, 3)


def test_a_refused_deletion_names_only_what_the_scope_opens(strict_api: Api) -> None:
    ann = strict_api.agency.make(a_patient("Ann"))
    housing, food = (strict_api.agency.make(of_category(code, of=ann)) for code in ("housing", "food"))
    refused = strict_api.asking("agency", scope=f"system/Patient.d {HOUSING}")("DELETE", f"/fhir/{ann}")
    assert refused.status == 409
    assert f"`{housing}` and more" in refused.faults[0][1]
    assert food not in refused.body.decode()


def test_a_wide_request_is_narrowed_to_the_query_that_is_registered(scene: Scene) -> None:
    scene.api.register("narrow", "agency", scopes="system/Goal.rs?category=housing system/CarePlan.r")
    for scope in ("system/Goal.rs", "system/*.rs", "system/Goal.rs?lifecycle-status=active"):
        assert found(scene.api.asking("narrow", scope=scope).get("/fhir/Goal")) == ids(scene, "housing"), (
            scope
        )
    contrary = scene.api.asking("narrow", scope="system/Goal.rs?category=food")
    assert found(contrary.get("/fhir/Goal")) == set()


NOT_ENFORCED = [
    "system/Goal.rs?category:in=x",
    "system/Goal.rs?category:not=x",
    "system/Goal.rs?patient.name=x",
    "system/Goal.rs?_has:CarePlan:goal:status=active",
    "system/Goal.rs?_filter=x",
    "system/Goal.rs?_count=1",
    "system/Goal.rs?_include=Goal:patient",
    "system/Goal.rs?colour=red",
    "system/*.rs?category=x",
    "system/Goal.rs?start-date=yesterday",
]


@pytest.mark.parametrize("scope", NOT_ENFORCED)
def test_what_is_not_enforced_as_it_is_written_is_not_granted(api: Api, scope: str) -> None:
    with pytest.raises(Invalid, match="scope `system/"):
        api.asking("agency", scope=scope).get("/fhir/Goal")

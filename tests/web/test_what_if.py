"""`$what-if`: what partners would gain and lose by a change is what they gain and lose when it is made."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from builders import (
    ACT_CODE,
    CONFIDENTIALITY,
    FOOD,
    HOUSING,
    PARTNER,
    Answer,
    Api,
    Document,
    a_consent,
    a_goal,
    a_patient,
    a_provision,
    an_example,
    judging,
)
from careplan_service.access.consent.choices import SPEC
from careplan_service.interactions import what_if
from careplan_service.resources import r4
from careplan_service.store.reindex import reindex
from web.test_preview import parameters, rows, seen_as

WHAT_IF = "/fhir/Consent/$what-if"
PARTNERS = ("food-bank", "partner", "stranger")


@pytest.fixture
def clients(api: Api) -> list[str]:
    """Clients whose consents read otherwise by other choices."""
    clients = [api.agency.make(a_patient(f"Client {number}")) for number in range(3)]
    food = api.register("food-bank", "partner")
    for of in clients:
        for about, labels in ((FOOD, ()), (HOUSING, ()), (FOOD, ("R",)), (FOOD, ("SUD",))):
            api.agency.make(a_goal(of, about=about, labels=labels))
        food.make(a_goal(of, about="transport"))
    branch = api.agency.make({**an_example("Organization", ""), "partOf": {"reference": "Organization/head"}})
    assert branch
    api.agency.put("Organization/food-bank", {**an_example("Organization", ""), "id": "food-bank",
                   "partOf": {"reference": "Organization/head"}})  # fmt: skip
    api.agency.make(a_consent(clients[0], a_provision(to=PARTNER, labels=("R",))))
    api.agency.make(a_consent(clients[0], a_provision(to="Organization/head", codes=(HOUSING,))))
    api.agency.make(a_consent(clients[1], a_provision(purpose=("COC",))))
    exception = a_provision(codes=(HOUSING,))
    api.agency.make(a_consent(clients[2], a_provision(to=PARTNER, codes=(FOOD,), provision=[exception])))
    return clients


def asked(api: Api, *parts: Document) -> Answer:
    return api.agency("POST", WHAT_IF, parameters(*parts))


def choice(name: object, value: object) -> Document:
    return {
        "name": "choice",
        "part": [{"name": "name", "valueCode": name}, {"name": "value", "valueBoolean": value}],
    }


def label(query: str, **codings: str) -> Document:
    system = {"SUD": ACT_CODE, "PSY": ACT_CODE}
    codes = [
        {"name": name, "valueCoding": {"system": system.get(code, CONFIDENTIALITY), "code": code}}
        for name, code in codings.items()
    ]
    return {"name": "label", "part": [{"name": "query", "valueString": query}, *codes]}


def differences(answer: Answer) -> dict[str, dict[str, set[str]]]:
    """By client what is gained and lost; all totals must be exact."""
    assert answer.status == 200, answer.body
    assert r4.check(answer.json, "Parameters") == ()
    found: dict[str, dict[str, set[str]]] = {}
    for one in answer.json["parameter"]:
        if one["name"] == "difference":
            named = {part["name"]: part for part in one["part"]}
            held: dict[str, set[str]] = {"gained": set(), "lost": set()}
            for part in one["part"]:
                if part["name"] in held:
                    _, total, *resources = part["part"]
                    assert total["valueInteger"] == len(resources)
                    held[part["name"]] |= {r["valueReference"]["reference"] for r in resources}
            for name, references in held.items():
                assert named[f"{name}-total"]["valueInteger"] == len(references)
            found[named["client"]["valueString"]] = held
    return found


def seen(api: Api) -> dict[str, set[str]]:
    return {client: set(seen_as(api, client)[0]) for client in PARTNERS}


def really(before: dict[str, set[str]], after: dict[str, set[str]]) -> dict[str, dict[str, set[str]]]:
    return {c: {"gained": after[c] - before[c], "lost": before[c] - after[c]} for c in PARTNERS}


def test_other_choices_are_foreseen_for_every_partner(api: Api, clients: list[str]) -> None:
    stored, before = rows(api), seen(api)
    foreseen = differences(asked(api, {"name": "profile", "valueCode": "spec"}))
    narrowed = differences(
        asked(api, {"name": "profile", "valueCode": "spec"}, choice("exceptions_replace", value=False))
    )
    assert rows(api) == stored
    assert seen(api) == before
    door = api.service.door()
    changed = Api(judging(api.service, 0))  # the second judge keeps to the choices of the settings
    list(reindex(api.service.database, replace(door, choices=SPEC)))
    assert foreseen == really(before, seen(changed))
    assert foreseen["stranger"]["gained"]
    list(reindex(api.service.database, replace(door, choices=replace(SPEC, exceptions_replace=False))))
    assert narrowed == really(before, seen(changed))
    assert narrowed != foreseen


def test_parts_of_an_organisation_are_foreseen_to_follow_it(api: Api, clients: list[str]) -> None:
    found = differences(asked(api, choice("parts_follow", value=True)))
    assert found["food-bank"]["gained"]
    goals = {
        f"Goal/{id_}" for id_ in api.agency.get(f"/fhir/Goal?category={HOUSING}&patient={clients[0]}").ids
    }
    assert found["food-bank"] == {"gained": goals, "lost": set()}
    assert found["partner"] == {"gained": set(), "lost": set()}


def test_other_labels_are_foreseen_as_a_patch_makes_them(api: Api, clients: list[str]) -> None:
    stored, before = rows(api), seen(api)
    restricted = label(f"Goal?category={FOOD},transport", add="V")
    opened = label("Goal?_security=R", remove="R")
    foreseen = differences(asked(api, opened, restricted))
    assert rows(api) == stored
    assert seen(api) == before
    for id_ in api.agency.get("/fhir/Goal?_security=R&_count=100").ids:
        labelled(api, f"Goal/{id_}", remove="R")
    for id_ in api.agency.get(f"/fhir/Goal?category={FOOD},transport&_count=100").ids:
        labelled(api, f"Goal/{id_}", add="V")
    assert foreseen == really(before, seen(api))
    assert foreseen["partner"]["lost"]
    assert foreseen["food-bank"]["lost"]
    # Now each of them has the label already.
    again = asked(api, restricted)
    assert [one["valueInteger"] for one in again.json["parameter"] if one["name"] == "labelled"] == [0]
    gained = differences(asked(api, label(f"Goal?category={FOOD}", remove="V")))["partner"]["gained"]
    assert gained <= before["partner"] | {
        f"Goal/{id_}" for id_ in api.agency.get("/fhir/Goal?_count=100").ids
    }
    assert gained


def labelled(api: Api, reference: str, **change: str) -> None:
    """What staff would do to add or to remove a confidentiality."""
    goal = api.agency.get(f"/fhir/{reference}").json
    held = [one for one in goal["meta"].get("security", ()) if one["code"] != change.get("remove")]
    if "add" in change:
        held.append({"system": CONFIDENTIALITY, "code": change["add"]})
    meta = {name: value for name, value in goal["meta"].items() if name != "security"}
    assert (
        api.agency.put(reference, {**goal, "meta": {**meta, **({"security": held} if held else {})}}).status
        == 200
    )


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_only_administrators_ask_and_what_is_asked_is_bounded(
    api: Api, clients: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    spec: Document = {"name": "profile", "valueCode": "spec"}
    body = parameters(spec)
    narrow = api.asking("agency", scope="system/Goal.rs")
    for who in (api.partner, api.stranger, narrow):
        assert who("POST", WHAT_IF, body).status == 403
    one = asked(
        api, spec, {"name": "partner", "valueString": "partner"}, {"name": "count", "valueInteger": 1}
    )
    (difference,) = (part for part in one.json["parameter"] if part["name"] == "difference")
    for part in difference["part"]:
        if part["name"] == "gained":
            assert part["part"][1]["valueInteger"] >= len(part["part"]) - 2 == 1
    wrong: list[tuple[Document, ...]] = [
        (), ({"name": "profile", "valueCode": "lax"},), (choice("nonsense", value=True),),
        (choice("ceiling", value="no"),), (choice("break_glass", value=True),), (label("Goal?category=x"),),
        (choice(["ceiling"], value=True),), ({"name": ["profile"]},),
        (choice("export_collects", value=True),), (label("Goal?category=x", add="R", remove="R"),),
        (label("Goal", add="R"),),
        (label("Goal?nonsense=x", add="R"),), ({"name": "label", "part": {}},), ({"name": "label"},),
        ({"name": "choice", "part": ["x"]},), (spec, {"name": "count", "valueInteger": -1}),
        (spec, {"name": "count", "valueInteger": True}), (spec, {"name": "partner", "valueString": "agency"}),
        (spec, {"name": "purpose", "valueCode": "COC"}), (spec, {"name": "partner", "part": [{}]}),
        ({"name": "label", "part": [{"name": "query", "valueString": "Goal?category=x"},
                                    {"name": "add", "valueCoding": {"code": "R"}}]},),
    ]  # fmt: skip
    for parts in wrong:
        assert asked(api, *parts).status == 400, parts
    assert asked(api, label("Nothing?x=y", add="R")).status == 404
    row = [row for row in api.audit() if row["interaction"] == "what-if"][-1]
    assert row["status"] == 404
    bounds: dict[str, Any] = {"MOST_SEEN": spec, "MOST_CONSENTS": spec, "MOST_PARTNERS": spec}
    bounds["MOST_LABELLED"] = label(f"Goal?category={FOOD}", add="R")
    for name, part in bounds.items():
        with monkeypatch.context() as patched:
            patched.setattr(what_if, name, 1)
            assert asked(api, part).status == 413, name
        assert asked(api, part).status == 200, name
    row = [row for row in api.audit() if row["interaction"] == "what-if"][-1]
    assert row["asked"].endswith(f"query=Goal?category={FOOD} add=R")

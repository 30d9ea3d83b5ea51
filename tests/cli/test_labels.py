"""`careplan labels apply`: what is stored is judged anew when the rules of sensitivity change."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from builders import PARTNER, Api, a_consent, a_goal, a_patient, a_provision, label
from careplan_service.interactions import relabel
from careplan_service.interventions import sensitivity

PLANS = Path(__file__).parents[2] / "fixtures" / "plans"


@pytest.fixture
def another_rule(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Sets further words with their labels, as a new table would, and takes rows away."""
    rows = sensitivity.rows

    def read_anew() -> None:
        for kept in (sensitivity.triggers, sensitivity._of_code, sensitivity._of_phrase):
            kept.cache_clear()

    def rule(more: dict[str, str], fewer: tuple[str, ...] = ()) -> None:
        added = [{"match": "word", "system": "", "value": w, "labels": one} for w, one in more.items()]
        left = lambda name: [r for r in rows(name) if r.get("value") not in fewer]  # noqa: E731
        monkeypatch.setattr(
            sensitivity, "rows", lambda name: [*left(name), *(added if name == "sensitivity.csv" else [])]
        )
        read_anew()

    yield rule
    monkeypatch.undo()
    read_anew()


def codes(document: dict[str, Any]) -> set[str]:
    return {one["code"] for one in document.get("meta", {}).get("security", ())}


def test_a_new_rule_raises_what_is_stored_and_nothing_else(
    api: Api, careplan: Any, another_rule: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relabel, "READ_AT_ONCE", 3)
    monkeypatch.setattr(relabel, "WRITTEN_AT_ONCE", 2)
    told = json.loads((PLANS / "family-eviction.json").read_text())
    made = api.agency("POST", "/plans", told, Content_Type="application/json").json
    plan = f"CarePlan/{made['id']}"
    ann = api.agency.make(a_patient("Ann"))
    api.agency.make(a_consent(ann, a_provision(to=PARTNER)))
    plain = api.agency.make(a_goal(of=ann))
    hit = api.agency.make(a_goal(of=ann, note=[{"text": "he plays the lottery"}]))
    own = api.partner.make(a_goal(of=ann, note=[{"text": "scratch lottery tickets"}]))
    first = careplan("labels", "apply")
    assert (first.code, "raised: 0\n" in first.out, "lowered: 0\n" in first.out) == (0, True, True)

    objective = told["goals"][0]["objectives"][0]["statement"].split()[-1].strip(".").casefold()
    another_rule({"lottery": "PRS", objective: "EMOTDIS"})
    before = api.agency.get(f"/fhir/{plan}").json
    tried = careplan("labels", "apply", "--dry-run")
    assert tried.code == 0
    assert "would be raised: " in tried.out
    assert api.agency.get(f"/fhir/{plan}").json == before
    assert "PRS" not in codes(api.agency.get(f"/fhir/{hit}").json)

    ran = careplan("labels", "apply")
    assert ran.code == 0, ran.err
    assert ran.out == tried.out.replace("would be ", "")
    assert codes(api.agency.get(f"/fhir/{hit}").json) == {"PRS", "R"}
    assert api.agency.get(f"/fhir/{hit}").json["note"] == [{"text": "he plays the lottery"}]
    assert api.agency.get(f"/fhir/{plain}").json["meta"]["versionId"] == "1"
    assert "EMOTDIS" in codes(api.agency.get(f"/fhir/{plan}").json)
    for number in ("1", "1.1"):
        goal = api.agency.get(f"/fhir/Goal?identifier=FE-2025-014/{number}").json["entry"][0]["resource"]
        assert "EMOTDIS" in codes(goal), number
    assert codes(api.agency.get(f"/fhir/{own}").json) == {"PRS", "R"}
    id_ = own.split("/")[1]
    row = api.service.database.rows(
        f"SELECT contributor FROM resource WHERE id = '{id_}' AND current = 1", {}
    )
    assert row[0][0] == PARTNER
    assert api.partner.get(f"/fhir/{hit}").status == 404

    versions = "SELECT count(*) FROM resource"
    there = api.service.database.rows(versions, {})[0][0]
    assert "raised: 0\n" in careplan("labels", "apply").out
    assert api.service.database.rows(versions, {})[0][0] == there
    noted = api.service.database.rows("SELECT asked FROM audit WHERE interaction = 'labels-apply'", {})
    assert {"labels apply", "labels apply --dry-run"} <= {row[0] for row in noted}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_labels_go_down_only_where_that_is_allowed_and_a_person_did_not_set_them(
    api: Api, careplan: Any, another_rule: Any
) -> None:
    another_rule({"everything": "PRS"})
    told = json.loads((PLANS / "family-eviction.json").read_text())
    told["goals"][0]["wording"] = "everything about the flat"
    told["goals"][1]["sensitivity"] = ["HIV"]
    made = api.agency("POST", "/plans", told, Content_Type="application/json").json
    goal = api.agency.get("/fhir/Goal?identifier=FE-2025-014/1").json["entry"][0]["resource"]
    second = api.agency.get("/fhir/Goal?identifier=FE-2025-014/2").json["entry"][0]["resource"]
    raise_ = {
        "resourceType": "Parameters",
        "parameter": [{"name": "meta", "valueMeta": {"security": [label("SEX")]}}],
    }
    assert api.agency("POST", f"/fhir/Goal/{goal['id']}/$meta-add", raise_).status == 200
    assert "PRS" in codes(goal)
    another_rule({})
    assert "lowered: 0\n" in careplan("labels", "apply").out
    assert "PRS" in codes(api.agency.get(f"/fhir/Goal/{goal['id']}").json)
    ran = careplan("labels", "apply", "--allow-lower")
    assert "lowered: " in ran.out
    assert "lowered: 0" not in ran.out
    left = codes(api.agency.get(f"/fhir/Goal/{goal['id']}").json)
    assert "PRS" not in left
    assert "SEX" in left
    assert "HIV" in codes(api.agency.get(f"/fhir/Goal/{second['id']}").json)
    assert {"HIV", "SDV"} <= codes(api.agency.get(f"/fhir/CarePlan/{made['id']}").json)
    assert "lowered: 0\n" in careplan("labels", "apply", "--allow-lower").out

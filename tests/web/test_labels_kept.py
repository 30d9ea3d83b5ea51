"""Labels may be raised, and are lowered only expressly, with a reason that lands in the audit."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from builders import (
    AGENCY,
    CONFIDENTIALITY,
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
    label,
)

PLANS = Path(__file__).parents[2] / "fixtures" / "plans"


def codes(document: dict[str, Any]) -> list[str]:
    return [one["code"] for one in document.get("meta", {}).get("security", ())]


def bare(document: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name != "meta"}


def labelling(*labels: dict[str, Any], reason: str | None = "asked for by the client") -> dict[str, Any]:
    parts: list[dict[str, Any]] = [{"name": "meta", "valueMeta": {"security": list(labels)}}]
    return {
        "resourceType": "Parameters",
        "parameter": [*parts, *([{"name": "reason", "valueString": reason}] if reason else [])],
    }


def of_parameters(answer: Answer) -> list[str]:
    assert answer.status == 200, answer.body
    return codes({"meta": answer.json["parameter"][0]["valueMeta"]})


def test_an_update_of_any_kind_keeps_the_labels_that_it_does_not_name(api: Api) -> None:
    ann = api.agency.make(a_patient("Ann"))
    goal = api.agency.make(a_goal(of=ann, labels=("R", "SDV")))
    plain = bare(api.agency.get(f"/fhir/{goal}").json)
    put = api.agency.put(goal, plain)
    assert (put.status, codes(put.json)) == (200, ["R", "SDV"])
    lower = {**plain, "meta": {"security": [label("N")], "tag": [{"system": "urn:t", "code": "x"}]}}
    put = api.agency.put(goal, lower)
    assert codes(put.json) == ["R", "SDV"]
    assert put.json["meta"]["tag"] == [{"system": "urn:t", "code": "x"}]
    json_patch = "application/json-patch+json"
    for path in ("/meta/security", "/meta"):
        patched = api.agency(
            "PATCH", f"/fhir/{goal}", [{"op": "remove", "path": path}], Content_Type=json_patch
        )
        assert (patched.status, sorted(codes(patched.json))) == (200, ["R", "SDV"]), patched.body
    entry = an_entry("PUT", goal, {**plain, "id": goal.split("/")[1]})
    for kind in ("transaction", "batch"):
        sent = {**a_transaction(entry), "type": kind}
        assert api.agency("POST", "/fhir", sent).status == 200
        assert codes(api.agency.get(f"/fhir/{goal}").json) == ["R", "SDV"]
    assert api.agency("PUT", f"/fhir/Goal?_id={goal.split('/')[1]}", plain).status == 200
    assert codes(api.agency.get(f"/fhir/{goal}").json) == ["R", "SDV"]
    assert api.agency("DELETE", f"/fhir/{goal}").status == 204
    assert api.agency.put(goal, plain).status == 201
    assert codes(api.agency.get(f"/fhir/{goal}").json) == ["R", "SDV"]
    raised = api.agency.put(goal, {**plain, "meta": {"security": [label("V"), label("MH")]}})
    assert codes(raised.json) == ["V", "MH", "SDV"]


def test_an_unlabelled_resource_comes_back_byte_for_byte_as_it_was_sent(api: Api) -> None:
    ann = api.agency.make(a_patient("Ann"))
    goal = api.agency.make(a_goal(of=ann))
    id_ = goal.split("/")[1]
    sent = (
        '{"resourceType":"Goal", "id":"%s",  "lifecycleStatus":"active","description":{"text":"x"},'
        '"subject":{"reference":"%s"}}'
    )
    answer = api.agency("PUT", f"/fhir/{goal}", sent % (id_, ann))
    assert answer.status == 200
    assert b'  "lifecycleStatus":"active","description":{"text":"x"}' in answer.body
    assert b"security" not in answer.body


def test_an_embedded_label_of_an_older_system_counts_as_the_same(api: Api) -> None:
    ann = api.agency.make(a_patient("Ann"))
    goal = api.agency.make(a_goal(of=ann, labels=("R", "SDV")))
    plain = bare(api.agency.get(f"/fhir/{goal}").json)
    old = {"system": "http://hl7.org/fhir/v3/ActCode", "code": "SDV"}
    answer = api.agency.put(goal, {**plain, "meta": {"security": [old, label("R")]}})
    assert answer.json["meta"]["security"] == [old, label("R")]


def test_labels_are_lowered_by_staff_with_a_reason_that_is_in_the_audit(api: Api) -> None:
    ann = api.agency.make(a_patient("Ann"))
    goal = api.agency.make(a_goal(of=ann))
    assert of_parameters(api.agency("POST", f"/fhir/{goal}/$meta-add", labelling(label("SDV")))) == ["SDV"]
    raised = api.agency("POST", f"/fhir/{goal}/$meta-add", labelling(label("N"), label("R"), reason=None))
    assert sorted(of_parameters(raised)) == ["N", "R", "SDV"]
    told = api.agency.get(f"/fhir/{goal}").json["meta"]["security"]
    assert all(one["userSelected"] for one in told)
    for body, status in (
        (labelling(label("SDV"), reason=None), 422),
        (labelling(label("SDV"), reason=" "), 422),
        ({"resourceType": "Parameters"}, 400),
        (labelling(label("SDV"), reason="x" * 501), 400),
    ):
        assert api.agency("POST", f"/fhir/{goal}/$meta-delete", body).status == status
    stale = api.agency("POST", f"/fhir/{goal}/$meta-delete", labelling(label("SDV")), If_Match='W/"1"')
    assert stale.status == 412
    left = api.agency("POST", f"/fhir/{goal}/$meta-delete", labelling(label("SDV"), label("R")))
    assert of_parameters(left) == ["N"]
    version = api.agency.get(f"/fhir/{goal}").headers["ETag"]
    again = api.agency("POST", f"/fhir/{goal}/$meta-delete", labelling(label("SDV")))
    assert of_parameters(again) == ["N"]
    assert api.agency.get(f"/fhir/{goal}").headers["ETag"] == version, "nothing was there to take off"
    stale = api.agency("POST", f"/fhir/{goal}/$meta-delete", labelling(label("SDV")), If_Match='W/"1"')
    assert stale.status == 412
    assert api.agency.put(goal, bare(api.agency.get(f"/fhir/{goal}").json)).status == 200
    assert "SDV" not in codes(api.agency.get(f"/fhir/{goal}").json)
    rows = api.service.database.rows(
        "SELECT asked FROM audit WHERE interaction = 'meta-delete' AND status = 200", {}
    )
    assert len(rows) == 2
    assert "lowered: SDV R; reason: asked for by the client" in rows[0][0]


def test_a_partner_raises_its_own_contribution_and_lowers_nothing(api: Api) -> None:
    ann = api.agency.make(a_patient("Ann"))
    api.agency.make(a_consent(ann, a_provision(to=PARTNER, labels=["R", "SDV"])))
    own = api.partner.make(a_goal(of=ann, labels=("R",)))
    theirs = api.agency.make(a_goal(of=ann))
    assert api.partner("POST", f"/fhir/{own}/$meta-add", labelling(label("SDV"))).status == 200
    refused = api.partner("POST", f"/fhir/{own}/$meta-delete", labelling(label("SDV")))
    assert (refused.status, "custodian's staff only" in refused.faults[0][1]) == (403, True)
    assert api.partner("POST", f"/fhir/{theirs}/$meta-add", labelling(label("SDV"))).status == 403
    assert codes(api.partner.put(own, bare(api.partner.get(f"/fhir/{own}").json)).json) == ["R", "SDV"]
    hidden = api.stranger("POST", f"/fhir/{theirs}/$meta-add", labelling(label("SDV")))
    absent = api.stranger("POST", "/fhir/Goal/none/$meta-add", labelling(label("SDV")))
    assert (hidden.status, hidden.body) == (absent.status, absent.body)


def test_a_copy_takes_no_labels(api: Api) -> None:
    """What was taken out of it would be gone with the version that is made of it."""
    ann = api.agency.make(a_patient("Ann"))
    secret = api.agency.make(a_goal(of=ann, labels=("R", "SDV")))
    plan = api.agency.make(a_care_plan(ann, (secret,)))
    api.agency.make(a_consent(ann, a_provision("deny", to=AGENCY, labels=["SDV"])))
    refused = api.agency("POST", f"/fhir/{plan}/$meta-add", labelling(label("R")))
    assert (refused.status, "redacted for you" in refused.faults[0][1]) == (409, True)


class Plan:
    """A plan at the API with its ETag."""

    def __init__(self, api: Api, told: dict[str, Any]) -> None:
        self.who = api.agency
        made = api.agency("POST", "/plans", told, Content_Type="application/json")
        assert made.status == 201, made.body
        self.id, self.tag = made.json["id"], made.headers["ETag"]

    def __call__(self, what: str, body: Any, method: str = "POST") -> Answer:
        answer = self.who(
            method, f"/plans/{self.id}{what}", body, Content_Type="application/json", If_Match=self.tag
        )
        if answer.status < 300:
            self.tag = answer.headers["ETag"]
        return answer

    def goal(self, number: str) -> dict[str, Any]:
        found = self.who.get(f"/fhir/Goal?identifier=FE-2025-014/{number}").json["entry"]
        return dict(found[0]["resource"])

    def labels(self) -> list[str]:
        return codes(self.who.get(f"/fhir/CarePlan/{self.id}").json)


@pytest.fixture
def told() -> dict[str, Any]:
    plan: dict[str, Any] = json.loads((PLANS / "family-eviction.json").read_text())
    plan["goals"][0]["sensitivity"] = ["HIV"]
    return plan


def test_a_plan_that_is_sent_anew_keeps_its_marks_until_an_adjustment_names_them(
    api: Api, told: dict[str, Any]
) -> None:
    plan = Plan(api, told)
    assert "HIV" in codes(plan.goal("1"))
    anew = deepcopy(told)
    del anew["goals"][0]["sensitivity"]
    anew["title"] = "Keep the flat and the school"
    answer = plan("", anew, "PUT")
    assert answer.status == 200, answer.body
    assert answer.json["goals"][0]["sensitivity"] == ["HIV"]
    assert "HIV" in codes(plan.goal("1"))
    said = {"reason": "she wants it told", "agreement": {"status": "agreed"}}
    for change in ({"title": "Keep the flat"}, {"goals": [{"number": "1", "wording": "secure it"}]}):
        assert plan("/adjustments", {**said, "plan": change}).status == 200
        assert "HIV" in codes(plan.goal("1"))
        assert "HIV" in plan.labels()
    session = {
        "kind": "case management", "start": "2026-05-29T10:00+02:00", "end": "2026-05-29T10:50+02:00",
        "narrative": "all said", "goals": ["1"],
    }  # fmt: skip
    assert plan("/sessions", session).status == 200
    assert plan("/sessions/S1/addenda", {"text": "more", "reason": "forgotten"}).status == 200
    assert "HIV" in codes(plan.goal("1"))
    named = {**said, "plan": {"goals": [{"number": "1", "sensitivity": None}]}}
    assert plan("/adjustments", named).status == 200
    assert "HIV" not in codes(plan.goal("1"))
    rows = api.service.database.rows("SELECT asked FROM audit WHERE interaction = 'change-plan'", {})
    assert any("names `sensitivity`; reason: she wants it told" in row[0] for row in rows)


def test_what_the_rules_set_comes_back_and_is_not_taken_off_by_hand(api: Api, told: dict[str, Any]) -> None:
    plan = Plan(api, told)
    goal = plan.goal("4")
    before = set(codes(goal))
    assert "SDV" in before
    answer = api.agency.put(f"Goal/{goal['id']}", {**bare(goal), "note": [{"text": "he drinks alcohol"}]})
    assert answer.status == 200, answer.body
    assert set(codes(answer.json)) > before
    for one in codes(answer.json):
        refused = api.agency(
            "POST",
            f"/fhir/Goal/{goal['id']}/$meta-delete",
            labelling({**label(one), "system": system_of(answer, one)}),
        )
        assert refused.status == 422, (one, refused.body)
        assert "set by the rules" in refused.faults[0][1]
    api.agency("POST", f"/fhir/Goal/{goal['id']}/$meta-add", labelling(label("PDS")))
    left = api.agency("POST", f"/fhir/Goal/{goal['id']}/$meta-delete", labelling(label("PDS")))
    assert set(of_parameters(left)) == set(codes(answer.json))


def system_of(answer: Answer, code: str) -> str:
    return next(str(one["system"]) for one in answer.json["meta"]["security"] if one["code"] == code)


def test_a_bundle_carries_the_highest_confidentiality_of_what_is_in_it(api: Api) -> None:
    ann = api.agency.make(a_patient("Ann"))
    api.agency.make(a_goal(of=ann, about=HOUSING))
    assert codes(api.agency.get(f"/fhir/Goal?patient={ann}").json) in ([], ["N"])
    api.agency.make(a_goal(of=ann, labels=("R", "SDV")))
    assert {"system": CONFIDENTIALITY, "code": "R"}.items() <= next(
        one for one in api.agency.get(f"/fhir/Goal?patient={ann}").json["meta"]["security"]
        if one["system"] == CONFIDENTIALITY
    ).items()  # fmt: skip
    api.agency.make(a_goal(of=ann, labels=("V",)))
    assert "V" in codes(api.agency.get(f"/fhir/Goal?patient={ann}").json)

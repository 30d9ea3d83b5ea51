"""`/plans` for CarePlans that were not made here, or that others changed over FHIR. docs/foreign-plans.md"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema

from builders import AGENCY, FOOD, Api, a_care_plan, a_consent, a_goal, a_patient, a_provision, label
from careplan_service.interventions.added import Mapped
from careplan_service.resources.registry import SERVED
from interventions.foreign.law import untold
from pdf_text import text_of

FOREIGN = Path(__file__).parents[2] / "fixtures" / "foreign"
PLANS = FOREIGN.parent / "plans"
VENDOR = "https://vendor.example.org/services"
JSON = {"Content_Type": "application/json"}


def _load(api: Api, name: str) -> list[dict[str, Any]]:
    """Store a fixture; gives its resources, the CarePlan first."""
    bundle = json.loads((FOREIGN / f"{name}.json").read_text(encoding="utf-8"))
    documents = [entry["resource"] for entry in bundle["entry"]]
    for one in documents:
        if one["resourceType"] not in SERVED:
            continue
        answer = api.agency.put(f"{one['resourceType']}/{one['id']}", one)
        assert answer.status in (200, 201), answer.body
    return documents


def _told(api: Api, id_: str) -> dict[str, Any]:
    answer = api.agency.get(f"/plans/{id_}")
    assert answer.status == 200, answer.body
    return answer.json


def _marks(told: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {mark["field"]: mark for mark in told["marks"]}


def test_plans_made_elsewhere_are_read_whole_as_json_and_csv(api: Api) -> None:
    schema = api.http.get("/plans/schema").json
    schema = {**schema, "$ref": "#/$defs/PlanAsRead"}
    for path in sorted(FOREIGN.glob("*.json")):
        documents = _load(api, path.stem)
        id_ = documents[0]["id"]
        told = _told(api, id_)
        goals = [one["reference"] for one in documents[0].get("goal", ())]
        own = [one for one in documents if f"{one['resourceType']}/{one['id']}" in goals]
        assert untold([documents[0], *own], told) == []
        jsonschema.validate(told, schema)
        table = api.agency.get(f"/plans/{id_}.csv").body.decode("utf-8-sig")
        assert all(one["path"] in table for one in told["not_in_words"])
        assert all(mark["field"] in table for mark in told["marks"])
        assert api.agency.get(f"/plans/{id_}/evaluation").status == 200
        assert api.agency.get(f"/plans/{id_}/history").json["history"][0]["version"] == 1
    assert api.agency.get("/plans?due=overdue").status == 200


def test_an_mcc_plan_reads_with_its_milestones_requests_and_team(api: Api) -> None:
    _load(api, "mcc")
    told = _told(api, "mcc-plan")
    marks = _marks(told)
    [step] = told["goals"][0]["objectives"]
    assert (step["number"], step["measure"], step["target"]) == ("1.1", "minutes walked", "10 min")
    [strategy] = step["strategies"]
    assert (strategy["kind"], strategy["who"]) == ("advocacy", ["River Clinic"])
    kind = marks["goals[0].objectives[0].strategies[0].kind"]
    assert (kind["how"], kind["relation"], kind["by"]) == (
        "inferred",
        "equivalent",
        "ConceptMap/intervention",
    )
    assert told["worker"] == {"role": "author", "name": "Dr Ruth Ames", "agency": "River Clinic"}
    assert [one["name"] for one in told["participants"]] == ["Paul Ortiz", "Ada Field"]
    assert told["needs"][1] == {"text": "Food insecurity", "domain": "food-insecurity"}
    assert marks["needs[1].domain"]["relation"] == "wider"
    assert marks["goals[1].domain"]["how"] == "known"
    assert [(one["text"], one["status"]) for one in told["strategies"]] == [
        ("Call about the bus pass", "waiting-list")
    ]
    beyond = {
        one["path"]: one["text"] for one in told["not_in_words"] if one["resource"] == "CarePlan/mcc-plan"
    }
    assert beyond["CarePlan.activity[2]"] == "reference: Appointment/mcc-visit"  # a type that is not served
    assert "Metformin 500 mg" in beyond["CarePlan.activity[3]"]
    assert (
        beyond["CarePlan.note[0]"]
        == "Prefers to be called in the evening (Ada Field (Practitioner/mcc-nurse))"
    )


def test_a_plan_for_a_group_with_codes_of_nobody_is_marked_until_the_agency_maps_them(
    api: Api, clock
) -> None:
    _load(api, "sdoh")
    told = _told(api, "sdoh-plan")
    assert told["client_system"]["kind"] == "group"
    assert [one["given"] for one in told["client_system"]["members"]] == ["Kim"]
    assert _marks(told)["goals[0].objectives[0].strategies[0].status"]["how"] == "not-mapped"
    assert told["strategies"][0]["text"] == "not to be done: Food box"
    assert told["strategies"][0]["kind"] == "Food box"
    mark = _marks(told)["strategies[0].kind"]
    assert (mark["how"], mark["said"]) == ("not-mapped", f"Food box ({VENDOR}|FB-2)")
    api.service.added.map(Mapped(VENDOR, "FB-2", "community-intervention"))
    clock.go_on(seconds=2)
    told = _told(api, "sdoh-plan")
    assert told["strategies"][0]["kind"] == "community-intervention"
    assert _marks(told)["strategies[0].kind"]["how"] == "mapped-by-agency"


def test_a_plan_made_elsewhere_is_not_changed_in_words_and_says_what_to_do(api: Api) -> None:
    _load(api, "sdoh")
    answer = api.agency.get("/plans/sdoh-plan")
    sent = {**JSON, "If_Match": answer.headers["ETag"]}
    goal = api.agency.get("/fhir/Goal/goal-sdoh-2").body
    session = {
        "kind": "cbt",
        "start": "2026-05-29T10:00+02:00",
        "end": "2026-05-29T11:00+02:00",
        "narrative": "x",
    }
    for method, path, body in (
        ("PUT", "", answer.json),
        ("POST", "/sessions", session),
        ("POST", "/reviews", {"date": "2026-05-30", "findings": []}),
        ("POST", "/close", {"reason": "closed-goals-met", "date": "2026-05-30"}),
        ("POST", "/reopen", {"number": "N-2", "reason": "again"}),
    ):
        refused = api.agency(method, f"/plans/sdoh-plan{path}", body, **sent)
        assert refused.status == 409, path
        assert "change its resources over FHIR" in refused.faults[0][1]
    again = api.agency.get("/plans/sdoh-plan")
    assert (again.body, again.headers["ETag"]) == (answer.body, answer.headers["ETag"])
    assert api.agency.get("/fhir/Goal/goal-sdoh-2").body == goal


def test_a_hidden_goal_is_as_if_the_plan_had_none(api: Api) -> None:
    ann = api.agency.make(a_patient())
    open_, hidden = api.agency.make(a_goal(ann)), api.agency.make(a_goal(ann, FOOD))
    act = {"detail": {"status": "in-progress", "description": "shop", "goal": [{"reference": hidden}]}}
    bare = {"detail": {"status": "in-progress", "description": "shop"}}
    whole = api.agency.make(a_care_plan(ann, (open_, hidden), activity=[act], identifier=[{"value": "1"}]))
    other = api.agency.make(a_care_plan(ann, (open_,), activity=[bare], identifier=[{"value": "1"}]))
    assert len(_told(api, whole.split("/")[1])["goals"]) == 2
    api.agency.make(a_consent(ann, a_provision("deny", to=AGENCY, codes=[FOOD])))
    texts = [api.agency.get(f"/plans/{ref.split('/')[1]}").body.decode() for ref in (whole, other)]
    alike = [text.replace(ref.split("/")[1], "id") for text, ref in zip(texts, (whole, other), strict=True)]
    seen, wanted = (json.loads(text) for text in alike)
    assert hidden not in texts[0]
    assert FOOD not in texts[0]
    seen["not_in_words"] = [one for one in seen["not_in_words"] if "meta.security" not in one["path"]]
    assert seen == wanted


def test_what_others_add_to_a_plan_of_ours_is_told_and_outlives_changes_in_words(api: Api) -> None:
    plan = json.loads((PLANS / "family-eviction.json").read_text())
    made = api.agency("POST", "/plans", plan, **JSON).json
    care_plan = api.agency.get(f"/fhir/CarePlan/{made['id']}").json
    theirs = api.agency.make(a_goal(care_plan["subject"]["reference"], description={"text": "Their goal"}))
    care_plan["goal"].append({"reference": theirs})
    care_plan["activity"].append({"detail": {"status": "scheduled", "description": "Their activity"}})
    care_plan["status"] = "on-hold"
    assert api.agency.put(f"CarePlan/{made['id']}", care_plan).status == 200
    first = api.agency.get(f"/fhir/{care_plan['goal'][0]['reference']}").json
    first["note"] = [*first.get("note", []), {"text": "Their note"}]
    assert api.agency.put(f"Goal/{first['id']}", first).status == 200

    answer = api.agency.get(f"/plans/{made['id']}")
    told = answer.json
    texts = [one["text"] for one in told["not_in_words"]]
    assert "Their note" in texts
    assert any(text.startswith("Their goal (Goal/") for text in texts)
    assert any("Their activity" in text for text in texts)
    assert "read_only" not in told
    assert (told["status"], _marks(told)["status"]["said"]) == ("on-hold", "on-hold")
    assert "it was `active`" in _marks(told)["status"]["by"]
    rest = ("id", "care_plan", "status", "marks", "not_in_words")
    mine = {name: value for name, value in made.items() if name not in rest}
    assert {name: value for name, value in told.items() if name not in rest} == mine

    sent = {**JSON, "If_Match": answer.headers["ETag"]}
    changed = {
        "reason": "new title",
        "agreement": {"status": "agreed", "how": "verbal"},
        "plan": {"title": "Stay"},
    }
    adjusted = api.agency("POST", f"/plans/{made['id']}/adjustments", changed, **sent)
    assert adjusted.status == 200, adjusted.body
    assert adjusted.json["title"] == "Stay"
    assert [one["text"] for one in adjusted.json["not_in_words"]] == texts
    again = {**JSON, "If_Match": adjusted.headers["ETag"]}
    put = api.agency("PUT", f"/plans/{made['id']}", adjusted.json, **again)
    assert put.status == 200, put.body
    assert [one["text"] for one in put.json["not_in_words"]] == texts


def test_a_plan_that_says_next_to_nothing_is_read(api: Api) -> None:
    ann = api.agency.make(a_patient())
    goals = [{"display": "only a name"}, {"reference": "Goal/nowhere"}, {"identifier": {"value": "g-1"}}]
    acts = [{"progress": [{"text": "went well"}]}, {"reference": {"display": "pills"}}]
    for odd in ({"goal": goals}, {"activity": acts}, {"addresses": [{"display": "old age"}]}, {"title": "x"}):
        id_ = api.agency.make({**a_care_plan(ann), **odd}).split("/")[1]
        assert untold([api.agency.get(f"/fhir/CarePlan/{id_}").json], _told(api, id_)) == []


def test_prints_of_plans_made_elsewhere_say_states_of_others_as_they_stand(api: Api) -> None:
    ann = api.agency.make(a_patient("Ann"))
    goal = api.agency.make(a_goal(ann))
    detail = {"status": "unknown", "description": "a call to the landlord", "goal": [{"reference": goal}]}
    plan = api.agency.make(a_care_plan(ann, (goal,), activity=[{"detail": detail}], status="unknown"))
    for path in ("html", "pdf", "html?large-print=true"):
        assert api.agency.get(f"/plans/{plan.split('/')[1]}.{path}").status == 200, path
    page = api.agency.get(f"/plans/{plan.split('/')[1]}.html").body.decode()
    assert "a call to the landlord" in page
    assert "unknown" in page


def test_prints_tell_what_is_for_no_goal_and_quote_nobody_for_words_of_others(api: Api) -> None:
    _load(api, "mcc")
    told = _told(api, "mcc-plan")
    assert _marks(told)["goals[0].words"]["how"] == "inferred"
    page = api.agency.get("/plans/mcc-plan.html?include=sensitive").body.decode()
    assert "Call about the bus pass" in page
    assert "What else is planned" in page
    assert "<h2>My goals</h2>" in page
    assert "own words" not in page
    assert "<q>" not in page
    assert "Qué más está previsto" in api.agency.get("/plans/mcc-plan.html?language=es").body.decode()
    file = text_of(api.agency.get("/plans/mcc-plan.pdf").body)
    assert "Call about the bus pass" in file
    assert "“" not in file
    for goal in told["goals"]:
        assert page.count(f">{goal['words']}<") == 1


def test_what_is_for_no_goal_stays_off_paper_under_a_label(api: Api) -> None:
    ann = api.agency.make(a_patient("Ann"))
    goal = api.agency.make(a_goal(ann))
    request = api.agency.make(
        {
            "resourceType": "ServiceRequest",
            "status": "active",
            "intent": "order",
            "subject": {"reference": ann},
            "code": {"text": "a night at the house"},
            "meta": {"security": [label("SDV")]},
        }
    )
    acts = [
        {"detail": {"status": "scheduled", "description": "a call to the landlord"}},
        {"detail": {"status": "not-started", "description": "talk about alcohol"}},
        {"reference": {"reference": request}},
    ]
    plain = a_care_plan(ann, (goal,), activity=acts[:1])
    plan = api.agency.make({**plain, "activity": acts}).split("/")[1]
    page = api.agency.get(f"/plans/{plan}.html").body.decode()
    assert "a call to the landlord" in page
    assert "a night at the house" not in page
    assert "alcohol" not in page
    assert "a night at the house" in api.agency.get(f"/plans/{plan}.html?include=sensitive").body.decode()
    secret = api.agency.make({**plain, "meta": {"security": [label("SDV")]}}).split("/")[1]
    assert "landlord" not in api.agency.get(f"/plans/{secret}.html").body.decode()


def _patched(api: Api, clock, ref: str, *operations: dict[str, Any]) -> None:
    clock.go_on(seconds=5)
    answer = api.agency("PATCH", f"/fhir/{ref}", [*operations], Content_Type="application/json-patch+json")
    assert answer.status == 200, answer.body
    clock.go_on(seconds=5)


def _set(path: str, value: Any) -> dict[str, Any]:
    return {"op": "add", "path": path, "value": value}


def test_the_history_of_a_plan_is_that_of_all_of_its_resources(api: Api, clock) -> None:
    plan = json.loads((PLANS / "family-eviction.json").read_text())
    made = api.agency("POST", "/plans", plan, **JSON)
    id_, tag = made.json["id"], made.headers["ETag"]
    first = api.agency.get("/fhir/Goal?identifier=FE-2025-014/1").json["entry"][0]["resource"]
    goal = f"Goal/{first['id']}"
    achieved = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/goal-achievement",
                            "code": "improving"}]}  # fmt: skip
    _patched(api, clock, goal, _set("/achievementStatus", achieved), _set("/note/-", {"text": "by letter"}))
    words = [_set("/description/text", "Stay here"), _set("/startDate", "2025-02-01")]
    _patched(api, clock, goal, *words, _set("/target/-", {"measure": {"text": "nights at home"}}))
    changed = {
        "reason": "later",
        "agreement": {"status": "agreed", "how": "verbal"},
        "plan": {"goals": [{"number": "1", "target_date": "2025-05-30"}]},
    }
    adjusted = api.agency("POST", f"/plans/{id_}/adjustments", changed, **{**JSON, "If_Match": tag})
    assert adjusted.status == 200, adjusted.body  # it is the version of the CarePlan that counts
    clock.go_on(seconds=5)
    care_plan = api.agency.get(f"/fhir/CarePlan/{id_}").json
    assert api.agency.put(f"CarePlan/{id_}", {**care_plan, "title": "Their title"}).status == 200
    _patched(api, clock, goal, {"op": "remove", "path": "/priority"})

    told = api.agency.get(f"/plans/{id_}/history").json["history"]
    assert [(one.get("version"), one.get("resource"), one["change"]) for one in told] == [
        (None, f"{goal}/_history/5", "changed as FHIR"),
        (3, None, "changed as FHIR"),
        (2, None, "adjustments"),
        (None, f"{goal}/_history/3", "changed as FHIR"),
        (None, f"{goal}/_history/2", "changed as FHIR"),
        (1, None, "made"),
    ]
    assert all(one["by"] and one["at"] for one in told)
    assert [one["at"] for one in told] == sorted((one["at"] for one in told), reverse=True)
    priority, title, _, stay, improving, _ = [one.get("differences") for one in told]
    assert priority == [{"what": "goal 1: priority", "before": plan["goals"][0]["priority"]}]
    assert title == [{"what": "title", "before": plan["title"], "after": "Their title"}]
    assert {"what": "goal 1: words", "before": plan["goals"][0]["words"], "after": "Stay here"} in stay
    assert any(one["what"] == "goal 1: start" and one["after"] == "2025-02-01" for one in stay)
    assert any("nights at home" in str(one.get("after")) for one in stay)
    assert {"what": "goal 1: status", "before": "in-progress", "after": "improving"} in improving
    assert any("by letter" in str(one.get("after")) for one in improving)

    between = api.agency.get(f"/plans/{id_}/history?from=1&to=2").json["differences"]
    assert {"what": "goal 1: words", "before": plan["goals"][0]["words"], "after": "Stay here"} in between
    later = api.agency.get(f"/plans/{id_}/history?from=2&to=3").json["differences"]
    assert later == title
    assert api.agency.get(f"/plans/{id_}/history?from=3&to=4").status == 400


def test_what_others_wrote_over_words_and_dates_is_marked_until_they_are_written_in_words(
    api: Api, clock
) -> None:
    plan = json.loads((PLANS / "family-eviction.json").read_text())
    made = api.agency("POST", "/plans", plan, **JSON).json
    goals = {
        one["resource"]["identifier"][0]["value"].rpartition("/")[2]: one["resource"]
        for one in api.agency.get("/fhir/Goal").json["entry"]
    }
    step, goal = (f"Goal/{goals[number]['id']}" for number in ("1.1", "1"))
    _patched(api, clock, step, _set("/description/text", "Pay on time"))
    _patched(api, clock, step, _set("/target/0/dueDate", "2025-03-15"))
    _patched(api, clock, goal, _set("/description/text", "Stay here"), _set("/startDate", "2025-02-01"))
    answer = api.agency.get(f"/plans/{made['id']}")
    marks = _marks(answer.json)
    assert set(marks) == {
        "goals[0].words", "goals[0].start",
        "goals[0].objectives[0].statement", "goals[0].objectives[0].due",
    }  # fmt: skip
    words = marks["goals[0].words"]
    assert (words["how"], words["resource"], words["path"]) == ("inferred", goal, "Goal.description")
    assert plan["goals"][0]["words"] in words["by"]
    assert words["said"].startswith("Stay here")
    assert "read_only" not in answer.json
    page = api.agency.get(f"/plans/{made['id']}.html").body.decode()
    assert "<q>Stay here</q>" not in page
    assert "Stay here" in page
    assert "mark_field" in api.agency.get(f"/plans/{made['id']}.csv").body.decode("utf-8-sig")

    sent = {
        "reason": "as she said",
        "agreement": {"status": "agreed", "how": "verbal"},
        "plan": {"goals": [{"number": "1", "words": "We want to stay."}]},
    }
    tag = {**JSON, "If_Match": answer.headers["ETag"]}
    adjusted = api.agency("POST", f"/plans/{made['id']}/adjustments", sent, **tag)
    assert set(_marks(adjusted.json)) == {
        "goals[0].objectives[0].statement",
        "goals[0].objectives[0].due",
    }
    assert _told(api, made["id"]) == adjusted.json


def test_what_the_caller_may_not_see_is_in_no_history(api: Api, clock) -> None:
    plan = json.loads((PLANS / "family-eviction.json").read_text())
    made = api.agency("POST", "/plans", plan, **JSON).json
    goal = api.agency.get("/fhir/Goal?identifier=FE-2025-014/2").json["entry"][0]["resource"]
    _patched(api, clock, f"Goal/{goal['id']}", _set("/description/text", "Their words for bread"))
    assert "bread" in json.dumps(api.agency.get(f"/plans/{made['id']}/history").json)
    patient = goal["subject"]["reference"]
    api.agency.make(a_consent(patient, a_provision("deny", to=AGENCY, classes=["Goal"])))
    clock.go_on(seconds=5)
    told = api.agency.get(f"/plans/{made['id']}/history")
    assert told.status in (200, 404)
    assert "bread" not in told.body.decode()
    assert goal["id"] not in told.body.decode()

"""`careplan terminology`. docs/mapping.md and docs/plans.md"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import markdown
from builders import Api
from careplan_service.interventions.added import added

ROOT = Path(__file__).parents[2]
LIST = "https://careplan-service.org/fhir/CodeSystem/services-riverside"
GRAVITY = "http://hl7.org/fhir/us/sdoh-clinicalcare/CodeSystem/SDOHCC-CodeSystemTemporaryCodes"
INTERVENTION = "https://careplan-service.org/fhir/CodeSystem/intervention"
SERVICES = (
    "Code;Name;Kind;Method;Relation\n"
    "702;Case Management;case management;;equivalent\n"
    "532;Night bed;crisis;refuge;\n"
    "640;Tenants' table;advocacy;legal;wider\n"
)


@pytest.fixture
def riverside(agency, careplan, tmp_path):
    """Adds a list of services of Organization/riverside."""

    def run(text, *words):
        file = tmp_path / "services.csv"
        file.write_text(text, encoding="utf-8")
        return careplan("terminology", "add", str(file), *words)

    return run


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_page_is_printed(careplan):
    ran = careplan("terminology", "docs")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == (ROOT / "docs" / "mapping.md").read_text(encoding="utf-8")


def test_an_agencys_services_are_added_once_and_versioned(riverside, careplan, api: Api, clock):
    tried = riverside(SERVICES, "--dry-run")
    assert (tried.code, "532 Night bed (crisis-intervention)" in tried.out) == (0, True)
    assert "was not stored" in tried.out
    assert api.http.get("/fhir/CodeSystem/services-riverside").status_code == 404

    assert riverside(SERVICES).out.splitlines()[-1] == f"version 1 of {LIST}"
    as_shown = markdown.blocks((ROOT / "docs" / "plans.md").read_text(encoding="utf-8"), "csv services")[
        0
    ].text
    for same in (SERVICES, as_shown):
        assert riverside(same).out == "nothing is new: the list stays as it is\n"
    ran = riverside(SERVICES.replace("Night bed", "Emergency bed") + "700;Group;groupwork;;\n")
    assert ran.out.splitlines() == [
        "changed: 532 Emergency bed (crisis-intervention)",
        "added: 700 Group (group-therapy)",
        f"version 2 of {LIST}",
    ]
    clock.go_on(seconds=2)

    def ask(path):
        return api.http.get(f"/fhir/{path}").json

    assert ask("CodeSystem/services-riverside")["version"] == "2"
    looked_up = ask(f"CodeSystem/$lookup?system={LIST}&code=532")["parameter"]
    assert {"name": "display", "valueString": "Emergency bed"} in looked_up
    assert {"name": "designation", "part": [{"name": "value", "valueString": "Night bed"}]} in looked_up
    by_old_name = ask("ValueSet/services-riverside/$expand?filter=night")["expansion"]["contains"]
    assert [one["code"] for one in by_old_name] == ["532"]
    there = _matches(ask(f"ConceptMap/$translate?system={LIST}&code=532"))
    assert there[INTERVENTION, "crisis-intervention"] == "wider"
    assert there["http://terminology.hl7.org/CodeSystem/service-type", "310"] == "relatedto"
    back = _matches(ask(f"ConceptMap/$translate?system={INTERVENTION}&code=case-management&reverse=true"))
    assert back == {(LIST, "702"): "equivalent"}


def _matches(told):
    found = {}
    for one in told["parameter"]:
        part = {inner["name"]: inner for inner in one.get("part", ())}
        if "concept" in part:
            coding = part["concept"]["valueCoding"]
            found[coding["system"], coding["code"]] = part["equivalence"]["valueCode"]
    return found


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_plan_says_the_agencys_own_names_and_comes_back_with_them(
    riverside, careplan, tmp_path, api: Api, clock
):
    plan = json.loads((ROOT / "fixtures" / "plans" / "family-eviction.json").read_text(encoding="utf-8"))
    strategies = [one for goal in plan["goals"] for step in goal["objectives"] for one in step["strategies"]]
    strategies[0]["kind"] = "night bed"
    before = [one["kind"] for one in strategies[1:]]
    file = tmp_path / "plan.json"
    file.write_text(json.dumps(plan), encoding="utf-8")
    assert "unknown kind of intervention `night bed`" in careplan("plan", "import", str(file)).err
    assert riverside(SERVICES).code == 0

    ran = careplan("plan", "import", str(file))
    assert ran.code == 0, ran.err
    id_ = ran.made("CarePlan")
    told = json.loads(careplan("plan", "export", id_).out)
    kinds = list(_kinds(told).values())
    assert kinds[0] == "Night bed"
    assert kinds.count("Case Management") == before.count("case management") > 0
    body = api.agency.get(f"/fhir/CarePlan/{id_}").body
    assert f'{{"system":"{LIST}","code":"532","display":"Night bed","userSelected":true}}'.encode() in body
    assert f'"system":"{INTERVENTION}","code":"crisis-intervention"'.encode() in body

    assert riverside(SERVICES.replace("Night bed", "Emergency bed")).code == 0
    clock.go_on(seconds=2)
    assert api.agency.get(f"/fhir/CarePlan/{id_}").body == body
    over_http = api.agency.get(f"/plans/{id_}").json
    assert "Night bed" in json.dumps(over_http)
    assert added().services == ()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("code,name\n1,x\n", 'row 1, column "kind": is missing'),
        ("code,name,kind,colour\n1,x,cbt,red\n", 'row 1, column "colour": unknown column `colour`'),
        ("code,name,kind\n1,,cbt\n", 'row 2, column "name": is missing'),
        ("code,name,kind\n1,x,crisys\n", 'row 2, column "kind": unknown kind of intervention `crisys`, did'),
        ("code,name,kind\na|b,x,cbt\n", 'row 2, column "code": `a|b` is no code'),
        ("code,name,kind,relation\n1,x,cbt,same\n", 'row 2, column "relation": unknown relation `same`'),
        ("code,name,kind\n1,x,cbt\n1,y,cbt\n", 'row 3, column "code": `1` stands in row 2 too'),
        ("code,name,kind\n1,x,cbt\n2,X,cbt\n", 'row 3, column "name": `X` stands in row 2 too'),
        ("code,name,kind\n1,Counselling,cbt\n", "is how plans write the kind `individual-counselling`"),
        ("code,name,kind\n9,Night bed,cbt\n", "is service `532` of `Organization/riverside`"),
        ("code,name,kind\n1,%s,cbt\n" % ("x" * 201), "on one line of at most 200 characters"),
        ("", "the file is empty"),
    ],
)  # fmt: skip
def test_a_list_with_faults_is_refused_whole_by_row_and_column(riverside, text, fault):
    assert riverside(SERVICES).code == 0
    ran = riverside(text)
    assert ran.code == 1
    assert fault in ran.err
    assert riverside(SERVICES).out.startswith("nothing is new")


VENDOR = "https://vendor.example.org/services"


def _foreign(api: Api, reference: str, ours: str, code: str) -> None:
    """Another system stores the resource with a code of its own in place of ours."""
    text = api.agency.get(f"/fhir/{reference}").body.decode()
    theirs = re.sub(
        rf'\{{"system":"{re.escape(ours)}"[^}}]*\}}', json.dumps({"system": VENDOR, "code": code}), text
    )
    assert theirs != text
    answer = api.agency("PUT", f"/fhir/{reference}", json.loads(theirs))
    assert answer.status == 200, answer.body


def _kinds(plan: dict[str, Any]) -> dict[str, str]:
    """The kind of each strategy, by its number."""
    steps = [step for goal in plan["goals"] for step in goal["objectives"]]
    return {one["number"]: one["kind"] for step in steps for one in step["strategies"]}


@pytest.mark.parametrize("text", ["code,name,kind\n", "code,name,kind\n,,\n\n"])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_list_without_a_service_is_refused(riverside, text):
    ran = riverside(text)
    told = "careplan: the file has no service: there is nothing below the column names\n"
    assert (ran.code, ran.out, ran.err) == (1, "", told)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_code_of_the_catalogue_is_mapped_only_when_that_is_meant(careplan):
    code = ("http://snomed.info/sct", "409063005")
    ran = careplan("terminology", "map", *code, "--to", "advocacy")
    known = f"`{'|'.join(code)}` is in the catalogue and read as `individual-counselling`"
    assert (ran.code, ran.err) == (1, f"careplan: {known}: `--instead` has it read as `advocacy`\n")
    ran = careplan("terminology", "map", *code, "--to", "counselling")
    assert (ran.code, ran.err) == (1, f"careplan: {known}: there is nothing to map\n")
    assert careplan("terminology", "mapped").out == ""
    assert careplan("terminology", "map", *code, "--to", "advocacy", "--instead").code == 0
    ran = careplan("terminology", "map", *code, "--to", "cbt")
    assert ran.out == f"{'|'.join(code)} is read as cbt, no longer as advocacy\n"
    domain = ("http://hl7.org/fhir/sid/icd-10-cm", "Z59.41")
    assert "read as `food-insecurity`" in careplan("terminology", "map", *domain, "--to", "housing").err


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_was_mapped_is_listed_and_taken_back(careplan):
    for code, word in (("V-2", "housing"), ("V-1", "cbt")):
        assert careplan("terminology", "map", VENDOR, code, "--to", word).code == 0
    listed = careplan("terminology", "mapped").out
    assert listed == f"{VENDOR}\tV-1\tcbt\n{VENDOR}\tV-2\thousing-instability\n"
    ran = careplan("terminology", "unmap", VENDOR, "V-1")
    assert (ran.code, ran.out) == (0, f"{VENDOR}|V-1 is no longer read as cbt\n")
    assert careplan("terminology", "mapped").out == f"{VENDOR}\tV-2\thousing-instability\n"
    ran = careplan("terminology", "unmap", VENDOR, "V-1")
    assert (ran.code, "`careplan terminology mapped`" in ran.err) == (1, True)


@pytest.mark.usefixtures("agency")
def test_codes_that_nobody_knows_are_queued_and_mapped_once(careplan, api: Api, clock):
    ran = careplan("plan", "import", str(ROOT / "fixtures" / "plans" / "family-eviction.json"))
    id_ = ran.made("CarePlan")
    before = json.loads(careplan("plan", "export", id_).out)
    assert careplan("terminology", "unmapped").out == ""

    plan = api.agency.get(f"/fhir/CarePlan/{id_}").json
    described = {activity["id"] for activity in plan["activity"] if "detail" in activity}
    _foreign(api, f"CarePlan/{id_}", INTERVENTION, "V-1")
    _foreign(api, plan["goal"][0]["reference"], GRAVITY, "V-2")
    between = json.loads(careplan("plan", "export", id_).out)
    marked = {mark["how"] for mark in between["marks"] if mark["field"].endswith((".kind", ".domain"))}
    assert marked == {"inferred", "not-mapped"}
    assert between["goals"][0]["words"] == before["goals"][0]["words"]
    queue = [line.split("\t") for line in careplan("terminology", "unmapped").out.splitlines()]
    assert [VENDOR, "V-1", "", "kind"] in [line[1:] for line in queue]
    assert [VENDOR, "V-2", "", "domain"] in [line[1:] for line in queue]

    wrong = careplan("terminology", "map", VENDOR, "V-1", "--to", "counceling")
    assert (wrong.code, "did you mean" in wrong.err) == (1, True)
    for system, code in ((INTERVENTION, "x"), ("vendor", "x"), (VENDOR, "a  b")):
        assert careplan("terminology", "map", system, code, "--to", "cbt").code == 1
    stored = api.agency.get(f"/fhir/CarePlan/{id_}").body
    for _ in range(2):
        assert careplan("terminology", "map", VENDOR, "V-1", "--to", "Case management").code == 0
    assert careplan("terminology", "map", VENDOR, "V-2", "--to", "housing").code == 0
    after = json.loads(careplan("plan", "export", id_).out)
    was, now = _kinds(before), _kinds(after)
    assert now == {**was, **dict.fromkeys(described, "case-management")} != was
    assert after["goals"][0]["domain"] == "housing-instability" == before["goals"][0]["domain"]
    clock.go_on(seconds=2)
    assert api.agency.get(f"/plans/{id_}").status == 200
    assert api.agency.get(f"/fhir/CarePlan/{id_}").body == stored
    there = _matches(api.http.get(f"/fhir/ConceptMap/$translate?system={VENDOR}&code=V-1").json)
    assert there == {(INTERVENTION, "case-management"): "equivalent"}
    assert VENDOR not in careplan("terminology", "unmapped").out
    assert careplan("terminology", "unmap", VENDOR, "V-1").code == 0
    assert _kinds(json.loads(careplan("plan", "export", id_).out)) == _kinds(between)

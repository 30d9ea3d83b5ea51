"""Parts of resources: what `_summary` and `_elements` keep. https://hl7.org/fhir/R4/search.html#summary"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from careplan_service.errors import Malformed
from careplan_service.resources.narrowing import (
    SUBSETTED,
    WHOLE,
    Narrowing,
    indented,
    narrowed,
    narrowing_of,
    subsetted_at,
)
from careplan_service.resources.r4 import SUPPORTED, check
from careplan_service.resources.r4.facts import FACTS
from careplan_service.resources.summaries import NEEDED, SUMMARY

GOAL: dict[str, Any] = {
    "resourceType": "Goal",
    "id": "g",
    "meta": {"versionId": "1", "security": [{"code": "R"}]},
    "implicitRules": "u:rules",
    "language": "de",
    "text": {"status": "generated", "div": "<div>a</div>"},
    "contained": [{"resourceType": "Patient", "id": "p"}],
    "extension": [{"url": "u:x", "valueCode": "a"}],
    "modifierExtension": [{"url": "u:y", "valueCode": "b"}],
    "identifier": [{"value": "1"}],
    "lifecycleStatus": "active",
    "_lifecycleStatus": {"id": "s"},
    "description": {"text": "a home"},
    "subject": {"reference": "Patient/ann"},
    "startDate": "2026",
    "_startDate": {"id": "d"},
    "target": [{"detailInteger": 5}],
    "note": [{"text": "n"}],
}
IDENTITY = {"resourceType", "id", "meta", "implicitRules", "modifierExtension"}
MANDATORY = {"lifecycleStatus", "_lifecycleStatus", "description", "subject"}


def part(narrowing: Narrowing, document: dict[str, Any] = GOAL) -> dict[str, Any]:
    return json.loads(narrowed(json.dumps(document).encode(), narrowing))


def asked(summary: str | None = None, elements: str | None = None, *types: str) -> Narrowing:
    return narrowing_of(summary, elements, types or ("Goal",))


KEPT = {
    "true": IDENTITY | MANDATORY | {"startDate", "_startDate"},
    "text": IDENTITY | MANDATORY | {"text"},
    "data": GOAL.keys() - {"text"},
    "false": GOAL.keys(),
}


@pytest.mark.parametrize(("summary", "kept"), KEPT.items())
def test_a_summary_keeps_what_r4_says(summary: str, kept: set[str]) -> None:
    found = part(asked(summary))
    assert found.keys() == kept
    assert subsetted_at(found) == (0 if kept != GOAL.keys() else None)
    assert {name: found[name] for name in kept - {"meta"}} == {name: GOAL[name] for name in kept - {"meta"}}


ELEMENTS = {
    "note": {"note"},
    "note,target": {"note", "target"},
    " note , target ": {"note", "target"},
    "start": {"startDate", "_startDate"},
    "start[x]": {"startDate", "_startDate"},
    "text": {"text"},
    "id": set(),
    "Goal.note": {"note"},
}


@pytest.mark.parametrize(("elements", "kept"), ELEMENTS.items())
def test_elements_are_kept_beside_what_no_part_is_without(elements: str, kept: set[str]) -> None:
    assert part(asked(None, elements)).keys() == IDENTITY | MANDATORY | kept


REFUSED = {
    (None, "notes"): "`_elements` names `notes`; Goal has achievementStatus, addresses",
    (None, ""): "`_elements` names ``",
    (None, "note,"): "`_elements` names ``",
    (None, "target.measure"): "`_elements` names `target.measure`",
    (None, "startDate"): "`_elements` names `startDate`",
    (None, "_startDate"): "`_elements` names `_startDate`",
    (None, "Patient.note"): "`_elements` names `Patient.note`; Patient has active",
    (None, "Bundle.entry"): "`_elements` names `Bundle.entry`",
    (None, "*"): "`_elements` names `*`",
    ("count", None): "and `count` in a search, not `count`",
    ("yes", None): "`_summary` takes data, false, text, true here",
    ("", None): "`_summary` takes",
    ("true", "note"): "exclude each other",
}


@pytest.mark.parametrize(("given", "told"), REFUSED.items())
def test_what_nobody_would_follow_is_refused(given: tuple[str | None, str | None], told: str) -> None:
    with pytest.raises(Malformed) as refused:
        asked(*given)
    assert told in refused.value.text


def test_a_name_of_any_type_will_do_where_there_are_several() -> None:
    found = asked(None, "target", "Goal", "Patient", "Provenance")
    assert found == Narrowing(elements={"Goal": frozenset({"target"}), "Provenance": frozenset({"target"})})
    with pytest.raises(Malformed, match="ask for elements at the top of a served type"):
        asked(None, "nothing", "Goal", "Patient")


def test_nothing_asked_is_the_whole() -> None:
    assert asked() == asked("false") == WHOLE
    assert asked("false", "note") == asked(None, "note")
    assert part(WHOLE) == GOAL


def test_what_stays_whole_is_not_marked() -> None:
    least = {name: GOAL[name] for name in ("resourceType", "id", "lifecycleStatus", "subject", "description")}
    for narrowing in (asked("true"), asked("text"), asked("data"), asked(None, "id")):
        assert part(narrowing, least) == least


def test_the_tag_is_added_to_the_others_and_once() -> None:
    other = {"system": "u:x", "code": "SUBSETTED"}
    found = part(asked("text"), {**GOAL, "meta": {"tag": [other]}})
    assert found["meta"] == {"tag": [other, dict(SUBSETTED)]}
    assert part(asked("text"), {**found, "note": []})["meta"] == found["meta"]
    without = {name: value for name, value in GOAL.items() if name != "meta"}
    assert part(asked("text"), without)["meta"] == {"tag": [dict(SUBSETTED)]}


def test_every_resource_of_a_bundle_is_narrowed_by_its_own_type() -> None:
    patient = {"resourceType": "Patient", "id": "p", "name": [{"family": "Doe"}], "photo": [{"title": "x"}]}
    outcome = {"resourceType": "OperationOutcome", "text": {"div": "x"}, "issue": []}
    entries = [
        {"fullUrl": "u:1", "resource": GOAL, "search": {"mode": "match"}},
        {"resource": patient, "search": {"mode": "include"}},
        {"resource": outcome},
        {"request": {"method": "DELETE", "url": "Goal/1"}},
    ]
    bundle = {"resourceType": "Bundle", "id": "b", "type": "searchset", "total": 1, "entry": entries}
    found = part(asked(None, "note,Patient.photo"), bundle)
    resources = [entry.get("resource") for entry in found["entry"]]
    assert resources[0].keys() == IDENTITY | MANDATORY | {"note"}
    assert resources[1].keys() == {"resourceType", "id", "photo", "meta"}
    assert resources[2:] == [outcome, None]
    assert {**found, "entry": [{**e, "resource": None} for e in found["entry"]]} == {
        **bundle,
        "entry": [{**e, "resource": None} for e in entries],
    }
    assert part(asked(None, "note"), bundle)["entry"][1] == entries[1]
    assert part(asked("true"), bundle)["entry"][1]["resource"]["name"] == patient["name"]
    assert part(asked("true"), {"resourceType": "Bundle", "type": "searchset"}).keys() == {
        "resourceType",
        "type",
    }


def test_what_is_not_served_stays_whole() -> None:
    for type_ in ("OperationOutcome", "CapabilityStatement", "Parameters"):
        document = {"resourceType": type_, "text": {"div": "x"}, "other": 1}
        assert part(asked("true"), document) == part(asked("text"), document) == document


@pytest.mark.parametrize("number", ["1.50", "1E2", "1e-7", "-0.0", "0", "12345678901234567890.123456789"])
def test_numbers_keep_their_digits(number: str) -> None:
    data = f'{{"resourceType":"Goal","target":[{{"detailQuantity":{{"value":{number}}}}}]}}'.encode()
    assert narrowed(data, asked(None, "target")) == data
    assert number.encode() in indented(data)


def test_indented_json_is_the_same_json_on_many_lines() -> None:
    data = json.dumps(GOAL).encode()
    assert json.loads(indented(data)) == GOAL
    assert indented(data).startswith(
        b'{\n  "resourceType": "Goal",\n  "id": "g",\n  "meta": {\n    "versionId"'
    )


NOT_SUBSETTED: list[Any] = [
    {},
    {"meta": None},
    {"meta": "SUBSETTED"},
    {"meta": [SUBSETTED]},
    {"meta": {"tag": SUBSETTED}},
    {"meta": {"tag": None}},
    {"meta": {"tag": [None, "SUBSETTED", {"code": "SUBSETTED"}]}},
    {"meta": {"tag": [{"system": SUBSETTED["system"], "code": "ACTCODE"}]}},
    {"meta": {"security": [SUBSETTED]}},
    {"contained": [{"meta": {"tag": [SUBSETTED]}}]},
]


def test_a_part_is_known_by_its_tag_whatever_stands_beside_it() -> None:
    tag = {**SUBSETTED, "display": "a part", "id": "t"}
    assert subsetted_at({"meta": {"tag": [{"code": "x"}, tag]}}) == 1
    assert [subsetted_at(document) for document in NOT_SUBSETTED] == [None] * len(NOT_SUBSETTED)


@pytest.mark.parametrize("type_", sorted(SUPPORTED))
def test_a_part_of_a_served_type_is_a_valid_resource_but_for_what_it_refers_to(type_: str) -> None:
    assert SUMMARY.keys() == NEEDED.keys() == SUPPORTED
    facts = FACTS["shapes"][type_]["elements"]
    stems = {name.removesuffix("[x]") for name in facts} | {
        "id",
        "meta",
        "implicitRules",
        "modifierExtension",
    }
    assert SUMMARY[type_] <= stems
    assert NEEDED[type_] <= stems | {"resourceType"}


def test_the_summary_flags_are_those_of_the_definitions(shared: Path) -> None:
    published = json.loads((shared / "specs" / "r4-requirements.json").read_text(encoding="utf-8"))
    assert SUPPORTED - published.keys() == {"EpisodeOfCare"}
    for type_ in SUPPORTED & published.keys():
        top = [e for e in published[type_]["elements"] if e["path"].count(".") == 1]
        names = {e["path"].split(".")[1].removesuffix("[x]"): e for e in top}
        assert SUMMARY[type_] == {name for name, e in names.items() if e["summary"]}
        needed = {name for name, e in names.items() if e["modifier"] or e["min"]}
        assert NEEDED[type_] == needed | IDENTITY


def test_parts_of_published_examples_are_valid(shared: Path) -> None:
    folder = shared / "corpora" / "us-core-6.1.0"
    for path in sorted(folder.glob("*.json")):
        document = json.loads(path.read_bytes())
        type_ = document.get("resourceType")
        if type_ not in SUPPORTED or check(document, type_):
            continue
        for narrowing in (asked("true"), asked("text"), asked("data"), asked(None, "id", type_)):
            found = part(narrowing, document)
            faults = [f for f in check(found, type_) if f.code != "invariant" and "#" not in f.text]
            assert faults == [], (path.name, narrowing)

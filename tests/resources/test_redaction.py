"""Redacted copies are valid, name nothing hidden, and become the whole again when their cuts are undone."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from builders import a_goal, an_example
from careplan_service.errors import Conflict
from careplan_service.resources import r4
from careplan_service.resources.naming import named_in
from careplan_service.resources.redaction import Redaction, is_redacted
from careplan_service.resources.registry import SERVED

ANN, BASE = "Patient/ann", "http://127.0.0.1:8000"
HIDDEN: dict[str, Any] = {"reference": "Observation/hidden", "display": "hiv"}
HIDDEN_LETTER = {"reference": "DocumentReference/hidden"}
META = {"versionId": "1", "lastUpdated": "2026-06-01T12:00:00.000Z"}
EXTENSION = {"url": "http://x.org/y", "extension": [{"url": "z", "valueReference": HIDDEN}]}
MOTHER = {"reference": "RelatedPerson/hidden"}
MORE: dict[str, Any] = {
    "Encounter": {"diagnosis": [{"condition": {"reference": "Condition/hidden"}}],
                  "participant": [{"individual": MOTHER}]},
    "DocumentReference": {"relatesTo": [{"code": "replaces", "target": HIDDEN_LETTER}]},
    "Group": {"member": [{"entity": {"reference": "Patient/hidden"}}, {"entity": {"display": "x"}}],
              "characteristic": [{"code": {"text": "x"}, "valueReference": HIDDEN, "exclude": False}]},
    "Patient": {"link": [{"other": {"reference": "Patient/hidden"}, "type": "seealso"}]},
    "Procedure": {"performer": [{"actor": MOTHER, "function": {"text": "x"}}]},
    "Provenance": {"target": [{"reference": "Goal/hidden"}], "agent": [{"who": MOTHER}],
                   "entity": [{"role": "source", "what": HIDDEN}]},
    "Task": {"input": [{"type": {"text": "x"}, "valueReference": HIDDEN}], "focus": HIDDEN},
    "CareTeam": {"participant": [{"role": [{"text": "x"}], "member": MOTHER}]},
    "Consent": {"provision": {"type": "permit", "data": [{"meaning": "instance", "reference": HIDDEN}]}},
}  # fmt: skip


def hides(text: str) -> bool:
    return any(name.endswith("/hidden") for name in named_in(json.dumps([text]).encode(), BASE).guarded)


@pytest.mark.parametrize("type_", SERVED)
def test_a_copy_of_each_type_is_valid_and_names_nothing_hidden(type_: str) -> None:
    whole = {
        **an_example(type_, ANN),
        **MORE.get(type_, {}),
        "id": "x",
        "meta": META,
        "extension": [EXTENSION],
    }
    assert not r4.check(whole, type_)
    redaction = Redaction(copy.deepcopy(whole), hides)
    seen = json.loads(json.dumps(redaction.document))
    assert not r4.check(seen, type_), r4.check(seen, type_)
    assert is_redacted(seen)
    assert not [name for name in named_in(json.dumps(seen).encode(), BASE).guarded if name.endswith("hidden")]
    assert "hiv" not in json.dumps(seen)
    assert redaction.undone(redaction.document) == whole


def test_where_nothing_is_hidden_nothing_is_changed() -> None:
    goal = a_goal(ANN, addresses=[{"reference": "Condition/open"}])
    redaction = Redaction(copy.deepcopy(goal), hides)
    assert redaction.is_whole
    assert redaction.document == goal


def test_an_address_counts_however_it_is_written() -> None:
    for text in ("Goal/1", f"{BASE}/fhir/Goal/1", "Goal/1/_history/2", "Goal\\/1", "\\u0047oal/1"):
        assert named_in(f'{{"a":["{text}"]}}'.encode(), BASE).guarded == {"Goal/1"}, text
    for text in ("https://elsewhere.org/fhir/Goal/1", "Practitioner/1", "Goal/1 and more", "#g", "Goal/"):
        assert named_in(json.dumps({"a": text}).encode(), BASE).guarded == frozenset(), text


def test_hidden_items_go_back_behind_what_they_stood_behind() -> None:
    first, last = {"reference": "Condition/a"}, {"reference": "Condition/b"}
    gone = [{"reference": f"{type_}/hidden"} for type_ in ("Goal", "Task", "Observation")]
    whole = a_goal(ANN, addresses=[gone[0], first, gone[1], gone[2], last], meta=META)
    redaction = Redaction(whole, hides)
    assert whole["addresses"] == [first, last]
    whole["addresses"].insert(1, {"reference": "Condition/new"})
    assert redaction.undone(whole)["addresses"] == [
        gone[0],
        first,
        gone[1],
        gone[2],
        {"reference": "Condition/new"},
        last,
    ]


@pytest.mark.parametrize("change", [
    lambda goal: goal.pop("note"), lambda goal: goal["note"].clear(),
    lambda goal: goal["note"][0].update(authorReference={"display": "me"}),
    lambda goal: goal.update(addresses="x"), lambda goal: goal.update(expressedBy={"display": "me"}),
])  # fmt: skip
def test_a_change_of_what_is_hidden_is_refused(change: Any) -> None:
    note = [{"text": "x", "authorReference": MOTHER}]
    goal = a_goal(
        ANN, note=note, addresses=[{"reference": "Condition/hidden"}], expressedBy=MOTHER, meta=META
    )
    redaction = Redaction(goal, hides)
    change(goal)
    with pytest.raises(Conflict):
        redaction.undone(goal)

"""Literal references in bytes and documents, and addresses that may be links."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import a_care_plan, a_goal
from careplan_service.access.facts import Fact
from careplan_service.resources.addresses import addresses_in
from careplan_service.resources.literals import REFERS, Target, places, targets_in
from careplan_service.resources.registry import SERVED

BASE = "http://127.0.0.1:8000"


@pytest.mark.parametrize(
    ("literal", "target"),
    [
        ("Goal/1", Target("Goal/1")),
        ("Goal/1/_history/2", Target("Goal/1", "2")),
        (f"{BASE}/fhir/Goal/1", Target("Goal/1")),
        (f"{BASE}/fhir/Goal/1/_history/x", Target("Goal/1", "x")),
        ("urn:oid:1.2.3", Target("urn:oid:1.2.3")),
        ("#in", None),
        ("https://elsewhere.example/fhir/Goal/1", None),
        (f"{BASE}0/fhir/Goal/1", None),
        (f"{BASE}/fhir/fhir/Goal/1", None),
        ("Goal?identifier=1", None),
        ("goal/1", None),
    ],
)  # fmt: skip
def test_what_a_literal_points_to_on_this_server(literal, target):
    data = json.dumps({"x": [{"reference": literal, "display": '"reference":"Goal/9"'}]}).encode()
    assert targets_in(data, BASE) == ({literal: target} if target else {})


@given(st.recursive(
    st.sampled_from(["Goal/1", "Patient/\u00e4", 'a"b', "Task/2/_history/1", "x"]) | st.integers(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["reference", "x", "y"]), inner),
), st.booleans())  # fmt: skip
def test_the_bytes_and_the_document_tell_the_same(node, ascii_only):
    def literals(held):
        if isinstance(held, dict):
            if isinstance(held.get("reference"), str):
                yield held["reference"]
            for value in held.values():
                yield from literals(value)
        elif isinstance(held, list):
            for item in held:
                yield from literals(item)

    data = json.dumps({"x": node}, ensure_ascii=ascii_only).encode()
    wanted = {one for one in literals(node) if one in ("Goal/1", "Task/2/_history/1")}
    assert targets_in(data, BASE).keys() == wanted
    document = {"resourceType": "Basic", "x": node}
    assert {literal for _, literal in places(document, wanted)} == wanted


def test_a_place_is_a_fhirpath():
    plan = a_care_plan(
        "Patient/a",
        activity=[{"reference": {"reference": "Task/1"}}],
        extension=[{"url": "x", "valueReference": {"reference": "Group/g"}}],
        contained=[{"resourceType": "Observation", "id": "o", "subject": {"reference": "Patient/b"}}],
    )
    wanted = {"Patient/a", "Task/1", "Group/g", "Patient/b"}
    assert sorted(places(plan, wanted)) == [
        ("CarePlan.activity[0].reference", "Task/1"),
        ("CarePlan.contained[0].subject", "Patient/b"),
        ("CarePlan.extension[0].value", "Group/g"),
        ("CarePlan.subject", "Patient/a"),
    ]


def test_a_reference_that_no_search_parameter_covers_is_a_fact_of_its_own():
    plan = a_care_plan(
        "Patient/a",
        goals=("Goal/1",),
        supportingInfo=[{"reference": "Task/9"}, {"reference": "Goal/1"}, {"reference": "#x"}],
        author={"reference": f"{BASE}/fhir/Practitioner/p"},
        contributor=[{"reference": "https://elsewhere.example/fhir/Practitioner/q"}],
    )
    rows = SERVED["CarePlan"].facts(plan, BASE).rows
    own = {row for row in rows if row.param == REFERS}
    assert own == {Fact(REFERS, "Task/9"), Fact(REFERS, "Practitioner/p")}
    assert not [row for row in SERVED["Goal"].facts(a_goal(of="Patient/a"), BASE).rows if row.param == REFERS]


def test_addresses_are_uris_and_narratives_and_no_canonicals_or_strings():
    plan = {
        "resourceType": "CarePlan",
        "text": {"status": "generated", "div": "<div/>"},
        "title": "x",
        "instantiatesUri": ["u:1", "u:2"],
        "instantiatesCanonical": ["c:1"],
        "extension": [{"url": "e:1", "valueUri": "u:3"}, {"url": "e:2", "valueUuid": "urn:uuid:x"}],
        "identifier": [{"system": "s:1", "value": "v:1"}],
        "contained": [{"resourceType": "DocumentReference", "content": [{"attachment": {"url": "a:1"}}]}],
    }
    assert list(addresses_in(plan)) == [
        ("/text/div", "<div/>", True),
        ("/instantiatesUri/0", "u:1", False),
        ("/instantiatesUri/1", "u:2", False),
        ("/extension/0/url", "e:1", False),
        ("/extension/0/valueUri", "u:3", False),
        ("/extension/1/url", "e:2", False),
        ("/identifier/0/system", "s:1", False),
        ("/contained/0/content/0/attachment/url", "a:1", False),
    ]

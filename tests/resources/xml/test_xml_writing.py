"""JSON to XML: names, order, attributes and characters. https://hl7.org/fhir/R4/xml.html"""

from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from careplan_service.errors import Malformed, NotAcceptable
from careplan_service.resources.r4 import SUPPORTED
from careplan_service.resources.xml import to_xml
from resources.r4.samples import minimal, with_each_element
from resources.xml.laws import FHIR, XHTML, same, there_and_back

HEAD = '<?xml version="1.0" encoding="UTF-8"?>'

WRITTEN: dict[str, tuple[dict[str, Any], str]] = {
    "elements in the order of the definition": (
        {
            "subject": {"reference": "Patient/1"},
            "lifecycleStatus": "active",
            "id": "g",
            "meta": {"source": "x"},
        },
        '<id value="g"/><meta><source value="x"/></meta><lifecycleStatus value="active"/>'
        '<subject><reference value="Patient/1"/></subject>',
    ),
    "an id inside is an attribute, and so is the url of an extension": (
        {"target": [{"id": "t", "extension": [{"id": "e", "url": "u:x", "valueUri": "u:y"}]}]},
        '<target id="t"><extension id="e" url="u:x"><valueUri value="u:y"/></extension></target>',
    ),
    "an extension stands in the primitive": (
        {"startDate": "2026", "_startDate": {"id": "s", "extension": [{"url": "u:x", "valueBoolean": True}]}},
        '<startDate value="2026" id="s"><extension url="u:x"><valueBoolean value="true"/></extension>'
        "</startDate>",
    ),
    "an extension without a value beside it": (
        {"_startDate": {"extension": [{"url": "u:x", "valueInteger": 0}]}},
        '<startDate><extension url="u:x"><valueInteger value="0"/></extension></startDate>',
    ),
    "a contained resource": (
        {"contained": [{"resourceType": "Patient", "id": "p"}]},
        '<contained><Patient><id value="p"/></Patient></contained>',
    ),
    "empty lists are left out": ({"id": "g", "target": [], "note": []}, '<id value="g"/>'),
    "line ends in a value survive": (
        {"statusReason": 'a\tb\nc\rd "e" <f> & \u00a0'},
        '<statusReason value="a&#9;b&#10;c&#13;d &quot;e&quot; &lt;f&gt; &amp; \u00a0"/>',
    ),
    "what XML cannot hold is replaced": (
        {"statusReason": "a\x00b\x1fc\ud800d\uffffe"},
        '<statusReason value="a\ufffdb\ufffdc\ufffdd\ufffde"/>',
    ),
}

NARRATIVES = {
    "a<br/>b": "a<br/>b",
    "a<br></br>b": "a<br/>b",
    "<table><tr><td/></tr></table>": "<table><tr><td></td></tr></table>",
    "a &lt; b &gt; c &amp; d": "a &lt; b &gt; c &amp; d",
    "a&nbsp;b&eacute;&#169;": "a\u00a0bé©",
    "a<!-- hidden -->b": "ab",
    "<![CDATA[a < b]]>": "a &lt; b",
    '<p title="&quot;&#10;" xml:lang="de">c</p>': '<p title="&quot;&#10;" xml:lang="de">c</p>',
    "a\nb\tc": "a\nb\tc",
    "a\x01b": "a\ufffdb",
}


def xml_of(document: dict[str, Any]) -> str:
    return to_xml(json.dumps(document).encode()).decode()


@pytest.mark.parametrize(("elements", "written"), WRITTEN.values(), ids=WRITTEN)
def test_a_goal_is_written(elements: dict[str, Any], written: str) -> None:
    goal = f'<Goal xmlns="{FHIR}">{written}</Goal>' if written else f'<Goal xmlns="{FHIR}"/>'
    assert xml_of({"resourceType": "Goal", **elements}) == HEAD + goal


@pytest.mark.parametrize(("inside", "written"), NARRATIVES.items())
def test_a_narrative_says_the_same_in_one_form(inside: str, written: str) -> None:
    narrative = {"status": "generated", "div": f'<div xmlns="{XHTML}">{inside}</div>'}
    wanted = f'<text><status value="generated"/><div xmlns="{XHTML}">{written}</div></text>'
    assert wanted in xml_of({"resourceType": "Goal", "text": narrative})


@pytest.mark.parametrize("number", ["1.50", "1E2", "1e-7", "-0.0", "0", "12345678901234567890.123456789"])
def test_a_number_keeps_its_digits(number: str) -> None:
    data = f'{{"resourceType":"Goal","target":[{{"detailQuantity":{{"value":{number}}}}}]}}'.encode()
    assert f'<value value="{number}"/>'.encode() in to_xml(data)
    assert there_and_back(data) == data


def test_lists_of_primitives_keep_their_gaps() -> None:
    extended = [{"extension": [{"url": "u:x", "valueCode": "a"}]}]
    for values, beside in (
        (["a", None, "b"], [None, *extended, None]),
        ([None, "b"], [*extended, None]),
        (["a", "b"], [*extended, {"id": "i"}]),
    ):
        name = {"given": values, "_given": beside}
        data = json.dumps({"resourceType": "Patient", "name": [name]}, separators=(",", ":")).encode()
        assert there_and_back(data) == data


def test_a_gap_that_nothing_explains_is_closed() -> None:
    data = b'{"resourceType":"Patient","name":[{"given":[null,"a",null]}]}'
    assert there_and_back(data) == b'{"resourceType":"Patient","name":[{"given":["a"]}]}'


def test_a_list_that_is_only_explained_has_no_values() -> None:
    name = {
        "_given": [
            {"extension": [{"url": "u:x", "valueCode": "a"}]},
            {"id": "i", "extension": [{"url": "u"}]},
        ]
    }
    data = json.dumps({"resourceType": "Patient", "name": [name]}, separators=(",", ":")).encode()
    assert there_and_back(data) == data


def test_resources_stand_in_a_bundle_and_in_parameters() -> None:
    goal = {"resourceType": "Goal", "id": "g"}
    outcome = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "invalid"}]}
    entries = [{"fullUrl": "u:1", "resource": goal}, {"response": {"status": "400", "outcome": outcome}}]
    parts = [{"name": "a", "part": [{"name": "b", "resource": goal}]}]
    for document in (
        {"resourceType": "Bundle", "type": "batch-response", "total": 1, "entry": entries},
        {"resourceType": "Parameters", "parameter": parts},
    ):
        data = json.dumps(document).encode()
        assert same(data, there_and_back(data))
        assert '<resource><Goal><id value="g"/></Goal></resource>' in to_xml(data).decode()


@pytest.mark.parametrize("type_", sorted(SUPPORTED))
def test_every_element_of_a_served_type_comes_back(type_: str) -> None:
    for _, node in with_each_element(type_):
        data = json.dumps({"resourceType": type_, **node}, default=float).encode()
        assert same(data, there_and_back(data)), data


@pytest.mark.parametrize("kind", sorted(dict(with_each_element("Extension"))))
def test_every_type_of_value_comes_back(kind: str) -> None:
    value = dict(with_each_element("Extension"))[kind]
    document = {"resourceType": "Patient", "extension": [value, {**value, **minimal("Extension")}]}
    data = json.dumps(document, default=float).encode()
    assert same(data, there_and_back(data))


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters=[chr(n) for n in range(32)])))
def test_any_text_comes_back(text: str) -> None:
    text = text.replace("\ufffe", "").replace("\uffff", "")
    data = json.dumps(
        {"resourceType": "Goal", "statusReason": text}, ensure_ascii=False, separators=(",", ":")
    )
    assert there_and_back(data.encode()) == data.encode()


@given(st.text(st.characters()))
def test_any_text_makes_well_formed_xml(text: str) -> None:
    data = json.dumps(
        {"resourceType": "Goal", "id": text, "target": [{"id": text, "_dueDate": {"id": text}}]}
    )
    ElementTree.fromstring(to_xml(data.encode()))


NO_RESOURCE = {
    b"": Malformed,
    b"[]": Malformed,
    b'{"a":1}': NotAcceptable,
    b'{"resourceType":"Foo"}': NotAcceptable,
    b'{"resourceType":"SubstancePolymer"}': NotAcceptable,
    b'{"resourceType":"Goal","x":1}': Malformed,
    b'{"resourceType":"Goal","target":{}}': Malformed,
    b'{"resourceType":"Goal","target":["x"]}': Malformed,
    b'{"resourceType":"Goal","subject":"x"}': Malformed,
    b'{"resourceType":"Goal","startDate":{}}': Malformed,
    b'{"resourceType":"Goal","startDate":NaN}': Malformed,
    b'{"resourceType":"Goal","contained":[1]}': Malformed,
    b'{"resourceType":"Goal","text":{"div":"<div>"}}': Malformed,
    b'{"resourceType":"Goal","text":{"div":"<!DOCTYPE div><div/>"}}': Malformed,
    b'{"resourceType":"Goal","text":{"div":"<div xmlns=\'u:x\'/>"}}': Malformed,
    b'{"resourceType":"Goal","text":1}': Malformed,
    b'{"a":' * 100_000: Malformed,
    b"\xff": Malformed,
}


@pytest.mark.parametrize(("data", "problem"), NO_RESOURCE.items(), ids=lambda it: str(it)[:50])
def test_what_is_no_resource_is_refused(data: bytes, problem: type[Exception]) -> None:
    with pytest.raises(problem):
        to_xml(data)

"""XML to JSON: what is refused, where and why. https://hl7.org/fhir/R4/xml.html"""

from __future__ import annotations

import codecs
import json

import pytest

from careplan_service.errors import Malformed
from careplan_service.resources.xml import from_xml
from resources.xml.laws import FHIR, XHTML

XSI = "http://www.w3.org/2001/XMLSchema-instance"


def goal(inside: str, before: str = "") -> bytes:
    return f'{before}<Goal xmlns="{FHIR}">{inside}</Goal>'.encode()


def refusal_of(data: bytes) -> Malformed:
    with pytest.raises(Malformed) as refused:
        from_xml(data)
    return refused.value


ELEMENTS = {
    "<foo/>": ("Goal.foo", "is not an element of Goal in FHIR R4: remove it (line 1, column 35)"),
    "\n <target>\n<foo/></target>": ("Goal.target[0].foo", "is not an element of Goal.target in FHIR R4"),
    "<target><measure/></target>": ("Goal.target[0].measure", "is empty"),
    "<target/>": ("Goal.target[0]", "is empty"),
    "<target><!-- a --></target>": ("Goal.target[0]", "is empty"),
    "<startDate/>": ("Goal.startDate", "has no value"),
    "<resourceType value='Goal'/>": ("Goal.resourceType", "is not an element"),
    "<_startDate value='2026'/>": ("Goal._startDate", "is not an element"),
    "<start value='2026'/>": ("Goal.start", "is not an element"),
    "<target><id value='1'/></target>": ("Goal.target[0].id", "is not an element"),
    "<extension><url value='u:x'/></extension>": ("Goal.extension[0].url", "is not an element"),
    "<startDate value='2026'/><startDate value='2026'/>": ("Goal.startDate", "stands here twice"),
    "<startDate><extension url='u:x'/></startDate><startDate value='2026'/>": ("Goal.startDate", "twice"),
    "<startDate value='2026'>x</startDate>": ("Goal.startDate", "holds the text `x`"),
    "<startDate value='2026'><value/></startDate>": ("Goal.startDate.value", "is not an element"),
    "<startDate value='2026' lang='de'/>": ("Goal.startDate", "has the attribute `lang`"),
    "<subject value='x'/>": ("Goal.subject", "has the attribute `value`"),
    "<target url='x'/>": ("Goal.target", "has the attribute `url`"),
    "x": ("Goal", "holds the text `x`"),
    "<![CDATA[x]]>": ("Goal", "holds the text `x`"),
    "<startDate xmlns='u:x' value='2026'/>": ("Goal.startDate", f'must have xmlns="{FHIR}", not `u:x`'),
    "<text><div/></text>": ("Goal.text.div", f'must have xmlns="{XHTML}"'),
    f"<div xmlns='{XHTML}'/>": ("Goal.div", "is not an element"),
    f"<subject xmlns='{XHTML}'/>": ("Goal.subject", f'must have xmlns="{FHIR}"'),
    f"<text><div xmlns='{XHTML}'><p xmlns='u:x'/></div></text>": ("Goal.text.p", "is of the namespace `u:x`"),
    f"<text><div xmlns='{XHTML}' xmlns:x='u:x'><p x:y='1'/></div></text>": (
        "Goal.text.p",
        "the attribute `y`",
    ),
    f"<text><div xmlns='{XHTML}'>a</div><div xmlns='{XHTML}'>b</div></text>": ("Goal.text.div", "twice"),
    "<contained/>": ("Goal.contained[0]", "is empty"),
    "<contained><Foo/></contained>": ("Goal.contained[0].Foo", "is not a resource type of FHIR R4"),
    "<contained id='a'><Goal/></contained>": ("Goal.contained", "has the attribute `id`"),
    "<contained><Goal/><Goal/></contained>": ("Goal.contained[0].Goal", "is a second resource"),
    "<target><detailBoolean value='1'/></target>": (
        "Goal.target[0].detailBoolean",
        "must be true or false, not `1`",
    ),
    "<target><detailInteger value='1.0'/></target>": (
        "Goal.target[0].detailInteger",
        "must be a whole number",
    ),
    "<target><detailInteger value=''/></target>": ("Goal.target[0].detailInteger", "must be a whole number"),
}

NUMBERS = {
    "1.50": "1.50",
    "1E2": "1E2",
    "-0.0": "-0.0",
    "1e400": "1e400",
    "9" * 100: "9" * 100,
    "1e401": None,
    "1e-401": None,
    "1e99999999999": None,
    "9" * 101: None,
    "+1": None,
    "01": None,
    ".5": None,
    "1.": None,
    " 1": None,
    "0x1": None,
    "NaN": None,
    "INF": None,
    "١": None,
    "1,2": None,
    "1],[2": None,
}


@pytest.mark.parametrize(("inside", "told"), ELEMENTS.items())
def test_a_fault_is_told_with_its_path_and_place(inside: str, told: tuple[str, str]) -> None:
    (fault,) = refusal_of(goal(inside)).faults
    assert (fault.expression, fault.code) == (told[0], "structure")
    assert fault.text.startswith(f"`{told[0]}` ")
    assert told[1] in fault.text
    assert "(line " in fault.text


def test_all_faults_are_told_at_once_with_their_lines() -> None:
    inside = "\n<foo><bar/>text</foo>\n<startDate/>\n<target><baz/></target>"
    faults = refusal_of(goal(inside)).faults
    assert [fault.expression for fault in faults] == ["Goal.foo", "Goal.startDate", "Goal.target[0].baz"]
    assert [fault.text[-20:].rpartition("line ")[2] for fault in faults] == [
        "2, column 1)",
        "3, column 13)",
        "4, column 9)",
    ]


def test_no_more_faults_are_told_than_an_answer_should_hold() -> None:
    assert len(refusal_of(goal("<foo/>" * 10_000)).faults) == 100


def test_a_fault_repeats_little_of_what_was_sent() -> None:
    name = "x" * 10_000
    for inside in (f"<{name}/>", f"<target {name}='1'/>", f"<a xmlns='u:{name}'/>", name):
        (fault,) = refusal_of(goal(inside)).faults
        assert len(fault.text) < 300


@pytest.mark.parametrize(("written", "read"), NUMBERS.items(), ids=[text[:12] for text in NUMBERS])
def test_numbers_are_those_of_json(written: str, read: str | None) -> None:
    data = goal(f"<target><detailQuantity><value value='{written}'/></detailQuantity></target>")
    if read is None:
        assert refusal_of(data).faults[0].expression == "Goal.target[0].detailQuantity.value"
    else:
        wanted = f'{{"resourceType":"Goal","target":[{{"detailQuantity":{{"value":{read}}}}}]}}'
        assert from_xml(data) == wanted.encode()


def test_a_whole_number_may_have_a_plus_in_xml() -> None:
    assert json.loads(from_xml(goal("<target><detailInteger value='+5'/></target>")))["target"] == [
        {"detailInteger": 5}
    ]


def test_comments_prefixes_and_the_place_of_the_schema_say_nothing() -> None:
    data = (
        f'<!-- a --><f:Goal xmlns:f="{FHIR}" xmlns:i="{XSI}" i:schemaLocation="{FHIR} x.xsd"><!-- b -->'
        f'<f:text><f:status value="generated"/><h:div xmlns:h="{XHTML}">a<!-- c --><h:br/>b</h:div></f:text>'
        f'<f:startDate value="2026"><!-- d --></f:startDate></f:Goal><!-- e -->'
    )
    assert json.loads(from_xml(data.encode())) == {
        "resourceType": "Goal",
        "text": {"status": "generated", "div": f'<div xmlns="{XHTML}">a<br/>b</div>'},
        "startDate": "2026",
    }
    inside = f"<target xmlns:i='{XSI}' i:schemaLocation='x'><dueDate value='2026'/></target>"
    assert "has the attribute" in refusal_of(goal(inside)).faults[0].text


def test_elements_may_stand_in_any_order_and_apart() -> None:
    inside = "<target><dueDate value='2026'/></target><id value='g'/><target><dueDate value='2027'/></target>"
    assert json.loads(from_xml(goal(inside))) == {
        "resourceType": "Goal",
        "target": [{"dueDate": "2026"}, {"dueDate": "2027"}],
        "id": "g",
    }


BOMB = '<!DOCTYPE Goal [<!ENTITY a "ha"><!ENTITY b "' + "&a;" * 10 + '"><!ENTITY c "' + "&b;" * 10 + '">]>'

REFUSED = {
    "billion laughs": (goal("<statusReason value='&c;'/>", BOMB), "DOCTYPE"),
    "an external entity": (
        goal("<statusReason value='&x;'/>", '<!DOCTYPE Goal [<!ENTITY x SYSTEM "file:///etc/passwd">]>'),
        "DOCTYPE",
    ),
    "an external subset": (goal("", '<!DOCTYPE Goal SYSTEM "http://127.0.0.1/x.dtd">'), "DOCTYPE"),
    "a doctype alone": (goal("", "<!DOCTYPE Goal>"), "DOCTYPE"),
    "an entity that nobody declared": (goal("<statusReason value='&nbsp;'/>"), "undefined entity at line 1"),
    "a stylesheet": (goal("", '<?xml-stylesheet href="x.xsl"?>'), "instruction `xml-stylesheet`"),
    "an instruction inside": (goal("<?php x ?>"), "the processing instruction `php`"),
    "an instruction in the narrative": (
        goal(f"<text><div xmlns='{XHTML}'><?php x ?></div></text>"),
        "the processing instruction",
    ),
    "deep elements": (goal("<target>" * 10_000 + "</target>" * 10_000), "nested deeper than 100"),
    "deep unknown elements": (goal("<x>" * 10_000 + "</x>" * 10_000), "nested deeper than 100"),
    "deep extensions": (
        goal("<extension url='u:x'>" * 10_000 + "</extension>" * 10_000),
        "nested deeper than 100",
    ),
    "a deep narrative": (
        goal(f"<text><div xmlns='{XHTML}'>{'<p>' * 10_000}{'</p>' * 10_000}</div></text>"),
        "nested deeper than 100",
    ),
    "a NUL": (goal("<statusReason value='\x00'/>"), "holds a NUL character"),
    "a reference to a NUL": (goal("<statusReason value='&#0;'/>"), "not well-formed XML"),
    "a control character": (goal("<statusReason value='\x01'/>"), "not well-formed XML"),
    "half a character": (goal("<statusReason value='&#xD800;'/>"), "not well-formed XML"),
    "bytes that are no UTF-8": (goal("").replace(b"Goal", b"Go\xff", 1), "not UTF-8: byte 4"),
    "latin-1": (goal("", '<?xml version="1.0" encoding="ISO-8859-1"?>'), "send XML 1.0 in UTF-8"),
    "declared UTF-16": (goal("", '<?xml version="1.0" encoding="UTF-16"?>'), "send XML 1.0 in UTF-8"),
    "UTF-16": (codecs.BOM_UTF16_LE + goal("").decode().encode("utf-16-le"), "not UTF-8"),
    "UTF-16 without a mark": (goal("").decode().encode("utf-16-le"), "holds a NUL character"),
    "XML 1.1": (goal("", '<?xml version="1.1"?>'), "send XML 1.0 in UTF-8"),
    "an undeclared prefix": (goal("<x:target/>"), "unbound prefix"),
    "an attribute twice": (goal("<target id='1' id='2'/>"), "duplicate attribute"),
    "an open tag": (goal("<target>"), "mismatched tag at line 1, column"),
    "two roots": (goal("") + b"<Goal/>", "junk after document element at line 1, column"),
    "text only": (b"Goal", "not well-formed XML"),
    "JSON": (b'{"resourceType":"Goal"}', "not well-formed XML"),
    "nothing": (b" \n", "the body is empty"),
    "no namespace": (b"<Goal/>", f'must have xmlns="{FHIR}"'),
    "another namespace": (b"<Goal xmlns='urn:hl7-org:v3'/>", f'must have xmlns="{FHIR}"'),
    "no resource": (f"<Foo xmlns='{FHIR}'/>".encode(), "is not a resource type of FHIR R4"),
    "a data type": (f"<Period xmlns='{FHIR}'/>".encode(), "is not a resource type of FHIR R4"),
    "an XHTML page": (f"<div xmlns='{XHTML}'/>".encode(), "is not an element of a document"),
}  # fmt: skip


@pytest.mark.parametrize(("data", "told"), REFUSED.values(), ids=REFUSED)
def test_what_is_not_plain_xml_is_refused(data: bytes, told: str) -> None:
    assert told in refusal_of(data).faults[0].text


def test_a_byte_order_mark_and_a_declaration_are_taken() -> None:
    for before in ('<?xml version="1.0"?>', '<?xml version="1.0" encoding="utf-8" standalone="yes"?>\n'):
        assert (
            from_xml(codecs.BOM_UTF8 + goal("<id value='g'/>", before)) == b'{"resourceType":"Goal","id":"g"}'
        )

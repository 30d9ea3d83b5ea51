"""Narratives: what a browser may be shown as it was sent, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from careplan_service.resources.r4 import check
from careplan_service.resources.r4.narrative import ATTRIBUTES, ELEMENTS, LONGEST_NARRATIVE, xhtml
from resources.r4.samples import careplan

OPEN = '<div xmlns="http://www.w3.org/1999/xhtml"'


def div(inner, attributes=""):
    return f"{OPEN}{attributes}>{inner}</div>"


SAFE = {
    "text": div("Ann keeps the flat"),
    "formatting": div("<p><b>a</b> <i>b</i><br/><em>c</em></p><ul><li>d</li></ul><h1>e</h1>"),
    "a table": div('<table class="grid"><tbody><tr><td colspan="2">x</td></tr></tbody></table>'),
    "plain styles": div("x", ' style="color: red; border: 1px solid #F0F0F0; white-space: nowrap"'),
    "a style with an image beside": div("x", ' style="background-image: url(tbl_bck10.png)"'),
    "links": div(
        '<a href="https://example.org/a?b=c:d">x</a> <a href="Patient/1">y</a> <a href="#z" name="z">z</a>'
    ),
    "a link in capitals": div('<a href="HTTPS://EXAMPLE.ORG">x</a>'),
    "a mail address": div('<a href="mailto:a@example.org">x</a>'),
    "an image in the text": div('<img src="data:image/png;base64,iVBORw0KGgo=" alt="x"/>'),
    "an image that is contained": div('<img src="#pic" alt="x"/>'),
    "an image beside": div('<img src="Binary/pic.png" alt="x"/>'),
    "named entities": div("a&nbsp;&copy; &lt;script&gt; &amp;nbsp; &quot;&apos;"),
    "numbered entities": div("&#160;&#x20AC;"),
    "a plain comment": div("<!-- the plan --> x"),
    "languages": div("x", ' xml:lang="de" lang="de"'),
    "the namespace again": div('<p xmlns="http://www.w3.org/1999/xhtml">x</p>'),
    "white space around": f"  {div('x')}\n",
    "quotes of the other kind": "<div xmlns='http://www.w3.org/1999/xhtml'>x</div>",
}
UNSAFE = {
    "nothing": "",
    "no markup": "text",
    "no namespace": "<div>x</div>",
    "another namespace": '<div xmlns="http://www.w3.org/2000/svg">x</div>',
    "another root": '<p xmlns="http://www.w3.org/1999/xhtml">x</p>',
    "two roots": div("x") + div("y"),
    "not closed": f"{OPEN}>x",
    "crossed": div("<b><i>x</b></i>"),
    "no content": div(" \n "),
    "no content but an empty list": div("<ul><li></li></ul>"),
    "an unknown entity": div("&evil;"),
    "an unescaped ampersand": div("a & b"),
    "a script": div("<script>alert(1)</script>"),
    "a script in capitals": div("<SCRIPT>alert(1)</SCRIPT>"),
    "an event": div("x", ' onclick="alert(1)"'),
    "an event in capitals": div("x", ' ONLOAD="alert(1)"'),
    "a form": div('<form action="https://example.org"><input type="text"/>x</form>'),
    "a frame": div('<iframe src="https://example.org">x</iframe>'),
    "an object": div('<object data="x.swf">x</object>'),
    "an embed": div('<embed src="x.swf"/>x'),
    "a style sheet": div("<style>p { color: red }</style>x"),
    "a link to a style sheet": div('<link rel="stylesheet" href="x.css"/>x'),
    "a base": div('<base href="https://example.org"/>x'),
    "a meta refresh": div('<meta content="0;https://example.org"/>x'),
    "a body": div("<body>x</body>"),
    "a vector image": div('<svg xmlns="http://www.w3.org/2000/svg"><a>x</a></svg>'),
    "another namespace inside": div('<p xmlns="http://www.w3.org/2000/svg">x</p>'),
    "a prefix": '<div xmlns="http://www.w3.org/1999/xhtml" xmlns:h="http://www.w3.org/1999/xhtml"><h:p>x</h:p></div>',
    "a prefixed link": div('<a xlink:href="javascript:alert(1)">x</a>'),
    "deprecated markup": div("<font>x</font><center>y</center>"),
    "a script link": div('<a href="javascript:alert(1)">x</a>'),
    "a script link with a break": div('<a href="java&#10;script:alert(1)">x</a>'),
    "a script link after a blank": div('<a href=" &#1;javascript:alert(1)">x</a>'),
    "a script link after a tab": div('<a href="&#9;JaVaScRiPt:alert(1)">x</a>'),
    "a data link": div('<a href="data:text/html;base64,PHNjcmlwdD4=">x</a>'),
    "a vbscript link": div('<a href="vbscript:x">x</a>'),
    "a script citation": div('<q cite="javascript:alert(1)">x</q>'),
    "an image from elsewhere": div('<img src="https://example.org/x.png"/>'),
    "an image from the host": div('<img src="//example.org/x.png"/>'),
    "an image by an absolute path": div('<img src="/oauth/revoke"/>'),
    "an image above": div('<img src="../x.png"/>'),
    "an image that runs": div('<img src="data:image/svg+xml;base64,PHN2Zy8+"/>'),
    "an image from a script": div('<img src="javascript:alert(1)"/>'),
    "several images": div('<img srcset="https://example.org/x.png"/>'),
    "a style that loads": div("x", ' style="background: url(https://example.org/x.png)"'),
    "a style that loads, quoted": div("x", " style=\"background: url('//example.org/x')\""),
    "a style that loads after one beside": div("x", ' style="a: url(x.png); b: url(//example.org/x)"'),
    "a style that loads, escaped": div("x", ' style="background: \\75rl(x)"'),
    "a style that loads, with a comment": div("x", ' style="background: u/**/rl(x)"'),
    "a style that runs": div("x", ' style="width: expression(alert(1))"'),
    "a style that imports": div("x", " style=\"@import 'x.css'\""),
    "a style that behaves": div("x", ' style="behavior: x"'),
    "a style that binds": div("x", ' style="-moz-binding: x"'),
    "a DOCTYPE": "<!DOCTYPE div>" + div("x"),
    "an entity of its own": '<!DOCTYPE div [<!ENTITY e "x">]>' + div("&e;"),
    "an entity from a file": '<!DOCTYPE div [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + div("&e;"),
    "a bomb": '<!DOCTYPE div [<!ENTITY a "ha"><!ENTITY b "&a;&a;"><!ENTITY c "&b;&b;">]>' + div("&c;"),
    "an instruction": div("<?php echo 1 ?>x"),
    "an XML declaration": '<?xml version="1.0"?>' + div("x"),
    "CDATA": div("<![CDATA[<script>alert(1)</script>]]>"),
    "a comment that HTML ends early": div("<!--><script>alert(1)</script>-->x"),
    "a NUL": div("a\x00b"),
    "a control character": div("a\x01b"),
    "half a character": div("\ud800"),
    "too much": div("x" * LONGEST_NARRATIVE),
}


@pytest.mark.parametrize("case", SAFE)
def test_a_safe_narrative_passes(case):
    assert xhtml(SAFE[case]) is None


@pytest.mark.parametrize("case", UNSAFE)
def test_an_unsafe_narrative_is_refused_in_one_line(case):
    sentence = xhtml(UNSAFE[case])
    assert sentence
    assert sentence.isprintable()


def test_nothing_that_runs_or_loads_is_on_the_lists():
    forbidden = (
        "script style link meta base iframe frame object embed applet form input button svg math video audio"
    )
    assert ELEMENTS.isdisjoint(forbidden.split())
    assert not [
        name
        for name in ATTRIBUTES
        if name.startswith("on") or name in ("srcset", "action", "data", "xlink:href")
    ]


def test_a_bomb_is_refused_before_it_grows():
    names = ["nbsp", "copy", "reg", "deg", "para", "sect", "cent", "yen", "uml", "not"]
    entities = "".join(f'<!ENTITY {name} "{"&lt;" * 1000}">' for name in names)
    assert xhtml(f"<!DOCTYPE div [{entities}]>{div('&nbsp;')}") == "holds a DOCTYPE: take it out"


def test_the_narrative_of_a_resource_and_of_what_it_contains_is_checked():
    bad = {"status": "generated", "div": UNSAFE["a script"]}
    contained = [
        {"resourceType": "Medication", "id": "m", "text": bad},
        {"resourceType": "Goal", "id": "g", "text": bad},
    ]
    document = careplan(text=bad, contained=contained)
    places = {fault.expression for fault in check(document, "CarePlan")}
    assert {"CarePlan.text.div", "CarePlan.contained[0].text.div", "CarePlan.contained[1].text.div"} <= places


def test_the_status_of_a_narrative_is_bound():
    document = careplan(text={"status": "made-up", "div": SAFE["text"]})
    assert [fault.expression for fault in check(document, "CarePlan")] == ["CarePlan.text.status"]


MARKUP = st.lists(
    st.sampled_from(
        [
            "<b>",
            "</b>",
            "<script>",
            "&lt;",
            "<!--",
            "-->",
            "<![CDATA[",
            "]]>",
            "x",
            '"',
            "<img src='",
            "'/>",
            ">",
        ]
    ),
    max_size=12,
).map("".join)


@given(MARKUP)
def test_what_passes_holds_no_script_comment_trick_or_cdata(inner):
    if xhtml(div(inner)) is None:
        assert "<script" not in inner
        assert "CDATA" not in inner

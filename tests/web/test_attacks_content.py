"""Attack 28, content that hurts: XML, patches, operations, searches and packed bodies.

What JSON bodies and batches may hold is tried in `test_attacks.py` and `test_attacks_writing.py`.
https://cheatsheetseries.owasp.org/cheatsheets/XML_External_Entity_Prevention_Cheat_Sheet.html
"""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest

from builders import Answer, Api, a_goal, a_patient, a_transaction, an_entry

FORM, XML, JSON_PATCH = (
    "application/x-www-form-urlencoded",
    "application/fhir+xml",
    "application/json-patch+json",
)
FHIR = "http://hl7.org/fhir"
QUICKLY = 10
"""Seconds within which anything is refused, on a machine with much else to do."""

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def _goal(inner: str, before: str = "") -> bytes:
    return (
        f'{before}<Goal xmlns="{FHIR}"><lifecycleStatus value="active"/><description><text value="x"/>'
        f'</description><subject><reference value="Patient/ann"/></subject>{inner}</Goal>'
    ).encode()


LAUGHS = "<!DOCTYPE Goal [" + "".join(
    f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "ha"}">' for n in range(10)
)  # fmt: skip
HOSTILE_XML: dict[str, bytes] = {
    "a file by an entity": _goal("", '<!DOCTYPE Goal [<!ENTITY x SYSTEM "file:///etc/hostname">]>').replace(
        b'value="x"', b'value="&x;"'
    ),
    "an address by an entity": _goal("&x;", '<!DOCTYPE Goal [<!ENTITY x SYSTEM "http://127.0.0.1:9/x">]>'),
    "an entity of parameters": _goal("", '<!DOCTYPE Goal [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;]>'),
    "a definition elsewhere": _goal("", '<!DOCTYPE Goal SYSTEM "http://127.0.0.1:9/goal.dtd">'),
    "a billion laughs": _goal("&l9;", f"{LAUGHS}]>"),
    "laughs in an attribute": _goal('<note><text value="&l9;"/></note>', f"{LAUGHS}]>"),
    "quadratic laughs": _goal("&a;" * 10_000, f'<!DOCTYPE Goal [<!ENTITY a "{"a" * 100_000}">]>'),
    "an inclusion": _goal('<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd"/>'),
    "a style sheet": _goal("", '<?xml-stylesheet href="http://127.0.0.1:9/x.xsl"?>'),
    "depth": _goal("<extension>" * 100_000),
    "depth of a narrative": _goal(
        '<text><status value="generated"/><div xmlns="http://www.w3.org/1999/xhtml">' + "<b>" * 100_000
    ),
    "depth that is closed": _goal("<extension>" * 50_000 + "</extension>" * 50_000),
    "depth of what is unknown": _goal("<nonsense>" * 50_000 + "</nonsense>" * 50_000),
    "depth of a narrative that is closed": _goal(
        '<text><status value="generated"/><div xmlns="http://www.w3.org/1999/xhtml">'
        + "<b>" * 50_000 + "</b>" * 50_000 + "</div></text>"
    ),
    "many attributes": _goal(f"<note {' '.join(f'a{n}=%s' % chr(34) + chr(34) for n in range(20_000))}/>"),
    "many namespaces": _goal("<note " + " ".join(f'xmlns:n{n}="u:{n}"' for n in range(20_000)) + "/>"),
    "a number of a million digits": _goal(
        f'<target><detailInteger value="{"9" * 1_000_000}"/></target>'
    ),
    "an exponent": _goal('<target><detailQuantity><value value="1e999999999"/></detailQuantity></target>'),
    "a NUL": _goal('<note><text value="a&#0;b"/></note>'),
    "a NUL itself": _goal('<note><text value="a\x00b"/></note>'),
    "many faults": _goal("<nonsense/>" * 50_000),
    "another encoding": _goal("", '<?xml version="1.0" encoding="utf-7"?>'),
    "sixteen bits": _goal("").decode().encode("utf-16"),
}  # fmt: skip


def _xml_ways(api: Api, goal: str, body: bytes) -> Iterator[tuple[str, Answer]]:
    """Every way on which XML comes in."""
    for method, path in (
        ("POST", "/fhir/Goal"),
        ("PUT", f"/fhir/{goal}"),
        ("PUT", "/fhir/Goal?_id=x"),
        ("PATCH", f"/fhir/{goal}"),
        ("POST", "/fhir"),
        ("POST", "/fhir/$validate"),
        ("POST", "/fhir/Goal/$validate"),
    ):
        yield f"{method} {path}", api.agency(method, path, body, Content_Type=XML)


@pytest.mark.parametrize("name", HOSTILE_XML)
def test_xml_that_is_made_to_hurt_is_refused_quickly_on_every_way(api: Api, name: str) -> None:
    goal = api.agency.make(a_goal(of="Patient/ann"))
    for way, answer in _xml_ways(api, goal, HOSTILE_XML[name]):
        assert answer.status in (400, 413, 422) or (answer.status == 200 and "$validate" in way), way
        outcome = answer.json
        assert outcome["resourceType"] == "OperationOutcome", way
        assert {issue["severity"] for issue in outcome["issue"]} & {"error", "fatal"}, way
        assert len(answer.body) < 100_000, way
        assert b"root:" not in answer.body
    with open("/etc/hostname", "rb") as file:
        assert (file.read().strip() or b"-" * 50) not in answer.body
    assert api.agency.get(f"/fhir/{goal}").headers["ETag"] == 'W/"1"'
    assert api.agency.get("/fhir/Goal").json["total"] == 1


@pytest.fixture(autouse=True)
def _in_time() -> Iterator[None]:
    """No test here takes long, whatever it sends."""
    begun = time.monotonic()
    yield
    assert time.monotonic() - begun < 6 * QUICKLY


SCRIPTS = [
    "<script>x</script>", '<a href="javascript:x">x</a>', '<img src="x" onerror="x"/>',
    '<b onclick="x">x</b>',
    '<a href="java&#10;script:x">x</a>', '<svg xmlns="http://www.w3.org/2000/svg"><script>x</script></svg>',
    '<iframe src="http://x.example"/>', "<style>b{}</style>", '<a href="data:text/html,x">x</a>',
]  # fmt: skip


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_narrative_that_could_run_comes_in_by_no_way(api: Api, script: str) -> None:
    goal = api.agency.make(a_goal(of="Patient/ann"))
    div = f'<div xmlns="http://www.w3.org/1999/xhtml">{script}</div>'
    text = {"status": "generated", "div": div}
    inside = {**a_goal(of="Patient/ann"), "id": "in", "text": text}
    patch = json.dumps([{"op": "add", "path": "/text", "value": text}])
    as_xml = _goal("").replace(
        b"<lifecycleStatus", f'<text><status value="generated"/>{div}</text><lifecycleStatus'.encode(), 1
    )
    ways = {
        "create": api.agency("POST", "/fhir/Goal", a_goal(of="Patient/ann", text=text)),
        "contained": api.agency("POST", "/fhir/Goal", a_goal(of="Patient/ann", contained=[inside])),
        "update": api.agency.put(goal, a_goal(of="Patient/ann", text=text)),
        "patch": api.agency("PATCH", f"/fhir/{goal}", patch, Content_Type=JSON_PATCH),
        "XML": api.agency("POST", "/fhir/Goal", as_xml, Content_Type=XML),
        "transaction": api.agency(
            "POST", "/fhir", a_transaction(an_entry("POST", "Goal", a_goal(of="Patient/ann", text=text)))
        ),
    }
    assert {name: answer.status for name, answer in ways.items() if answer.status not in (400, 422)} == {}
    judged = api.agency("POST", "/fhir/Goal/$validate", a_goal(of="Patient/ann", text=text))
    assert judged.json["issue"][0]["severity"] == "error"
    assert api.agency.get("/fhir/Goal").json["total"] == 1
    assert api.agency.get(f"/fhir/{goal}").headers["ETag"] == 'W/"1"'


def _nested(depth: int) -> str:
    return '{"a":' * depth + "1" + "}" * depth


PATCHES: dict[str, str] = {
    "depth": "[" * 100_000,
    "a deep value": '[{"op":"add","path":"/note","value":' + _nested(50_000) + "}]",
    "a deep pointer": json.dumps([{"op": "add", "path": "/note" * 100_000, "value": 1}]),
    "escapes": json.dumps([{"op": "add", "path": "/" + "~1" * 100_000, "value": 1}]),
    "a far index": json.dumps([{"op": "add", "path": "/note/999999999999", "value": {"text": "x"}}]),
    "many operations": json.dumps([{"op": "test", "path": "/id", "value": "x"}] * 100_000),
    "copies of copies": json.dumps(
        [{"op": "add", "path": "/note", "value": [{"text": "x" * 1000}]}]
        + [{"op": "copy", "from": "/note", "path": f"/note/0/n{n}"} for n in range(40)]
    ),
    "a number": '[{"op":"add","path":"/target","value":' + "9" * 1_000_000 + "}]",
    "a NUL": json.dumps([{"op": "replace", "path": "/description/text", "value": "a\x00b"}]),
}


@pytest.mark.parametrize("name", PATCHES)
def test_a_patch_that_is_made_to_hurt_is_refused_quickly(api: Api, name: str) -> None:
    goal = api.agency.make(a_goal(of="Patient/ann"))
    begun = time.monotonic()
    answer = api.agency("PATCH", f"/fhir/{goal}", PATCHES[name], Content_Type=JSON_PATCH)
    assert answer.status in (400, 413, 422), answer.body[:300]
    assert time.monotonic() - begun < QUICKLY
    assert api.agency.get(f"/fhir/{goal}").headers["ETag"] == 'W/"1"'


PATHS = [
    "Goal." + "target." * 20_000 + "x",
    "(" * 20_000,
    "Goal" + ".where(true)" * 5_000,
    "Goal.note[" + "9" * 50_000,
]


@pytest.mark.parametrize("path", PATHS)
def test_a_path_of_a_patch_takes_no_long_time(api: Api, path: str) -> None:
    goal = api.agency.make(a_goal(of="Patient/ann"))
    parts = [("type", "valueCode", "delete"), ("path", "valueString", path)]
    operation = {"name": "operation", "part": [{"name": name, kind: value} for name, kind, value in parts]}
    begun = time.monotonic()
    patch = {"resourceType": "Parameters", "parameter": [operation]}
    answer = api.agency("PATCH", f"/fhir/{goal}", patch)
    assert answer.status in (400, 422, 501), answer.body[:300]
    assert time.monotonic() - begun < QUICKLY


MANY = 20_000
SEARCHES: dict[str, tuple[str, str]] = {
    "brackets": ("_filter", "(" * MANY),
    "closed brackets": ("_filter", "(" * MANY + "_id eq x" + ")" * MANY),
    "quotes": ("_filter", 'category eq "' + "\\" * MANY),
    "quoted backslashes": ("_filter", 'category eq "' + '\\"' * MANY),
    "blanks": ("_filter", "category eq x" + " " * MANY + "!"),
    "nots": ("_filter", "not (" * MANY),
    "many terms": ("_filter", " and ".join(["category eq x"] * 2000)),
    "a long chain in a filter": ("_filter", "subject." * 5000 + "name eq x"),
    "commas of a sort": ("_sort", "," * MANY),
    "dashes of a sort": ("_sort", "-" * MANY),
    "colons of an include": ("_include", ":" * MANY),
    "stars of an include": ("_include", "Goal:" + "*" * MANY),
    "a long reverse include": ("_revinclude", "a" * MANY + ":" * MANY),
    "commas of elements": ("_elements", "," * MANY),
    "long elements": ("_elements", ",".join(f"e{n}" for n in range(5000))),
    "words": ("_content", " ".join(f"w{n}" for n in range(5000))),
    "patterns in words": ("_content", "%_" * MANY),
    "patterns in a text": ("_text", "(a+)+$" * 5000),
    "commas": ("identifier", "," * MANY),
    "escapes": ("identifier", "\\," * MANY),
    "a long name": ("identifier:" + "x" * MANY, "x"),
    "a chain in a name": ("subject." * 5000 + "name", "x"),
    "a reverse chain in a name": ("_has:" * 5000, "x"),
    "a chain that goes round": ("patient." + "link." * 5000 + "name", "x"),
    "a reverse chain that goes round": ("patient." + "_has:Patient:link:" * 3000 + "_id", "x"),
    "a number": ("target-date", "9" * MANY),
    "a fraction": ("_lastUpdated", "2026-01-01T00:00:00." + "9" * MANY + "Z"),
    "types": ("_type", ",".join(["Goal"] * MANY)),
    "a NUL": ("identifier", "a\x00b"),
    "a NUL in a name": ("a\x00b", "x"),
}


@pytest.mark.parametrize("name", SEARCHES)
def test_a_search_that_is_made_to_hurt_is_answered_quickly(api: Api, name: str) -> None:
    api.agency.make(a_goal(of=api.agency.make(a_patient("Ann"))))
    form = urlencode([SEARCHES[name]])
    for path in ("/fhir/Goal/_search", "/fhir/_search"):
        begun = time.monotonic()
        answer = api.agency("POST", path, form, Content_Type=FORM)
        assert answer.status in (200, 400, 413, 501), (path, answer.body[:300])
        assert answer.status != 200 or not answer.json.get("entry"), path
        assert len(answer.body) < 300_000, path
        assert time.monotonic() - begun < QUICKLY, path


def test_a_packed_bomb_is_refused_on_every_way(api: Api) -> None:
    goal = api.agency.make(a_goal(of="Patient/ann"))
    bomb = gzip.compress(bytes(64 * 1024 * 1024), 1, mtime=0)
    for method, path, kind in (
        ("POST", "/fhir/Goal", "application/fhir+json"),
        ("POST", "/fhir/Goal", XML),
        ("PUT", f"/fhir/{goal}", "application/fhir+json"),
        ("PATCH", f"/fhir/{goal}", JSON_PATCH),
        ("PATCH", f"/fhir/{goal}", XML),
        ("POST", "/fhir", "application/fhir+json"),
        ("POST", "/fhir/$validate", "application/fhir+json"),
        ("POST", "/fhir/Goal/_search", FORM),
        ("POST", "/fhir/_search", FORM),
    ):
        for packed in (bomb, gzip.compress(bomb, 1) * 2):
            answer = api.agency(method, path, packed, Content_Type=kind, Content_Encoding="gzip")
            assert answer.status in (400, 413), (method, path, answer.status)
            assert (answer.status == 413) == (packed is bomb), (method, path)


@pytest.mark.parametrize("kind", ["batch", "transaction"])
def test_ten_thousand_entries_are_refused_as_xml_too(api: Api, kind: str) -> None:
    entry = b'<entry><request><method value="GET"/><url value="Goal"/></request></entry>'
    bundle = f'<Bundle xmlns="{FHIR}"><type value="{kind}"/>'.encode() + entry * 10_000 + b"</Bundle>"
    begun = time.monotonic()
    answer = api.agency("POST", "/fhir", bundle, Content_Type=XML)
    assert (answer.status, answer.json["issue"][0]["code"]) == (413, "too-long")
    assert time.monotonic() - begun < 3 * QUICKLY


@pytest.mark.parametrize(
    "path",
    ["/fhir/Goal/a%00b", "/fhir/Goal/x/_history/1%00", "/fhir/Goal?identifier=%00", "/fhir/Goal?%00=x",
     "/fhir/Patient/%00/*", "/fhir/Patient/%00/$everything", "/fhir/Goal/%00/$meta", "/fhir/%00"],
)  # fmt: skip
def test_a_nul_in_an_address_is_no_fault_of_ours(api: Api, path: str) -> None:
    for method in ("GET", "HEAD", "DELETE"):
        assert api.agency(method, path).status in (200, 400, 404, 405), method

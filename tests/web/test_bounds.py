"""How much one request may ask: each bound set low is told when it is passed, and just below it all works.

https://hl7.org/fhir/R4/http.html#Status-Codes and https://hl7.org/fhir/R4/valueset-issue-type.html
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest

from builders import Answer, Api, Document, a_care_plan, a_goal, a_patient, a_transaction, an_entry
from careplan_service.app import app_of, assemble
from careplan_service.resources.xml import to_xml
from careplan_service.settings import _BOUNDS, Settings

FORM = "application/x-www-form-urlencoded"
Bounded = Callable[..., Api]


@pytest.fixture
def bounded(api: Api) -> Iterator[Bounded]:
    """`bounded(max_entries=3)`: the same database and clients, served within other bounds."""
    opened = []

    def made(**bounds: Any) -> Api:
        settings = replace(api.service.settings, **bounds)
        service = assemble(settings, api.service.clock, api.service.new_id, migrated=False)
        opened.append(service.database)
        found = Api.__new__(Api)
        found.__dict__.update(api.__dict__)
        found.service, found.http = service, app_of(service).test_client()
        for name in ("agency", "partner", "stranger"):
            setattr(found, name, found.asking(name))
        return found

    yield made
    for database in opened:
        database.close()


def _told(answer: Answer) -> tuple[int, str]:
    """The status and the one issue code of an OperationOutcome; (200, "") of an answer."""
    if answer.status < 300:
        return answer.status, ""
    assert answer.json["resourceType"] == "OperationOutcome", answer.body[:300]
    (issue,) = answer.json["issue"]
    assert issue["severity"] == "error"
    assert issue["diagnostics"]
    return answer.status, issue["code"]


def test_every_bound_of_the_settings_is_tested_here() -> None:
    tested = {"max_body", "max_depth", "max_entries", "max_parameters", "max_values", "max_included"}
    bounds = {name for name in vars(Settings()) if name.startswith("max_")}
    assert bounds == tested | {"max_seconds"} == {name for name in _BOUNDS if name.startswith("max_")}


# CAREPLAN_MAX_BODY


def _of_length(length: int) -> bytes:
    goal = json.dumps(a_goal(of="Patient/ann")).encode()
    return goal + b" " * (length - len(goal))


PATCH = b'[{"op":"replace","path":"/lifecycleStatus","value":"completed"}]'
MOST = 2000


def test_a_body_is_taken_up_to_its_bound_on_every_way(bounded: Bounded, api: Api) -> None:
    low = bounded(max_body=MOST)
    goal = api.agency.make(a_goal(of="Patient/ann"))
    own = json.dumps({**a_goal(of="Patient/ann"), "id": goal[5:]}).encode()
    bundle = json.dumps(a_transaction(an_entry("POST", "Goal", a_goal(of="Patient/ann")))).encode()
    xml = to_xml(json.dumps(a_goal(of="Patient/ann")).encode())
    ways: list[tuple[str, str, bytes, dict[str, str]]] = [
        ("POST", "/fhir/Goal", _of_length(MOST), {}),
        ("POST", "/fhir/Goal", xml.ljust(MOST), {"Content_Type": "application/fhir+xml"}),
        ("PUT", f"/fhir/{goal}", own.ljust(MOST), {}),
        ("PUT", f"/fhir/Goal?_id={goal[5:]}", own.ljust(MOST), {}),
        ("PATCH", f"/fhir/{goal}", PATCH.ljust(MOST), {"Content_Type": "application/json-patch+json"}),
        ("POST", "/fhir", bundle.ljust(MOST), {}),
        ("POST", "/fhir/Goal/$validate", _of_length(MOST), {}),
    ]
    for method, path, body, headers in ways:
        assert len(body) == MOST
        taken = low.agency(method, path, body, **headers)
        assert taken.status in (200, 201), (method, path, taken.body[:300])
        refused = low.agency(method, path, body + b" ", **headers)
        assert _told(refused) == (413, "too-long"), (method, path)
        assert str(MOST) in refused.faults[0][1], (method, path)


def test_a_form_is_a_body_too(bounded: Bounded) -> None:
    low = bounded(max_body=MOST)
    form = urlencode({"identifier": "x" * (MOST - len("identifier="))})
    for path in ("/fhir/Goal/_search", "/fhir/Patient/x/Goal/_search"):
        assert low.agency("POST", path, form, Content_Type=FORM).status == 200, path
        assert _told(low.agency("POST", path, form + "x", Content_Type=FORM)) == (413, "too-long"), path


def test_what_is_packed_is_measured_when_it_is_open(bounded: Bounded) -> None:
    low = bounded(max_body=MOST)
    for length, told in ((MOST, (201, "")), (MOST + 1, (413, "too-long")), (16_000_000, (413, "too-long"))):
        packed = gzip.compress(_of_length(length), mtime=0)
        if len(packed) < MOST:
            assert _told(low.agency("POST", "/fhir/Goal", packed, Content_Encoding="gzip")) == told, length
    assert low.agency.get("/fhir/Goal").json["total"] == 1


# CAREPLAN_MAX_DEPTH


def _of_depth(depth: int) -> Document:
    """A goal of so many levels, an odd number: each extension in another adds an object and a list."""
    inner: Document = {"url": "http://a.example/x", "valueString": '[{"\\"'}
    for _ in range((depth - 3) // 2):
        inner = {"url": "http://a.example/x", "extension": [inner]}
    return a_goal(of="Patient/ann", extension=[inner])


def test_a_body_is_nested_up_to_its_bound_on_every_way(bounded: Bounded, api: Api) -> None:
    low = bounded(max_depth=13)
    goal = api.agency.make(a_goal(of="Patient/ann"))

    def ways(depth: int) -> Iterator[tuple[str, str, bytes, str]]:
        json_, small = json.dumps(_of_depth(depth)).encode(), _of_depth(depth - 2)["extension"]
        yield "POST", "/fhir/Goal", json_, "application/fhir+json"
        yield "POST", "/fhir/Goal", to_xml(json_), "application/fhir+xml"
        yield (
            "PUT",
            f"/fhir/{goal}",
            json.dumps({**_of_depth(depth), "id": goal[5:]}).encode(),
            "application/json",
        )
        yield "POST", "/fhir/Goal/$validate", json_, "application/fhir+json"
        patch = [{"op": "add", "path": "/extension", "value": small}]
        yield "PATCH", f"/fhir/{goal}", json.dumps(patch).encode(), "application/json-patch+json"
        bundle = a_transaction(an_entry("POST", "Goal", _of_depth(depth - 4)))
        yield "POST", "/fhir", json.dumps(bundle).encode(), "application/fhir+json"

    for method, path, body, kind in ways(13):
        taken = low.agency(method, path, body, Content_Type=kind)
        assert taken.status in (200, 201), (method, path, kind, taken.body[:300])
    for method, path, body, kind in ways(15):
        refused = low.agency(method, path, body, Content_Type=kind)
        assert _told(refused) == (400, "invalid"), (method, path, kind)
        assert "nested deeper than 13 levels" in refused.faults[0][1], (method, path)


# CAREPLAN_MAX_ENTRIES


@pytest.mark.parametrize("kind", ["batch", "transaction"])
def test_a_bundle_has_entries_up_to_its_bound(bounded: Bounded, kind: str) -> None:
    low = bounded(max_entries=3)
    entries = [an_entry("POST", "Goal", a_goal(of="Patient/ann")) for _ in range(4)]
    for number, told, kept in ((4, (413, "too-long"), 0), (3, (200, ""), 3)):
        answer = low.agency("POST", "/fhir", {**a_transaction(*entries[:number]), "type": kind})
        assert _told(answer) == told, number
        assert low.agency.get("/fhir/Goal").json["total"] == kept
    assert "3" in low.agency("POST", "/fhir", {**a_transaction(*entries), "type": kind}).faults[0][1]


# CAREPLAN_MAX_PARAMETERS


def _searches(api: Api, query: str) -> list[Answer]:
    """A search by GET and by POST, of a type, of everything, in a compartment, and a condition."""
    found = []
    for path in ("/fhir/Goal", "/fhir", "/fhir/Patient/ann/Goal", "/fhir/Patient/ann/*"):
        found.append(api.agency.get(f"{path}?{query}"))
        found.append(api.agency("POST", f"{path}/_search", query, Content_Type=FORM))
    found.append(api.agency("DELETE", f"/fhir/Goal?{query}"))
    found.append(api.agency("POST", "/fhir/Goal", a_goal(of="Patient/ann"), If_None_Exist=query))
    return found


def test_a_search_has_parameters_up_to_its_bound(bounded: Bounded) -> None:
    low = bounded(max_parameters=3)
    below = _searches(low, "&".join(["_id=x"] * 3))
    assert [answer.status for answer in below] == [200] * 8 + [404, 201]
    for answer in _searches(low, "&".join(["_id=x"] * 4)):
        assert answer.status == 400
        assert "at most 3 parameters" in answer.faults[0][1]


# CAREPLAN_MAX_VALUES


def test_a_search_compares_values_up_to_its_bound(bounded: Bounded) -> None:
    low = bounded(max_values=4)
    assert [answer.status for answer in _searches(low, "_id=a,b,c,d")] == [200] * 8 + [404, 201]
    for answer in _searches(low, "_id=a,b,c,d,e"):
        assert answer.status == 400
        assert "at most 4 values" in answer.faults[0][1]
    for query in ("_id=a,b&_id=c,d,e", "_filter=_id+eq+a+or+(_id+eq+b+or+_id+eq+c+or+_id+eq+d+or+_id+eq+e)"):
        assert low.agency.get(f"/fhir/Goal?{query}").status == 400, query


# CAREPLAN_MAX_INCLUDED


def test_a_page_brings_further_resources_up_to_its_bound(bounded: Bounded, api: Api) -> None:
    ann = api.agency.make(a_patient("Ann"))
    goals = tuple(api.agency.make(a_goal(of=ann)) for _ in range(3))
    plan = api.agency.make(a_care_plan(ann, goals))
    asked = {
        f"/fhir/CarePlan?_id={plan[9:]}&_include=CarePlan:goal": 3,
        f"/fhir/Patient?_id={ann[8:]}&_revinclude=Goal:subject": 3,
        f"/fhir/CarePlan?_id={plan[9:]}&_include=CarePlan:goal&_include:iterate=Goal:subject": 4,
        f"/fhir/{plan}/$everything": 4,
    }
    for path, number in asked.items():
        answer = bounded(max_included=number).agency.get(path)
        assert (answer.status, len(answer.ids)) == (200, number + 1), path
        refused = bounded(max_included=number - 1).agency.get(path)
        assert _told(refused)[0] == 413, path
        assert _told(refused)[1] in ("too-long", "too-costly"), path
        assert str(number - 1) in refused.faults[0][1], path


# CAREPLAN_MAX_SECONDS


def a_crowd(number: int) -> Document:
    """A transaction of goals that all say much."""
    note = [{"text": " ".join(f"word{n}" for n in range(200))}]
    return a_transaction(
        *(an_entry("POST", "Goal", a_goal(of="Patient/ann", note=note)) for _ in range(number))
    )


COSTLY = urlencode({"_content": ",".join(f"nothing{n}" for n in range(120)), "_total": "accurate"})


def test_a_question_is_broken_off_when_its_time_is_up(bounded: Bounded, api: Api) -> None:
    assert api.agency("POST", "/fhir", a_crowd(300)).status == 200
    assert api.agency("POST", "/fhir/Goal/_search", COSTLY, Content_Type=FORM).status == 200
    low = bounded(max_seconds=0.02)
    assert low.agency.get("/fhir/Goal?_count=1").status == 200
    refused = low.agency("POST", "/fhir/Goal/_search", COSTLY, Content_Type=FORM)
    assert _told(refused) == (400, "too-costly")
    assert "0.02 seconds" in refused.faults[0][1]
    # the connection is as good as before
    assert low.agency.get("/fhir/Goal?_count=1").status == 200


# Bounds that are not set


FIXED: list[tuple[str, str, tuple[int, str]]] = [
    ("links of a chain", "subject:Patient." * 0 + "patient.general-practitioner.name=x", (200, "")),
    ("links of a chain", "patient." + "link." * 11 + "name=x", (400, "invalid")),
    ("links that go round", "patient." + "link." * 1000 + "name=x", (400, "invalid")),
    ("links backwards", "_has:CarePlan:goal:" * 11 + "_id=x", (400, "invalid")),
    ("includes", "&".join(["_include=Goal:subject"] * 20), (200, "")),
    ("includes", "&".join(["_include=Goal:subject"] * 21), (400, "invalid")),
    ("sort keys", "_sort=" + ",".join(["_id"] * 5), (200, "")),
    ("sort keys", "_sort=" + ",".join(["_id"] * 6), (400, "invalid")),
    ("brackets", "_filter=" + "(" * 5 + "_id+eq+x" + ")" * 5, (200, "")),
    ("brackets", "_filter=" + "(" * 6 + "_id+eq+x" + ")" * 6, (400, "invalid")),
    ("rows of a page", "_count=999999", (200, "")),
    ("rows of a page", "_count=1000000", (400, "invalid")),
]


@pytest.mark.parametrize(("what", "query", "told"), FIXED)
def test_a_question_is_only_so_deep(api: Api, what: str, query: str, told: tuple[int, str]) -> None:
    assert _told(api.agency.get(f"/fhir/Goal?{query}")) == told, what


@pytest.mark.parametrize(("levels", "told"), [(100, (201, "")), (101, (400, "invalid"))])
def test_xml_is_only_so_deep(api: Api, levels: int, told: tuple[int, str]) -> None:
    inside = levels - len(("Goal", "text", "div"))
    div = f'<div xmlns="http://www.w3.org/1999/xhtml">{"<b>" * inside}x{"</b>" * inside}</div>'
    goal = a_goal(of="Patient/ann", text={"status": "generated", "div": div})
    xml = to_xml(json.dumps(goal).encode())
    assert _told(api.agency("POST", "/fhir/Goal", xml, Content_Type="application/fhir+xml")) == told


def test_a_form_of_a_search_is_shorter_than_a_body(api: Api) -> None:
    for length, told in ((64 * 1024, (200, "")), (64 * 1024 + 1, (413, "too-long"))):
        form = "identifier=".ljust(length, "x")
        assert _told(api.agency("POST", "/fhir/Goal/_search", form, Content_Type=FORM)) == told

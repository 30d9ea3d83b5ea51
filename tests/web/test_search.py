"""Search over HTTP: what is refused, and, or, times, forms. https://hl7.org/fhir/R4/search.html"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from builders import Api, a_goal, concept

CODES = "http://example.org/codes"
FORM = "application/x-www-form-urlencoded"

MISTAKES = [
    "pateint=ann",
    "Patient=ann",
    "_has:Goal:patient:category=x",
    "_include=x",
    "_type=Goal",
    "_revinclude=x",
    "patient.colour=red",
    "_summary=x",
    "_text=",
    "_sort=_lastUpdated,x",
    "_filter=x",
    "_contained=true",
    "foo",
    "=x",
    "patient=",
    "_id=",
    "_lastUpdated=",
    "category=",
    "start-date=",
    "category=|",
    "start-date=yesterday",
    "start-date=2026-13",
    "start-date=2026-02-30",
    "start-date=xx2026",
    "start-date=2026-02-01T25:00",
    "start-date=ge",
    "_lastUpdated=x",
    "_lastUpdated=eq",
    "_count=-1",
    "_count=x",
    "_count=1.0",
    "_count=",
    "_count=+1",
    "_count=9999999",
    "_count=%D9%A1",
    "_count=1&_count=2",
    "_sort=x",
    "_sort=",
    "_sort=+_lastUpdated",
    "_sort=_lastUpdated&_sort=_lastUpdated",
    "_total=all",
    "_total=",
    "_cursor=",
    "_cursor=x",
    "_cursor=0.1",
    "_cursor=ä",
    "_cursor=a&_cursor=b",
    "category:exact=x",
    "category:in=x",
    "category:=x:",
    "patient:Group=ann",
    "subject:Patient=Group/x",
    "start-date:exact=2026",
    "patient:missing=yes",
    "patient:missing=",
    "_id:not=x",
    "_lastUpdated:missing=true",
    "patient=x y",
    "patient=%23local",
    "&".join("patient=a" for _ in range(101)),
    "_id=" + ",".join(f"id{n}" for n in range(501)),
    "category:not=" + ",".join("x" for _ in range(501)),
]


def test_what_is_not_understood_is_refused_and_never_ignored(api: Api) -> None:
    api.agency.make(a_goal(of="Patient/ann"))
    for query in MISTAKES:
        for answer in (
            api.agency.get(f"/fhir/Goal?{query}"),
            api.agency("POST", "/fhir/Goal/_search", query, Content_Type=FORM),
        ):
            assert (query[:60], answer.status) == (query[:60], 400), answer.body
            assert answer.json["issue"][0]["severity"] == "error"
    assert api.agency.get("/fhir/Goal?_id=" + ",".join(f"id{n}" for n in range(500))).status == 200


def test_a_repeated_parameter_means_and_a_comma_means_or(api: Api) -> None:
    one = {"category": [concept(CODES, "a"), concept(CODES, "b,c")]}
    both = api.agency.make({**a_goal(of="Patient/ann"), **one})
    api.agency.make({**a_goal(of="Patient/bob"), "category": [concept(CODES, "a")]})
    totals = {
        "category=a": 2,
        "category=a&category=b\\,c": 1,
        "category=a&category=z": 0,
        "category=b\\,c,z": 1,
        "category=b,c": 0,
        "category=b\\\\,c": 0,
        "patient=ann,bob": 2,
        "patient=ann&patient=bob": 0,
        "patient=bob&category=b\\,c": 0,
        "category:not=b\\,c": 1,
        "category:not=a,z": 0,
        "category:not=a&patient=ann": 0,
        f"_id={both[5:]},nobody": 1,
        f"_id={both[5:]}&_id=nobody": 0,
    }
    assert {query: api.agency.get(f"/fhir/Goal?{query}").json["total"] for query in totals} == totals


def test_last_updated_takes_every_prefix_and_partial_dates(api: Api, clock: Any) -> None:
    for _ in range(2):
        api.agency.make(a_goal(of="Patient/ann"))
        clock.go_on(days=1)
    totals = {
        "2026": 2,
        "2026-06": 2,
        "2026-06-01": 1,
        "eq2026-06-02": 1,
        "2026-06-03": 0,
        "ne2026-06-01": 1,
        "gt2026-06-01": 1,
        "ge2026-06-01": 2,
        "lt2026-06-02": 1,
        "le2026-06-02": 2,
        "sa2026-06-01": 1,
        "eb2026-06-02": 1,
        "2026-06-01T12:00:00Z": 1,
        "2026-06-01T14:00:00%2B02:00": 1,
        "2026-06-01T14:00:00+02:00": 1,
        "2026-06-01T12:00Z": 1,
        "2026-06-01T12:00:00.000Z": 1,
        "2026-06-01T12:00:00.001Z": 0,
        "lt2026-06-01T12:00:00.001Z": 1,
        "2026-06-01,2026-06-02": 2,
        "ge2026-06-01&_lastUpdated=lt2026-06-02": 1,
        "ap2026-06-01": 2,
        "gt2026-06-02": 0,
    }
    assert {t: api.agency.get(f"/fhir/Goal?_lastUpdated={t}").json["total"] for t in totals} == totals


def test_a_form_is_searched_as_the_address_is(api: Api) -> None:
    for _ in range(3):
        api.agency.make(a_goal(of="Patient/ann"))
    api.agency.make(a_goal(of="Patient/bob"))
    query = {"patient": "Patient/ann", "category": "housing-instability,ö", "_count": "2"}
    got = api.agency.get(f"/fhir/Goal?{urlencode(query)}")
    for body, rest in (
        (urlencode(query), ""),
        ("_count=2", f"?{urlencode({k: query[k] for k in ('patient', 'category')})}"),
    ):
        posted = api.agency("POST", f"/fhir/Goal/_search{rest}", body, Content_Type=f"{FORM}; charset=utf-8")
        assert (posted.status, posted.ids, posted.json["total"]) == (200, got.ids, 3)
        following = api.agency.next_of(posted)
        assert following is not None
        assert (len(following.ids), following.json["total"]) == (1, 3)
    assert api.agency("POST", "/fhir/Goal/_search?_id=x", "_id=y", Content_Type=FORM).json["total"] == 0
    assert api.agency("POST", "/fhir/Goal/_search", "", Content_Type=FORM).json["total"] == 4
    assert api.agency("POST", "/fhir/Goal/_search", "{}").status == 415
    for body, status in (
        ("_format=turtle", 406),
        ("_format=xml", 200),
        ("_format=json", 200),
        ("identifier=%ff", 400),
        ("identifier=%00", 400),
        ("identifier=" + "x" * 70_000, 413),
        (b"identifier=\xff", 400),
    ):
        assert api.agency("POST", "/fhir/Goal/_search", body, Content_Type=FORM).status == status, body[:20]
    asked = [row["asked"] for row in api.audit() if "_search" in row["asked"]]
    assert "patient=Patient%2Fann" in asked[0]

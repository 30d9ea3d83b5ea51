"""Parts, compression and HEAD over HTTP. https://hl7.org/fhir/R4/search.html#summary"""

from __future__ import annotations

import gzip
import json
import zlib
from dataclasses import replace

import pytest

from builders import Answer, Api, a_goal, a_patient
from careplan_service.app import Service

ANN = "Patient/ann"
FORM = "application/x-www-form-urlencoded"
NOTES = [{"text": "x" * 2000}]

# How an answer is written has nothing to do with the database it comes from.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def subsetted(document: dict) -> bool:
    return [tag["code"] for tag in document["meta"].get("tag", ())] == ["SUBSETTED"]


def test_a_part_of_a_resource_is_given_and_says_so(api: Api) -> None:
    goal = api.agency.make(a_goal(of=ANN, note=NOTES, statusReason="s"))
    path = f"/fhir/{goal}"
    always = {"resourceType", "id", "meta", "lifecycleStatus", "description", "subject"}
    for query, kept in {
        "_summary=true": always | {"category"},
        "_summary=text": always,
        "_elements=note": always | {"note"},
        "_elements=note,statusReason": always | {"note", "statusReason"},
    }.items():
        for answer in (api.agency.get(f"{path}?{query}"), api.agency.get(f"{path}/_history/1?{query}")):
            assert (answer.status, answer.json.keys(), subsetted(answer.json)) == (200, kept, True)
            assert answer.headers["ETag"] == 'W/"1"'
        for bundle in ("/fhir/Goal", f"{path}/_history"):
            (entry,) = api.agency.get(f"{bundle}?{query}").json["entry"]
            assert (entry["resource"].keys(), subsetted(entry["resource"])) == (kept, True)
    for query in ("_summary=false", "_summary=data"):
        whole = api.agency.get(f"{path}?{query}").json
        assert whole == api.agency.get(path).json


def test_a_search_form_may_ask_for_parts(api: Api) -> None:
    api.agency.make(a_goal(of=ANN, note=NOTES))
    form = {"Content_Type": FORM}
    (entry,) = api.agency("POST", "/fhir/Goal/_search", b"_elements=category", **form).json["entry"]
    assert "note" not in entry["resource"]
    for refused in (b"_elements=no", b"_summary=no", b"_pretty=no", b"_format=json&_format=json"):
        assert api.agency("POST", "/fhir/Goal/_search", refused, **form).status == 400
    assert api.agency("POST", "/fhir/Goal/_search", b"_format=html", **form).status == 406
    assert api.agency("POST", "/fhir/Goal/_search?_summary=text", b"_summary=text", **form).status == 400


def test_links_of_a_page_repeat_how_it_is_wanted(api: Api) -> None:
    for _ in range(3):
        api.agency.make(a_goal(of=ANN, note=NOTES))
    pages = api.agency.pages("/fhir/Goal?_count=2&_elements=category")
    assert [len(page.json["entry"]) for page in pages] == [2, 1]
    assert all("note" not in entry["resource"] for page in pages for entry in page.json["entry"])


def test_a_part_asked_in_vain_is_refused_before_anything_is_looked_at(api: Api) -> None:
    goal = api.agency.make(a_goal(of=ANN))
    for query in ("_elements=name", "_elements=", "_elements=Foo.x", "_summary=maybe", "_summary=count"):
        for path in (f"/fhir/{goal}", "/fhir/Goal/no", f"/fhir/{goal}/_history"):
            assert api.agency.get(f"{path}?{query}").status == 400, (path, query)
    assert api.agency.get("/fhir/Goal?_summary=true&_elements=note").status == 400
    assert api.agency.get("/fhir/Goal?_elements=Patient.name").status == 200
    assert api.agency.get("/fhir/metadata?_summary=true").json["resourceType"] == "CapabilityStatement"


def test_a_part_shows_no_more_than_the_whole(api: Api) -> None:
    api.agency.make(a_goal(of=ANN))
    for query in ("_summary=true", "_elements=note", "_summary=text"):
        assert api.partner.get(f"/fhir/Goal?{query}").json["total"] == 0


def test_large_answers_are_compressed_for_who_takes_gzip(api: Api) -> None:
    goal = api.agency.make(a_goal(of=ANN, note=NOTES))
    small = api.agency.make(a_patient())
    for path in (f"/fhir/{goal}", "/fhir/Goal", "/fhir/Goal?_format=xml", "/fhir/metadata"):
        whole = api.agency.get(path)
        assert "Content-Encoding" not in whole.headers
        for accepted in ("gzip", "br, gzip;q=0.5", "*, gzip", "GZIP"):
            zipped = api.agency.get(path, Accept_Encoding=accepted)
            assert zipped.headers.get("Content-Encoding") == "gzip", accepted
            assert gzip.decompress(zipped.body) == whole.body
            assert int(zipped.headers["Content-Length"]) == len(zipped.body) < len(whole.body)
            assert zipped.headers.get("ETag") == whole.headers.get("ETag")
        for refused in ("", "br", "gzip;q=0", "identity", "*;q=0, gzip;q=0"):
            assert api.agency.get(path, Accept_Encoding=refused).body == whole.body, refused
    assert "Content-Encoding" not in api.agency.get(f"/fhir/{small}", Accept_Encoding="gzip").headers


def test_every_answer_says_what_it_depends_on(api: Api) -> None:
    goal = api.agency.make(a_goal(of=ANN))
    for path in (f"/fhir/{goal}", "/fhir/Goal", "/fhir/Goal/no", "/fhir/no"):
        assert api.agency.get(path).headers["Vary"] == "Accept, Accept-Encoding, Origin", path
    assert api.agency.get("/fhir/metadata").headers["Vary"] == "Accept, Accept-Encoding"


def test_what_is_secret_is_not_compressed(api: Api) -> None:
    answer = Answer(api.http.get("/oauth/jwks", headers={"Accept-Encoding": "gzip"}))
    assert "Content-Encoding" not in answer.headers
    assert "Vary" not in answer.headers


def test_head_is_get_without_its_body(api: Api) -> None:
    goal = api.agency.make(a_goal(of=ANN, note=NOTES))
    for path in (
        f"/fhir/{goal}",
        f"/fhir/{goal}/_history/1",
        "/fhir/Goal",
        "/fhir/metadata",
        "/fhir/Goal/no",
    ):
        for more in ({}, {"Accept": "application/fhir+xml"}, {"Accept_Encoding": "gzip"}):
            get, head = api.agency.get(path, **more), api.agency("HEAD", path, **more)
            assert (head.status, head.body) == (get.status, b"")
            assert dict(head.headers) == dict(get.headers)
            assert int(head.headers["Content-Length"]) == len(get.body)


def zipped(document: dict) -> bytes:
    return gzip.compress(json.dumps(document).encode())


def test_a_body_may_be_gzip(api: Api) -> None:
    for encoding in ("gzip", "GZIP", "x-gzip"):
        made = api.agency("POST", "/fhir/Goal", zipped(a_goal(of=ANN)), Content_Encoding=encoding)
        assert (made.status, made.json["subject"]) == (201, {"reference": ANN})
    form = gzip.compress(b"patient=" + ANN.encode())
    found = api.agency("POST", "/fhir/Goal/_search", form, Content_Encoding="gzip", Content_Type=FORM)
    assert found.json["total"] == 3


def test_a_bomb_does_not_go_off(service: Service) -> None:
    api = Api(replace(service, settings=replace(service.settings, max_body=10_000)))
    inside = a_goal(of=ANN, note=[{"text": "x" * 9_000}])
    assert api.agency("POST", "/fhir/Goal", zipped(inside), Content_Encoding="gzip").status == 201
    for size in (10_000, 9_000_000):
        bomb = zipped(a_goal(of=ANN, note=[{"text": "x" * size}]))
        assert len(bomb) < 10_000
        answer = api.agency("POST", "/fhir/Goal", bomb, Content_Encoding="gzip")
        assert (answer.status, "when it is opened" in answer.faults[0][1]) == (413, True)
    assert api.agency("POST", "/fhir/Goal", b"x" * 10_001, Content_Encoding="gzip").status == 413
    assert api.agency.get("/fhir/Goal").json["total"] == 1


def test_what_is_not_one_whole_gzip_member_is_refused(api: Api) -> None:
    body = zipped(a_goal(of=ANN))
    broken = (
        b"{}",
        b"",
        body[:-1],
        body[:20],
        body + b"x",
        body + body,
        zlib.compress(b"{}"),
        b"\x1f\x8b" * 50,
    )
    for data in broken:
        answer = api.agency("POST", "/fhir/Goal", data, Content_Encoding="gzip")
        assert (answer.status, answer.json["issue"][0]["code"]) == (400, "invalid"), data
    twice = gzip.compress(body)
    assert "not UTF-8" in api.agency("POST", "/fhir/Goal", twice, Content_Encoding="gzip").faults[0][1]

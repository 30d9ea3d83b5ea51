"""Formats, parameters and methods: what is taken, what is given, and the refusal of everything else.

https://hl7.org/fhir/R4/http.html#mime-type
"""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from io import BytesIO

from builders import Answer, Api, a_goal, a_patient
from careplan_service.app import Service

FHIR_JSON = "application/fhir+json; charset=utf-8"
FHIR_XML = "application/fhir+xml; charset=utf-8"
FORM = "application/x-www-form-urlencoded"

ACCEPTED: dict[str, int] = {
    "application/fhir+json": 200,
    "application/json": 200,
    "text/json": 200,
    "*/*": 200,
    "application/*": 200,
    "text/*": 200,
    "APPLICATION/FHIR+JSON": 200,
    "application/fhir+json; charset=utf-8": 200,
    "application/fhir+json;fhirVersion=4.0": 200,
    "application/fhir+xml;q=0.1, application/fhir+json": 200,
    "application/fhir+xml, application/fhir+json": 200,
    "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2": 200,
    "application/xml;q=0, */*;q=0.1": 200,
    "application/fhir+json;q=0, application/json": 200,
    "": 200,
    "text/html": 406,
    "application/fhir+json;q=0": 406,
    "application/json; q=0.0": 406,
    "*/*;q=0": 406,
    "application/json;q=0, text/*;q=0, application/xml;q=0, application/fhir+json;q=0, "
    "application/fhir+xml;q=0.000, */*": 406,
    "application/json;q=2": 406,
    "application/json;q=nan": 406,
    "application/json;q=x": 406,
    "application/fhir+json;fhirVersion=3.0": 406,
    "application/fhir+xml;fhirVersion=5.0": 406,
    "image/*": 406,
    "nonsense": 406,
}

ACCEPTED_AS_XML = (
    "application/fhir+xml",
    "application/xml",
    "text/xml",
    "APPLICATION/FHIR+XML; charset=utf-8",
    "application/fhir+xml;fhirVersion=4.0",
    "application/fhir+xml, application/fhir+json;q=0.1",
    "application/fhir+xml, */*",
    "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "application/json;q=0, text/json;q=0, application/fhir+json;q=0.000, */*",
)

FORMATS: dict[str, int] = {
    "json": 200,
    "JSON": 200,
    "application/json": 200,
    "application/fhir%2Bjson": 200,
    "application/fhir+json": 200,
    "text/json": 200,
    "application/fhir%2Bjson;fhirVersion=4.0": 200,
    "html": 406,
    "ttl": 406,
    "": 406,
    "application/fhir%2Bjson;fhirVersion=5.0": 406,
    "application/fhir%2Bxml;fhirVersion=3.0": 406,
}

XML_FORMATS = ("xml", "application/fhir%2Bxml", "application/fhir+xml", "application/xml", "text/xml", "XML")

CONTENT_TYPES: dict[str, int] = {
    "application/fhir+json": 201,
    "application/json": 201,
    "text/json": 201,
    "Application/FHIR+JSON": 201,
    "application/fhir+json; charset=UTF-8": 201,
    'application/fhir+json; charset="utf-8"; fhirVersion=4.0': 201,
    "application/fhir+json;charset=iso-8859-1": 415,
    "application/fhir+json;fhirVersion=3.0": 415,
    "application/json-patch+json": 415,
    "application/x-www-form-urlencoded": 415,
    "multipart/form-data; boundary=x": 415,
    "text/plain": 415,
    "": 415,
}


def test_json_is_given_to_who_accepts_json(api: Api) -> None:
    goal = api.agency.make(a_goal(of="Patient/ann"))
    for path in (f"/fhir/{goal}", "/fhir/Goal", "/fhir/metadata"):
        answers = {accept: api.agency.get(path, Accept=accept) for accept in ACCEPTED}
        assert {accept: answer.status for accept, answer in answers.items()} == ACCEPTED
        assert {answer.headers["Content-Type"] for answer in answers.values()} == {FHIR_JSON}


def test_format_decides_before_accept(api: Api) -> None:
    for accept in ("*/*", "application/fhir+xml", "text/html"):
        answers = {text: api.agency.get(f"/fhir/Goal?_format={text}", Accept=accept) for text in FORMATS}
        assert {text: answer.status for text, answer in answers.items()} == FORMATS
        assert {answer.headers["Content-Type"] for answer in answers.values()} == {FHIR_JSON}


def test_xml_is_given_to_who_asks_for_xml(api: Api) -> None:
    goal = api.agency.make(a_goal(of="Patient/ann"))
    for path in (f"/fhir/{goal}", "/fhir/Goal", "/fhir/metadata"):
        answers = [api.agency.get(path, Accept=accept) for accept in ACCEPTED_AS_XML]
        answers += [api.agency.get(f"{path}?_format={text}", Accept="*/*") for text in XML_FORMATS]
        assert {answer.status for answer in answers} == {200}
        assert {answer.headers["Content-Type"] for answer in answers} == {FHIR_XML}


def test_a_body_is_taken_as_json_and_as_nothing_else(api: Api) -> None:
    found = {
        given: api.agency("POST", "/fhir/Goal", a_goal(of="Patient/ann"), Content_Type=given).status
        for given in CONTENT_TYPES
    }
    assert found == CONTENT_TYPES
    assert api.agency.get("/fhir/Goal").json["total"] == list(CONTENT_TYPES.values()).count(201)


def test_a_body_in_another_coding_than_gzip_is_not_opened(api: Api) -> None:
    data = gzip.compress(json.dumps(a_goal(of="Patient/ann")).encode())
    for encoding in ("deflate", "br", "zstd", "compress", "gzip, identity", "gzip, gzip", ""):
        assert api.agency("POST", "/fhir/Goal", data, Content_Encoding=encoding).status == 415, encoding
        plan = api.agency("POST", "/plans", data, Content_Encoding=encoding, Content_Type="application/json")
        assert plan.status == 415
    form = api.agency("POST", "/fhir/Goal/_search", b"", Content_Encoding="br", Content_Type=FORM)
    assert form.status == 415
    assert api.agency.get("/fhir/Goal").json["total"] == 0


def test_a_body_that_is_no_json_object_is_refused_as_unreadable(api: Api) -> None:
    bodies = {
        b"": "empty",
        b"  \n": "empty",
        b"{": "not JSON",
        b'{"resourceType":"Goal",}': "not JSON",
        b"[]": "must be a JSON object",
        b"null": "must be a JSON object",
        b'{"resourceType":"Goal","resourceType":"Goal"}': "stands twice",
        b'{"a":NaN}': "not a JSON number",
        b'{"a":"\xff"}': "not UTF-8",
        b'{"a":"\\ud800"}': "surrogate",
        b"[" * 100_000: "nested deeper",
        b'{"a":' * 100_000: "nested deeper",
        b'{"a":1e999999999}': "too long or too large",
        b'{"a":' + b"9" * 5000 + b"}": "digits",
        b'{"resource\\u0054ype":"Goal"}': "without escapes",
        json.dumps(a_goal(of="Patient/ann", meta={"versionId": "9"}))
        .replace("sionId", "sion\\u0049d")
        .encode(): ("without escapes"),
    }
    for body, said in bodies.items():
        for method, path in (("POST", "/fhir/Goal"), ("PUT", "/fhir/Goal/x"), ("POST", "/fhir")):
            answer = api.agency(method, path, body)
            assert (answer.status, said in answer.faults[0][1]) == (400, True), (body[:40], answer.body)
    assert api.agency.get("/fhir/Goal").json["total"] == 0


def test_a_byte_order_mark_is_not_kept(api: Api) -> None:
    made = api.agency("POST", "/fhir/Goal", b"\xef\xbb\xbf" + json.dumps(a_goal(of="Patient/ann")).encode())
    assert (made.status, made.body[:1]) == (201, b"{")
    assert api.agency.get("/fhir/Goal").ids == [made.json["id"]]


def test_a_body_that_is_too_large_is_refused_whole(service: Service) -> None:
    api = Api(replace(service, settings=replace(service.settings, max_body=2000)))
    long = a_goal(of="Patient/ann", note=[{"text": "x" * 2000}])
    for method, path in (
        ("POST", "/fhir/Goal"),
        ("PUT", "/fhir/Goal/x"),
        ("POST", "/fhir"),
        ("POST", "/plans"),
    ):
        answer = api.agency(method, path, long, **({"Content_Type": "application/json"}))
        assert (answer.status, answer.json["resourceType"]) == (413, "OperationOutcome")
    assert api.agency("POST", "/fhir/Goal/_search", b"a=" + b"x" * 2000, Content_Type=FORM).status == 413
    assert api.agency("POST", "/fhir/Goal", a_goal(of="Patient/ann")).status == 201
    assert [row["status"] for row in api.audit()][-2:] == [413, 201]


def test_a_body_of_unknown_length_ends_at_the_limit(service: Service) -> None:
    api = Api(replace(service, settings=replace(service.settings, max_body=2000)))
    headers = {"Authorization": f"Bearer {api.token('agency')}", "Content-Type": "application/fhir+json"}
    for size, wanted in ((100, 201), (5000, 413)):
        goal = json.dumps(a_goal(of="Patient/ann", note=[{"text": "x" * size}])).encode()
        chunked = {"wsgi.input": BytesIO(goal), "wsgi.input_terminated": True}
        assert api.http.post("/fhir/Goal", headers=headers, environ_overrides=chunked).status_code == wanted


def test_what_would_have_no_effect_is_refused(api: Api) -> None:
    goal = api.agency.make(a_goal(of="Patient/ann"))
    body = {**a_goal(of="Patient/ann"), "id": goal[5:]}
    for method, path, sent in (
        ("GET", f"/fhir/{goal}?_elements=no", None),
        ("GET", f"/fhir/{goal}?_summary=count", None),
        ("GET", f"/fhir/{goal}?_pretty=1", None),
        ("PUT", f"/fhir/{goal}?_summary=true", body),
        ("PUT", f"/fhir/{goal}?_elements=subject", body),
        ("GET", f"/fhir/{goal}/_history/1?x=1", None),
        ("GET", f"/fhir/{goal}/_history?_sort=_id", None),
        ("GET", f"/fhir/{goal}/_history?_count=x", None),
        ("POST", "/fhir/Goal?identifier=1", body),
        ("PUT", f"/fhir/{goal}?identifier=1", body),
        ("DELETE", f"/fhir/{goal}?_cascade=delete", None),
        ("POST", "/fhir?x=1", {"resourceType": "Bundle", "type": "transaction"}),
    ):
        assert api.agency(method, path, sent).status == 400, path
    for header, methods in {
        "If_None_Exist": ("PUT", "DELETE"),
        "If_None_Match": ("POST", "DELETE"),
        "If_Unmodified_Since": ("POST", "PUT", "DELETE"),
    }.items():
        for method in methods:
            path = "/fhir/Goal" if method == "POST" else f"/fhir/{goal}"
            assert api.agency(method, path, body, **{header: "*"}).status == 501, (header, method)
    assert api.agency.get(f"/fhir/{goal}/_history").json["total"] == 1
    assert api.agency.get("/fhir/Goal").json["total"] == 1


def _refusal(answer: Answer) -> tuple[int, str, str | None]:
    return answer.status, answer.json["issue"][0]["code"], answer.headers.get("Allow")


def test_what_is_not_offered_is_405_and_says_what_is(api: Api) -> None:
    goal = api.agency.make(a_goal(of="Patient/ann"))
    instance = "DELETE, GET, HEAD, OPTIONS, PATCH, PUT"
    cases = {
        ("POST", f"/fhir/{goal}"): instance,
        ("FOO", f"/fhir/{goal}"): instance,
        ("FOO", "/fhir/Goal"): "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT",
        ("PUT", "/fhir"): "GET, HEAD, OPTIONS, POST",
        ("DELETE", f"/fhir/{goal}/_history/1"): "GET, HEAD, OPTIONS",
    }
    for (method, path), allowed in cases.items():
        answer = api.agency(method, path)
        got = ", ".join(sorted(answer.headers.get("Allow", "").split(", ")))
        assert (answer.status, got, answer.json["issue"][0]["code"]) == (405, allowed, "not-supported"), path
    assert api.agency("OPTIONS", "/fhir/Goal").status == 200


def test_what_is_not_there_is_404(api: Api) -> None:
    api.agency.make(a_patient())
    for path in (
        "/fhir/Foo",
        "/fhir/goal",
        "/fhir/Foo/1",
        "/fhir/Goal/1/_history/1/x",
        "/fhir/Goal/_search",
        "/fhir/Foo/_history",
        "/fhir/Goal/$everything",
        "/",
        "/fhirx",
        "/fhir/Bundle",
    ):
        assert _refusal(api.agency.get(path)) == (404, "not-found", None), path
    for method, path in (
        ("POST", "/fhir/Foo"),
        ("PUT", "/fhir/Foo/1"),
        ("DELETE", "/fhir/Foo/1"),
    ):
        assert _refusal(api.agency(method, path, "{}"))[0] == 404, path


def test_errors_below_the_api_are_operation_outcomes_too(api: Api) -> None:
    headers = {"Authorization": f"Bearer {api.token('agency')}"}
    for path, wanted in {
        "/fhir/Goal/%ff": 400,
        "/fhir/Goal/a%00b": 400,
        "/fhir/Goal/a%00b/_history/1": 400,
        "/fhir/Goal?identifier=%ff": 400,
        "/fhir/Goal?identifier=%00": 400,
        "/fhir/Goal?%00=1": 400,
        "/fhir/Goal?_sort=%00": 400,
        "/plans/%00": 400,
        "/fhir/Goal/%2e%2e": 404,
        "/fhir/Goal/..%2f..%2fetc": 404,
        "/%": 404,
        "/fhir/%": 404,
    }.items():
        answer = Answer(api.http.get(path, headers=headers))
        assert (path, answer.status, answer.json["resourceType"]) == (path, wanted, "OperationOutcome")
    for host in ("a b", "[::1", "x/y", "ex\x7fample", "", "a:b:c"):
        assert api.agency.get("/fhir/Goal", Host=host).status in (200, 400), host
    for row in api.audit():
        assert "\x00" not in json.dumps(row)


def test_without_a_token_nothing_is_told_but_what_the_service_is(api: Api) -> None:
    goal = api.agency.make(a_goal(of="Patient/ann"))
    for method, path in (
        ("GET", f"/fhir/{goal}"),
        ("GET", "/fhir/Goal/no"),
        ("GET", "/fhir/Foo"),
        ("GET", "/fhir/Goal"),
        ("POST", "/fhir/Goal"),
        ("POST", "/fhir/Goal/_search"),
        ("POST", "/fhir"),
        ("PUT", f"/fhir/{goal}"),
        ("DELETE", f"/fhir/{goal}"),
        ("GET", f"/fhir/{goal}/_history"),
        ("HEAD", f"/fhir/{goal}"),
        ("POST", "/plans"),
        ("GET", "/plans/x"),
    ):
        answer = Answer(api.http.open(path, method=method))
        assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, 'Bearer realm="careplan"'), path
    assert Answer(api.http.get("/fhir/metadata")).status == 200

"""XML in and out over HTTP, problems included. https://hl7.org/fhir/R4/http.html#mime-type"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import pytest

from builders import Answer, Api, a_consent, a_goal, a_patient, a_transaction, an_entry, an_example
from careplan_service.app import Service
from careplan_service.resources.registry import SERVED
from careplan_service.resources.xml import from_xml, to_xml

XML = "application/fhir+xml"
FHIR_XML = "application/fhir+xml; charset=utf-8"
FHIR_JSON = "application/fhir+json; charset=utf-8"
ANN = "Patient/ann"
XHTML = "http://www.w3.org/1999/xhtml"

# How an answer is written has nothing to do with the database it comes from.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def xml_of(document: dict[str, Any]) -> bytes:
    return to_xml(json.dumps(document).encode())


def read(answer: Answer) -> dict[str, Any]:
    """The JSON of an answer in XML."""
    assert answer.headers["Content-Type"] == FHIR_XML
    return json.loads(from_xml(answer.body))


def test_every_served_type_goes_in_and_comes_out_as_xml(api: Api) -> None:
    for type_ in SERVED:
        example = an_example(type_, ANN)
        made = api.agency("POST", f"/fhir/{type_}", xml_of(example), Content_Type=XML, Accept=XML)
        assert made.status == 201, made.body
        given = read(made)
        kept = api.agency.get(f"/fhir/{type_}/{given['id']}")
        assert kept.headers["Content-Type"] == FHIR_JSON
        assert kept.json == given
        assert {**example, "id": given["id"], "meta": given["meta"]} == given
        as_xml = api.agency.get(f"/fhir/{type_}/{given['id']}", Accept=XML)
        assert (as_xml.body, as_xml.headers["ETag"]) == (made.body, made.headers["ETag"])


def test_an_answer_is_json_unless_xml_is_asked_for(api: Api) -> None:
    body = xml_of(a_goal(of=ANN))
    for accept in ({}, {"Accept": "*/*"}):
        made = api.agency("POST", "/fhir/Goal", body, Content_Type=XML, **accept)
        assert (made.status, made.headers["Content-Type"]) == (201, FHIR_JSON)
    as_json = api.agency("POST", "/fhir/Goal?_format=json", body, Content_Type=XML, Accept=XML)
    assert (as_json.status, as_json.headers["Content-Type"]) == (201, FHIR_JSON)
    as_xml = api.agency("POST", "/fhir/Goal?_format=xml", a_goal(of=ANN))
    assert (as_xml.status, as_xml.headers["Content-Type"]) == (201, FHIR_XML)


def test_an_update_and_a_transaction_are_taken_as_xml(api: Api) -> None:
    goal = api.agency.make(a_goal(of=ANN))
    again = {**a_goal(of=ANN), "id": goal[5:], "target": [{"dueDate": "2027"}]}
    assert (
        api.agency("PUT", f"/fhir/{goal}", xml_of(again), Content_Type="text/xml").json["meta"]["versionId"]
        == "2"
    )
    bundle = a_transaction(an_entry("POST", "Goal", a_goal(of=ANN)), an_entry("POST", "Patient", a_patient()))
    answer = api.agency("POST", "/fhir", xml_of(bundle), Content_Type="application/xml", Accept=XML)
    assert [entry["response"]["status"] for entry in read(answer)["entry"]] == ["201 Created", "201 Created"]
    assert api.agency.get("/fhir/Goal").json["total"] == 2


def test_numbers_keep_their_digits_on_every_way(api: Api) -> None:
    numbers = ("1.50", "1E2", "1e-7", "0.10")
    for number in numbers:
        target = f'"target":[{{"measure":{{"text":"a"}},"detailQuantity":{{"value":{number}}}}}]'
        data = json.dumps(a_goal(of=ANN))[:-1] + "," + target + "}"
        made = api.agency("POST", "/fhir/Goal", to_xml(data.encode()), Content_Type=XML)
        path = f"/fhir/Goal/{made.json['id']}"
        assert f'"value":{number}}}' in api.agency.get(path).body.decode()
        assert f'<value value="{number}"/>' in api.agency.get(path, Accept=XML).body.decode()
        assert (
            f'<value value="{number}"/>' in api.agency.get(f"{path}?_pretty=true", Accept=XML).body.decode()
        )
        assert f'"value": {number}\n' in api.agency.get(f"{path}?_pretty=true").body.decode()
        assert f'"value":{number}}}' in api.agency.get(f"{path}?_elements=target").body.decode()


def test_bundles_and_statements_are_given_as_xml(api: Api) -> None:
    goal = api.agency.make(a_goal(of=ANN))
    for path in ("/fhir/Goal", f"/fhir/{goal}/_history", "/fhir/metadata"):
        whole = api.agency.get(path)
        assert read(api.agency.get(path, Accept=XML)) == whole.json
        assert (
            read(api.agency.get(f"{path}?_format=xml&_pretty=true"))["resourceType"]
            == whole.json["resourceType"]
        )
    form = api.agency(
        "POST",
        "/fhir/Goal/_search",
        b"_format=xml&_id=" + goal[5:].encode(),
        Content_Type="application/x-www-form-urlencoded",
    )
    assert [entry["resource"]["id"] for entry in read(form)["entry"]] == [goal[5:]]


def test_problems_are_told_in_the_format_asked_for(api: Api) -> None:
    goal = api.agency.make(a_goal(of=ANN))
    reader = api.register("reader", "agency", "system/Goal.rs")
    problems: dict[int, Answer] = {
        400: api.agency.get("/fhir/Goal?nothing=1", Accept=XML),
        401: Answer(api.http.get(f"/fhir/{goal}", headers={"Accept": XML})),
        403: reader.get("/fhir/Patient", Accept=XML),
        404: api.agency.get("/fhir/Goal/no", Accept=XML),
        405: api.agency("DELETE", f"/fhir/{goal}/_history/1", Accept=XML),
        412: api.agency.put(goal, a_goal(of=ANN), If_Match='W/"9"', Accept=XML),
        415: api.agency("POST", "/fhir/Goal", b"x", Content_Type="text/plain", Accept=XML),
        422: api.agency("POST", "/fhir/Goal", {"resourceType": "Goal"}, Accept=XML),
    }
    assert {status: answer.status for status, answer in problems.items()} == {
        status: status for status in problems
    }
    for answer in problems.values():
        outcome = read(answer)
        assert outcome["resourceType"] == "OperationOutcome"
        assert outcome["issue"][0]["diagnostics"]
    assert api.agency.get("/fhir/nothing/served/here/at/all?_format=xml").headers["Content-Type"] == FHIR_XML
    for query in ("_pretty=no", "_elements=no", "_format=xml&_format=json"):
        assert api.agency.get(f"/fhir/{goal}?{query}", Accept=XML).headers["Content-Type"] == FHIR_XML
    refused = api.agency.get(f"/fhir/{goal}", Accept="text/html")
    assert (refused.status, refused.headers["Content-Type"]) == (406, FHIR_JSON)
    refused = api.agency.get(f"/fhir/{goal}?_format=html", Accept=XML)
    assert (refused.status, refused.headers["Content-Type"]) == (406, FHIR_JSON)


def test_hidden_and_absent_look_the_same_in_xml_too(api: Api) -> None:
    goal = api.agency.make(a_goal(of=ANN))
    hidden, absent = (api.partner.get(path, Accept=XML) for path in (f"/fhir/{goal}", "/fhir/Goal/no"))
    assert (hidden.status, hidden.body) == (absent.status, absent.body) == (404, absent.body)


XML_BODIES = {
    b"": "empty",
    b"<Goal/>": "must have xmlns",
    b"{}": "not well-formed XML",
    b'<!DOCTYPE Goal [<!ENTITY x SYSTEM "file:///etc/passwd">]><Goal>&x;</Goal>': "DOCTYPE",
    b'<Goal xmlns="http://hl7.org/fhir"><foo/></Goal>': "`Goal.foo` is not an element of Goal",
    b'<Goal xmlns="http://hl7.org/fhir">' + b"<target>" * 10_000: "nested deeper",
    b'<?xml version="1.0" encoding="latin-1"?><Goal xmlns="http://hl7.org/fhir"/>': "in UTF-8",
}


def test_xml_that_cannot_be_read_is_refused_and_nothing_is_kept(api: Api) -> None:
    for body, told in XML_BODIES.items():
        for method, path in (("POST", "/fhir/Goal"), ("PUT", "/fhir/Goal/x"), ("POST", "/fhir")):
            answer = api.agency(method, path, body, Content_Type=XML)
            assert (answer.status, told in answer.faults[0][1]) == (400, True), answer.body
    assert api.agency.get("/fhir/Goal").json["total"] == 0


def test_the_rules_of_the_door_are_the_same_for_xml(api: Api) -> None:
    goal = a_goal(of=ANN)
    unsafe = f'<div xmlns="{XHTML}"><script>x</script></div>'
    provision = {
        "type": "permit",
        "dataPeriod": {"start": "2026"},
        "extension": [{"url": "u:x", "valueCode": "a"}],
    }
    for document in (
        {**goal, "text": {"status": "generated", "div": unsafe}},
        {**goal, "lifecycleStatus": "no", "subject": {"reference": "Condition/x"}},
        a_consent(of=ANN, provision=provision),
    ):
        path = f"/fhir/{document['resourceType']}"
        as_json, as_xml = (
            api.agency("POST", path, document),
            api.agency("POST", path, xml_of(document), Content_Type=XML),
        )
        assert (as_json.status, sorted(as_json.faults)) == (as_xml.status, sorted(as_xml.faults))
        assert as_xml.status == 422


def test_only_r4_in_utf_8_is_taken_as_xml(api: Api) -> None:
    for kind in (
        "application/fhir+xml;fhirVersion=3.0",
        "text/xml; charset=latin-1",
        "application/xhtml+xml",
    ):
        assert api.agency("POST", "/fhir/Goal", xml_of(a_goal(of=ANN)), Content_Type=kind).status == 415


def test_xml_that_is_too_large_is_refused(service: Service) -> None:
    small = Api(replace(service, settings=replace(service.settings, max_body=500)))
    long = xml_of(a_goal(of=ANN, statusReason="x" * 500))
    assert small.agency("POST", "/fhir/Goal", long, Content_Type=XML).status == 413


def test_a_contained_type_that_has_no_xml_is_refused_and_not_half_shown(api: Api) -> None:
    polymer = {"resourceType": "SubstancePolymer", "id": "s"}
    beside = [{"url": "http://example.org/x", "valueReference": {"reference": "#s"}}]
    goal = a_goal(of=ANN, contained=[polymer], extension=beside)
    path = f"/fhir/{api.agency.make(goal)}"
    answer = api.agency.get(path, Accept=XML)
    assert (answer.status, answer.headers["Content-Type"]) == (406, FHIR_JSON)
    assert "`SubstancePolymer` is not written as XML here" in answer.faults[0][1]
    assert api.agency.get(path).status == 200


def test_pretty_answers_have_many_lines(api: Api) -> None:
    path = f"/fhir/{api.agency.make(a_goal(of=ANN))}"
    whole = api.agency.get(path)
    pretty, plain = (api.agency.get(f"{path}?_pretty={text}") for text in ("true", "false"))
    assert (plain.body, pretty.json) == (whole.body, whole.json)
    assert pretty.body.count(b"\n") > 10 > whole.body.count(b"\n") == 0
    xml = api.agency.get(f"{path}?_pretty=true&_format=xml")
    assert ElementTree.fromstring(xml.body).tag == "{http://hl7.org/fhir}Goal"
    assert xml.body.count(b"\n") > 10
    assert api.agency.get("/fhir/Goal/no?_pretty=true").body.count(b"\n") > 5
    for query in ("_pretty=yes", "_pretty=", "_pretty=true&_pretty=true", "_format=xml&_format=json"):
        assert api.agency.get(f"{path}?{query}").status == 400, query

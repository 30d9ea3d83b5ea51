"""What is returned is what was sent: only `id` and `meta.versionId/lastUpdated` are the server's.

https://hl7.org/fhir/R4/json.html
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builders import Api, an_entry

SENT = """{
  "resourceType" : "Observation",
  "text":{"status":"generated",
          "div":"<div xmlns=\\"http://www.w3.org/1999/xhtml\\">&amp; &#233; \\u00e9 é</div>"},
  "extension":[{"url":"http://elsewhere.example/unknown","valueDecimal":0.100000000000000000001},
               {"url":"http://elsewhere.example/deep",
                "extension":[{"url":"a","valueInstant":"2026-01-01T00:00:00.000000001+13:45"}]}],
  "status":"final", "_status":{"id":"s"},
  "code":{"text":"\\ud83c\\udfe0 \\"quoted\\" \\/ \\\\ \\t"},
  "subject":{"reference":"Patient\\/ann"},
  "effectiveDateTime" :"2026-02-28T23:59:60.500-00:00",
  "valueQuantity":{"value":1.50 ,"unit":"h"},
  "component":[{"code":{"text":"x"},"valueQuantity":{"value":-0.0}},
               {"code":{"text":"y"},"valueQuantity":{"value":1E+2}},
               {"code":{"text":"z"},"valueQuantity":{"value":123456789012345678901234567890.000}}]
}
"""


def _stamp(id_: str, version: int = 1) -> str:
    updated = f"2026-06-01T12:00:00.00{version - 1}Z"
    return f'"id":"{id_}","meta":{{"versionId":"{version}","lastUpdated":"{updated}"}}'


def test_every_byte_of_a_resource_survives_all_ways_out(api: Api) -> None:
    made = api.agency("POST", "/fhir/Observation", SENT)
    assert made.status == 201, made.body
    reference = f"Observation/{made.json['id']}"
    head = '  "resourceType" : "Observation"'
    wanted = SENT.replace(head, f"{head},{_stamp(made.json['id'])}").encode()
    assert made.body == wanted
    assert api.agency.get(f"/fhir/{reference}").body == wanted
    assert api.agency.get(f"/fhir/{reference}/_history/1").body == wanted
    assert b'"resource":' + wanted + b"," in api.agency.get("/fhir/Observation?status=final").body
    assert b'"resource":' + wanted + b"," in api.agency.get(f"/fhir/{reference}/_history").body
    json.loads(api.agency.get("/fhir/Observation").body)


def test_every_byte_survives_a_transaction(api: Api) -> None:
    entry = json.dumps(an_entry("POST", "Observation", {"resourceType": "x"}))
    bundle = f'{{"resourceType":"Bundle","type":"transaction","entry":[ {entry} ]}}'
    answer = api.agency("POST", "/fhir", bundle.replace('{"resourceType": "x"}', SENT.strip()))
    assert answer.status == 200, answer.body
    reference = answer.json["entry"][0]["response"]["location"].partition("/_history")[0]
    stored = api.agency.get(f"/fhir/{reference}").body.decode()
    assert stored == SENT.strip().replace('"Observation"', f'"Observation",{_stamp(reference[12:])}', 1)


PLACES: dict[str, tuple[str, str]] = {
    "neither": ('{"resourceType":"Patient"}', '{"resourceType":"Patient",STAMP}'),
    "type last": (
        '{"active":true,"resourceType":"Patient"}',
        '{STAMP,"active":true,"resourceType":"Patient"}',
    ),
    "an id": (
        '{"resourceType":"Patient","active":true, "id" : "x" ,"gender":"other"}',
        '{"resourceType":"Patient","active":true, "id" : STAMPED ,"gender":"other"}',
    ),
    "meta of one's own": (
        '{"meta":{"profile":["http://x.example/p"],"versionId":"9","lastUpdated":"2001-01-01T00:00:00Z","tag":[{"code":"}]"}]},'
        '"resourceType":"Patient","id":"x"}',
        '{"meta":{VERSION,"profile":["http://x.example/p"],"tag":[{"code":"}]"}]},"resourceType":"Patient","id":"ID"}',
    ),
    "ids further down": (
        '{"resourceType":"Patient","contained":[{"resourceType":"Organization","id":"o","name":"x"}],'
        '"managingOrganization":{"reference":"#o"},"name":[{"id":"n","family":"\\"meta\\":{\\"id\\""}]}',
        '{"resourceType":"Patient",STAMP,"contained":[{"resourceType":"Organization","id":"o","name":"x"}],'
        '"managingOrganization":{"reference":"#o"},"name":[{"id":"n","family":"\\"meta\\":{\\"id\\""}]}',
    ),
}


@pytest.mark.parametrize("name", PLACES)
def test_the_stamp_takes_its_place_whatever_stands_around(api: Api, name: str) -> None:
    sent, wanted = PLACES[name]
    made = api.agency("POST", "/fhir/Patient", sent)
    assert made.status == 201, made.body
    id_, version = made.json["id"], '"versionId":"1","lastUpdated":"2026-06-01T12:00:00.000Z"'
    stamped = f'"{id_}","meta":{{{version}}}'
    filled = wanted.replace("STAMPED", stamped).replace("STAMP", _stamp(id_)).replace("VERSION", version)
    assert made.body.decode() == filled.replace("ID", id_, 1) if '"id":"ID"' in wanted else filled


NUMBERS = st.from_regex(r"-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,24})?([eE][+-]?[0-9]{1,2})?", fullmatch=True)
TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=30).filter(
    lambda t: t.strip() == t and t
)
VALUES = st.one_of(
    NUMBERS.map(lambda n: f'"valueDecimal":{n}'),
    TEXTS.map(lambda t: f'"valueString":{json.dumps(t, ensure_ascii=False)}'),
    TEXTS.map(lambda t: f'"valueString":{json.dumps(t)}'),
)
SPACES = st.text(" \t\r\n", max_size=3)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(VALUES, SPACES), min_size=1, max_size=4))
def test_whatever_the_extensions_hold_comes_back_to_the_byte(api: Api, held: list[tuple[str, str]]) -> None:
    extensions = ",".join(
        f'{space}{{{space}"url":"http://x.example/e",{value}}}{space}' for value, space in held
    )
    sent = f'{{"resourceType":"Patient","extension":[{extensions}]}}'
    made = api.agency("POST", "/fhir/Patient", sent.encode())
    assert made.status == 201, made.body
    wanted = sent.replace('"Patient"', f'"Patient",{_stamp(made.json["id"])}', 1).encode()
    assert made.body == wanted
    assert api.agency.get(f"/fhir/Patient/{made.json['id']}").body == wanted


def test_what_a_client_says_of_versions_never_stands_beside_what_the_server_says(api: Api) -> None:
    for text in (
        '"versionId":"9"',
        '"lastUpdated":"2001-01-01T00:00:00Z"',
        '"versi\\u006fnId":"9"',
        '"l\\u0061stUpdated":"2001-01-01T00:00:00Z"',
    ):
        made = api.agency("POST", "/fhir/Patient", f'{{"resourceType":"Patient","meta":{{{text}}}}}')
        pairs: list[tuple[str, Any]] = (
            json.loads(made.body, object_pairs_hook=list) if made.status == 201 else []
        )
        assert (
            made.status == 400
            if "\\" in text
            else [name for name, _ in dict(pairs)["meta"]] == ["versionId", "lastUpdated"]
        )

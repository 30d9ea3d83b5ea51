"""Quantities, composites, positions and long texts over HTTP. https://hl7.org/fhir/R4/search.html#quantity"""

from __future__ import annotations

from urllib.parse import quote

import pytest

from builders import Api, Document, coding, concept

UCUM = "http://unitsofmeasure.org"
CODES = "http://example.org/codes"


def amount(value: float, code: str) -> Document:
    return {"value": value, "unit": code, "system": UCUM, "code": code}


DOSE: Document = {
    "resourceType": "Observation",
    "status": "final",
    "code": concept(CODES, "dose"),
    "valueQuantity": amount(0.0054, "g"),
}
PRESSURE: Document = {
    "resourceType": "Observation",
    "status": "final",
    "code": concept(CODES, "pressure"),
    "component": [
        {"code": concept(CODES, "systolic"), "valueQuantity": amount(120, "mm[Hg]")},
        {"code": concept(CODES, "diastolic"), "valueQuantity": amount(80, "mm[Hg]")},
    ],
}
CONDITION: Document = {
    "resourceType": "Condition",
    "subject": {"reference": "Patient/ann"},
    "clinicalStatus": concept("http://terminology.hl7.org/CodeSystem/condition-clinical", "active"),
    "onsetAge": amount(42, "a"),
}
ENCOUNTER: Document = {
    "resourceType": "Encounter",
    "status": "finished",
    "class": coding("http://terminology.hl7.org/CodeSystem/v3-ActCode", "AMB"),
    "length": amount(90, "min"),
}
SHELTER: Document = {
    "resourceType": "Location",
    "name": "Shelter",
    "position": {"latitude": 42.2561, "longitude": -83.6945},
}
GROUP: Document = {
    "resourceType": "Group",
    "type": "person",
    "actual": True,
    "characteristic": [
        {"code": concept(CODES, "size"), "valueCodeableConcept": concept(CODES, "large"), "exclude": False}
    ],
}
QUESTIONNAIRE: Document = {
    "resourceType": "Questionnaire",
    "status": "active",
    "useContext": [
        {"code": coding(CODES, "age"), "valueRange": {"low": amount(18, "a"), "high": amount(25, "a")}}
    ],
}
LETTER: Document = {
    "resourceType": "DocumentReference",
    "status": "current",
    "content": [{"attachment": {"url": "https://example.org/letter.pdf"}}],
    "relatesTo": [{"code": "replaces", "target": {"reference": "DocumentReference/old"}}],
}
STORED = (DOSE, PRESSURE, CONDITION, ENCOUNTER, SHELTER, GROUP, QUESTIONNAIRE, LETTER)

WANTED = {
    f"Observation?value-quantity=5.4|{UCUM}|mg": 1,
    f"Observation?value-quantity=5.40e-3|{UCUM}|g": 1,
    f"Observation?value-quantity=5.5|{UCUM}|mg": 0,
    f"Observation?value-quantity=gt5.3|{UCUM}|mg": 1,
    f"Observation?value-quantity=lt5.4|{UCUM}|mg": 0,
    f"Observation?value-quantity=5.4|{UCUM}|mL": 0,
    "Observation?value-quantity=0.0054||g": 1,
    "Observation?value-quantity=0.0054": 1,
    "Observation?value-quantity=0.005": 1,
    "Observation?value-quantity=0.0050": 0,
    "Observation?value-quantity=ne0.0054": 0,
    "Observation?value-quantity=ap0.0056": 1,
    f"Observation?value-quantity=7|{UCUM}|mg,5.4|{UCUM}|mg": 1,
    "Observation?value-quantity:missing=true": 1,
    "Observation?component-value-quantity=80": 1,
    "Observation?combo-value-quantity=gt0.001": 2,
    "Observation?component-code-value-quantity=systolic$gt110": 1,
    "Observation?component-code-value-quantity=diastolic$gt110": 0,
    f"Observation?component-code-value-quantity={CODES}|diastolic$10.7|{UCUM}|kPa": 1,
    "Observation?combo-code-value-quantity=dose$0.0054": 1,
    "Observation?combo-code-value-quantity=dose$120": 0,
    "Observation?combo-code-value-quantity:missing=false": 2,
    "Observation?code-value-quantity=pressure$120": 0,
    f"Condition?onset-age=gt500|{UCUM}|mo": 1,
    f"Condition?onset-age=42|{UCUM}|a": 1,
    f"Condition?onset-age=lt42|{UCUM}|a": 0,
    f"Encounter?length=1.5|{UCUM}|h": 1,
    f"Encounter?length=gt2|{UCUM}|h": 0,
    "Location?near=42.25|-83.70|5|km": 1,
    "Location?near=42.25|-83.70": 1,
    "Location?near=42.25|-83.70|0.1|[mi_us]": 0,
    "Location?near=-42.25|83.70|500|km": 0,
    "Location?near:missing=false": 1,
    "Group?characteristic-value=size$large": 1,
    "Group?characteristic-value=size$small": 0,
    f"Questionnaire?context-type-quantity=age$ap20|{UCUM}|a": 1,
    f"Questionnaire?context-type-quantity=age$gt30|{UCUM}|a": 0,
    "DocumentReference?relationship=replaces$DocumentReference/old": 1,
    "DocumentReference?relationship=appends$DocumentReference/old": 0,
}


def test_quantities_composites_and_positions_are_found(api: Api) -> None:
    for document in STORED:
        api.agency.make(document)
    found = {query: api.agency.get(f"/fhir/{quote(query, safe='?=:')}") for query in WANTED}
    assert {query: answer.json.get("total", answer.body) for query, answer in found.items()} == WANTED


REFUSED = [
    "Observation?value-quantity=x",
    "Observation?value-quantity=1e400",
    "Observation?value-quantity=5|mg",
    "Observation?value-quantity:exact=5",
    "Observation?code-value-quantity=dose",
    "Observation?code-value-quantity=dose$5$6",
    "Observation?code-value-date=dose$x",
    "Location?near=42",
    "Location?near=91|0",
    "Location?near=0|0|1|mile",
    "Location?near:exact=0|0",
]


def test_what_cannot_be_read_is_refused(api: Api) -> None:
    answers = {query: api.agency.get(f"/fhir/{quote(query, safe='?=:')}") for query in REFUSED}
    assert {query: (a.status, len(a.faults)) for query, a in answers.items()} == dict.fromkeys(
        REFUSED, (400, 1)
    )


def test_a_unit_nobody_knows_is_stored_and_found_as_it_is(api: Api) -> None:
    for code in ("{nights}", "10*9999999", "(" * 60, "no unit"):
        api.agency.make({**DOSE, "valueQuantity": amount(5, code)})
        assert (
            api.agency.get(f"/fhir/Observation?value-quantity={quote(f'5|{UCUM}|{code}')}").json["total"] == 1
        )


@pytest.mark.parametrize("letter", ["x", "ö", "日"])
def test_long_texts_and_codes_are_stored_and_found(api: Api, letter: str) -> None:
    scattered = "".join(chr(ord(letter) + n * 7919 % 97) for n in range(6000))
    said = {name: value for name, value in DOSE.items() if name != "valueQuantity"}
    api.agency.make({**said, "code": concept(CODES, scattered), "valueString": scattered})
    wanted = {
        f"value-string={quote(scattered[:50])}": 1,
        f"code={quote(CODES)}|{quote(scattered)}": 1,
        f"code={quote(CODES)}|{quote(scattered[:-1])}": 0,
        f"value-string:exact={quote(scattered)}": 1,
        f"value-string:exact={quote(scattered[:-1])}": 0,
    }

    def total(query: str) -> int:
        form = "application/x-www-form-urlencoded"
        return int(api.agency("POST", "/fhir/Observation/_search", query, Content_Type=form).json["total"])

    assert {query: total(query) for query in wanted} == wanted

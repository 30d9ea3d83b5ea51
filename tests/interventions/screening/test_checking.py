"""Whether a response keeps to its questionnaire. https://hl7.org/fhir/R4/questionnaireresponse.html"""

from __future__ import annotations

from typing import Any

import pytest

from careplan_service.interventions.screening.checking import response_faults
from web.screenings import a_response

HUNGER, PRAPARE = "hunger-vital-sign", "prapare"
OFTEN, NEVER, NO_RISK = "LA28397-0", "LA28398-8", "LA19983-8"
YES = {"valueCoding": {"system": "http://loinc.org", "code": "LA33-6"}}


def faults(response: dict[str, Any]) -> list[tuple[str | None, str]]:
    return [(one.expression, one.code) for one in response_faults(response)]


def of(tool: str, *items: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {**a_response(tool, "Patient/ann", {}), "item": list(items), **more}


def test_what_keeps_to_it_has_no_fault() -> None:
    answers = {
        "93031-3": ["LA30125-1", "LA30126-9", "a cot"],
        "63586-2": 0,
        "76437-3": "Private insurance",
        "76501-6": "LA32-8",
    }
    assert faults(a_response(PRAPARE, "Patient/ann", answers)) == []
    assert faults(a_response(HUNGER, "Patient/ann", {"88122-7": OFTEN, "88124-3": "LA19952-3"})) == []


@pytest.mark.parametrize(
    ("response", "expression", "code"),
    [
        (of(HUNGER, {"linkId": "/88122-9"}), ".item[0].linkId", "not-found"),
        (of(HUNGER, {"linkId": "88122-7"}), ".item[0].linkId", "not-found"),
        (of(PRAPARE, {"linkId": "/76501-6", "answer": [YES]}), ".item[0].linkId", "structure"),
        (of(PRAPARE, {"linkId": "/93042-0", "item": [{"linkId": "/76501-6"}]}), ".item[0].item[0].linkId",
         "structure"),
        (of(PRAPARE, {"linkId": "/93042-0", "item": [{"linkId": "/93042-0"}]}), ".item[0].item[0].linkId",
         "not-found"),
        (of(PRAPARE, {"linkId": "/93042-0", "answer": [YES]}), ".item[0].answer", "invalid"),
        (of(HUNGER, {"linkId": "/88122-7", "answer": [YES]}), ".item[0].answer[0].valueCoding",
         "code-invalid"),
        (of(HUNGER, {"linkId": "/88122-7", "answer": [{"valueCoding": {"code": OFTEN}}]}),
         ".item[0].answer[0].valueCoding", "code-invalid"),
        (of(HUNGER, {"linkId": "/88122-7", "answer": [{"valueString": "often true"}]}), ".item[0].answer[0]",
         "invalid"),
        (of(HUNGER, {"linkId": "/88122-7", "answer": [{"item": [{"linkId": "/88123-5"}]}]}), ".item[0]",
         "structure"),
        (a_response(HUNGER, "Patient/ann", {"88122-7": [OFTEN, NEVER]}), ".item[0].answer", "invalid"),
        (a_response(PRAPARE, "Patient/ann", {"63586-2": -1}),
         ".item[0].item[0].answer[0].valueInteger", "value"),
        (a_response(PRAPARE, "Patient/ann", {"63586-2": 1_000_000_000}),
         ".item[0].item[0].answer[0].valueInteger", "value"),
        (of(HUNGER, {"linkId": "/88122-7"}, {"linkId": "/88122-7"}), ".item", "invalid"),
        (a_response(HUNGER, "Patient/ann", {"88122-7": OFTEN, "88124-3": NO_RISK}), ".item", "business-rule"),
        (of(HUNGER, questionnaire="https://careplan-service.org/fhir/Questionnaire/hunger-vital-sign|0.9"),
         ".questionnaire", "not-found"),
    ],
)  # fmt: skip
def test_what_does_not_is_told_with_its_place(response: dict[str, Any], expression: str, code: str) -> None:
    assert (f"QuestionnaireResponse{expression}", code) in faults(response)


def test_responses_to_other_questionnaires_are_not_judged() -> None:
    other = of(HUNGER, {"linkId": "1"}, questionnaire="https://agency.example.org/Questionnaire/intake|2")
    assert faults(other) == []
    assert faults({name: value for name, value in other.items() if name != "questionnaire"}) == []

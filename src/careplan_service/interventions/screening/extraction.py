"""A QuestionnaireResponse becomes a transaction of Observations and Conditions.

https://hl7.org/fhir/uv/sdc/OperationDefinition-QuestionnaireResponse-extract.html

Each resource has an identifier made of the response and the question, and is created only where nothing has
it yet: the same response may be extracted as often as one likes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode
from uuid import NAMESPACE_URL, uuid5

from careplan_service.errors import Fault, Invalid
from careplan_service.interventions.canonical import Document
from careplan_service.interventions.screening.answers import answers_of
from careplan_service.interventions.screening.checking import response_faults
from careplan_service.interventions.screening.observations import (
    IDENTIFIER,
    About,
    Made,
    conditions,
    identified,
    labels_of,
    observations,
)
from careplan_service.interventions.screening.tools import Tool, tool_at, tools
from careplan_service.interventions.sensitivity import security

_PROFILE = "http://hl7.org/fhir/us/sdoh-clinicalcare/StructureDefinition"
PROFILES = {
    "Observation": f"{_PROFILE}/SDOHCC-ObservationScreeningResponse",
    "Condition": f"{_PROFILE}/SDOHCC-Condition",
}
DONE = ("completed", "amended")
Response = Mapping[str, Any]


def extract(response: Response, on_record: str = "") -> Document:
    """The transaction Bundle of a response that is valid R4; `on_record` is its reference here.

    One without an id is to be stored as well. Raises Invalid (422) for what cannot be extracted.
    """
    tool = _tool(response)
    on_record = on_record or (f"QuestionnaireResponse/{response['id']}" if "id" in response else "")
    key = on_record or _content_key(response)
    source = on_record or _urn(key)
    subject = response["subject"]["reference"]
    performer = response.get("source") or response.get("author")
    about = About(
        subject,
        response["authored"],
        source,
        lambda name: _urn(f"{key}/{name}"),
        {"reference": performer["reference"]} if performer and "reference" in performer else None,
    )
    answered = answers_of(response, tool)
    entries = [] if on_record else [_sent(response, source, key)]
    entries += [_made("Observation", one, key) for one in observations(tool, answered, about)]
    entries += [_made("Condition", one, key) for one in conditions(answered, about)]
    return {
        "resourceType": "Bundle",
        "meta": {"security": security(labels_of(answered))},
        "type": "transaction",
        "entry": entries,
    }


def _tool(response: Response) -> Tool:
    tool = tool_at(str(response.get("questionnaire", "")))
    if tool is None:
        known = ", ".join(f"`{one.url}`" for one in tools().values())
        text = f"only answers to questionnaires of this service are extracted: {known}"
        raise Invalid(text, faults=[Fault("not-supported", text, "QuestionnaireResponse.questionnaire")])
    faults = [*_lacking(response), *response_faults(response)]
    if faults:
        raise Invalid("this response cannot be extracted", faults=faults)
    return tool


def _lacking(response: Response) -> Iterator[Fault]:
    """What a response may lack, but its Observations may not."""
    if response.get("status") not in DONE:
        text = f"only a response that is {' or '.join(DONE)} is extracted"
        yield Fault("business-rule", text, "QuestionnaireResponse.status")
    if len(response.get("authored", "")) < len("2025-03-31"):
        text = "say on which day the answers were given"
        yield Fault("required", text, "QuestionnaireResponse.authored")
    if not str(response.get("subject", {}).get("reference", "")).startswith("Patient/"):
        text = "the answers are about a Patient: name it as `Patient/id`"
        yield Fault("required", text, "QuestionnaireResponse.subject")


def _sent(response: Response, url: str, key: str) -> Document:
    """A response that is not on record yet, to be found again by its identifier or by what it says."""
    left = {name: value for name, value in response.items() if name != "resourceType"}
    return _entry("QuestionnaireResponse", url, {"identifier": identified(key), **left})


def _made(type_: str, made: Made, key: str) -> Document:
    name = f"{key}/{made.key}"
    meta = {"profile": [PROFILES[type_]], "security": security(made.labels)}
    named = identified(name.removeprefix("QuestionnaireResponse/"))
    return _entry(type_, _urn(name), {"meta": meta, "identifier": [named], **made.content})


def _entry(type_: str, url: str, content: Document) -> Document:
    given = content["identifier"]
    named = given[0] if isinstance(given, list) else given
    wanted = urlencode({"identifier": f"{named.get('system', '')}|{named.get('value', '')}"})
    return {
        "fullUrl": url,
        "resource": {"resourceType": type_, **content},
        "request": {"method": "POST", "url": type_, "ifNoneExist": wanted},
    }


def _content_key(response: Response) -> str:
    told = json.dumps({name: value for name, value in response.items() if name != "id"}, sort_keys=True)
    return sha256(told.encode()).hexdigest()[:32]


def _urn(name: str) -> str:
    return f"urn:uuid:{uuid5(NAMESPACE_URL, f'{IDENTIFIER}/{name}')}"

"""What is asked of an operation: in the address, or in the Parameters of a POST.

https://hl7.org/fhir/R4/operations.html#request
"""

from __future__ import annotations

from typing import Any

from flask import Request

from careplan_service.errors import Malformed
from careplan_service.resources import r4
from careplan_service.web import incoming
from careplan_service.web.fhir.face import Pairs, pairs_of


def asked_of(sent: Request) -> Pairs:
    """Names and values in their order. Raises Malformed (400) for a body that is no such Parameters."""
    if sent.method != "POST" or not (sent.content_length or sent.content_type):
        return pairs_of(sent)
    document = r4.parse(incoming.body_of(sent))
    parameters = document.get("parameter", [])
    if document.get("resourceType") != "Parameters" or not isinstance(parameters, list):
        raise Malformed("send `Parameters`, or the parameters in the address", expression="resourceType")
    return [*pairs_of(sent), *(_pair(one, number) for number, one in enumerate(parameters))]


def _pair(parameter: Any, number: int) -> tuple[str, str]:
    where = f"Parameters.parameter[{number}]"
    if not isinstance(parameter, dict) or not isinstance(parameter.get("name"), str):
        raise Malformed("a parameter has a `name` and a value", expression=where)
    values = [value for name, value in parameter.items() if name.startswith("value")]
    value = (
        values[0].get("reference") if values and isinstance(values[0], dict) else "".join(map(str, values))
    )
    if len(values) != 1 or not isinstance(value, str):
        text = f"`{parameter['name'][:40]}` takes one value: a text, a moment, a code or a reference"
        raise Malformed(text, expression=where)
    return parameter["name"], value

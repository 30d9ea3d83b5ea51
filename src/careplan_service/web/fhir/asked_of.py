"""What is asked of an operation: in the address, or in the Parameters of a POST.

https://hl7.org/fhir/R4/operations.html#request
"""

from __future__ import annotations

from flask import Request

from careplan_service.interactions import parameters
from careplan_service.web import incoming
from careplan_service.web.fhir.face import Pairs, pairs_of


def asked_of(sent: Request) -> Pairs:
    """Names and values in their order. Raises Malformed (400) for a body that is no such Parameters."""
    if sent.method != "POST" or not (sent.content_length or sent.content_type):
        return pairs_of(sent)
    return [*pairs_of(sent), *parameters.pairs_of(incoming.body_of(sent))]

"""A caller as the evaluator takes it: what the one predicate asks, for `decide`.

https://hl7.org/fhir/R4/consent.html
"""

from __future__ import annotations

from careplan_service.access.caller import Caller
from careplan_service.access.consent.decide import Request


def request_of(caller: Caller, interaction: str, now: int) -> Request:
    """The request of a caller at a moment, in microseconds UTC; no emergency is declared."""
    return Request(
        actors=caller.actors,
        purposes=caller.purposes,
        interaction=interaction,
        now=now,
        also=caller.also,
        patient=caller.fhir_user if caller.kind == "patient" else "",
        relative=caller.fhir_user if caller.kind == "related" else "",
        # To the custodian's staff nothing is open because they wrote it: a deny binds them all the same.
        contributor="" if caller.is_agency else caller.contributor,
        workforce=caller.is_agency,
        person=caller.is_person,
    )

"""What each interaction is as an AuditEvent: its codes, its action, and the IHE BALP profile it may meet.

https://profiles.ihe.net/ITI/BALP/volume-1.html and https://hl7.org/fhir/R4/valueset-audit-event-sub-type.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

REST_INTERACTION = "http://hl7.org/fhir/restful-interaction"
OWN = "https://careplan-service.org/fhir/CodeSystem/interaction"
"""The interactions as the log of this service calls them."""
DCM = "http://dicom.nema.org/resources/ontology/DCM"
PARTICIPATION = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
BALP = "https://profiles.ihe.net/ITI/BALP"


class Code(NamedTuple):
    """A Coding."""

    system: str
    code: str


REST = Code("http://terminology.hl7.org/CodeSystem/audit-event-type", "rest")
SOURCE, DESTINATION = Code(DCM, "110153"), Code(DCM, "110152")
APPLICATION = Code(DCM, "110150")
CUSTODIAN = Code("http://terminology.hl7.org/CodeSystem/provenance-participant-type", "custodian")
RECIPIENT, INFORMANT = Code(PARTICIPATION, "IRCP"), Code(PARTICIPATION, "INF")


@dataclass(frozen=True)
class Kind:
    """One kind of event.

    `subtype` is the standard code besides our own; `profile` the name of the BALP profile (`Read`, which
    is `PatientRead` where a patient is known), empty for none; `queries` whether the request is kept as
    a query. The types are those of the agents: the client, this service, the person.
    """

    type: Code = REST
    subtype: Code | None = None
    action: str = "E"
    profile: str = ""
    client: Code = SOURCE
    server: Code = DESTINATION
    user: Code = RECIPIENT
    queries: bool = False


def _rest(code: str, action: str) -> Kind:
    return Kind(REST, Code(REST_INTERACTION, code), action)


def _writes(code: str, action: str, profile: str) -> Kind:
    return replace(_rest(code, action), profile=profile, user=INFORMANT)


def _searches(code: str) -> Kind:
    return replace(_rest(code, "E"), profile="Query", queries=True)


def _reads(code: str, profile: str = "", *, queries: bool = False) -> Kind:
    return replace(_rest(code, "R"), profile=profile, client=DESTINATION, server=SOURCE, queries=queries)


def _security(code: str, subtype: str = "") -> Kind:
    of_type = Code(DCM, subtype) if subtype else None
    return Kind(Code(DCM, code), of_type, client=APPLICATION)


_OPERATION = Kind(REST, Code(REST_INTERACTION, "operation"), queries=True)
_AUTHENTICATION, _ATTRIBUTES, _ALERT = "110114", "110137", "110113"

_STEPS = ("password", "provider", "second-factor", "recovery-code", "allow-app", "deny-app")
_CHANGES = (
    "second-factor-off", "recovery-codes", "password-change", "take-back", "user", "client", "register",
    "change-registration", "end-registration", "revoke",
)  # fmt: skip

KINDS: Mapping[str, Kind] = {
    "read": _reads("read", "Read"),
    "vread": _reads("vread", "Read"),
    "history-instance": _reads("history-instance", queries=True),
    "history-type": _reads("history-type", queries=True),
    "history-system": _reads("history-system", queries=True),
    "search-type": _searches("search-type"),
    "search-system": _searches("search-system"),
    "search-compartment": _searches("search"),
    "create": _writes("create", "C", "Create"),
    "update": _writes("update", "U", "Update"),
    "patch": _writes("patch", "U", "Update"),
    "delete": replace(_writes("delete", "D", "Delete"), client=APPLICATION, server=CUSTODIAN),
    "transaction": _rest("transaction", "E"),
    "batch": _rest("batch", "E"),
    "sign-in": _security(_AUTHENTICATION, "110122"),
    "sign-out": _security(_AUTHENTICATION, "110123"),
    "sign-out-elsewhere": _security(_AUTHENTICATION, "110123"),
    **{name: _security(_AUTHENTICATION) for name in _STEPS},
    **{name: _security(_ATTRIBUTES) for name in _CHANGES},
    "keys": _security("110136"),
    "break-glass": _security(_ALERT, "110127"),
    "end-break-glass": _security(_ALERT, "110138"),
    "review-break-glass": _security(_ALERT),
    "lock": _security(_ALERT),
    "reuse": _security(_ALERT),
}


def kind_of(interaction: str) -> Kind:
    """The kind of an interaction; what is not in the table is an operation."""
    return KINDS.get(interaction, _OPERATION)

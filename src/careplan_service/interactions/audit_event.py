"""An event of the log as an AuditEvent of the IHE Basic Audit Log Patterns.

https://hl7.org/fhir/R4/auditevent.html and https://profiles.ihe.net/ITI/BALP/content.html
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

from careplan_service.access.instants import instant
from careplan_service.interactions.audit_kinds import BALP, OWN, Code, Kind, kind_of
from careplan_service.interactions.audit_log import Event

Document = dict[str, Any]

URI = "urn:ietf:rfc:3986"
ACT_REASON = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
_ENTITY_TYPE = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
_OBJECT_ROLE = "http://terminology.hl7.org/CodeSystem/object-role"
_RESOURCE_TYPES = "http://hl7.org/fhir/resource-types"
_PROVIDER = Code("http://terminology.hl7.org/CodeSystem/v3-RoleClass", "PROV")
_APPLICATION_SERVER = Code("http://terminology.hl7.org/CodeSystem/security-source-type", "4")
_REDACTED = Code("http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "REDACTED")
_IP_ADDRESS, _ADDRESS = "2", "5"
_BROKEN = 500


def outcome_of(status: int) -> str:
    """The outcome of an HTTP status: success, minor failure (refused), serious failure."""
    return "8" if status >= _BROKEN else "4" if status >= 400 else "0"


def audit_event(event: Event, base_url: str, *, disclosed: bool = False) -> Document:
    """The AuditEvent of an event whose part is its own; with `disclosed` without what is about others.

    Whoever asks who saw a record is not told what else was asked, nor from where.
    """
    kind = kind_of(event.interaction)
    document: Document = {
        "resourceType": "AuditEvent",
        "id": event.id,
        "meta": {"versionId": "1", "lastUpdated": instant(event.at)},
        "type": _coding(kind.type),
        "subtype": [_coding(code) for code in (kind.subtype, Code(OWN, event.interaction)) if code],
        "action": kind.action,
        "recorded": instant(event.at),
        "outcome": outcome_of(event.status),
        "purposeOfEvent": _purposes(event),
        "agent": list(_agents(event, kind, base_url, disclosed=disclosed)),
        "source": {"site": base_url, "observer": _server(base_url), "type": [_coding(_APPLICATION_SERVER)]},
        "entity": list(_entities(event, kind, disclosed=disclosed)),
    }
    if event.refusal and not disclosed:
        document["outcomeDesc"] = event.refusal
    profile = "" if disclosed else _profile(event, kind)
    if disclosed:
        document["meta"]["security"] = [_coding(_REDACTED)]
    if profile:
        document["meta"]["profile"] = [f"{BALP}/StructureDefinition/IHE.BasicAudit.{profile}"]
    return {name: value for name, value in document.items() if value not in ([], "")}


def _profile(event: Event, kind: Kind) -> str:
    """The BALP profile it meets: all of them are for what succeeded and tell where it came from."""
    one = kind.profile == "Query" or len(event.shown) == 1
    made = kind.profile != "Create" or event.status == 201
    if not kind.profile or event.is_refused or not event.address or not one or not made:
        return ""
    return f"Patient{kind.profile}" if event.patient else kind.profile


def _agents(event: Event, kind: Kind, base_url: str, *, disclosed: bool) -> Iterator[Document]:
    """The client, this service, the person at the client, and the organisation they act for."""
    client_id = event.client.partition(" ")[0]
    client = {
        "type": _concept(kind.client),
        "who": {"type": "Device", "identifier": {"system": base_url, "value": client_id}},
        "requestor": not event.person,
        "policy": [f"{base_url}/fhir/{rule}" for rule in event.because],
        "purposeOfUse": [] if event.person else _purposes(event),
    }
    if event.address and not disclosed:
        client["network"] = {"address": event.address, "type": _IP_ADDRESS}
    yield {name: value for name, value in client.items() if value != []}
    yield {
        "type": _concept(kind.server),
        "who": _server(base_url),
        "requestor": False,
        "network": {"address": base_url, "type": _ADDRESS},
    }
    if event.person:
        purposes = _purposes(event)
        person = {"type": _concept(kind.user), "who": {"reference": event.person}, "requestor": True}
        yield {**person, **({"purposeOfUse": purposes} if purposes else {})}
    if event.organization:
        yield {"type": _concept(_PROVIDER), "who": {"reference": event.organization}, "requestor": False}


def _entities(event: Event, kind: Kind, *, disclosed: bool) -> Iterator[Document]:
    """The patient, the versions that left, the request, the consents that let them."""
    if event.patient:
        yield {
            "what": {"reference": event.patient},
            "type": _coding(Code(_ENTITY_TYPE, "1")),
            "role": _coding(Code(_OBJECT_ROLE, "1")),
        }
    for version in event.shown:
        # Of a query the one entity of type 2 is the query itself.
        plain = (
            Code(_ENTITY_TYPE, "2") if _is_alone(kind) else Code(_RESOURCE_TYPES, version.partition("/")[0])
        )
        yield {
            "what": {"reference": version},
            "type": _coding(plain),
            "role": _coding(Code(_OBJECT_ROLE, "4")),
        }
    if kind.queries and event.asked and not disclosed:
        yield {
            "type": _coding(Code(_ENTITY_TYPE, "2")),
            "role": _coding(Code(_OBJECT_ROLE, "24")),
            "query": base64.b64encode(event.asked.encode("utf-8", "replace")).decode(),
        }
    elif event.asked and not disclosed:
        yield {"type": _coding(Code(_ENTITY_TYPE, "4")), "name": event.asked}
    for rule in event.because:
        version, _, path = rule.partition("#")
        yield {
            "what": {"reference": version},
            "type": _coding(Code(_RESOURCE_TYPES, "Consent")),
            "detail": [{"type": "provision", "valueString": path}],
        }
    if event.request_id and not disclosed:
        kind_of_id = Code(f"{BALP}/CodeSystem/BasicAuditEntityType", "XrequestId")
        yield {"what": {"identifier": {"value": event.request_id}}, "type": _coding(kind_of_id)}
    if event.glass:
        yield {
            "what": {"identifier": {"value": event.glass}},
            "type": _coding(Code(OWN, "break-glass")),
            "detail": [{"type": "reason", "valueString": "BREAK-GLASS"}],
        }


def _is_alone(kind: Kind) -> bool:
    return kind.profile not in ("", "Query")


def _purposes(event: Event) -> list[Document]:
    return [_concept(Code(ACT_REASON, code)) for code in event.purpose.split()]


def _server(base_url: str) -> Document:
    return {"type": "Device", "identifier": {"system": URI, "value": base_url}, "display": "Careplan Service"}


def _coding(code: Code) -> Document:
    return {"system": code.system, "code": code.code}


def _concept(code: Code) -> Document:
    return {"coding": [_coding(code)]}

"""AuditEvent, which this service makes of its own log and nobody writes. https://hl7.org/fhir/R4/auditevent.html

It stands beside SERVED: what is true of every served type (it is written, has versions, is shared by
consent) is not true of it.
"""

from __future__ import annotations

from careplan_service.resources.params import date, patient, reference, token, uri
from careplan_service.resources.spec import ResourceSpec

AGENTS = ("Device", "Organization", "Patient", "Practitioner", "PractitionerRole", "RelatedPerson")

AUDIT_EVENT = ResourceSpec(
    name="AuditEvent",
    params=(
        token("action", "action", system="http://hl7.org/fhir/audit-event-action"),
        reference("agent", "agent.who", targets=AGENTS),
        date("date", "recorded"),
        reference("entity", "entity.what"),
        token("outcome", "outcome", system="http://hl7.org/fhir/audit-event-outcome"),
        patient("patient", "entity.what"),
        uri("policy", "agent.policy"),
        token("subtype", "subtype"),
        token("type", "type"),
    ),
)

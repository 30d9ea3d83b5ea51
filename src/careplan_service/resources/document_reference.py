"""DocumentReference. https://hl7.org/fhir/R4/documentreference.html"""

from __future__ import annotations

from careplan_service.resources.params import composite, date, patient, reference, string, token, uri
from careplan_service.resources.spec import ResourceSpec

_RELATION_SYSTEM = "http://hl7.org/fhir/document-relationship-type"
_RELATION = token("relation", "code", system=_RELATION_SYSTEM)
_RELATES_TO = reference("relatesto", "target", targets=("DocumentReference",))

DOCUMENT_REFERENCE = ResourceSpec(
    name="DocumentReference",
    patient="subject",
    other_patients=("author",),
    primary=("category", "type"),
    params=(
        reference(
            "authenticator", "authenticator", targets=("Organization", "Practitioner", "PractitionerRole")
        ),
        reference(
            "author",
            "author",
            targets=(
                "Device",
                "Organization",
                "Patient",
                "Practitioner",
                "PractitionerRole",
                "RelatedPerson",
            ),
        ),
        token("category", "category"),
        token("contenttype", "content.attachment.contentType", system="urn:ietf:bcp:13"),
        reference("custodian", "custodian", targets=("Organization",)),
        date("date", "date"),
        string("description", "description"),
        reference("encounter", "context.encounter", targets=("Encounter", "EpisodeOfCare")),
        token("event", "context.event"),
        token("facility", "context.facilityType"),
        token("format", "content.format"),
        token("identifier", "masterIdentifier", "identifier"),
        token("language", "content.attachment.language", system="urn:ietf:bcp:47"),
        uri("location", "content.attachment.url"),
        patient("patient", "subject"),
        date("period", "context.period"),
        reference("related", "context.related"),
        reference("relatesto", "relatesTo.target", targets=("DocumentReference",)),
        token("relation", "relatesTo.code", system=_RELATION_SYSTEM),
        composite("relationship", "relatesTo", _RELATION, _RELATES_TO),
        token("security-label", "securityLabel"),
        token("setting", "context.practiceSetting"),
        token("status", "status", system="http://hl7.org/fhir/document-reference-status"),
        reference("subject", "subject", targets=("Device", "Group", "Patient", "Practitioner")),
        token("type", "type"),
    ),
)

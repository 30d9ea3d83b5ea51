"""QuestionnaireResponse. https://hl7.org/fhir/R4/questionnaireresponse.html"""

from __future__ import annotations

from careplan_service.resources.params import date, patient, reference, token
from careplan_service.resources.spec import ResourceSpec

QUESTIONNAIRE_RESPONSE = ResourceSpec(
    name="QuestionnaireResponse",
    patient="subject",
    other_patients=("author",),
    params=(
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
        date("authored", "authored"),
        reference("based-on", "basedOn", targets=("CarePlan", "ServiceRequest")),
        reference("encounter", "encounter", targets=("Encounter",)),
        token("identifier", "identifier"),
        reference("part-of", "partOf", targets=("Observation", "Procedure")),
        patient("patient", "subject"),
        reference("questionnaire", "questionnaire", targets=("Questionnaire",)),
        reference(
            "source", "source", targets=("Patient", "Practitioner", "PractitionerRole", "RelatedPerson")
        ),
        token("status", "status", system="http://hl7.org/fhir/questionnaire-answers-status"),
        reference("subject", "subject"),
    ),
)

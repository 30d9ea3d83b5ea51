"""Observation. https://hl7.org/fhir/R4/observation.html"""

from __future__ import annotations

from careplan_service.resources.params import (
    combined,
    composite,
    date,
    patient,
    quantity,
    reference,
    string,
    token,
)
from careplan_service.resources.spec import ResourceSpec

_CODE, _COMPONENT_CODE = token("code", "code"), token("component-code", "component.code")
_ABSENT = token("data-absent-reason", "dataAbsentReason")
_COMPONENT_ABSENT = token("component-data-absent-reason", "component.dataAbsentReason")
_CONCEPT = token("value-concept", "valueCodeableConcept")
_COMPONENT_CONCEPT = token("component-value-concept", "component.valueCodeableConcept")
_QUANTITY = quantity("value-quantity", "valueQuantity", "valueSampledData")
_COMPONENT_QUANTITY = quantity(
    "component-value-quantity", "component.valueQuantity", "component.valueSampledData"
)
_DATE = date("value-date", "valueDateTime", "valuePeriod")
# What a composite compares is one element each; the parameter of the name takes more.
_ONE_QUANTITY, _ONE_STRING = (
    quantity("value-quantity", "valueQuantity"),
    string("value-string", "valueString"),
)
_CODE_CONCEPT = composite("code-value-concept", "", _CODE, _CONCEPT)
_CODE_QUANTITY = composite("code-value-quantity", "", _CODE, _ONE_QUANTITY)
_COMPONENT_CODE_CONCEPT = composite("component-code-value-concept", "component", _CODE, _CONCEPT)
_COMPONENT_CODE_QUANTITY = composite("component-code-value-quantity", "component", _CODE, _ONE_QUANTITY)

OBSERVATION = ResourceSpec(
    name="Observation",
    patient="subject",
    other_patients=("performer",),
    primary=("category", "code"),
    params=(
        reference(
            "based-on",
            "basedOn",
            targets=(
                "CarePlan",
                "DeviceRequest",
                "ImmunizationRecommendation",
                "MedicationRequest",
                "NutritionOrder",
                "ServiceRequest",
            ),
        ),
        token("category", "category"),
        _CODE,
        _CODE_CONCEPT,
        composite("code-value-date", "", _CODE, _DATE),
        _CODE_QUANTITY,
        composite("code-value-string", "", _CODE, _ONE_STRING),
        combined(_CODE, _COMPONENT_CODE, name="combo-code"),
        combined(_CODE_CONCEPT, _COMPONENT_CODE_CONCEPT, name="combo-code-value-concept"),
        combined(_CODE_QUANTITY, _COMPONENT_CODE_QUANTITY, name="combo-code-value-quantity"),
        combined(_ABSENT, _COMPONENT_ABSENT, name="combo-data-absent-reason"),
        combined(_CONCEPT, _COMPONENT_CONCEPT, name="combo-value-concept"),
        combined(_QUANTITY, _COMPONENT_QUANTITY, name="combo-value-quantity"),
        _COMPONENT_CODE,
        _COMPONENT_CODE_CONCEPT,
        _COMPONENT_CODE_QUANTITY,
        _COMPONENT_ABSENT,
        _COMPONENT_CONCEPT,
        _COMPONENT_QUANTITY,
        _ABSENT,
        date("date", "effective[x]"),
        reference(
            "derived-from",
            "derivedFrom",
            targets=(
                "DocumentReference",
                "ImagingStudy",
                "Media",
                "MolecularSequence",
                "Observation",
                "QuestionnaireResponse",
            ),
        ),
        reference("device", "device", targets=("Device", "DeviceMetric")),
        reference("encounter", "encounter", targets=("Encounter", "EpisodeOfCare")),
        reference("focus", "focus"),
        reference(
            "has-member", "hasMember", targets=("MolecularSequence", "Observation", "QuestionnaireResponse")
        ),
        token("identifier", "identifier"),
        token("method", "method"),
        reference(
            "part-of",
            "partOf",
            targets=(
                "ImagingStudy",
                "Immunization",
                "MedicationAdministration",
                "MedicationDispense",
                "MedicationStatement",
                "Procedure",
            ),
        ),
        patient("patient", "subject"),
        reference(
            "performer",
            "performer",
            targets=(
                "CareTeam",
                "Organization",
                "Patient",
                "Practitioner",
                "PractitionerRole",
                "RelatedPerson",
            ),
        ),
        reference("specimen", "specimen", targets=("Specimen",)),
        token("status", "status", system="http://hl7.org/fhir/observation-status"),
        reference("subject", "subject", targets=("Device", "Group", "Location", "Patient")),
        _CONCEPT,
        _DATE,
        _QUANTITY,
        string("value-string", "valueString", "valueCodeableConcept.text"),
    ),
)

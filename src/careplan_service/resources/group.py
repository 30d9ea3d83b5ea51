"""Group. https://hl7.org/fhir/R4/group.html"""

from __future__ import annotations

from careplan_service.resources.params import composite, reference, token
from careplan_service.resources.spec import ResourceSpec

_CHARACTERISTIC = token("characteristic", "code")
_VALUE = token("value", "valueCodeableConcept", "valueBoolean")

GROUP = ResourceSpec(
    name="Group",
    other_patients=("member.entity",),
    primary=("code",),
    params=(
        token("actual", "actual"),
        token("characteristic", "characteristic.code"),
        composite("characteristic-value", "characteristic", _CHARACTERISTIC, _VALUE),
        token("code", "code"),
        token("exclude", "characteristic.exclude"),
        token("identifier", "identifier"),
        reference(
            "managing-entity",
            "managingEntity",
            targets=("Organization", "Practitioner", "PractitionerRole", "RelatedPerson"),
        ),
        reference(
            "member",
            "member.entity",
            targets=(
                "Device",
                "Group",
                "Medication",
                "Patient",
                "Practitioner",
                "PractitionerRole",
                "Substance",
            ),
        ),
        token("type", "type", system="http://hl7.org/fhir/group-type"),
        token("value", "characteristic.valueCodeableConcept", "characteristic.valueBoolean"),
    ),
)

"""Goal. https://hl7.org/fhir/R4/goal.html"""

from __future__ import annotations

from careplan_service.resources.params import date, patient, reference, token
from careplan_service.resources.spec import ResourceSpec

GOAL = ResourceSpec(
    name="Goal",
    patient="subject",
    primary=("category", "description"),
    params=(
        token("achievement-status", "achievementStatus"),
        token("category", "category"),
        token("description", "description"),
        token("identifier", "identifier"),
        token("lifecycle-status", "lifecycleStatus", system="http://hl7.org/fhir/goal-status"),
        patient("patient", "subject"),
        date("start-date", "startDate"),
        reference("subject", "subject", targets=("Group", "Organization", "Patient")),
        date("target-date", "target.dueDate"),
    ),
)

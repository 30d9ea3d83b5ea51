"""Goal. https://hl7.org/fhir/R4/goal.html"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from careplan_service.resources.params import date, patient, reference, taken, token
from careplan_service.resources.spec import ResourceSpec

_NUMBER = "https://careplan-service.org/fhir/StructureDefinition/sw-number"
_OPEN = frozenset({"proposed", "planned", "accepted", "active", "on-hold"})
_REACHED = frozenset({"achieved", "sustaining"})


def _due(document: Mapping[str, Any]) -> list[Any]:
    """The days by which the goal is still to be reached; what mirrors another Goal is due there."""
    reached = {one.get("code") for one in document.get("achievementStatus", {}).get("coding", ())}
    if document.get("lifecycleStatus") not in _OPEN or reached & _REACHED:
        return []
    targets = [
        one
        for one in document.get("target", ())
        if all(part.get("url") != _NUMBER for part in one.get("extension", ()))
    ]
    return [one["dueDate"] for one in targets if "dueDate" in one]


GOAL = ResourceSpec(
    name="Goal",
    patient="subject",
    primary=("category", "description"),
    params=(
        token("achievement-status", "achievementStatus"),
        token("category", "category"),
        token("description", "description"),
        taken("due-date", "date", "target.dueDate", _due),
        token("identifier", "identifier"),
        token("lifecycle-status", "lifecycleStatus", system="http://hl7.org/fhir/goal-status"),
        patient("patient", "subject"),
        date("start-date", "startDate"),
        reference("subject", "subject", targets=("Group", "Organization", "Patient")),
        date("target-date", "target.dueDate"),
    ),
)

"""The value sets whose codes are known here: what `:in` and `:not-in` go by.

https://hl7.org/fhir/R4/terminologies-valuesets.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from careplan_service.resources.hierarchies import BELOW
from careplan_service.resources.r4.facts import FACTS

_HL7 = "http://hl7.org/fhir"
_GOAL_ACHIEVEMENT = "http://terminology.hl7.org/CodeSystem/goal-achievement"
_SDOH = f"{_HL7}/us/sdoh-clinicalcare"
_SDOH_CATEGORIES = (
    "sdoh-category-unspecified food-insecurity housing-instability homelessness inadequate-housing"
    " transportation-insecurity financial-insecurity material-hardship educational-attainment"
    " employment-status veteran-status stress social-connection intimate-partner-violence elder-abuse"
    " personal-health-literacy health-insurance-coverage-status medical-cost-burden digital-literacy"
    " digital-access utility-insecurity incarceration-status language-access protective-factor"
)
# A value set that goes by another name than its code system.
_OTHER_SYSTEMS = {
    "care-plan-activity-kind": f"{_HL7}/resource-types",
    "care-plan-intent": f"{_HL7}/request-intent",
    "task-intent": f"{_HL7}/request-intent",
    "units-of-time": "http://unitsofmeasure.org",
}
_OF_SEVERAL_SYSTEMS = frozenset({"event-timing"})

Coding = tuple[str, str]


def _required() -> Iterable[tuple[str, frozenset[Coding]]]:
    """The value sets of the required bindings of R4."""
    for name, stated in FACTS["valueSets"].items():
        codes = stated["codes"] if isinstance(stated, dict) else stated
        system = stated["system"] if isinstance(stated, dict) else _OTHER_SYSTEMS.get(name, f"{_HL7}/{name}")
        if name not in _OF_SEVERAL_SYSTEMS:
            yield f"{_HL7}/ValueSet/{name}", frozenset((system, code) for code in codes)


VALUE_SETS: Mapping[str, frozenset[Coding]] = {
    **dict(_required()),
    f"{_HL7}/ValueSet/goal-achievement": frozenset(
        (_GOAL_ACHIEVEMENT, code) for code in BELOW[_GOAL_ACHIEVEMENT]
    ),
    f"{_SDOH}/ValueSet/SDOHCC-ValueSetSDOHCategory": frozenset(
        (f"{_SDOH}/CodeSystem/SDOHCC-CodeSystemTemporaryCodes", code) for code in _SDOH_CATEGORIES.split()
    ),
}
"""Canonical urls with the (system, code) pairs of their expansions."""

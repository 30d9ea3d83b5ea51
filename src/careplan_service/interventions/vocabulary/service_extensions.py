"""The extensions of a directory of services, where HSDS says more than R4 has elements for.

http://docs.openreferral.org/en/latest/hsds/schema_reference.html
"""

from __future__ import annotations

from careplan_service.interventions.hsds.tables import SCHEDULE
from careplan_service.interventions.vocabulary.extension import Extension, Part

_ABOUT = {
    "freq": "How often: WEEKLY or MONTHLY.",
    "byday": "On which days: MO,1TU.",
    "opens_at": "When it opens.",
    "closes_at": "When it closes.",
}
_COST = {
    "valid_from": "From when.",
    "valid_to": "Until when.",
    "option": "What it is the price of.",
    "currency": "The currency.",
    "amount": "How much.",
    "amount_description": "How much, in words.",
}

OF_SERVICES = (
    Extension("service-status", ("HealthcareService",), "The state of a service as HSDS says it.", ("code",)),
    Extension("cost-option", ("HealthcareService",), "What a service costs.", many=True, parts=tuple(
        Part(name.replace("_", "-"), about, ("string",)) for name, about in _COST.items()
    )),
    Extension("required-document", ("HealthcareService",), "A document that a client must bring.",
              ("string",), many=True),
    Extension("service-schedule", ("HealthcareService", "Location"),
              "A schedule as HSDS says it, where days and hours are not all of it.", many=True, parts=tuple(
        Part(name.replace("_", "-"), _ABOUT.get(name, f"`{name}` of an HSDS schedule."), ("string",))
        for name in SCHEDULE
    )),
)  # fmt: skip
"""In the order of the mapping."""

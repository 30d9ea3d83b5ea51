"""Plans in the practitioner's words are for the custodian's own people and systems. docs/practice.md

https://hl7.org/fhir/R4/careplan.html
"""

from __future__ import annotations

from careplan_service.errors import Forbidden
from careplan_service.interactions.desk import Desk


def require_staff(desk: Desk) -> None:
    """Raise Forbidden (403) for anybody else."""
    if not desk.caller.is_agency:
        raise Forbidden("plans are kept by the custodian's staff; partners read CarePlan and Goal as FHIR")

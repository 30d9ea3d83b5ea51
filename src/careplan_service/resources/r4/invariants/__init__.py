"""The invariants of FHIR R4 that an object can be judged by on its own.

https://hl7.org/fhir/R4/conformance-rules.html#constraints
"""

from careplan_service.resources.r4.invariants.datatypes import DATATYPE_INVARIANTS
from careplan_service.resources.r4.invariants.questionnaires import QUESTIONNAIRE_INVARIANTS
from careplan_service.resources.r4.invariants.resources import RESOURCE_INVARIANTS
from careplan_service.resources.r4.invariants.rule import Invariant
from careplan_service.resources.r4.invariants.timing import TIMING_INVARIANTS

INVARIANTS: tuple[Invariant, ...] = (
    DATATYPE_INVARIANTS + TIMING_INVARIANTS + RESOURCE_INVARIANTS + QUESTIONNAIRE_INVARIANTS
)

__all__ = ["INVARIANTS", "Invariant"]

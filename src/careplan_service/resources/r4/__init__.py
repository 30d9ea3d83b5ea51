"""Validation at the door: is this a FHIR R4 resource, and if not, everything that is wrong with it.

https://hl7.org/fhir/R4/validation.html
"""

from careplan_service.resources.r4.facts import SUPPORTED
from careplan_service.resources.r4.reading import parse, parse_stored
from careplan_service.resources.r4.resource import check

__all__ = ["SUPPORTED", "check", "parse", "parse_stored"]

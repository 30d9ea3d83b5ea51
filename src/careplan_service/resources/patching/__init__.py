"""A stored resource changed by a patch. https://hl7.org/fhir/R4/http.html#patch"""

from careplan_service.resources.patching.patch import KINDS, amended, patched

__all__ = ["KINDS", "amended", "patched"]

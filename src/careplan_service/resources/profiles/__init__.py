"""Profiles of the guides that social-care systems share by. https://hl7.org/fhir/R4/profiling.html"""

from careplan_service.resources.profiles.check import check_profile
from careplan_service.resources.profiles.profile import KNOWN, Profile, known, supported_profiles

__all__ = ["KNOWN", "Profile", "check_profile", "known", "supported_profiles"]

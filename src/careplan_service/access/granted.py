"""What an app is granted, in the words of `scope`: sign-in, launch and refresh beside what may be done.

https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html#quick-start
"""

from __future__ import annotations

from careplan_service.access.scope_text import is_v1, parse_scopes
from careplan_service.access.scopes import Scopes, narrowed

OPENID, FHIR_USER, PROFILE = "openid", "fhirUser", "profile"
OFFLINE, ONLINE = "offline_access", "online_access"
WORDS = (OPENID, FHIR_USER, PROFILE, "launch", "launch/patient", "launch/encounter", OFFLINE, ONLINE)
"""The scopes that open no resource; every app may ask for them."""


def split(text: str) -> tuple[tuple[str, ...], str]:
    """Those of WORDS that are in a scope string, each once, and the rest of it, as it was written."""
    parts = text.split(" ") if text else []
    words = tuple(dict.fromkeys(part for part in parts if part in WORDS))
    return words, " ".join(part for part in parts if part not in WORDS)


def resource_scopes(text: str) -> Scopes:
    """What a scope string that was granted opens of the resources."""
    rest = split(text)[1]
    return parse_scopes(rest) if rest else Scopes()


def within(granted: str, now: Scopes) -> str:
    """What of a granted scope string is registered `now`, in the words it was granted in if it can be."""
    words, rest = split(granted)
    scopes = resource_scopes(rest)
    left = narrowed(scopes, now)
    if left == scopes:
        return granted
    text = (is_v1(rest) and left.as_v1()) or str(left)
    return " ".join((*words, text) if text else words)

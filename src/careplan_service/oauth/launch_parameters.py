"""The launch context beside an access token: which patient, which encounter, and what the app is to do.

https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html#launch-context-arrives-with-your-access_token
"""

from __future__ import annotations

import json
from typing import Any

from careplan_service.access.authorizations import Authorization

PARAMETERS = ("encounter", "fhirContext", "need_patient_banner", "intent", "smart_style_url", "tenant")
"""Those of an authorization's `context` that are told."""


def launch_context(authorization: Authorization) -> dict[str, Any]:
    """The parameters of the token response, which introspection repeats."""
    kept = json.loads(authorization.context)
    patient = {"patient": authorization.patient} if authorization.patient else {}
    return {**patient, **{name: kept[name] for name in PARAMETERS if name in kept}}

"""A launch that another system prepared: it opens an app for a patient that was chosen there.

https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html#launch-app-ehr-launch
"""

from __future__ import annotations

from dataclasses import dataclass, field

LAUNCH_SECONDS = 300
"""How long a handle may be used."""


@dataclass(frozen=True)
class Launch:
    """One handle, of which only the SHA-256 (`digest`, hex) is kept; it is used once, until `expires`.

    `user` is a username or a reference such as `Practitioner/dana`, empty where anybody may use it.
    `patient` is a plain id, empty for none, `context` JSON text with what the token response says besides,
    such as `encounter`. `expires` is in seconds since the epoch.
    """

    digest: str = field(repr=False)
    client_id: str
    user: str
    patient: str
    context: str
    expires: int

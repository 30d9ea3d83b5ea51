"""Who is asking: what the verified token and our own directory state, and nothing else.

No value here ever comes from a header or a body that the client writes.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from careplan_service.access.scopes import Scopes


@dataclass(frozen=True)
class Caller:
    """The caller of one request.

    `kind` is `agency` (staff of a custodian), `partner` (another organisation) or `app`;
    `organization` a relative reference such as `Organization/food-bank`; `purposes` are
    v3-ActReason codes asserted for this request; `expires` is seconds since the epoch.
    `fhir_user` is the person who signed in, a relative reference, empty for a system; `patient` the
    one in the launch context, such as `Patient/ann`, empty for none.
    """

    client_id: str
    kind: str
    organization: str
    purposes: tuple[str, ...]
    scopes: Scopes = field(default_factory=Scopes)
    expires: int = 0
    patient: str = ""
    fhir_user: str = ""

    @property
    def is_agency(self) -> bool:
        """True for staff systems of a custodian, who need no consent for their own clients' records."""
        return self.kind == "agency"

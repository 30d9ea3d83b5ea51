"""A registered OAuth client: who may call, for whom, and for which purposes of use.

https://hl7.org/fhir/smart-app-launch/STU2.2/client-confidential-asymmetric.html#registering-a-client-communicating-public-keys
"""

from __future__ import annotations

from dataclasses import dataclass

KINDS = ("agency", "partner", "app")


@dataclass(frozen=True)
class Client:
    """One row of the client directory.

    `kind` is one of KINDS, `organization` a relative reference such as `Organization/food-bank`,
    `scopes` the SMART scope string it may ask for, `purpose` the v3-ActReason code that applies when
    it names none, `further_purposes` the others it may name. Its public keys are in `jwks` (a JWK Set
    as JSON text) or at `jwks_url`. `created` is in seconds since the epoch. With an `issuer` it gets its
    tokens from that authorization server and from no other, so not from ours.
    `may_introspect` lets it introspect the tokens of other clients.
    """

    id: str
    name: str
    kind: str
    organization: str
    scopes: str
    purpose: str
    further_purposes: tuple[str, ...] = ()
    jwks: str | None = None
    jwks_url: str | None = None
    enabled: bool = True
    created: int = 0
    may_introspect: bool = False
    issuer: str = ""

    @property
    def purposes(self) -> tuple[str, ...]:
        """Every purpose of use this client may act for, the default first."""
        return (self.purpose, *self.further_purposes)

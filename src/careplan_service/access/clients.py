"""A registered OAuth client: who may call, for whom, and for which purposes of use.

https://hl7.org/fhir/smart-app-launch/STU2.2/client-confidential-asymmetric.html#registering-a-client-communicating-public-keys
"""

from __future__ import annotations

from dataclasses import dataclass, field

KINDS = ("agency", "partner", "app")

PRIVATE_KEY_JWT, SECRET_BASIC, SECRET_POST, PUBLIC = (
    "private_key_jwt",
    "client_secret_basic",
    "client_secret_post",
    "none",
)
WITH_SECRET = (SECRET_BASIC, SECRET_POST)
AUTH_METHODS = (PRIVATE_KEY_JWT, *WITH_SECRET, PUBLIC)
"""How a client proves who it is; `none` is a public client, which cannot.

https://www.rfc-editor.org/rfc/rfc7591#section-2
"""


@dataclass(frozen=True)
class Client:
    """One row of the client directory.

    `kind` is one of KINDS, `organization` a relative reference such as `Organization/food-bank`,
    `scopes` the SMART scope string it may ask for, `purpose` the v3-ActReason code that applies when
    it names none, `further_purposes` the others it may name. Its public keys are in `jwks` (a JWK Set
    as JSON text) or at `jwks_url`. `created` is in seconds since the epoch. With an `issuer` it gets its
    tokens from that authorization server and from no other, so not from ours.
    `may_introspect` lets it introspect the tokens of other clients.

    An `app` acts for a person who signed in: the browser is sent back to one of `redirect_uris` and no
    other address, and an EHR launch opens `launch_uri`. `auth_method` is one of AUTH_METHODS,
    `secret_hash` never the secret itself. A client that registered itself is `pending`, and not let in,
    until an operator approves it.
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
    redirect_uris: tuple[str, ...] = ()
    launch_uri: str = ""
    auth_method: str = PRIVATE_KEY_JWT
    secret_hash: str = field(default="", repr=False)
    pending: bool = False

    @property
    def is_let_in(self) -> bool:
        """Whether it may do anything at all."""
        return self.enabled and not self.pending

    @property
    def purposes(self) -> tuple[str, ...]:
        """Every purpose of use this client may act for, the default first."""
        return (self.purpose, *self.further_purposes)

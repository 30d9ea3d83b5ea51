"""What a person allowed an app, the code that becomes its first tokens, and what becomes its next ones.

https://www.rfc-editor.org/rfc/rfc6749#section-4.1 and #section-6
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Authorization:
    """What a person allowed an app; every token of it ends with it.

    `scope` is all that was granted, in the words of the token response. `patient` is the plain id of the
    one in context, empty for none, `context` JSON text with the further launch parameters of the token
    response, such as `encounter`. `signed_in` is when the person did (`auth_time`), `session` the digest
    of the session that online access ends with, empty otherwise. Moments are in seconds since the epoch;
    `revoked` is 0 until it is, `used`
    the moment the app last got tokens by it, 0 before the first.
    """

    id: str
    client_id: str
    user_id: str
    scope: str
    patient: str = ""
    context: str = "{}"
    created: int = 0
    signed_in: int = 0
    session: str = ""
    revoked: int = 0
    used: int = 0


@dataclass(frozen=True)
class Code:
    """An authorization code: only its SHA-256 (`digest`, hex) is kept, until `expires`.

    `redirect_uri` and the S256 `challenge` must be met by the token request; `nonce` goes into the ID
    token, empty for none.
    """

    digest: str = field(repr=False)
    authorization: str
    redirect_uri: str
    challenge: str
    expires: int
    nonce: str = ""


@dataclass(frozen=True)
class RefreshToken:
    """A refresh token: only its SHA-256 (`digest`, hex) is kept; it may be used once, until `expires`.

    `used` is when it was, in seconds since the epoch, 0 until then.
    """

    digest: str = field(repr=False)
    authorization: str
    expires: int
    used: int = 0


@dataclass(frozen=True)
class AllowedApp:
    """What a person is told of an app that was allowed under an `id`: its name, since when, and last used.

    Moments are in seconds since the epoch, `scopes` the words that were granted, `patient` a plain id
    or empty.
    """

    id: str
    name: str
    since: int
    used: int
    scopes: tuple[str, ...]
    patient: str = ""

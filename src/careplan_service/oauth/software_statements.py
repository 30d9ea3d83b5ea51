"""Software statements: metadata that a trusted issuer signed, so that a client cannot say them otherwise.

https://www.rfc-editor.org/rfc/rfc7591#section-2.3
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from authlib.oauth2.rfc7591 import InvalidSoftwareStatementError, UnapprovedSoftwareStatementError

from careplan_service.oauth import outgoing
from careplan_service.oauth.form import spoken
from careplan_service.oauth.issuer_keys import IssuerKeys
from careplan_service.oauth.issuer_metadata import IssuerMetadata
from careplan_service.oauth.signed import NotSigned, Signed, is_time, read_signed

ALGORITHMS = ("RS256", "RS384", "ES256", "ES384")
"""The signature algorithms a software statement may use."""

SKEW = 10
"""Seconds that the issuer's clock may differ from ours."""

_TYPES = ("jwt", "software-statement+jwt", "application/software-statement+jwt")


class SoftwareStatements:
    """Reads the statements of `issuers`; `audience` is the registration endpoint, where one names it.

    `remote_jwks(url, kid)` gives a JWK Set as text, `now` seconds since the epoch.
    """

    def __init__(
        self,
        issuers: Collection[str],
        audience: str,
        remote_jwks: Callable[[str, str], str],
        now: Callable[[], float],
    ) -> None:
        self._issuers, self._audience, self._now = frozenset(issuers), audience, now
        self._keys = IssuerKeys(remote_jwks, IssuerMetadata(now, outgoing.fetch))

    def claims(self, statement: str) -> Mapping[str, Any]:
        """What a statement says; it may be used by many clients, and again.

        Raises InvalidSoftwareStatementError, or UnapprovedSoftwareStatementError for another issuer.
        """
        try:
            signed = read_signed(statement)
        except NotSigned as error:
            raise invalid(f"the software statement cannot be read: {error}") from error
        issuer = signed.claims.get("iss")
        if not isinstance(issuer, str) or issuer not in self._issuers:
            raise unapproved("the software statement is of an issuer that is not trusted here")
        if faults := list(self._faults(signed)):
            raise invalid("; ".join(faults))
        algorithm = signed.header["alg"]
        if not any(signed.is_signed_with(key, algorithm) for key in self._keys.of(signed, algorithm)):
            raise invalid("the software statement is not signed with a key of its issuer; check `kid`")
        return signed.claims

    def _faults(self, signed: Signed) -> Iterator[str]:
        claims, now = signed.claims, self._now()
        if signed.header.get("alg") not in ALGORITHMS:
            yield f"`alg` must be {' or '.join(ALGORITHMS)}"
        if str(signed.header.get("typ", "JWT")).lower() not in _TYPES:
            yield "`typ` must be `JWT`"
        expires, issued, begins = (claims.get(name, now) for name in ("exp", "iat", "nbf"))
        if "exp" not in claims or not is_time(expires) or expires <= now - SKEW:
            yield "`exp` must be a number of seconds since the epoch that is not over"
        if "iat" not in claims or not is_time(issued) or issued > now + SKEW:
            yield "`iat` must be a number of seconds since the epoch that is not in the future"
        if not is_time(begins) or begins > now + SKEW:
            yield "`nbf` must be a number of seconds since the epoch that is not in the future"
        # What tells it from other tokens of the issuer, which say nothing of any software.
        if not isinstance(claims.get("software_id"), str):
            yield "`software_id` must name the software"
        audience = claims.get("aud", self._audience)
        if self._audience not in (audience if isinstance(audience, list) else [audience]):
            yield f"`aud` must be `{self._audience}`, or be left out"


def invalid(text: str) -> InvalidSoftwareStatementError:
    """A statement that does not hold; the text goes to the sender."""
    return InvalidSoftwareStatementError(spoken(text))


def unapproved(text: str) -> UnapprovedSoftwareStatementError:
    """A statement of somebody who is not trusted here; the text goes to the sender."""
    return UnapprovedSoftwareStatementError(spoken(text))

"""The access token of a request: the Authorization header, and nowhere else.

https://www.rfc-editor.org/rfc/rfc6750#section-2.1
"""

from __future__ import annotations

from typing import Protocol

from flask import Request

from careplan_service.access.bearer import bearer_token
from careplan_service.access.caller import Caller
from careplan_service.errors import Unauthenticated


class Verifier(Protocol):
    """Turns an access token into its caller."""

    def verify(self, token: str) -> Caller:
        """The caller, or Unauthenticated raised."""


def caller_of(request: Request, verifier: Verifier) -> Caller:
    """Who is calling; raises Unauthenticated without one valid bearer token in one header."""
    header = request.headers.get("Authorization")
    if header is None:
        raise Unauthenticated("send an access token in the Authorization header: `Bearer ...`")
    token = bearer_token(header)
    if token is None:
        is_another = header.partition(" ")[0].lower() != "bearer"  # RFC 6750 has no error code for those
        raise Unauthenticated(
            "the Authorization header must be sent once, as `Bearer` and an access token",
            error=None if is_another else "invalid_token",
        )
    return verifier.verify(token)

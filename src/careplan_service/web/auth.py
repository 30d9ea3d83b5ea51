"""The access token of a request: the Authorization header, and nowhere else.

https://www.rfc-editor.org/rfc/rfc6750#section-2.1
"""

from __future__ import annotations

import re
from typing import Protocol

from flask import Request

from careplan_service.access.caller import Caller
from careplan_service.errors import Unauthenticated

# WSGI has one value per header: two that were sent come joined by a comma, which no token may have.
_BEARER = re.compile(r"[Bb][Ee][Aa][Rr][Ee][Rr] +([A-Za-z0-9._~+/-]+=*)")


class Verifier(Protocol):
    """Turns an access token into its caller."""

    def verify(self, token: str) -> Caller:
        """The caller, or Unauthenticated raised."""


def caller_of(request: Request, verifier: Verifier) -> Caller:
    """Who is calling; raises Unauthenticated without one valid bearer token in one header."""
    header = request.headers.get("Authorization")
    if header is None:
        raise Unauthenticated("send an access token in the Authorization header: `Bearer ...`")
    found = _BEARER.fullmatch(header)
    if not found:
        raise Unauthenticated(
            "the Authorization header must be sent once, as `Bearer` and an access token",
            error="invalid_token",
        )
    return verifier.verify(found[1])

"""The access token of an Authorization header. https://www.rfc-editor.org/rfc/rfc6750#section-2.1"""

from __future__ import annotations

import re

# WSGI has one value per header: two that were sent come joined by a comma, which no token may have.
_BEARER = re.compile(r"[Bb][Ee][Aa][Rr][Ee][Rr] +([A-Za-z0-9._~+/-]+=*)")


def bearer_token(header: str) -> str | None:
    """The one token, or None for a header that is anything else."""
    found = _BEARER.fullmatch(header)
    return found[1] if found else None

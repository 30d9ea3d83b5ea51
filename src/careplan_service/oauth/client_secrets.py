"""Secrets of clients: made here, shown once, kept as a digest.

https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1 and #section-10.10
"""

from __future__ import annotations

import secrets
from hashlib import sha256
from hmac import compare_digest

_BYTES = 32
_NOBODYS = sha256(secrets.token_bytes(_BYTES)).hexdigest()


def new_secret() -> str:
    """A secret of 256 random bits: a client's, a code, or a refresh token; URL-safe."""
    return secrets.token_urlsafe(_BYTES)


def digest_of(secret: str) -> str:
    """What is kept of it, in hex.

    One round of SHA-256 is enough: nobody can try out 2^256 secrets, however fast each try is. What
    people choose themselves is kept otherwise (`oauth/passwords.py`).
    """
    return sha256(secret.encode()).hexdigest()


def is_secret(secret: str, kept: str) -> bool:
    """Whether that was kept; where nothing is, the same work and False."""
    return compare_digest(digest_of(secret), kept or _NOBODYS)

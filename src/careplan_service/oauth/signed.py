"""A signed JWT in compact form: taken apart first, its signature checked with one chosen key.

https://www.rfc-editor.org/rfc/rfc7515#section-5.2
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any, TypeGuard

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import Key
from joserfc.util import json_b64decode

LARGEST = 16 * 1024
"""Bytes of the longest token that is looked at."""


class _Registry(jws.JWSRegistry):
    max_header_length = LARGEST  # a chain of certificates stands there; the whole token is measured first


class NotSigned(ValueError):
    """What was sent is not a signed JWT; the text says why."""


@dataclass(frozen=True)
class Signed:
    """Header and claims as sent: nothing in them is to be believed before `is_signed_with`."""

    header: dict[str, Any]
    claims: dict[str, Any]
    compact: jws.CompactSignature

    def is_signed_with(self, key: Key, algorithm: str) -> bool:
        """Whether the signature is this key's, made with this algorithm and no other."""
        registry = _Registry(algorithms=[algorithm], strict_check_header=False)
        try:
            return jws.validate_compact(self.compact, key, registry=registry)
        except (JoseError, ValueError, TypeError):
            return False


def read_signed(token: str) -> Signed:
    """Take a compact JWT apart without judging it.

    Raises NotSigned for what is too long, not three base64url parts, not JSON objects, or has a
    `crit` header: none of its extensions is understood here (RFC 7515 section 4.1.11).
    """
    if len(token) > LARGEST:
        raise NotSigned(f"it is longer than {LARGEST} bytes")
    try:
        header = json_b64decode(token.encode("ascii").split(b".")[0])
        if not isinstance(header, dict) or "crit" in header:
            raise NotSigned("its header is not a JSON object without `crit`")
        compact = jws.extract_compact(token.encode("ascii"), registry=_Registry())
        claims = json.loads(compact.payload)
    except NotSigned:
        raise
    except (JoseError, ValueError, RecursionError) as error:
        raise NotSigned("it is not a JWT in compact form") from error
    if not isinstance(claims, dict):
        raise NotSigned("its claims are not a JSON object")
    return Signed(header, claims, compact)


def is_time(value: object) -> TypeGuard[float]:
    """Whether a claim is a NumericDate that can be compared: a finite number, not a boolean."""
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, int) and not isinstance(value, bool)

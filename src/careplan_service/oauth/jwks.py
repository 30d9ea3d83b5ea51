"""Public keys of clients: which keys of a JWK Set may verify a client assertion.

https://hl7.org/fhir/smart-app-launch/STU2.2/client-confidential-asymmetric.html#signature-verification
"""

from __future__ import annotations

import json
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import Key, import_key
from joserfc.util import base64_to_int

ALGORITHMS = {"RS384": "RSA", "ES384": "EC"}
"""The signature algorithms a client assertion may use, and the `kty` of their keys."""

_KTY = {"RS": "RSA", "ES": "EC"}

LARGEST = 1024 * 1024
"""Bytes of the longest JWK Set that is read."""

_MOST_KEYS = 20
_RSA_BITS = range(2048, 8192 + 1)
CURVES = {"ES256": "P-256", "ES384": "P-384"}
"""The curves of the algorithms that have one."""
_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


def entries(text: str) -> list[dict[str, Any]]:
    """The JWKs of a JWK Set given as JSON text; raises ValueError with a sentence if it is none."""
    if len(text) > LARGEST:
        raise ValueError(f"the JWK Set is longer than {LARGEST} bytes")
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError("the JWK Set is not JSON") from error
    keys = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(keys, list) or not all(isinstance(key, dict) for key in keys):
        raise ValueError('the JWK Set is not of the form {"keys": [{...}]}')
    if len(keys) > _MOST_KEYS:
        raise ValueError(f"the JWK Set has more than {_MOST_KEYS} keys")
    return keys


def holds_secrets(entry: dict[str, Any]) -> bool:
    """Whether a JWK shows private or symmetric key material."""
    return not _PRIVATE.isdisjoint(entry) or entry.get("kty") == "oct"


def verification_key(entry: dict[str, Any], algorithm: str) -> Key | None:
    """The key of a JWK if it may verify signatures of that algorithm, otherwise None.

    `use`, `key_ops` and `alg` of the JWK are obeyed; RSA keys have 2048 to 8192 bits, EC keys are on the
    curve of the algorithm; a key whose private part is published verifies nothing.
    """
    usable = (
        entry.get("kty") == _KTY[algorithm[:2]]
        and not holds_secrets(entry)
        and entry.get("use", "sig") == "sig"
        and entry.get("alg", algorithm) == algorithm
        and _may_verify(entry)
        and _is_strong(entry, algorithm)
    )
    if not usable:
        return None
    try:
        return import_key(entry)
    except (JoseError, ValueError, TypeError, KeyError):
        return None


def _may_verify(entry: dict[str, Any]) -> bool:
    operations = entry.get("key_ops", ["verify"])
    return isinstance(operations, list) and "verify" in operations


def _is_strong(entry: dict[str, Any], algorithm: str) -> bool:
    if entry["kty"] == "EC":
        return bool(entry.get("crv") == CURVES[algorithm])
    try:
        return base64_to_int(entry["n"]).bit_length() in _RSA_BITS
    except (KeyError, ValueError, TypeError):
        return False

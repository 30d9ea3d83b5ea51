"""The secret of this service for people: it seals what is kept of second factors and signs forms.

Keys are derived from one file, each for one use: https://www.rfc-editor.org/rfc/rfc5869
AES-256 in GCM: https://csrc.nist.gov/pubs/sp/800/38/d/final
"""

from __future__ import annotations

import hmac
import re
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from careplan_service.errors import Unavailable
from careplan_service.oauth.keys import publish

_FILE = "people.key"
_BYTES = 32
_NONCE_BYTES = 12  # what GCM is made for


class Seal:
    """The keys from `people.key` in a directory, which is made where it is not there.

    Raises Unavailable when the file cannot be used.
    """

    def __init__(self, directory: Path) -> None:
        path = directory / _FILE
        try:
            if not path.exists():
                publish(path, f"{secrets.token_hex(_BYTES)}\n".encode())
            text = path.read_text(encoding="ascii").strip()
        except (OSError, ValueError) as error:
            raise Unavailable(f"`{path}` cannot be used: {error}") from error
        if not re.fullmatch(f"[0-9a-f]{{{2 * _BYTES}}}", text):
            raise Unavailable(f"`{path}` is not {_BYTES} bytes in hexadecimal")
        root = bytes.fromhex(text)
        self._sealing = AESGCM(_derived(root, b"careplan second factor"))
        self._signing = _derived(root, b"careplan forms")
        self._digesting = _derived(root, b"careplan recovery codes")
        self._carrying = AESGCM(_derived(root, b"careplan sign-in elsewhere"))

    def sealed(self, text: str, owner: str) -> str:
        """The text as only this service reads it, and only as that of its owner, a user's id."""
        return _sealed(self._sealing, text, owner)

    def opened(self, sealed: str, owner: str) -> str:
        """The text that was sealed for that owner. Raises Unavailable when the keys are other ones."""
        try:
            return _opened(self._sealing, sealed, owner)
        except (InvalidTag, ValueError) as error:
            text = "a second factor cannot be read with this `people.key`; an operator can set it anew"
            raise Unavailable(text) from error

    def carried(self, text: str, browser: str) -> str:
        """The text for a browser to keep, which can neither read nor change it; `browser` is its id."""
        return _sealed(self._carrying, text, browser)

    def brought(self, carried: str, browser: str) -> str | None:
        """The text that was given to that browser; None for anything else."""
        try:
            return _opened(self._carrying, carried, browser)
        except (InvalidTag, ValueError):
            return None

    def digest(self, text: str, owner: str) -> str:
        """What is kept of a secret of its owner that is only ever compared."""
        return hmac.new(self._digesting, f"{owner} {text}".encode(), "sha256").hexdigest()

    def signature(self, text: str) -> str:
        """What only this service can say about a text, e.g. that a form belongs to a cookie."""
        return hmac.new(self._signing, text.encode(), "sha256").hexdigest()


def _sealed(cipher: AESGCM, text: str, owner: str) -> str:
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return urlsafe_b64encode(nonce + cipher.encrypt(nonce, text.encode(), owner.encode())).decode()


def _opened(cipher: AESGCM, sealed: str, owner: str) -> str:
    raw = urlsafe_b64decode(sealed)
    return cipher.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], owner.encode()).decode()


def _derived(root: bytes, use: bytes) -> bytes:
    return HKDF(SHA256(), _BYTES, salt=None, info=use).derive(root)

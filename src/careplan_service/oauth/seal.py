"""The secret of this service for people: it seals what is kept of second factors and signs forms.

Keys are derived from one file, each for one use: https://www.rfc-editor.org/rfc/rfc5869
AES-256 in GCM: https://csrc.nist.gov/pubs/sp/800/38/d/final
"""

from __future__ import annotations

import hmac
import re
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from careplan_service.errors import Unavailable
from careplan_service.oauth.keys import publish, replace

_FILE = "people.key"
_BYTES = 32
_NONCE_BYTES = 12  # what GCM is made for


@dataclass(frozen=True)
class _Keys:
    """The keys derived from one root."""

    sealing: AESGCM
    signing: bytes
    digesting: bytes
    carrying: AESGCM


class Seal:
    """The keys from `people.key` in a directory, which is made where it is not there.

    Each line is a root; the first one makes, all of them open. The file is read at every use, so that
    what is rotated holds in every worker at once. Everything raises Unavailable when it cannot be used.
    """

    def __init__(self, directory: Path) -> None:
        self._path = directory / _FILE
        self._read: tuple[str, tuple[_Keys, ...]] = ("", ())
        try:
            if not self._path.exists():
                publish(self._path, _written([_new_root()]))
            self._all()
        except (OSError, Unavailable) as error:
            raise Unavailable(f"`{self._path}` cannot be used: {error}") from error

    def rotate(self) -> None:
        """Make a root that is used from now on; what was made with the others is still opened."""
        replace(self._path, _written([_new_root(), *self._text().split()]))

    def forget(self) -> None:
        """Keep the newest root alone."""
        replace(self._path, _written(self._text().split()[:1]))

    def sealed(self, text: str, owner: str) -> str:
        """The text as only this service reads it, and only as that of its owner, a user's id."""
        return _sealed(self._newest.sealing, text, owner)

    def opened(self, sealed: str, owner: str) -> str:
        """The text that was sealed for that owner. Raises Unavailable when the keys are other ones."""
        found = _opened((keys.sealing for keys in self._all()), sealed, owner)
        if found is None:
            raise Unavailable(
                "a second factor cannot be read with this `people.key`; an operator can set it anew"
            )
        return found

    def carried(self, text: str, browser: str) -> str:
        """The text for a browser to keep, which can neither read nor change it; `browser` is its id."""
        return _sealed(self._newest.carrying, text, browser)

    def brought(self, carried: str, browser: str) -> str | None:
        """The text that was given to that browser; None for anything else."""
        return _opened((keys.carrying for keys in self._all()), carried, browser)

    def digest(self, text: str, owner: str) -> str:
        """What is kept of a secret of its owner that is only ever compared."""
        return _digest(self._newest, text, owner)

    def digests(self, text: str, owner: str) -> tuple[str, ...]:
        """What may be kept of that secret, the newest first."""
        return tuple(_digest(keys, text, owner) for keys in self._all())

    def signature(self, text: str) -> str:
        """What only this service can say about a text, e.g. that a form belongs to a cookie."""
        return hmac.new(self._newest.signing, text.encode(), "sha256").hexdigest()

    @property
    def _newest(self) -> _Keys:
        return self._all()[0]

    def _all(self) -> tuple[_Keys, ...]:
        text, (known, keys) = self._text(), self._read
        if text != known:
            keys = tuple(_keys(bytes.fromhex(root)) for root in text.split())
            self._read = text, keys
        return keys

    def _text(self) -> str:
        try:
            text = self._path.read_text(encoding="ascii")
        except (OSError, ValueError) as error:
            raise Unavailable(f"`{_FILE}` cannot be read for now; try again later") from error
        if not re.fullmatch(rf"[0-9a-f]{{{2 * _BYTES}}}(\n[0-9a-f]{{{2 * _BYTES}}})*\n?", text):
            raise Unavailable(f"`{_FILE}` is not {_BYTES} bytes in hexadecimal on each line")
        return text


def _new_root() -> str:
    return secrets.token_hex(_BYTES)


def _written(roots: Iterable[str]) -> bytes:
    return "".join(f"{root}\n" for root in roots).encode()


def _keys(root: bytes) -> _Keys:
    return _Keys(
        AESGCM(_derived(root, b"careplan second factor")),
        _derived(root, b"careplan forms"),
        _derived(root, b"careplan recovery codes"),
        AESGCM(_derived(root, b"careplan sign-in elsewhere")),
    )


def _digest(keys: _Keys, text: str, owner: str) -> str:
    return hmac.new(keys.digesting, f"{owner} {text}".encode(), "sha256").hexdigest()


def _sealed(cipher: AESGCM, text: str, owner: str) -> str:
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return urlsafe_b64encode(nonce + cipher.encrypt(nonce, text.encode(), owner.encode())).decode()


def _opened(ciphers: Iterable[AESGCM], sealed: str, owner: str) -> str | None:
    """The text by the cipher that sealed it; None if it is none of these."""
    for cipher in ciphers:
        with suppress(InvalidTag, ValueError):
            raw = urlsafe_b64decode(sealed)
            return cipher.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], owner.encode()).decode()
    return None


def _derived(root: bytes, use: bytes) -> bytes:
    return HKDF(SHA256(), _BYTES, salt=None, info=use).derive(root)

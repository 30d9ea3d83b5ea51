"""The keys this service signs access tokens with: PEM files in a directory, the newest signs.

RSA, because verifying (every request) is three times faster than with P-256.
https://www.rfc-editor.org/rfc/rfc7517#section-5 (JWK Set), https://www.rfc-editor.org/rfc/rfc7638 (kid)
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from careplan_service.errors import Unavailable

ALGORITHM = "RS256"

_BITS = 2048
_PATTERN = "signing-*.pem"
_RELOAD_AFTER = 1.0


class SigningKeys:
    """The signing keys of a directory, which is made, with a first key, where there is none.

    `now` gives seconds; it bounds how often an unknown key id makes the directory be read again,
    which is how a process learns of a key that another one added. Raises Unavailable when the
    directory or a key in it cannot be used.
    """

    def __init__(self, directory: Path, now: Callable[[], float]) -> None:
        self._directory = directory
        self._now = now
        self._keys: dict[str, RSAKey] = {}
        self._load()

    def signing_key(self) -> RSAKey:
        """The newest key; its `kid` is its RFC 7638 thumbprint."""
        return next(reversed(self._keys.values()))

    def find(self, kid: object) -> RSAKey | None:
        """The key of that id, or None; an id is only ever compared, never used as a file name."""
        if not isinstance(kid, str):
            return None
        if kid not in self._keys:
            self._reload()
        return self._keys.get(kid)

    def public_jwks(self) -> dict[str, list[dict[str, Any]]]:
        """The JWK Set others verify our tokens with; no private part is in it."""
        self._reload()
        return {
            "keys": [
                {**key.as_dict(private=False), "use": "sig", "alg": ALGORITHM} for key in self._keys.values()
            ]
        }

    def rotate(self) -> str:
        """Add a key that signs from now on, next to those that still verify; returns its kid."""
        _create(self._directory, _numbers(self._directory) + 1)
        self._load()
        return str(self.signing_key().kid)

    def _reload(self) -> None:
        if self._now() - self._loaded >= _RELOAD_AFTER:
            self._load()

    def _load(self) -> None:
        self._loaded = self._now()
        try:
            if not _numbers(self._directory):
                _create(self._directory, 1)
            keys = [_read(path) for path in sorted(self._directory.glob(_PATTERN))]
        except OSError as error:
            raise Unavailable(f"the keys directory `{self._directory}` cannot be used: {error}") from error
        self._keys = {str(key.kid): key for key in keys}


def _numbers(directory: Path) -> int:
    """How high the key files are numbered, 0 for no key."""
    stems = [path.stem.removeprefix("signing-") for path in directory.glob(_PATTERN)]
    return max((int(stem) for stem in stems if stem.isdecimal()), default=0)


def _create(directory: Path, number: int) -> None:
    publish(directory / f"signing-{number:04}.pem", RSAKey.generate_key(_BITS).as_pem(private=True))


def publish(path: Path, content: bytes) -> None:
    """Make a file that only the owner reads; one that is there already stays. Raises OSError."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=".draft-")  # mkstemp makes it 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        # A link appears whole or fails where another process was first; that one's file is then used.
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        os.unlink(draft)


def _read(path: Path) -> RSAKey:
    try:
        key = RSAKey.import_key(path.read_bytes())
    except (JoseError, ValueError) as error:
        raise Unavailable(f"`{path}` is not an RSA private key in PEM form") from error
    if not key.is_private:
        raise Unavailable(f"`{path}` is not an RSA private key in PEM form")
    key.ensure_kid()
    return key

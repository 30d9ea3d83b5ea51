"""The keys this service signs access tokens with: PEM files in a directory, the newest signs.

RSA, because verifying (every request) is three times faster than with P-256.
https://www.rfc-editor.org/rfc/rfc7517#section-5 (JWK Set), https://www.rfc-editor.org/rfc/rfc7638 (kid)
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from careplan_service.errors import Invalid, Unavailable

ALGORITHM = "RS256"

_BITS = 2048
_PATTERN = "signing-*.pem"
_LOOK_AGAIN = 1.0


@dataclass(frozen=True)
class _File:
    """One key; `stamp` changes when the file is another one; `made` is in seconds since the epoch."""

    path: Path
    stamp: tuple[int, ...]
    made: float
    key: RSAKey


class SigningKeys:
    """The signing keys of a directory, which is made, with a first key, where there is none.

    Processes share the directory. What another one added is used at once: whoever signs, publishes or
    meets an unknown key id looks what files there are, and only new ones are read. What was removed
    verifies for another second at most, measured by `now`. Raises Unavailable when the directory or a
    key in it cannot be used.
    """

    def __init__(self, directory: Path, now: Callable[[], float]) -> None:
        self._directory = directory
        self._now = now
        self._files: dict[str, _File] = {}
        self._look()

    def signing_key(self) -> RSAKey:
        """The newest key; its `kid` is its RFC 7638 thumbprint."""
        return self.newest_first()[0]

    def newest_first(self) -> tuple[RSAKey, ...]:
        """Every key; the first one signs."""
        return tuple(file.key for file in reversed(self._look().values()))

    def find(self, kid: object) -> RSAKey | None:
        """The key of that id, or None; an id is only ever compared, never used as a file name."""
        if not isinstance(kid, str):
            return None
        found = self._found(kid)
        return found.key if found else None

    def knows(self, kid: str) -> bool:
        """Whether there still is a key of that id; of one that there was, looked up once a second."""
        return self._found(kid) is not None

    def _found(self, kid: str) -> _File | None:
        files = self._files if self._now() - self._looked < _LOOK_AGAIN else self._look()
        return files.get(kid) or self._look().get(kid)

    def public_jwks(self) -> dict[str, list[dict[str, Any]]]:
        """The JWK Set others verify our tokens with, the oldest first; no private part is in it."""
        return {
            "keys": [
                {**file.key.as_dict(private=False), "use": "sig", "alg": ALGORITHM}
                for file in self._look().values()
            ]
        }

    def made(self) -> dict[str, float]:
        """When each key was made, by kid, in seconds since the epoch, the oldest first."""
        return {kid: file.made for kid, file in self._look().items()}

    def rotate(self) -> str:
        """Add a key that signs from now on, next to those that still verify; returns its kid."""
        _create(self._directory, _numbers(self._directory) + 1)
        return str(self.signing_key().kid)

    def remove(self, kid: str) -> None:
        """Delete a key: what it signed is worth nothing any more. Raises Invalid for none, or the newest."""
        files = self._look()
        if kid not in files:
            raise Invalid(f"there is no signing key `{kid[:80]}`; see `careplan keys list`")
        if kid == next(reversed(files)):
            raise Invalid(f"`{kid}` signs; make another one first with `careplan keys rotate`")
        files[kid].path.unlink(missing_ok=True)
        self._look()

    def _look(self) -> dict[str, _File]:
        """What files there are now; those that were there before are not read again."""
        looked = self._now()
        try:
            if not _numbers(self._directory):
                _create(self._directory, 1)
            read = {file.path: file for file in self._files.values()}
            found = [_file(path, read.get(path)) for path in sorted(self._directory.glob(_PATTERN))]
        except OSError as error:
            raise Unavailable(f"the keys directory `{self._directory}` cannot be used: {error}") from error
        files = {str(file.key.kid): file for file in found if file}
        self._files, self._looked = files, looked
        return files


def _numbers(directory: Path) -> int:
    """How high the key files are numbered, 0 for no key."""
    stems = [path.stem.removeprefix("signing-") for path in directory.glob(_PATTERN)]
    return max((int(stem) for stem in stems if stem.isdecimal()), default=0)


def _create(directory: Path, number: int) -> None:
    publish(directory / f"signing-{number:04}.pem", RSAKey.generate_key(_BITS).as_pem(private=True))


def publish(path: Path, content: bytes) -> None:
    """Make a file that only the owner reads; one that is there already stays. Raises OSError."""
    # A link appears whole or fails where another process was first; that one's file is then used.
    with _draft(path, content) as draft, suppress(FileExistsError):
        os.link(draft, path)


def replace(path: Path, content: bytes) -> None:
    """Put a file that only the owner reads in place of the one that is there. Raises OSError."""
    with _draft(path, content) as draft:
        os.replace(draft, path)


@contextmanager
def _draft(path: Path, content: bytes) -> Iterator[str]:
    """A file beside the one that is meant, with all of its content; gone at the end."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=".draft-")  # mkstemp makes it 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        yield draft
    finally:
        with suppress(FileNotFoundError):
            os.unlink(draft)


def _file(path: Path, before: _File | None) -> _File | None:
    """A key file, or None for one that was removed this very moment."""
    try:
        stat = path.stat()
        stamp = (stat.st_ino, stat.st_mtime_ns, stat.st_size)
        if before and before.stamp == stamp:
            return before
        return _File(path, stamp, stat.st_mtime, _read(path))
    except FileNotFoundError:
        return None


def _read(path: Path) -> RSAKey:
    try:
        key = _key(path.read_bytes())
    except (JoseError, ValueError) as error:
        raise Unavailable(f"`{path}` is not an RSA private key in PEM form") from error
    if not key.is_private:
        raise Unavailable(f"`{path}` is not an RSA private key in PEM form")
    return key


@lru_cache(maxsize=32)
def _key(pem: bytes) -> RSAKey:
    """An RSA key with its id. It is checked to be one, which takes some hundredths of a second."""
    key = RSAKey.import_key(pem)
    key.ensure_kid()
    return key

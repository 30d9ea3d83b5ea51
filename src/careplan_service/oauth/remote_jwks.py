"""JWK Sets that clients publish under a URL: fetched with bounds, kept for a few minutes.

https://hl7.org/fhir/smart-app-launch/STU2.2/client-confidential-asymmetric.html#registering-a-client-communicating-public-keys
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException
from ipaddress import ip_address
from typing import IO, Any
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from careplan_service.oauth import jwks
from careplan_service.oauth.each_alone import EachAlone

_TIMEOUT = 5.0
_KEPT = 300.0
_RETRY_FAILED = 10.0
_LEAST = 10.0  # so that who sends assertions cannot have us ask somebody for each of them
_RETRY_UNKNOWN_KID = 60.0
Fetch = Callable[[str], tuple[str, float]]
"""A URL to the text there and the seconds that it may be kept; raises OSError or ValueError."""
LOOPBACK = ("127.0.0.1", "::1", "localhost")
_LOCAL_NAMES = (".localhost", ".local", ".internal")


class NoRedirect(HTTPRedirectHandler):
    """Follows none."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """A redirect would leave the registered URL; the 3xx answer then fails as an HTTPError."""


_open = build_opener(NoRedirect).open


@dataclass(frozen=True)
class _Kept:
    text: str
    fetched: float
    until: float


class RemoteJwks:
    """Fetches and keeps JWK Sets by URL; `now` gives seconds since the epoch.

    A set is kept for 5 minutes, or less if its Cache-Control says so, but for 10 seconds. When it lacks the
    key id asked for it is fetched again, at most once a minute; after a failure, at most every 10 seconds.
    `fetch_with` is another `fetch`.
    """

    def __init__(self, now: Callable[[], float], fetch_with: Fetch | None = None) -> None:
        self._now, self._fetch_with = now, fetch_with or fetch
        self._kept: dict[str, _Kept] = {}
        self._alone = EachAlone()

    def text(self, url: str, kid: str) -> str:
        """The JWK Set at a URL as JSON text, `{"keys": []}` when it cannot be had."""
        kept = self._kept.get(url)
        if kept and not self._is_due(kept, kid):
            return kept.text
        with self._alone.of(url):
            kept = self._kept.get(url)
            if kept and not self._is_due(kept, kid):
                return kept.text
            fetched = self._fetched(url)
            self._kept[url] = fetched
            return fetched.text

    def _is_due(self, kept: _Kept, kid: str) -> bool:
        now = self._now()
        if now >= kept.until:
            return True
        return now - kept.fetched >= _RETRY_UNKNOWN_KID and kid not in _kids(kept.text)

    def _fetched(self, url: str) -> _Kept:
        now = self._now()
        try:
            text, seconds = self._fetch_with(url)
            jwks.entries(text)
        except (OSError, ValueError):
            return _Kept('{"keys": []}', now, now + _RETRY_FAILED)
        return _Kept(text, now, now + max(_LEAST, seconds))


def is_fetchable(url: str) -> bool:
    """Whether keys may be fetched from a URL: https, or http from this very machine."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return False
    plain = not (parts.username or parts.password or parts.fragment) and url.isprintable() and " " not in url
    return bool(host) and plain and (parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACK))


def is_public(url: str) -> bool:
    """Whether a URL that a stranger named may be fetched: https, and not plainly of our own network."""
    if not is_fetchable(url) or urlsplit(url).scheme != "https":
        return False
    host = (urlsplit(url).hostname or "").rstrip(".").lower()
    try:
        return ip_address(host).is_global
    except ValueError:
        return "." in host and not host.endswith(_LOCAL_NAMES) and not host.rpartition(".")[2].isdigit()


def fetch(url: str) -> tuple[str, float]:
    """The text at a URL and for how many seconds it may be kept.

    No redirects, at most 1 MiB, at most 5 seconds in all. Raises OSError or ValueError.
    """
    if not is_fetchable(url):
        raise ValueError(f"`{url}` is not an https URL")
    deadline = time.monotonic() + _TIMEOUT
    request = Request(url, headers={"Accept": "application/json"})  # noqa: S310 - is_fetchable checked the scheme
    try:
        with _open(request, timeout=_TIMEOUT) as response:
            text = read_within(response, deadline).decode("utf-8")
            return text, seconds_kept(response.headers.get("Cache-Control", ""))
    except HTTPException as error:
        raise URLError("the answer is not HTTP") from error


def read_within(response: IO[bytes], deadline: float) -> bytes:
    """A body of at most 1 MiB until a moment of `time.monotonic`. Raises ValueError or URLError."""
    body = bytearray()
    while True:
        chunk = response.read1(64 * 1024)  # type: ignore[attr-defined]
        if time.monotonic() > deadline:  # also where nothing comes: it may have been cut off
            raise URLError("the answer took too long")
        if not chunk:
            return bytes(body)
        body += chunk
        if len(body) > jwks.LARGEST:
            raise ValueError("the answer is too long")


def seconds_kept(cache_control: str) -> float:
    """For how many seconds an answer with that Cache-Control may be kept."""
    if re.search(r"\bno-(store|cache)\b", cache_control, re.IGNORECASE):
        return 0.0
    age = re.search(r"\bmax-age=\"?(\d{1,9})\b", cache_control, re.IGNORECASE)
    return min(_KEPT, float(age[1])) if age else _KEPT


def _kids(text: str) -> set[Any]:
    return {entry.get("kid") for entry in jwks.entries(text) if isinstance(entry.get("kid"), str)}

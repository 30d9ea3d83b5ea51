"""Which addresses a browser may be sent back to, and where an EHR may launch an app.

https://www.rfc-editor.org/rfc/rfc6749#section-3.1.2, https://www.rfc-editor.org/rfc/rfc9700#section-4.1.3
and, for apps on a device, https://www.rfc-editor.org/rfc/rfc8252#section-7
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import SplitResult, urlsplit

_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_LONGEST = 2000
# No blank, quote, backslash, wildcard or fragment, nor what only some read as part of an address.
_PLAIN = re.compile(r"[A-Za-z0-9\-._~:/?\[\]@!$&'()+,;=%]+")
_PRIVATE = re.compile(r"[a-z][a-z0-9+-]*(?:\.[a-z0-9+-]+)+")
_HOST = re.compile(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|::1")


def is_redirect_uri(uri: str, *, public: bool) -> bool:
    """Whether it is absolute and one that only the app's own pages, or its own device, answer at.

    That is https, http on the device itself and, for public clients, a scheme of its own with a dot in it.
    """
    parts = _parts(uri)
    if parts is None:
        return False
    if public and _PRIVATE.fullmatch(parts.scheme):
        return not parts.netloc or _is_host(parts)
    return is_web_address(uri)


def is_web_address(uri: str) -> bool:
    """Whether it is https, or http on the device itself, with a host and nothing that hides another one."""
    parts = _parts(uri)
    if parts is None or not _is_host(parts):
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)


def origins(uris: Iterable[str]) -> frozenset[str]:
    """The origins of pages at these addresses, as browsers write them."""
    found = (urlsplit(uri) for uri in uris)
    return frozenset(
        f"{parts.scheme}://{parts.netloc}" for parts in found if parts.scheme in ("http", "https")
    )


def _parts(uri: str) -> SplitResult | None:
    if len(uri) > _LONGEST or not _PLAIN.fullmatch(uri):
        return None
    try:
        parts = urlsplit(uri)
        _ = parts.port
    except ValueError:
        return None
    stays = not {".", ".."} & set(parts.path.lower().replace("%2e", ".").split("/"))
    # Browsers write scheme and host in lower case, and what they send is compared letter by letter.
    return parts if parts.scheme and uri.startswith(parts.scheme) and stays else None


def _is_host(parts: SplitResult) -> bool:
    return (
        "@" not in parts.netloc
        and parts.netloc == parts.netloc.lower()
        and not parts.netloc.endswith(":")
        and _HOST.fullmatch(parts.hostname or "") is not None
    )

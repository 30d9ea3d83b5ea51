"""Requests to addresses that others name: never to a private network, never on by a redirect.

https://cheatsheetseries.owasp.org/cheatsheets/Server_Side_Request_Forgery_Prevention_Cheat_Sheet.html
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import HTTPHandler, HTTPSHandler, OpenerDirector, ProxyHandler, Request, build_opener

from careplan_service.oauth.remote_jwks import (
    LOOPBACK,
    NoRedirect,
    is_fetchable,
    read_within,
    seconds_kept,
)

_TIMEOUT = 5.0
_TRANSLATED = ip_network("64:ff9b::/96")  # NAT64: the last 32 bits are an IPv4 address


def fetch(url: str) -> tuple[str, float]:
    """The text at a URL and for how many seconds it may be kept; raises OSError or ValueError.

    https, or http from this very machine; at most 1 MiB and 5 seconds.
    """
    return _sent(url, None, {})


def post(url: str, form: Mapping[str, str], headers: Mapping[str, str]) -> str:
    """What a form is answered with, within the bounds of `fetch`.

    Raises HTTPError, which is an OSError, for a status from 300 on, OSError or ValueError for the rest.
    """
    return _sent(url, urlencode(form).encode(), headers)[0]


def is_public(address: str) -> bool:
    """Whether an IP address is one of the Internet and not of some network inside."""
    ip = ip_address(address.partition("%")[0])
    if isinstance(ip, IPv6Address):
        if ip in _TRANSLATED or ip.sixtofour or ip.teredo:
            return False
        ip = ip.ipv4_mapped or ip
    return ip.is_global and not ip.is_multicast


def _sent(url: str, body: bytes | None, headers: Mapping[str, str]) -> tuple[str, float]:
    if not is_fetchable(url):
        raise ValueError(f"`{url}` is not an https URL")
    deadline = time.monotonic() + _TIMEOUT
    request = Request(url, body, {"Accept": "application/json", **headers})  # noqa: S310 - is_fetchable
    try:
        with _opener().open(request, timeout=_TIMEOUT) as response:
            text = read_within(response, deadline).decode("utf-8")
            return text, seconds_kept(response.headers.get("Cache-Control", ""))
    except HTTPError as error:
        error.close()
        raise
    except HTTPException as error:
        raise URLError("the answer is not HTTP") from error


class _Plain(HTTPConnection):
    """Looks the host up once, connects to the address that it judged, and hangs up when the time is over."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        setattr(self, "_create_connection", _connected)  # noqa: B010 - what http.client calls

    def connect(self) -> None:
        super().connect()
        # Each read has its own timeout: headers that come drop by drop would hold the thread for hours.
        end = threading.Timer(_TIMEOUT, _hang_up, [self.sock])
        end.daemon = True
        end.start()


class _Secure(_Plain, HTTPSConnection):
    """The same over TLS."""


def _hang_up(connected: socket.socket) -> None:
    with suppress(OSError):  # it is over already
        connected.shutdown(socket.SHUT_RDWR)


def _connected(where: tuple[str, int], *args: Any) -> socket.socket:
    host, port = where
    found = [told[4] for told in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    if host not in LOOPBACK and not all(is_public(str(address[0])) for address in found):
        raise URLError(f"`{host}` is an address of a private network")
    failed: OSError | None = None
    for address in found:
        try:
            return socket.create_connection((str(address[0]), port), *args)
        except OSError as error:
            failed = error
    raise failed or URLError(f"`{host}` has no address")


class _Http(HTTPHandler):
    def http_open(self, req: Request) -> HTTPResponse:
        return self.do_open(_Plain, req)


class _Https(HTTPSHandler):
    def https_open(self, req: Request) -> HTTPResponse:
        return self.do_open(_Secure, req, context=_tls())


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


@cache
def _opener() -> OpenerDirector:
    """Directly: a proxy would be asked for any address."""
    return build_opener(ProxyHandler({}), NoRedirect, _Http, _Https)

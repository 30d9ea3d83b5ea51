"""Paths on this server to come back to, and network addresses to count failures by.

https://cwe.mitre.org/data/definitions/601.html (open redirect) and https://www.rfc-editor.org/rfc/rfc7239#section-8.1
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

from flask import Request

HOME = "/account"
_LONGEST_NEXT = 4000
_SITE_BITS = 64  # what one subscriber is given in IPv6


def local_path(text: str) -> str:
    """The path with its query if it leads nowhere but to this server, otherwise that of the account page.

    Browsers read `\\` as `/` and drop tabs and line feeds, so neither is let through.
    """
    if not text.startswith("/") or text.startswith("//") or "\\" in text or len(text) > _LONGEST_NEXT:
        return HOME
    if not text.isascii() or not text.isprintable() or " " in text:
        return HOME
    try:
        parts = urlsplit(text)
    except ValueError:
        return HOME
    return HOME if parts.scheme or parts.netloc else text


def address_of(request: Request, proxies: int) -> str:
    """The sender's address, as the outermost of our own proxies saw it; of IPv6 the network.

    Each proxy adds the address it hears to the end of `X-Forwarded-For`; what stands before those of ours
    is anybody's word.
    """
    heard = request.remote_addr or ""
    if proxies:
        told = [part.strip() for part in ",".join(request.headers.getlist("X-Forwarded-For")).split(",")]
        heard = told[-proxies] if len(told) >= proxies and told[-proxies] else heard
    try:
        address: IPv4Address | IPv6Address = ip_address(heard)
    except ValueError:
        return request.remote_addr or "unknown"
    if isinstance(address, IPv6Address):
        mapped = address.ipv4_mapped
        return str(mapped) if mapped else str(ip_network((int(address), _SITE_BITS), strict=False))
    return str(address)

"""Requests to an OpenID provider: to no private network, whatever its name, and never on by a redirect."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from urllib.error import HTTPError, URLError

import pytest
from joserfc.jwk import RSAKey

from careplan_service.oauth import outgoing
from oauth.idp import Idp, publishing


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    """A server of the inside: 127.0.0.2 is no name of this machine that is let through."""
    with socket.create_server(("127.0.0.2", 0)) as server:
        server.settimeout(0.2)
        yield server


def test_an_address_inside_is_not_even_connected_to(listening: socket.socket) -> None:
    with pytest.raises(URLError, match="private network"):
        outgoing.fetch(f"https://127.0.0.2:{listening.getsockname()[1]}/x")
    with pytest.raises(TimeoutError):
        listening.accept()


def test_this_very_machine_by_its_name_is_connected_to() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        free = server.getsockname()[1]
    with pytest.raises(URLError, match="refused"):
        outgoing.fetch(f"https://127.0.0.1:{free}/x")


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1:248:1893:25c8:1946", True),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("127.0.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("::ffff:10.0.0.1", False),
        ("::ffff:93.184.216.34", True),
    ],
)
def test_which_addresses_are_public(address: str, public: bool) -> None:
    assert outgoing.is_public(address) is public


@pytest.mark.parametrize("url", ["http://example.org/x", "ftp://example.org", "file:///etc/passwd", "x"])
def test_other_schemes_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match="not an https URL"):
        outgoing.fetch(url)


@pytest.fixture
def idp() -> Iterator[Idp]:
    with publishing([RSAKey.generate_key(2048, {"kid": "k1"})]) as server:
        yield server


def test_a_document_is_fetched_and_what_is_not_there_is_an_error(idp: Idp) -> None:
    text, kept = outgoing.fetch(f"{idp.issuer}/.well-known/openid-configuration")
    assert idp.issuer in text
    assert kept == 300
    with pytest.raises(HTTPError):
        outgoing.fetch(f"{idp.issuer}/none")


def test_redirects_are_not_followed(idp: Idp) -> None:
    question = "redirect_uri=http://127.0.0.1:9/&state=x"
    with pytest.raises(HTTPError) as refused:
        outgoing.fetch(f"http://127.0.0.1:{idp.server_port}/authorize?{question}")
    assert refused.value.code == 302


def test_certificates_are_verified() -> None:
    context = outgoing._tls()
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)

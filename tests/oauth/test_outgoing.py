"""Requests to an OpenID provider: to no private network, whatever its name, and never on by a redirect."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from urllib.error import HTTPError, URLError

import pytest
from joserfc.jwk import RSAKey

from careplan_service.oauth import outgoing, remote_jwks
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
        ("64:ff9b::a01:203", False),
        ("2002:a01:203::1", False),
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


@contextmanager
def answering(send: Callable[[socket.socket], None]) -> Iterator[str]:
    """The address of a server that answers its one caller by that function."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(20)

        def answer() -> None:
            with suppress(OSError):
                caller, _ = server.accept()
                with caller:
                    caller.settimeout(20)
                    caller.recv(4096)
                    send(caller)

        thread = threading.Thread(target=answer)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/keys"
        thread.join(30)


@pytest.mark.parametrize("text", [b"garbage\r\n\r\n", b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200 + b"\r\n"])
def test_an_answer_that_is_no_http_is_an_error_like_others(text: bytes) -> None:
    for fetch in (outgoing.fetch, remote_jwks.fetch):
        with answering(lambda caller: caller.sendall(text)) as url, pytest.raises(URLError, match="not HTTP"):
            fetch(url)


def test_headers_that_come_drop_by_drop_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outgoing, "_TIMEOUT", 0.3)

    def drops(caller: socket.socket) -> None:
        caller.sendall(b"HTTP/1.1 200 OK\r\nX: ")
        for _ in range(50):
            caller.sendall(b"x")
            time.sleep(0.1)

    began = time.monotonic()
    with answering(drops) as url:
        with pytest.raises((OSError, ValueError)):
            outgoing.fetch(url)
        assert time.monotonic() - began < 3

"""A real server that is sent more of a header, or of an address, than anybody needs.

https://www.rfc-editor.org/rfc/rfc6585#section-5 and https://www.rfc-editor.org/rfc/rfc9110#section-15.5.15
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from parties import careplan_serving

SECONDS = 20
MANY = "".join(f"X-{n}: a\r\n" for n in range(200))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, keys_dir: Path) -> Iterator[str]:
    """The address of `careplan serve`."""
    folder = tmp_path_factory.mktemp("oversized")
    with careplan_serving(f"sqlite:///{folder}/careplan.db", keys_dir, folder, lambda service: None) as base:
        yield base


def answered(base: str, request: str) -> str:
    """The first line of the answer to a request, as a socket hears it."""
    address = urlsplit(base)
    with socket.create_connection((address.hostname, address.port), SECONDS) as connection:
        with suppress(ConnectionError):  # it answers before it has heard all
            connection.sendall(request.encode())
        return connection.makefile("rb").readline().decode()


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        ("GET /fhir/Goal HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + "a" * 1_000_000 + "\r\n\r\n", 431),
        ("GET /oauth/authorize HTTP/1.1\r\nHost: x\r\nCookie: careplan=" + "a" * 1_000_000 + "\r\n\r\n", 431),
        (f"POST /oauth/token HTTP/1.1\r\nHost: x\r\n{MANY}\r\n", 431),
        ("GET /oauth/authorize?state=" + "a" * 100_000 + " HTTP/1.1\r\nHost: x\r\n\r\n", 414),
        ("GET /fhir/Goal HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + "a" * 100_000 + "\r\n\r\n", 401),
    ],
)
def test_what_is_too_long_is_refused_and_the_server_goes_on(served: str, request_: str, status: int) -> None:
    assert answered(served, request_).split()[1] == str(status)
    assert httpx.get(f"{served}/health/ready", timeout=SECONDS).status_code == 200

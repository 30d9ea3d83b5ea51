"""Keys that clients publish: fetched from a real server on this machine, within bounds."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.error import HTTPError

import pytest

from careplan_service.oauth import remote_jwks
from careplan_service.oauth.remote_jwks import RemoteJwks, fetch

NOTHING = '{"keys": []}'


def jwks(*kids: str) -> str:
    return json.dumps({"keys": [{"kty": "RSA", "kid": kid} for kid in kids]})


class Publisher(ThreadingHTTPServer):
    """Answers every GET with what the test set, and counts."""

    status = 200
    headers: tuple[tuple[str, str], ...] = ()
    body = b""
    asked = 0
    drops = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/jwks.json"


class Handler(BaseHTTPRequestHandler):
    server: Publisher

    def do_GET(self) -> None:
        self.server.asked += 1
        self.send_response(self.server.status)
        for name, value in self.server.headers:
            self.send_header(name, value)
        self.end_headers()
        with suppress(ConnectionError):
            for _ in range(self.server.drops):
                self.wfile.write(b" ")
                time.sleep(0.02)
            self.wfile.write(self.server.body)

    def log_message(self, *_: object) -> None:
        """Tests are quiet."""


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    with Publisher(("127.0.0.1", 0), Handler) as server:
        server.body = jwks("one").encode()
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join(60)


@pytest.fixture
def remote(clock) -> RemoteJwks:
    return RemoteJwks(clock)


def test_keys_are_fetched_once_and_kept_for_five_minutes(publisher, remote, clock):
    assert remote.text(publisher.url, "one") == jwks("one")
    publisher.body = jwks("two").encode()
    clock.time += 299
    assert remote.text(publisher.url, "one") == jwks("one")
    assert publisher.asked == 1
    clock.time += 1
    assert remote.text(publisher.url, "one") == jwks("two")


@pytest.mark.parametrize(
    ("cache_control", "seconds"),
    [
        ("max-age=60", 60),
        ("public, Max-Age=60, immutable", 60),
        ("max-age=86400", 300),
        ("max-age=0", 0),
        ("no-store", 0),
        ("no-cache, max-age=60", 0),
        ("public", 300),
        ("max-age=soon", 300),
    ],
)
def test_keys_are_kept_no_longer_than_the_client_allows(publisher, cache_control, seconds):
    publisher.headers = (("Cache-Control", cache_control),)
    assert fetch(publisher.url) == (jwks("one"), seconds)


def test_a_key_id_that_is_not_there_is_looked_for_again_at_most_once_a_minute(publisher, remote, clock):
    remote.text(publisher.url, "one")
    publisher.body = jwks("one", "two").encode()
    clock.time += 59
    assert remote.text(publisher.url, "two") == jwks("one")
    clock.time += 1
    assert remote.text(publisher.url, "two") == jwks("one", "two")
    for kid in ("three", "four"):
        remote.text(publisher.url, kid)
    assert publisher.asked == 2


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (404, (), jwks("one").encode()),
        (500, (), jwks("one").encode()),
        (302, (("Location", "https://attacker.example/jwks.json"),), b""),
        (200, (), b"<html>"),
        (200, (), b"\xff"),
        (200, (), b" " * (1024 * 1024 + 1)),
    ],
)
def test_what_is_no_key_set_gives_no_keys_and_is_tried_again_after_ten_seconds(
    publisher, remote, clock, status, headers, body
):
    publisher.status, publisher.headers, publisher.body = status, headers, body
    assert remote.text(publisher.url, "one") == NOTHING
    publisher.status, publisher.headers, publisher.body = 200, (), jwks("one").encode()
    clock.time += 9
    assert remote.text(publisher.url, "one") == NOTHING
    assert publisher.asked == 1
    clock.time += 1
    assert remote.text(publisher.url, "one") == jwks("one")


def test_a_redirect_is_not_followed_even_to_the_same_server(publisher):
    publisher.status, publisher.headers = 302, (("Location", publisher.url + "?again"),)
    with pytest.raises(HTTPError, match="302"):
        fetch(publisher.url)
    assert publisher.asked == 1


def test_no_more_than_a_mebibyte_is_read(publisher):
    publisher.body = b" " * (1024 * 1024 + 1)
    with pytest.raises(ValueError, match="too long"):
        fetch(publisher.url)


def test_a_server_that_sends_drop_by_drop_is_given_up(publisher, monkeypatch):
    monkeypatch.setattr(remote_jwks, "_TIMEOUT", 0.2)
    publisher.drops = 40
    with pytest.raises(OSError, match="took too long"):
        fetch(publisher.url)


def test_nobody_listening_gives_no_keys(remote):
    assert remote.text("http://127.0.0.1:9/jwks.json", "one") == NOTHING


@pytest.mark.parametrize("url", ["file:///etc/passwd", "http://food-bank.example/", "ftp://127.0.0.1/", "x"])
def test_only_https_or_this_machine_is_asked(remote, url):
    with pytest.raises(ValueError, match="not an https URL"):
        fetch(url)
    assert remote.text(url, "one") == NOTHING


def test_a_server_that_is_slow_holds_up_nobody_who_asks_another(clock):
    held, asked = threading.Event(), threading.Event()

    def fetch_with(url: str) -> tuple[str, float]:
        if "slow" in url:
            asked.set()
            held.wait(20)
        return jwks("one"), 300

    remote = RemoteJwks(clock, fetch_with)
    slow = threading.Thread(target=remote.text, args=("https://slow.example/", "one"))
    slow.start()
    try:
        assert asked.wait(20)
        other = threading.Thread(target=remote.text, args=("https://quick.example/", "one"))
        other.start()
        other.join(5)
        assert not other.is_alive()
    finally:
        held.set()
        slow.join(20)


def test_nobody_is_asked_more_often_than_every_ten_seconds_whatever_the_answer_says(publisher, remote, clock):
    publisher.headers = (("Cache-Control", "no-store"),)
    for _ in range(3):
        remote.text(publisher.url, "one")
        clock.time += 4
    assert publisher.asked == 1
    clock.time += 1
    remote.text(publisher.url, "one")
    assert publisher.asked == 2

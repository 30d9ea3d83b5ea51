"""A real browser for pages: what it needs, the screens it has, and a server for it."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

import pytest
from werkzeug.serving import make_server

import names

SCRIPTS = names.ROOT / "tests" / "clients" / "browser"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

NEEDS_BROWSER = pytest.mark.skipif(
    not (shutil.which("node") and shutil.which("npm") and CHROMIUM),
    reason="node, npm and Chromium are not installed",
)


def SCREENS(test: Any) -> Any:  # noqa: N802 - a mark
    """A desktop and a phone, light and dark."""
    sizes = [(1280, 800), (390, 844)]
    test = pytest.mark.parametrize(("width", "height"), sizes, ids=["desktop", "phone"])(test)
    return pytest.mark.parametrize("scheme", ["light", "dark"])(test)


@contextmanager
def serving(application: Any, port: int = 0) -> Iterator[int]:
    """The application on a port, a free one if none is named."""
    server = make_server("127.0.0.1", port, application, threaded=True)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.port
    finally:
        server.shutdown()
        thread.join(60)
        server.server_close()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

"""The page of the API in a real browser, judged by axe. https://www.w3.org/TR/WCAG21/"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest
from werkzeug.serving import make_server

import names
from builders import Api, a_goal

BROWSER = names.ROOT / "tests" / "clients" / "browser"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

pytestmark = [
    pytest.mark.skipif(
        not (shutil.which("node") and shutil.which("npm") and CHROMIUM),
        reason="node, npm and Chromium are not installed",
    ),
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scripts, with what they need from npm as the lock file names it."""
    folder = tmp_path_factory.mktemp("browser")
    shutil.copytree(BROWSER, folder, ignore=shutil.ignore_patterns("node_modules"), dirs_exist_ok=True)
    _run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], folder, {})
    return folder


def _run(command: list[str], folder: Path, environment: dict[str, str]) -> None:
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def base(api: Api) -> Iterator[str]:
    """The address of the service on a free port."""
    server = make_server("127.0.0.1", 0, api.http.application, threaded=True)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_each_part_of_the_api_is_shown_with_all_that_it_refers_to(base: str, scripts: Path) -> None:
    _run(["node", "parts.mjs", base], scripts, {"CHROMIUM": str(CHROMIUM)})


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844)], ids=["desktop", "phone"])
def test_the_page_can_be_read_and_tried_by_everyone_on_every_screen(
    api: Api, base: str, scripts: Path, width: int, height: int, scheme: str
) -> None:
    api.agency.make(a_goal(of="Patient/ann"))
    environment = {"CHROMIUM": str(CHROMIUM), "FHIR_TOKEN": api.token("agency")}
    _run(["node", "screen.mjs", base, str(width), str(height), scheme], scripts, environment)

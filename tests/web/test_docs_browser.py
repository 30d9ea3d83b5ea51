"""The page of the API in a real browser, judged by axe. https://www.w3.org/TR/WCAG21/"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from builders import Api, a_goal
from commands import run_browser
from web.browsers import CHROMIUM, NEEDS_BROWSER, SCREENS, serving

pytestmark = [NEEDS_BROWSER, pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)]


@pytest.fixture
def base(api: Api) -> Iterator[str]:
    """The address of the service on a free port."""
    with serving(api.http.application) as port:
        yield f"http://127.0.0.1:{port}"


def test_each_part_of_the_api_is_shown_with_all_that_it_refers_to(base: str, scripts: Path) -> None:
    run_browser(["parts.mjs", base], scripts, {"CHROMIUM": str(CHROMIUM)})


@SCREENS
def test_the_page_can_be_read_and_tried_by_everyone_on_every_screen(
    api: Api, base: str, scripts: Path, width: int, height: int, scheme: str
) -> None:
    api.agency.make(a_goal(of="Patient/ann"))
    environment = {"CHROMIUM": str(CHROMIUM), "FHIR_TOKEN": api.token("agency")}
    run_browser(["screen.mjs", base, str(width), str(height), scheme], scripts, environment)

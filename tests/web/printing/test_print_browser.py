"""The print of a plan in a real browser, judged by axe. https://www.w3.org/TR/WCAG22/"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from builders import Api
from careplan_service.app import app_of
from commands import run_browser
from web.browsers import CHROMIUM, NEEDS_BROWSER, SCREENS, serving

pytestmark = [NEEDS_BROWSER, pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)]
PLAN = Path(__file__).parents[3] / "fixtures" / "plans" / "hospital-discharge.json"


@SCREENS
def test_a_print_is_read_on_every_screen_and_on_paper(
    api: Api, scripts: Path, width: int, height: int, scheme: str
) -> None:
    plan = json.loads(PLAN.read_text())
    plan["goals"][0]["words"] = "In my own bed. " + "A" * 400
    made = api.agency("POST", "/plans", plan, Content_Type="application/json")
    environment = {
        "CHROMIUM": str(CHROMIUM),
        "PLAN": f"/plans/{made.json['id']}.html",
        "TOKEN": api.token("agency"),
    }
    with serving(app_of(api.service)) as port:
        command = ["print.mjs", f"http://127.0.0.1:{port}", str(width), str(height), scheme]
        run_browser(command, scripts, environment)

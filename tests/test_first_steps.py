"""README's first token and its app, and docs/apps.md: their commands are run, and a person signs in by HTTP.

https://hl7.org/fhir/smart-app-launch/STU2.2/backend-services.html and
https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html
"""

from __future__ import annotations

import importlib.util
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest

import names
from careplan_service.cli.demo.browser import Browser
from markdown import blocks
from shells import SECONDS, Shell

pytestmark = pytest.mark.skipif(
    not (shutil.which("bash") and shutil.which("curl")), reason="bash or curl is not installed"
)

README = (names.ROOT / "README.md").read_text(encoding="utf-8")
OPERATING = (names.ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
APPS = (names.ROOT / "docs" / "apps.md").read_text(encoding="utf-8")
PASSWORD = "a quiet river bank"


def _section(page: str, heading: str) -> list[str]:
    """The shell blocks below a heading."""
    text = page.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return [block.text for block in blocks(text, "sh")]


FIRST_TOKEN = _section(README, "A partner's first token, in five minutes")
AN_APP = _section(README, "An app that people let in")
A_LAUNCH = _section(APPS, "Be opened for a patient")


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """A shell in which the README's first section was carried out up to its last block."""
    with Shell(tmp_path_factory.mktemp("checkout")) as shell:
        setup, serve = FIRST_TOKEN[0].splitlines()
        assert setup == "make setup"
        assert names.unknown(setup) is None
        shell.start(serve, shell.service, "service")
        shell.wait_for(f"{shell.service}/health/ready")
        yield shell


def _documents(printed: str) -> list[Any]:
    """JSON documents that were printed one behind the other."""
    found, at = [], 0
    while at < len(printed.rstrip()):
        document, at = json.JSONDecoder().raw_decode(printed, at)
        found.append(document)
        at += len(printed[at:]) - len(printed[at:].lstrip())
    return found


def _promised(block: str) -> list[int]:
    """The totals that a block says behind its commands."""
    return [int(line.rpartition("# total ")[2]) for line in block.splitlines() if "# total " in line]


def _totals(printed: str) -> list[int]:
    return [one["total"] for one in _documents(printed) if one["resourceType"] == "Bundle"]


@pytest.fixture(scope="module")
def told(shell: Shell) -> dict[str, str]:
    """What the blocks of the first section printed, by what they are about."""
    keys, first, fill, consented, over = FIRST_TOKEN[1:]
    shell.run(keys)
    return {
        "first": shell.run(first),
        "fill": shell.run(fill),
        "consented": shell.run(consented),
        "over": shell.run(over),
    }


def test_a_partner_gets_its_first_token_as_the_readme_says(told: dict[str, str]) -> None:
    assert _totals(told["first"]) == _promised(FIRST_TOKEN[2]) == [0]


def test_a_partner_sees_what_the_client_agreed_to_as_the_readme_says(told: dict[str, str]) -> None:
    assert _totals(told["consented"]) == _promised(FIRST_TOKEN[4])
    assert _documents(told["consented"])[-1]["entry"][0]["resource"]["subject"]["reference"] == "Patient/ann"


def test_a_token_is_introspected_and_given_back_as_the_readme_says(
    told: dict[str, str], shell: Shell
) -> None:
    introspected = _documents(told["over"])[0]
    assert (introspected["active"], introspected["client_id"]) == (True, "hospital")
    asked = 'curl -s -o /dev/null -w "%{http_code}" -H "Authorization: Bearer $HOSPITAL" '
    assert shell.run(f"{asked}http://127.0.0.1:8000/fhir/Goal") == "401"


@pytest.fixture(scope="module")
def registered(shell: Shell, told: dict[str, str]) -> Shell:
    """App and person are registered."""
    register, run = AN_APP
    assert run == A_LAUNCH[1]
    shell.run(register, typed=f"{PASSWORD}\n")
    return shell


def _let_in(browser: Browser, address: str, patient: str = "") -> None:
    """Sign in, choose a patient where that is asked, allow, and go where it leads."""
    browser.open(address)
    browser.send(username="dana", password=PASSWORD)
    if patient:
        browser.send(patient=patient)
    browser.send(decision="allow")
    assert browser.leads_to, browser.text
    browser.open(browser.leads_to)


def test_a_person_lets_an_app_in_as_the_readme_says(registered: Shell) -> None:
    app = registered.start(AN_APP[1], registered.app, "app")
    registered.wait_for(f"{registered.app}/nothing")
    browser = Browser()
    _let_in(browser, f"{registered.app}/", "ann")

    assert "You can close this page" in browser.text
    assert app.wait(SECONDS) == 0, registered.log("app")
    asked, allowed, *read = registered.log("app").splitlines()
    assert asked == f"open {registered.app}/ in a browser"
    assert allowed.endswith("; patient: ann")
    assert read == ["goals: 2", "goals: 2"]


def test_the_agency_opens_the_app_for_a_patient_as_the_page_for_apps_says(registered: Shell) -> None:
    prepared = _documents(registered.run(A_LAUNCH[0]))[0]
    assert set(prepared) == {"launch", "launch_url", "expires_in"}
    app = registered.start(A_LAUNCH[1], registered.app, "launched")
    registered.wait_for(f"{registered.app}/nothing")
    elsewhere = {"iss": "https://other.example.org/fhir", "launch": prepared["launch"]}
    assert httpx.get(f"{registered.app}/launch", params=elsewhere, timeout=SECONDS).status_code == 404
    _let_in(Browser(), prepared["launch_url"])

    assert app.wait(SECONDS) == 0, registered.log("launched")
    assert "; patient: ann\ngoals: 2\n" in registered.log("launched")


@pytest.fixture(scope="module")
def example() -> ModuleType:
    """examples/app.py as a module."""
    spec = importlib.util.spec_from_file_location("app", names.ROOT / "examples" / "app.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def app(registered: Shell, example: ModuleType) -> Any:
    """The app of the example, which nobody let in yet."""
    port, scope = int(registered.app.rpartition(":")[2]), "launch/patient patient/Goal.rs openid fhirUser"
    return example.App("planner", registered.service, port, f"{scope} offline_access")


def _answered(app: Any, **sent: str) -> tuple[dict[str, str], str]:
    """What comes back to the redirect URI, and the state that the browser keeps."""
    address, state = app.begin()
    browser = Browser()
    browser.open(address)
    browser.send(username="dana", password=PASSWORD)
    browser.send(patient="ann")
    browser.send(decision=sent.get("decision", "allow"))
    return dict(httpx.URL(browser.leads_to).params), state


def test_the_token_response_is_the_one_that_is_shown(app: Any) -> None:
    app.finish(*_answered(app))
    shown = json.loads(blocks(APPS, "json token")[0].text)

    assert set(app.told) == set(shown)
    assert set(app.told["scope"].split()) == set(shown["scope"].split())
    for name in ("token_type", "expires_in", "patient", "need_patient_banner"):
        assert app.told[name] == shown[name]


def test_the_app_takes_only_answers_to_its_own_questions_of_this_browser(app: Any) -> None:
    answer, state = _answered(app)
    for other, kept in (
        ({**answer, "state": "another"}, state),
        ({**answer, "iss": "https://other.example.org"}, state),
        (answer, "the state of another browser"),
    ):
        asked = dict(app.asked)
        with pytest.raises(ValueError, match="no answer to a question"):
            app.finish(other, kept)
        app.asked = asked
    app.finish(answer, state)
    assert app.read("Goal")["total"] == 2


def test_the_app_is_told_that_the_person_said_no(app: Any) -> None:
    with pytest.raises(ValueError, match="access_denied"):
        app.finish(*_answered(app, decision="deny"))
    assert app.told == {}


def test_a_refresh_token_that_is_used_twice_ends_the_access_of_the_app(app: Any) -> None:
    app.finish(*_answered(app))
    first = dict(app.told)
    app.refresh()
    app.told["refresh_token"] = first["refresh_token"]
    with pytest.raises(ValueError, match="invalid_grant"):
        app.refresh()
    with pytest.raises(ValueError, match="401"):
        app.read("Goal")


# For the operator


def test_the_commands_of_the_page_for_operators_do_what_they_say(tmp_path: Path) -> None:
    idp = "https://idp.example.org"
    settings = {
        "CAREPLAN_TRUSTED_ISSUERS": idp,
        "CAREPLAN_SIGN_IN_ISSUER": idp,
        "CAREPLAN_SIGN_IN_CLIENT": "us",
    }
    ann = {"resourceType": "Practitioner", "id": "ann"}
    with Shell(tmp_path, **settings) as shell:
        (tmp_path / "ann.json").write_text(json.dumps(ann), encoding="utf-8")
        bob = "--username bob --fhir-user Practitioner/ann --organization Organization/agency"
        shell.run(f"careplan load ann.json; careplan user add {bob}", typed=f"{PASSWORD}\n")
        printed = [shell.run(block.text) for block in blocks(OPERATING, "sh")]

    app, partner, auditor, person = printed
    assert "registered app client planner" in app
    assert "its secret, which is shown this once: " in app
    assert "registered partner client hospital" in partner
    assert "registered agency client auditor" in auditor
    assert "registered ann as Practitioner/ann" in person
    assert f"bob signs in at {idp}" in person

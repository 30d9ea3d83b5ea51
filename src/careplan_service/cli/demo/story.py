"""The story, step by step: each one asks over HTTP, shows request, answer and why, and checks itself."""

from __future__ import annotations

import json
import sqlite3
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import click

from careplan_service.cli.demo.consent import permit_housing_but_not_violence
from careplan_service.cli.demo.people import AGENCY, OTHER, PARTNER, Party, register, token_form
from careplan_service.cli.demo.server import Server
from careplan_service.errors import Unavailable

_LONGEST_SHOWN = 400


class Story:
    """Asks, shows and checks; `went_well` says whether every check held."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.checked = 0
        self.went_well = True
        self._keys = register((AGENCY, PARTNER, OTHER))
        self._tokens: dict[str, str] = {}
        for party in (AGENCY, PARTNER, OTHER):
            self._sign_in(party)

    def token(self, client_id: str) -> str:
        """The access token a client was given."""
        return self._tokens[client_id]

    def hold(self, party: Party, token: str) -> None:
        """From now on the party asks with this access token."""
        self._tokens[party.client_id] = token

    def _sign_in(self, party: Party) -> None:
        url = f"{self.server.url}/oauth/token"
        form = token_form(party, self._keys[party.client_id], url)
        status, answer = _http("POST", url, form, {"Content-Type": "application/x-www-form-urlencoded"})
        if status != 200:
            raise Unavailable(f"{party.client_id} got no token: {answer.decode()}")
        self._tokens[party.client_id] = json.loads(answer)["access_token"]

    def step(self, title: str) -> None:
        """Begin a step."""
        click.secho(f"\n{title}", bold=True)

    def ask(
        self, party: Party, method: str, path: str, body: Any = None, kind: str = "fhir+json"
    ) -> tuple[int, Any]:
        """One request of a party; gives the status and the answer."""
        headers = {"Authorization": f"Bearer {self._tokens[party.client_id]}"}
        data = None if body is None else json.dumps(body).encode()
        if data is not None:
            headers["Content-Type"] = f"application/{kind}"
        status, answer = _http(method, self.server.url + path, data, headers)
        click.echo(f"  {party.client_id}: {method} {path}")
        click.echo(f"  -> {status} {_brief(answer)}")
        self._tell_why()
        return status, json.loads(answer) if answer else None

    def _tell_why(self) -> None:
        """The reason that the audit log holds for the last answer."""
        path = self.server.settings["CAREPLAN_DATABASE_URL"].removeprefix("sqlite:///")
        with sqlite3.connect(path) as connection:
            row = connection.execute(
                "SELECT because, refusal, shown FROM audit ORDER BY entry DESC LIMIT 1"
            ).fetchone()
        connection.close()
        because, refusal, shown = row or ("", "", "")
        count = len(shown.splitlines())
        why = because.replace("\n", ", ") or refusal or f"{count} shown to the custodian's own staff"
        if not because and not refusal and not count:
            why = "nothing that was asked for is permitted"
        click.echo(f"  why: {why}")

    def check(self, holds: bool, what: str) -> None:
        """Say whether it holds."""
        self.checked += 1
        self.went_well &= holds
        click.secho(f"  {'ok' if holds else 'WRONG'}: {what}", fg="green" if holds else "red")


def tell(story: Story, plan_file: Path) -> tuple[str, set[str]]:
    """Tell of agency and partners; gives the client it is about and the ids of the goals on record."""
    plan = json.loads(plan_file.read_text(encoding="utf-8"))
    story.step(f"1. The agency imports a family's plan from {plan_file.name}")
    status, answer = story.ask(AGENCY, "POST", "/plans", plan, kind="json")
    story.check(status == 201, "the plan is taken and became FHIR resources")
    if status != 201:
        raise Unavailable("without a plan there is nothing to tell")
    _, care_plan = story.ask(AGENCY, "GET", f"/fhir/CarePlan/{answer['id']}")
    patient = care_plan["subject"]["reference"]
    search = f"/fhir/Goal?patient={patient}"
    _, all_goals = story.ask(AGENCY, "GET", search)
    wanted, secret = _sorted_out(all_goals)

    story.step("2. The hospital has a valid token, but the client has agreed to nothing yet")
    _sees(story, PARTNER, search, set(), secret | wanted)

    story.step("3. The client's consent is filed: housing goals to the hospital for care coordination,")
    click.echo("   but nothing that is labelled as domestic violence")
    hospital = {"resourceType": "Organization", "name": "Harbour Hospital"}
    hospital["id"] = PARTNER.organization.partition("/")[2]
    status, _ = story.ask(AGENCY, "PUT", f"/fhir/{PARTNER.organization}", hospital)
    story.check(status == 201, "the recipient is on record, so a consent can name it")
    consent = permit_housing_but_not_violence(patient, PARTNER.organization)
    status, filed = story.ask(AGENCY, "POST", "/fhir/Consent", consent)
    story.check(status == 201, "the consent is in force")

    story.step("4. The hospital sees exactly those goals, in search, read and history")
    _sees(story, PARTNER, search, wanted, secret)
    goal = min(wanted)
    _, versions = story.ask(PARTNER, "GET", f"/fhir/Goal/{goal}/_history")
    story.check(versions["total"] == 1, "the history of a permitted goal is there")

    story.step("5. The agency notes progress and its evidence; the hospital sees it at once")
    _, current = story.ask(AGENCY, "GET", f"/fhir/Goal/{goal}")
    status, _ = story.ask(AGENCY, "PUT", f"/fhir/Goal/{goal}", _improving(current))
    _, seen = story.ask(PARTNER, "GET", f"/fhir/Goal/{goal}")
    story.check(status == 200 and _achievement(seen) == "improving", "the goal reads as improving")

    story.step("6. Another organisation still sees nothing")
    _sees(story, OTHER, search, set(), wanted)

    story.step("7. The client withdraws the consent")
    status, _ = story.ask(AGENCY, "PUT", f"/fhir/Consent/{filed['id']}", {**filed, "status": "inactive"})
    story.check(status == 200, "the consent is inactive")

    story.step("8. On its very next request the hospital sees nothing")
    _sees(story, PARTNER, search, set(), wanted)
    status, _ = story.ask(PARTNER, "GET", f"/fhir/Goal/{goal}/_history/1")
    story.check(status == 404, "nor an earlier version")
    return patient, wanted | secret


def ids_of(found: dict[str, Any]) -> set[str]:
    """The ids of what a search found."""
    return {entry["resource"]["id"] for entry in found.get("entry", ())}


def _sorted_out(goals: dict[str, Any]) -> tuple[set[str], set[str]]:
    """The ids of housing goals without the label SDV, and of all other goals."""
    resources = [entry["resource"] for entry in goals["entry"]]
    wanted = {goal["id"] for goal in resources if _is_about_housing(goal) and "SDV" not in _labels(goal)}
    return wanted, {goal["id"] for goal in resources} - wanted


def _is_about_housing(goal: dict[str, Any]) -> bool:
    codes = {c.get("code") for concept in goal.get("category", ()) for c in concept.get("coding", ())}
    return "housing-instability" in codes


def _labels(goal: dict[str, Any]) -> set[str]:
    return {label["code"] for label in goal.get("meta", {}).get("security", ())}


def _sees(story: Story, party: Party, search: str, wanted: set[str], hidden: set[str]) -> None:
    """The party's search shows exactly `wanted`, and a hidden one is as if it were not there."""
    _, found = story.ask(party, "GET", search)
    story.check(
        ids_of(found) == wanted and found["total"] == len(wanted), f"the search shows {len(wanted)} goals"
    )
    status, _ = story.ask(party, "GET", f"/fhir/Goal/{min(hidden)}")
    story.check(status == 404, "a goal that is not shared is not found")


def _improving(goal: dict[str, Any]) -> dict[str, Any]:
    """The goal with how it stands and, as practice demands, the evidence for it."""
    system = "http://terminology.hl7.org/CodeSystem/goal-achievement"
    evidence = {"text": "The landlord has put in writing that two of three months are paid."}
    return {
        **goal,
        "achievementStatus": {"coding": [{"system": system, "code": "improving"}]},
        "note": [*goal.get("note", []), evidence],
    }


def _achievement(goal: dict[str, Any]) -> str:
    return str(goal.get("achievementStatus", {}).get("coding", [{}])[0].get("code", ""))


def _brief(answer: bytes) -> str:
    text = answer.decode()
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}... ({len(answer)} bytes)"


def _http(method: str, url: str, data: bytes | None, headers: dict[str, str]) -> tuple[int, bytes]:
    request = urllib.request.Request(url, data, headers, method=method)  # noqa: S310 - our own server
    try:
        with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()

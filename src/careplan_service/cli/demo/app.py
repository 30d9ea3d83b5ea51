"""The last step of the story: a care-team member lets an app read one client's record.

https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html#launch-app-standalone-launch
"""

from __future__ import annotations

import json
import secrets
from base64 import urlsafe_b64encode
from hashlib import sha256
from urllib.parse import parse_qs, urlencode, urlsplit

import click

from careplan_service.access.clients import PUBLIC, Client
from careplan_service.access.people import User
from careplan_service.cli.common import service_for
from careplan_service.cli.demo.browser import Browser
from careplan_service.cli.demo.people import AGENCY, Party
from careplan_service.cli.demo.story import Story, ids_of
from careplan_service.errors import Unavailable
from careplan_service.interactions.granular import judges
from careplan_service.oauth.passwords import Passwords
from careplan_service.oauth.registration import checked

APP = Party("plan-reader", "app", AGENCY.organization, "patient/*.rs")
_BACK = "http://127.0.0.1:8765/back"
_DANA = "Practitioner/dana"
_ASKED = "launch/patient patient/Goal.rs patient/Patient.r"


def tell_of_an_app(story: Story, patient: str, goals: set[str]) -> None:
    """Tell it about `patient`, a reference, whose goals have the ids in `goals`."""
    story.step("9. Dana of the care team lets an app read this one client's record")
    password = _register(story)
    other, others_goal = _another_client(story)
    told = _tokens(story.server.url, password, patient.partition("/")[2])
    story.hold(APP, told["access_token"])
    story.check(told["scope"] == _ASKED, f"she signed in, chose the client and allowed `{told['scope']}`")
    story.check(f"Patient/{told.get('patient')}" == patient, "the app is told which client it is opened for")
    _, found = story.ask(APP, "GET", "/fhir/Goal")
    seen = ids_of(found) == goals and found["total"] == len(goals)
    story.check(seen, f"it sees the {len(goals)} goals of this client, and no others")
    for hidden in (other, others_goal):
        status, _ = story.ask(APP, "GET", f"/fhir/{hidden}")
        story.check(status == 404, "what is in another client's record is not found")


def _register(story: Story) -> str:
    """Dana, who is on record, and the app, which has no secret; gives her password."""
    dana = {"resourceType": "Practitioner", "id": "dana", "name": [{"family": "Reyes", "given": ["Dana"]}]}
    status, _ = story.ask(AGENCY, "PUT", f"/fhir/{_DANA}", dana)
    story.check(status == 201, "Dana is on record")
    service, password = service_for(None), secrets.token_urlsafe()
    app = Client(
        APP.client_id, "Plan reader", APP.kind, APP.organization, APP.scopes, "TREAT",
        redirect_uris=(_BACK,), auth_method=PUBLIC,
    )  # fmt: skip
    service.clients.add(checked(app, judges(service.settings.base_url)))
    hashed = Passwords().hashed(password)
    service.people.add(User(service.new_id(), "dana", hashed, _DANA, AGENCY.organization))
    return password


def _another_client(story: Story) -> tuple[str, str]:
    """References to somebody else and a goal of theirs, which Dana may see and this app may not."""
    patient = {"resourceType": "Patient", "id": "somebody-else", "name": [{"family": "Else"}]}
    story.ask(AGENCY, "PUT", "/fhir/Patient/somebody-else", patient)
    subject = {"reference": "Patient/somebody-else"}
    goal = {"resourceType": "Goal", "lifecycleStatus": "active", "description": {"text": "a job"}}
    _, made = story.ask(AGENCY, "POST", "/fhir/Goal", {**goal, "subject": subject})
    return "Patient/somebody-else", f"Goal/{made['id']}"


def _tokens(url: str, password: str, patient: str) -> dict[str, str]:
    """The token response that the app gets, once Dana has signed in, chosen the patient and allowed it."""
    verifier, state = secrets.token_urlsafe(48), secrets.token_urlsafe()
    asked = {
        "response_type": "code",
        "client_id": APP.client_id,
        "redirect_uri": _BACK,
        "scope": _ASKED,
        "state": state,
        "aud": f"{url}/fhir",
        "code_challenge": urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }
    click.echo(f"  {APP.client_id}: opens {url}/oauth/authorize?... in Dana's browser")
    browser = Browser()
    browser.open(f"{url}/oauth/authorize?{urlencode(asked)}")
    browser.send(username="dana", password=password)
    browser.send(patient=patient)
    browser.send(decision="allow")
    back = {name: values[0] for name, values in parse_qs(urlsplit(browser.leads_to).query).items()}
    if back.get("state") != state or "code" not in back:
        raise Unavailable(f"no code came back to the app, but `{browser.leads_to or browser.address}`")
    click.echo(f"  -> {_BACK}?code=...&state=...&iss={back.get('iss')}")
    proof = {"code": back["code"], "code_verifier": verifier, "redirect_uri": _BACK}
    form = {"grant_type": "authorization_code", "client_id": APP.client_id, **proof}
    browser.open(f"{url}/oauth/token", form)
    told: dict[str, str] = json.loads(browser.text)
    if "access_token" not in told:
        raise Unavailable(f"{APP.client_id} got no token: {browser.text}")
    return told

"""The pages between an app and a person in a real browser, judged by axe. https://www.w3.org/TR/WCAG22/"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from builders import Api, a_patient
from careplan_service.app import app_of, assemble
from careplan_service.settings import Settings
from commands import run
from conftest import Clock
from web.authorizing import a_person, an_app, question
from web.browsers import CHROMIUM, NEEDS_BROWSER, SCREENS, free_port, serving
from web.visiting import PASSWORD

pytestmark = [NEEDS_BROWSER, pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)]

BACKS = {
    "https": "https://app.example.org/back",
    "loopback": "http://127.0.0.1:4999/back",
    "custom": "org.example.app:/back",
}
SCOPE = (
    "launch/patient patient/Goal.cruds "
    "patient/Observation.rs?category=http://terminology.hl7.org/CodeSystem/observation-category|laboratory "
    "patient/Organization.cruds user/Task.rs openid fhirUser offline_access"
)


@SCREENS
def test_an_app_is_allowed_and_denied_by_keyboard_and_gets_its_answer_at_every_kind_of_address(
    database_url: str, keys_dir: Path, clock: Clock, scripts: Path, width: int, height: int, scheme: str
) -> None:
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    settings = Settings(database_url=database_url, base_url=base, keys_dir=keys_dir, references="open")
    service = assemble(settings, clock, migrated=False)
    api = Api(service)
    names = [{"family": "Example-Ölberg", "given": ["Ann", "Marie"]}]
    api.agency.put("Patient/ann", a_patient(name=names, birthDate="1980-02-03"))
    api.agency.put("Patient/bob", a_patient(name=[{"family": "Zed", "given": ["Bob"]}]))
    an_app(service, redirect_uris=tuple(BACKS.values()), name="Garden Planner")
    a_person(service, "dana", "Practitioner/dana")
    aud = f"{base}/fhir"
    questions = {
        "https": question(aud=aud, scope=SCOPE),
        "loopback": question(aud=aud, scope="user/Goal.rs", redirect_uri=BACKS["loopback"]),
        "custom": question(aud=aud, scope="user/Goal.rs", redirect_uri=BACKS["custom"]),
    }
    environment = {
        "CHROMIUM": str(CHROMIUM),
        "PASSWORD": PASSWORD,
        "QUESTIONS": json.dumps(questions),
        "SHOTS": os.environ.get("SHOTS", ""),
    }
    with serving(app_of(service), port):
        run(["node", "authorize.mjs", base, str(width), str(height), scheme], scripts, environment)
    service.database.close()

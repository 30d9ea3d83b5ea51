"""Apps with clients that others wrote, at the pages where people decide.

https://docs.smarthealthit.org/client-js/ and https://github.com/panva/openid-client
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from joserfc.jwk import ECKey

import names
from builders import Document, a_goal, a_patient, an_example
from careplan_service.access.clients import PRIVATE_KEY_JWT, PUBLIC, SECRET_BASIC, SECRET_POST
from careplan_service.app import Service
from careplan_service.oauth.client_secrets import digest_of, new_secret
from commands import install, run_browser
from parties import CAREPLAN, Party, agency_and_partner, careplan_serving
from web.authorizing import a_person, an_app
from web.browsers import CHROMIUM, NEEDS_BROWSER, free_port
from web.visiting import PASSWORD

pytestmark = NEEDS_BROWSER

CLIENTS = names.ROOT / "tests" / "clients" / "smart"
RECORDS: dict[str, Document] = {
    "Organization/agency": {"resourceType": "Organization", "name": "Riverside"},
    "Practitioner/dana": {"resourceType": "Practitioner", "name": [{"family": "Case", "given": ["Dana"]}]},
    "Patient/ann": a_patient(name=[{"family": "Doe", "given": ["Ann"]}], birthDate="1980-02-03"),
    "Patient/bob": a_patient(name=[{"family": "Zed", "given": ["Bob"]}]),
    "Goal/roof": a_goal("Patient/ann"),
    "Goal/key": a_goal("Patient/ann"),
    "Encounter/visit": {"resourceType": "Encounter", **an_example("Encounter", "Patient/ann")},
}

Journey = Callable[..., None]


def prepared(agency: Party, app: str, secrets: dict[str, str], key: ECKey) -> Callable[[Service], None]:
    """Registers one app of every kind, all at the same server, the system, and who uses them."""
    proofs = {
        "garden": {"auth_method": PUBLIC, "name": "Garden Planner"},
        "basic": {"auth_method": SECRET_BASIC, "secret_hash": digest_of(secrets["basic"])},
        "post": {"auth_method": SECRET_POST, "secret_hash": digest_of(secrets["post"])},
        "signed": {
            "auth_method": PRIVATE_KEY_JWT,
            "jwks": json.dumps({"keys": [key.as_dict(private=False)]}),
        },
    }
    back = tuple(f"{app}/{page}" for page in ("index.html", "back", "node/back"))

    def prepare(service: Service) -> None:
        service.clients.add(agency.registration())
        a_person(service, "dana", "Practitioner/dana")
        for name, proof in proofs.items():
            an_app(
                service, name, **{"name": name, **proof}, redirect_uris=back, launch_uri=f"{app}/launch.html"
            )

    return prepare


def filled(base: str, bearer: str) -> None:
    """Puts RECORDS there."""
    with httpx.Client(base_url=f"{base}/fhir/", headers={"Authorization": f"Bearer {bearer}"}) as agency:
        for place, document in RECORDS.items():
            answer = agency.put(place, json={**document, "id": place.partition("/")[2]})
            assert answer.status_code == 201, answer.text


@pytest.fixture(scope="module")
def journey(tmp_path_factory: pytest.TempPathFactory, keys_dir: Path) -> Iterator[Journey]:
    """Runs a script with the name of a journey, on a screen, against one service for all of them."""
    folder, app = tmp_path_factory.mktemp("smart"), f"http://127.0.0.1:{free_port()}"
    shutil.copytree(CLIENTS, folder, ignore=shutil.ignore_patterns("node_modules"), dirs_exist_ok=True)
    install(folder)
    database_url, agency = f"sqlite:///{folder}/careplan.db", agency_and_partner()["agency"]
    key = ECKey.generate_key("P-384", {"kid": "signed-1", "alg": "ES384"})
    secrets = {name: new_secret() for name in ("basic", "post")}
    prepare = prepared(agency, app, secrets, key)
    with careplan_serving(database_url, keys_dir, folder, prepare, CAREPLAN_REGISTRATION="approved") as base:
        filled(base, agency.token(base))
        environment = {
            "BASE": base,
            "APP": app,
            "AGENCY": agency.token(base),
            "SECRET": secrets["basic"],
            "SECRETS": json.dumps(secrets),
            "KEY": json.dumps(key.as_dict(private=True)),
            "SYSTEM_KEY": json.dumps(agency.key.as_dict(private=True)),
            "CAREPLAN": json.dumps(CAREPLAN),
            "CAREPLAN_DATABASE_URL": database_url,
            "CAREPLAN_BASE_URL": base,
            "CAREPLAN_KEYS_DIR": str(keys_dir),
            "CAREPLAN_CUSTODIANS": "Organization/agency",
            "CHROMIUM": str(CHROMIUM),
            "PASSWORD": PASSWORD,
            "SHOTS": os.environ.get("SHOTS", ""),
        }

        def carried_out(script: str, name: str, screen: str = "1280 800 light") -> None:
            run_browser([f"{script}.mjs", name], folder, {**environment, "SCREEN": screen})

        yield carried_out


def test_fhirclient_opens_an_app_for_a_chosen_patient_with_less_than_it_asked_for(journey: Journey) -> None:
    journey("fhirclient", "standalone")


def test_fhirclient_takes_up_a_launch_that_the_agency_prepared(journey: Journey) -> None:
    journey("fhirclient", "launched", "390 844 dark")


def test_fhirclient_tells_the_app_that_the_person_denied(journey: Journey) -> None:
    journey("fhirclient", "denied")


@pytest.mark.parametrize("proof", ["secret", "key"])
def test_fhirclient_in_a_server_of_the_app_proves_itself(journey: Journey, proof: str) -> None:
    journey("fhirclient", proof)


def test_openid_client_gets_uses_refreshes_and_revokes_tokens_of_apps_of_every_kind(journey: Journey) -> None:
    journey("openid", "apps")


def test_openid_client_is_a_backend_service(journey: Journey) -> None:
    journey("openid", "system")


def test_openid_client_registers_itself_and_works_once_it_is_approved(journey: Journey) -> None:
    journey("openid", "registers")

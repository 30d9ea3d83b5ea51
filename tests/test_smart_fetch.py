"""smart-fetch, which others wrote, as a backend service. https://pypi.org/project/smart-fetch/"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import httpx
import pytest

from builders import FOOD, HOUSING, Document, a_consent, a_goal, a_patient, a_provision
from commands import run
from parties import Party, agency_and_partner, careplan_serving, registered

SMART_FETCH = str(Path(sys.executable).parent / "smart-fetch")
SHARE = a_provision(to="Organization/partner", purpose=["COC"], codes=[HOUSING])
WHO = a_provision(to="Organization/partner", purpose=["COC"], classes=["Patient"])


def a_request(about: str) -> Document:
    """A referral about a domain; smart-fetch knows no goals."""
    return {
        "resourceType": "ServiceRequest",
        "status": "active",
        "intent": "order",
        "subject": {"reference": "Patient/ann"},
        "code": a_goal("Patient/ann", about)["category"][0],
    }


@pytest.fixture
def parties() -> dict[str, Party]:
    """An agency and a partner."""
    return agency_and_partner()


def fetched(base: str, party: Party, folder: Path) -> dict[str, set[str]]:
    """The ids by type that smart-fetch brings home of Ann, by its own discovery, assertion and paging."""
    key = folder / f"{party.id}.jwks"
    key.write_text(
        json.dumps({"keys": [party.key.as_dict(private=True, alg=party.algorithm, key_ops=["sign"])]})
    )
    output = folder / party.id
    who = ["--fhir-url", f"{base}/fhir", "--smart-client-id", party.id, "--smart-key", str(key)]
    what = [
        "--id-list",
        "ann",
        "--type",
        "Patient,ServiceRequest",
        "--no-compression",
        "--no-default-filters",
    ]
    run([SMART_FETCH, "crawl", *who, *what, str(output)], folder)
    found: dict[str, set[str]] = {}
    for path in output.glob("[A-Z]*.ndjson"):
        for line in path.read_text().splitlines():
            resource = json.loads(line)
            found.setdefault(resource["resourceType"], set()).add(resource["id"])
    return found


def test_smart_fetch_brings_home_what_the_client_agreed_to(
    tmp_path: Path, keys_dir: Path, parties: dict[str, Party]
) -> None:
    database_url = f"sqlite:///{tmp_path}/careplan.db"
    with careplan_serving(database_url, keys_dir, tmp_path, registered(parties.values())) as base:
        bearer = {"Authorization": f"Bearer {parties['agency'].token(base)}"}
        with httpx.Client(base_url=f"{base}/fhir/", headers=bearer) as agency:
            documents = {
                "Patient/ann": a_patient("Ann"),
                "ServiceRequest/shared": a_request(HOUSING),
                "ServiceRequest/kept": a_request(FOOD),
                "Consent/c": a_consent("Patient/ann", SHARE),
                "Consent/who": a_consent("Patient/ann", WHO),
            }
            for place, document in documents.items():
                named = document | {"id": place.partition("/")[2]}
                assert agency.put(place, json=named).status_code == 201
        assert fetched(base, parties["agency"], tmp_path) == {
            "Patient": {"ann"},
            "ServiceRequest": {"shared", "kept"},
        }
        assert fetched(base, parties["partner"], tmp_path) == {
            "Patient": {"ann"},
            "ServiceRequest": {"shared"},
        }

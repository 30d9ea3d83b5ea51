"""A real server, real tokens, and clients that others wrote: fhirpy, fhirclient, fhir-kit-client, httpx."""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fhirclient.client import FHIRClient
from fhirclient.models.goal import Goal
from fhirclient.server import FHIRNotFoundException
from fhirpy import SyncFHIRClient
from fhirpy.base.exceptions import ForbiddenError, OperationOutcome, ResourceNotFound
from joserfc.jwk import RSAKey

from builders import (
    HOUSING,
    Document,
    a_care_plan,
    a_consent,
    a_goal,
    a_patient,
    a_provision,
    a_transaction,
    an_entry,
)
from commands import install, run
from parties import Party, agency_and_partner, careplan_serving, new_database, registered

FHIR_KIT = Path(__file__).parent / "clients" / "fhir-kit"


@pytest.fixture(scope="module")
def parties() -> dict[str, Party]:
    """An agency and a partner."""
    return agency_and_partner()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def base(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    keys_dir: Path,
    parties: dict[str, Party],
) -> Iterator[str]:
    """`careplan serve` on a database of its own in which both parties are registered."""
    directory = tmp_path_factory.mktemp("served")
    database_url = f"sqlite:///{directory}/careplan.db"
    if request.param == "postgresql":
        database_url = new_database(request.getfixturevalue("postgres_url"))
    everybody = registered(parties.values())
    with careplan_serving(database_url, keys_dir, directory, everybody, CAREPLAN_MAX_BODY="100000") as base:
        yield base


SHARE = a_provision(to="Organization/partner", purpose=["COC"], codes=[HOUSING])


def test_an_agency_and_a_partner_share_a_plan_as_far_as_the_client_agreed(
    base: str, parties: dict[str, Party]
) -> None:
    agency = SyncFHIRClient(f"{base}/fhir", authorization=f"Bearer {parties['agency'].token(base)}")
    partner_token = parties["partner"].token(base)
    partner = SyncFHIRClient(f"{base}/fhir", authorization=f"Bearer {partner_token}")

    # the agency writes a plan in one transaction, and a consent
    ann, goal, other = (f"urn:uuid:{uuid.uuid4()}" for _ in range(3))
    written = agency.execute(
        "/",
        method="post",
        data=a_transaction(
            an_entry("POST", "Patient", a_patient("Ann"), fullUrl=ann),
            an_entry("POST", "Goal", a_goal(of=ann), fullUrl=goal),
            an_entry("POST", "Goal", a_goal(of=ann, about="food-insecurity"), fullUrl=other),
            an_entry("POST", "CarePlan", a_care_plan(ann, goals=(goal, other))),
        ),
    )
    ann, goal, other, _ = (e["response"]["location"].partition("/_history")[0] for e in written["entry"])
    consent = agency.resource(**_split(a_consent(ann, SHARE)))
    consent.save()

    # the partner finds exactly what was agreed, with its own stock clients
    found = partner.resources("Goal").search(patient=ann).fetch_all()
    assert [one.to_reference().reference for one in found] == [goal]
    smart = FHIRClient({"app_id": "partner", "api_base": f"{base}/fhir"})
    smart.server.capabilityStatement  # noqa: B018  # reads and checks /fhir/metadata
    smart.server.auth.access_token = partner_token
    search = Goal.where({"patient": ann, "lifecycle-status": "active"})
    (shown,) = search.perform_resources_iter(smart.server)
    assert shown.subject.reference == ann
    assert Goal.read(goal[5:], smart.server).description.text == "a goal about housing-instability"
    for hidden in (other, "Goal/none"):
        with pytest.raises(FHIRNotFoundException):
            Goal.read(hidden[5:], smart.server)
        with pytest.raises(ResourceNotFound):
            partner.reference(reference=hidden).to_resource()

    # it contributes a goal of its own, changes it and takes it back
    own = partner.resource(**_split(a_goal(of=ann, about="food-insecurity")))
    own.save()
    own["startDate"] = "2026-06-01"
    own.save()
    assert own["meta"]["versionId"] == "2"
    assert {g["id"] for g in partner.resources("Goal").search(patient=ann).fetch_all()} == {
        goal[5:],
        own["id"],
    }
    own.delete()
    with pytest.raises(ResourceNotFound):
        partner.reference(reference=f"Goal/{own['id']}").to_resource()

    # it cannot open more to itself, nor change what is not its own
    with pytest.raises(ForbiddenError) as refused:
        partner.resource(**_split(a_consent(ann, SHARE))).save()
    assert "proposed" in str(refused.value)
    with pytest.raises(ForbiddenError):
        found[0].save()

    # the client withdraws: nothing is left at the very next request
    consent["status"] = "inactive"
    consent.save()
    assert partner.resources("Goal").search(patient=ann).fetch_all() == []
    with pytest.raises(FHIRNotFoundException):
        Goal.read(goal[5:], smart.server)


def _split(document: Document) -> dict[str, Any]:
    return {
        "resource_type": document["resourceType"],
        **{k: v for k, v in document.items() if k != "resourceType"},
    }


def test_stock_clients_page_and_see_faults(base: str, parties: dict[str, Party]) -> None:
    ann = f"Patient/{uuid.uuid4()}"
    agency = SyncFHIRClient(f"{base}/fhir", authorization=f"Bearer {parties['agency'].token(base)}")
    made = [agency.resource(**_split(a_goal(of=ann))) for _ in range(5)]
    for goal in made:
        goal.save()
    paged = agency.resources("Goal").search(patient=ann).limit(2).fetch_all()
    assert [goal["id"] for goal in paged] == [goal["id"] for goal in made]
    assert agency.resources("Goal").search(_id=made[3]["id"]).get()["id"] == made[3]["id"]
    assert agency.resources("Goal").search(patient=ann).sort("-_lastUpdated").first()["id"] == made[4]["id"]
    with pytest.raises(OperationOutcome) as refused:
        agency.resource("Goal", lifecycleStatus="odd").save()
    told = {issue["expression"][0] for issue in refused.value.resource["issue"]}
    assert told >= {"Goal.lifecycleStatus", "Goal.description", "Goal.subject"}
    made[0].delete()
    with pytest.raises(ResourceNotFound) as gone:
        agency.reference("Goal", made[0]["id"]).to_resource()
    assert "was deleted" in str(gone.value)
    named = agency.resource("Organization", id="food-bank", name="Food bank")
    named.save()
    assert agency.reference("Organization", "food-bank").to_resource()["name"] == "Food bank"

    smart = FHIRClient({"app_id": "agency", "api_base": f"{base}/fhir"})
    statement = smart.server.capabilityStatement
    assert statement.fhirVersion == "4.0.1"
    assert {resource.type for resource in statement.rest[0].resource} >= {"CarePlan", "Goal", "Consent"}
    smart.server.auth.access_token = parties["agency"].token(base)
    goals = list(Goal.where({"patient": ann, "_count": "2"}).perform_resources_iter(smart.server))
    assert [goal.id for goal in goals] == [goal["id"] for goal in made[1:]]
    changed = goals[0]
    changed.description.text = "moved in"
    changed.update(smart.server)
    assert Goal.read(changed.id, smart.server).meta.versionId == "2"


def test_a_token_says_purpose_and_scope_and_they_bind(base: str, parties: dict[str, Party]) -> None:
    agency, partner = parties["agency"], parties["partner"]
    ann = f"Patient/{uuid.uuid4()}"
    with httpx.Client(base_url=base) as http:
        staff = {"Authorization": f"Bearer {agency.token(base)}"}
        goal = http.post("/fhir/Goal", json=a_goal(of=ann), headers=staff).json()["id"]
        assert http.post("/fhir/Consent", json=a_consent(ann, SHARE), headers=staff).status_code == 201
        stated = {
            "extensions": {"hl7-b2b": {"version": "1", "organization_id": "x", "purpose_of_use": ["TREAT"]}}
        }
        for claims, scope, status in (
            ({}, "system/Goal.rs", 200),
            (stated, "system/Goal.rs", 404),
            ({}, "system/Goal.s", 403),
            ({}, "system/CarePlan.rs", 403),
        ):
            bearer = {"Authorization": f"Bearer {partner.token(base, scope, **claims)}"}
            assert http.get(f"/fhir/Goal/{goal}", headers=bearer).status_code == status, scope
        forged = Party("partner", "partner", RSAKey.generate_key(2048, {"kid": "partner-1"}), "RS384")
        assert forged.ask(base, "system/*.rs").status_code == 401
        assert http.get(f"/fhir/Goal/{goal}", headers={"Authorization": "Bearer x.y.z"}).status_code == 401


@pytest.mark.parametrize("base", ["sqlite"], indirect=True)
def test_the_server_keeps_to_http(base: str, parties: dict[str, Party]) -> None:
    bearer = {
        "Authorization": f"Bearer {parties['agency'].token(base)}",
        "Content-Type": "application/fhir+json",
    }
    with httpx.Client(base_url=base, headers=bearer) as http:
        body = json.dumps(a_goal(of="Patient/ann")).encode()
        chunked = http.post("/fhir/Goal", content=iter([body[:50], body[50:]]))
        assert chunked.status_code == 201, chunked.text
        location = chunked.headers["Location"]
        assert location.startswith(f"{base}/fhir/Goal/")
        assert http.get(location).content == chunked.content
        head = http.head(location)
        assert (head.content, head.headers["ETag"]) == (b"", 'W/"1"')
        assert int(head.headers["Content-Length"]) == len(chunked.content)
        for content in (b" " * 100_001, iter([b" " * 50_000] * 3)):
            # on a connection of its own: the server ends one whose body it did not read
            too_large = httpx.post(f"{base}/fhir/Goal", content=content, headers=bearer)
            assert (too_large.status_code, too_large.json()["resourceType"]) == (413, "OperationOutcome")
        deleted = http.delete(location.partition("/_history")[0])
        assert (deleted.status_code, deleted.content) == (204, b"")
        assert http.get(location.partition("/_history")[0]).status_code == 410
        for path, status in (
            ("/fhir/Goal/%ff", 400),
            ("/fhir//Goal", 404),
            ("/fhir/Goal/", 200),
            ("/fhir/Foo", 404),
        ):
            answer = http.get(path)
            assert (path, answer.status_code) == (path, status)
            assert answer.json()["resourceType"] in ("OperationOutcome", "Bundle")
        elsewhere = http.get("/fhir/Goal", headers={"Host": "evil.example"})
        assert "evil" not in elsewhere.text


@pytest.mark.skipif(
    not (shutil.which("node") and shutil.which("npm")), reason="node and npm are not installed"
)
@pytest.mark.parametrize("base", ["sqlite"], indirect=True)
def test_fhir_kit_reads_searches_pages_writes_and_sends_bundles(
    base: str, parties: dict[str, Party], tmp_path: Path
) -> None:
    shutil.copytree(FHIR_KIT, tmp_path, ignore=shutil.ignore_patterns("node_modules"), dirs_exist_ok=True)
    install(tmp_path)
    run(["node", "journey.mjs", f"{base}/fhir"], tmp_path, {"FHIR_TOKEN": parties["agency"].token(base)})


def test_fhirpy_and_fhirclient_page_include_patch_and_send_bundles(
    base: str, parties: dict[str, Party]
) -> None:
    token = parties["agency"].token(base)
    agency = SyncFHIRClient(f"{base}/fhir", authorization=f"Bearer {token}")
    ann = agency.resource(**_split(a_patient("Ann")))
    ann.save()
    reference = ann.to_reference().reference

    # fhirpy: a conditional update, a FHIRPath Patch, a batch
    goal = _split({**a_goal(of=reference), "identifier": [{"system": "urn:goals", "value": ann["id"]}]})
    mine = agency.resources("Goal").search(identifier=f"urn:goals|{ann['id']}")
    (first, made), (again, made_again) = (mine.update(agency.resource(**goal)) for _ in range(2))
    assert (made, made_again, again["id"]) == (True, False, first["id"])
    assert again["meta"]["versionId"] == "2"
    step = {"type": "replace", "path": "Goal.description.text", "value": "a key"}
    parts = [
        {"name": name, f"value{'Code' if name == 'type' else 'String'}": text} for name, text in step.items()
    ]
    change = {"resourceType": "Parameters", "parameter": [{"name": "operation", "part": parts}]}
    patched = agency.execute(f"Goal/{first['id']}", method="patch", data=change)
    assert (patched["meta"]["versionId"], patched["description"]["text"]) == ("3", "a key")
    others = [an_entry("POST", "Goal", a_goal(of=reference)) for _ in range(4)]
    batch = {**a_transaction(*others, an_entry("GET", "Goal/none")), "type": "batch"}
    answered = agency.execute("", method="post", data=batch)
    assert [entry["response"]["status"][:3] for entry in answered["entry"]] == ["201"] * 4 + ["404"]

    # fhirpy: pages, what belongs to a match, and what refers to it
    goals = agency.resources("Goal").search(patient=reference)
    assert len(goals.limit(2).fetch_all()) == 5
    assert goals.fetch_raw()["total"] == 5
    whole = goals.include("Goal", "patient").fetch_raw()
    assert [e["resource"]["id"] for e in whole["entry"] if e["search"]["mode"] == "include"] == [ann["id"]]
    back = agency.resources("Patient").search(_id=ann["id"]).revinclude("Goal", "patient").fetch_raw()
    assert len(back["entry"]) == 6
    chained = agency.resources("Goal").search(patient__Patient__family="Ann", _id=first["id"])
    assert [one["id"] for one in chained.fetch_all()] == [first["id"]]

    # fhirclient: create, read, search page by page, update, a transaction
    smart = FHIRClient({"app_id": "agency", "api_base": f"{base}/fhir"})
    smart.server.capabilityStatement  # noqa: B018  # reads and checks /fhir/metadata
    smart.server.auth.access_token = token
    created = Goal(a_goal(of=reference)).create(smart.server)
    assert Goal.read(created["id"], smart.server).subject.reference == reference
    found = Goal.where({"patient": reference, "_count": "2"}).perform_resources_iter(smart.server)
    assert len(list(found)) == 6
    bundle = a_transaction(
        an_entry("DELETE", f"Goal/{created['id']}"), an_entry("GET", f"Goal/{first['id']}")
    )
    carried = smart.server.post_json("", bundle).json()
    assert [entry["response"]["status"][:3] for entry in carried["entry"]] == ["204", "200"]

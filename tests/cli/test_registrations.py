"""`careplan client show`, `approve` and `reject`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from careplan_service.app import Service, assemble
from careplan_service.settings import Settings
from conftest import BASE_URL, Clock
from web.certificates import files, issued, the_ca
from web.registering import APP, SYSTEM, Registrant
from web.test_udap import Member

WORDS = ("--organization", "Organization/river", "--purpose", "COC")


@pytest.fixture
def service(database_url: str, keys_dir: Path, tmp_path: Path, clock: Clock) -> Iterator[Service]:
    settings = Settings(database_url=database_url, keys_dir=keys_dir, registration="approved")
    one = assemble(replace(settings, **files(tmp_path, BASE_URL)), clock, migrated=False)
    yield one
    one.database.close()


@pytest.fixture
def registrant(service: Service) -> Registrant:
    return Registrant(service)


def test_an_operator_looks_at_a_client_and_lets_it_in(careplan: Any, registrant: Registrant) -> None:
    told = registrant.system().json
    id_ = told["client_id"]
    assert careplan("client", "list").out.split("\t")[:3] == [id_, "pending", "partner"]
    shown = dict(line.split("\t") for line in careplan("client", "show", id_).out.splitlines())
    assert (shown["state"], shown["version"], shown["client_name"]) == ("pending", "1", SYSTEM["client_name"])
    assert shown["scope"] == SYSTEM["scope"]
    assert told["registration_access_token"] not in str(shown)
    ran = careplan("client", "approve", id_, "--kind", "partner", *WORDS, "--purpose", "TREAT")
    assert (ran.code, ran.out) == (0, f"approved partner client {id_} of Organization/river\n")
    client = registrant.service.clients.get(id_)
    assert client
    assert (client.is_let_in, client.organization, client.purposes) == (
        True,
        "Organization/river",
        ("COC", "TREAT"),
    )
    assert "does not wait" in careplan("client", "approve", id_, "--kind", "partner", *WORDS).err
    assert registrant.token(id_).status_code == 200


def test_an_app_is_one_by_its_grants_and_a_system_is_somebodys(careplan: Any, registrant: Registrant) -> None:
    app, system = (told.json["client_id"] for told in (registrant.app(), registrant.system()))

    assert (
        careplan("client", "approve", app, *WORDS).out == f"approved app client {app} of Organization/river\n"
    )
    refused = careplan("client", "approve", system, *WORDS)
    assert (refused.code, "so it is a partner or an agency; say it with `--kind`" in refused.err) == (1, True)
    assert registrant.service.clients.get(system).pending


def test_what_changed_since_is_approved_only_by_its_version(careplan: Any, registrant: Registrant) -> None:
    told = registrant.app().json
    id_ = told["client_id"]
    wider = {**APP, "client_id": id_, "scope": "patient/*.cruds"}
    assert registrant.manage("PUT", id_, told["registration_access_token"], wider).status_code == 200
    for words in ((), ("--version", "1"), ("--version", "3")):
        ran = careplan("client", "approve", id_, "--kind", "app", *WORDS, *words)
        assert (ran.code, ran.out) == (1, "")
        assert "changed its registration" in ran.err
    assert "version\t2\n" in careplan("client", "show", id_).out
    assert careplan("client", "approve", id_, "--kind", "app", *WORDS, "--version", "2").code == 0


def test_what_does_not_fit_is_not_approved(careplan: Any, registrant: Registrant, monkeypatch: Any) -> None:
    app, system = registrant.app().json["client_id"], registrant.system().json["client_id"]
    refused = [
        (app, "partner", WORDS, "so it is an app"),
        (system, "app", WORDS, "so it is a partner or an agency"),
        (app, "app", ("--organization", "river", "--purpose", "COC"), "organization `river`"),
        (app, "app", ("--organization", "Organization/river", "--purpose", "FUN"), "purpose `FUN`"),
        ("nobody", "app", WORDS, "registered itself"),
    ]
    monkeypatch.setenv("CAREPLAN_CUSTODIANS", "Organization/agency")
    for id_, kind, words, told in [*refused, (system, "agency", WORDS, "is no custodian")]:
        ran = careplan("client", "approve", id_, "--kind", kind, *words)
        assert (ran.code, ran.out) == (1, ""), told
        assert told in ran.err
    assert all(client.pending for client in registrant.service.clients.list())


def test_an_operator_rejects_a_client(careplan: Any, registrant: Registrant) -> None:
    told = registrant.app().json
    assert careplan("client", "reject", told["client_id"]).out == f"rejected {told['client_id']}\n"
    assert registrant.service.clients.list() == ()
    assert "registered itself" in careplan("client", "reject", told["client_id"]).err


def test_of_a_certificate_an_operator_sees_whose_it_is(careplan: Any, service: Service) -> None:
    certified = issued("client, inc", the_ca(), uris=("https://client.example.org/fhir",), days=(-10, 400))
    member = Member(service, certified)
    told = member.join().json
    shown = careplan("client", "show", told["client_id"]).out
    assert "uri\thttps://client.example.org/fhir\n" in shown
    assert "certificate\t" in shown
    assert "software_statement" not in shown

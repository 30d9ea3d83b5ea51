"""Trust by certificate: https://hl7.org/fhir/us/udap-security/STU1/"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from cryptography import x509
from joserfc import jwt
from joserfc.jwk import RSAKey
from joserfc.util import urlsafe_b64encode
from werkzeug.test import TestResponse

from careplan_service.app import Service, app_of
from careplan_service.errors import Malformed
from careplan_service.oauth.assertions import ASSERTION_TYPE
from careplan_service.oauth.signed import read_signed
from conftest import BASE_URL, Clock
from web.certificates import Certified, a_key, files, issued, the_anchor, the_ca
from web.registering import Registrant, approve, error_of, offering
from web.signing import TOKEN_URL

WHERE = f"{BASE_URL}/oauth/register"
URI = "https://client.example.org/fhir"
SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
B2B = {
    "version": "1",
    "organization_id": "https://river.example.org",
    "purpose_of_use": ["urn:oid:2.16.840.1.113883.5.8#COC"],
}
_numbers = count()


@pytest.fixture
def udap_service(service: Service, tmp_path: Path) -> Iterator[Service]:
    with offering(service, **files(tmp_path, BASE_URL)) as one:
        yield one


class Member(Registrant):
    """A member of the trust community, with a certificate."""

    def __init__(self, service: Service, certified: Certified | None = None) -> None:
        super().__init__(service)
        self.certified = certified or issued("client", the_ca(), uris=(URI,))

    def claims(self, **changed: Any) -> dict[str, Any]:
        now = int(self.service.seconds())
        good = {
            "iss": URI,
            "sub": URI,
            "aud": WHERE,
            "iat": now,
            "exp": now + 300,
            "jti": f"statement-{next(_numbers)}",
            "client_name": "River Hospital",
            "contacts": ["mailto:ops@example.org"],
            "grant_types": ["client_credentials"],
            "scope": "system/Goal.rs",
            "token_endpoint_auth_method": "private_key_jwt",
        }
        return {name: value for name, value in (good | changed).items() if value is not None}

    def send(self, statement: Any) -> TestResponse:
        return self.post({"software_statement": statement, "certifications": [], "udap": "1"})

    def join(self, **changed: Any) -> TestResponse:
        return self.send(self.certified.signed(self.claims(**changed)))

    def proof(self, client_id: str, b2b: Any = B2B, **changed: Any) -> dict[str, Any]:
        now = int(self.service.seconds())
        good = {
            "iss": client_id,
            "sub": client_id,
            "aud": TOKEN_URL,
            "iat": now,
            "exp": now + 300,
            "jti": f"proof-{next(_numbers)}",
            "extensions": {"hl7-b2b": b2b} if b2b is not None else None,
        }
        return {name: value for name, value in (good | changed).items() if value is not None}

    def ask(self, assertion: str, udap: str | None = "1") -> TestResponse:
        form = {
            "grant_type": "client_credentials",
            "scope": "system/Goal.rs",
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": assertion,
            **({"udap": udap} if udap else {}),
        }
        return self.http.post("/oauth/token", data=form)


@pytest.fixture
def member(udap_service: Service) -> Member:
    return Member(udap_service)


# What is offered


def opened(signed: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims of what the service signed."""
    read = read_signed(signed)
    assert read.is_signed_with(RSAKey.import_key(a_key("careplan").public_key()), "RS256")
    return read.header, read.claims


def test_without_certificates_nothing_is_offered(service: Service) -> None:
    assert app_of(service).test_client().get("/fhir/.well-known/udap").status_code == 404


def test_what_is_offered_is_signed_with_our_certificate(member: Member) -> None:
    answer = member.http.get("/fhir/.well-known/udap")
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    told = answer.json
    endpoints = {
        "authorization_endpoint": f"{BASE_URL}/oauth/authorize",
        "token_endpoint": TOKEN_URL,
        "registration_endpoint": WHERE,
    }
    algorithms = ["RS256", "ES256", "RS384", "ES384"]
    signed = told.pop("signed_metadata")
    assert told == {
        "udap_versions_supported": ["1"],
        "udap_profiles_supported": ["udap_dcr", "udap_authn", "udap_authz"],
        "udap_authorization_extensions_supported": ["hl7-b2b"],
        "udap_authorization_extensions_required": [],
        "udap_certifications_supported": [],
        "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": algorithms,
        "registration_endpoint_jwt_signing_alg_values_supported": algorithms,
        **endpoints,
    }
    header, claims = opened(signed)
    leaf = x509.load_der_x509_certificate(base64.b64decode(header["x5c"][0]))
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert claims["iss"] in names.get_values_for_type(x509.UniformResourceIdentifier)
    assert claims.pop("jti")
    assert 0 < claims.pop("exp") - claims["iat"] <= 365 * 24 * 3600
    now = int(member.service.seconds())
    assert claims == {"iss": f"{BASE_URL}/fhir", "sub": f"{BASE_URL}/fhir", "iat": now, **endpoints}


def test_a_signature_is_renewed_with_another_jti(member: Member, clock: Clock) -> None:
    def jti() -> str:
        return str(opened(member.http.get("/fhir/.well-known/udap").json["signed_metadata"])[1]["jti"])

    first = jti()
    assert jti() == first
    clock.go_on(hours=1)
    assert jti() != first


def test_for_a_community_there_is_no_certificate(member: Member, service: Service) -> None:
    assert member.http.get("/fhir/.well-known/udap?community=urn:x").status_code == 204
    assert app_of(service).test_client().get("/fhir/.well-known/udap?community=urn:x").status_code == 404


@SQLITE
@pytest.mark.parametrize("wrong", ["key", "address", "anchors", "leaf as anchor", "nothing there"])
def test_files_that_do_not_fit_are_refused_at_the_start(service: Service, tmp_path: Path, wrong: str) -> None:
    given = files(tmp_path, BASE_URL if wrong != "address" else "https://other.example.org")
    if wrong == "key":
        Path(given["udap_key"]).write_bytes(issued("another").key_pem)
    if wrong == "anchors":
        Path(given["udap_anchors"]).write_text("")
    if wrong == "leaf as anchor":
        Path(given["udap_anchors"]).write_bytes(issued("client", the_ca(), uris=(URI,)).pem)
    if wrong == "nothing there":
        Path(given["udap_certificate"]).unlink()
    with offering(service, **given) as one, pytest.raises(Malformed):
        app_of(one)


# Registering


def test_a_member_registers_and_waits(member: Member) -> None:
    statement = member.certified.signed(member.claims())
    answer = member.send(statement)
    assert answer.status_code == 201, answer.text
    told = answer.json
    client_id = told.pop("client_id")
    assert told == {
        "client_id_issued_at": int(member.service.seconds()),
        "client_name": "River Hospital",
        "contacts": ["mailto:ops@example.org"],
        "grant_types": ["client_credentials"],
        "redirect_uris": [],
        "response_types": [],
        "scope": "system/Goal.rs",
        "token_endpoint_auth_method": "private_key_jwt",
        "software_statement": statement,
    }
    found = member.service.registrations.get(client_id)
    assert found
    assert (found.uri, found.client.pending, found.client.kind) == (URI, True, "partner")
    assert found.certificate.encode() == member.certified.pem[: len(found.certificate)]
    assert error_of(member.ask(member.certified.signed(member.proof(client_id)))) == (401, "invalid_client")


def test_an_app_registers_by_certificate(member: Member) -> None:
    answer = member.join(
        grant_types=["authorization_code", "refresh_token"],
        response_types=["code"],
        redirect_uris=["https://client.example.org/back"],
        scope="openid patient/Goal.rs",
    )
    assert answer.status_code == 201, answer.text
    client = member.service.clients.get(answer.json["client_id"])
    assert client
    assert (client.kind, client.redirect_uris) == ("app", ("https://client.example.org/back",))


@pytest.mark.parametrize("kind", ["p256", "p384"])
@SQLITE
def test_elliptic_curves_do_too(udap_service: Service, kind: str) -> None:
    certified = issued(f"client {kind}", the_ca(), uris=(URI,), kind=kind)
    member = Member(udap_service, certified)
    algorithm = {"p256": "ES256", "p384": "ES384"}[kind]
    told = member.send(certified.signed(member.claims(), algorithm))
    assert told.status_code == 201, told.text
    approve(udap_service, told.json["client_id"])
    answer = member.ask(certified.signed(member.proof(told.json["client_id"]), algorithm))
    assert answer.status_code == 200, answer.text


def _untrusted() -> dict[str, Certified]:
    stranger = issued("Other Root", ca=True)
    below_leaf = issued("a leaf", the_ca(), uris=("https://leaf.example.org",))
    deep = issued("Too Deep CA", the_ca(), ca=True)
    old_ca = issued("Old CA", the_anchor(), ca=True, days=(-20, -1))
    return {
        "expired": issued("client", the_ca(), uris=(URI,), days=(-20, -1)),
        "not yet": issued("client", the_ca(), uris=(URI,), days=(1, 20)),
        "self-signed": issued("client", uris=(URI,)),
        "of another root": issued("client", stranger, uris=(URI,)),
        "with another root in the chain": Certified(
            (one := issued("client", stranger, uris=(URI,))).certificate, one.key, (stranger.certificate,)
        ),
        "issued by a leaf": Certified(
            (one := issued("client", below_leaf, uris=(URI,))).certificate,
            one.key,
            (below_leaf.certificate, *below_leaf.between),
        ),
        "deeper than the CA may go": issued("client", deep, uris=(URI,)),
        "of a CA that is over": issued("client", old_ca, uris=(URI,)),
        "a CA itself": issued("client", the_anchor(), ca=True, uris=(URI,)),
        "not for signing": issued("client", the_ca(), uris=(URI,), signs=False),
        "with a gap in the chain": Certified(
            (one := issued("client", the_ca(), uris=(URI,))).certificate, one.key, ()
        ),
        "without names": issued("client", the_ca()),
    }


UNTRUSTED = _untrusted()


@SQLITE
@pytest.mark.parametrize("name", UNTRUSTED)
def test_a_certificate_of_nobody_trusted_registers_nobody(udap_service: Service, name: str) -> None:
    answer = Member(udap_service, UNTRUSTED[name]).join()
    assert error_of(answer) == (400, "unapproved_software_statement")
    assert udap_service.clients.list() == ()


@SQLITE
def test_a_chain_that_names_its_own_issuer_falsely_is_not_followed(udap_service: Service) -> None:
    """A CA of the same name as ours, with a key of its own."""
    forged_root = issued("Trust Community Root", ca=True, key="forged root")
    forged = issued("Trust Community CA", forged_root, ca=True, key="forged")
    certified = issued("client", forged, uris=(URI,))
    answer = Member(udap_service, certified).join()
    assert error_of(answer) == (400, "unapproved_software_statement")


STATEMENTS: dict[str, dict[str, Any]] = {
    "another name than the certificate": {"iss": "https://other.example", "sub": "https://other.example"},
    "iss that is a prefix": {"iss": URI[:-1], "sub": URI[:-1]},
    "iss with another end": {"iss": URI + "/", "sub": URI + "/"},
    "sub": {"sub": "https://other.example"},
    "no iss": {"iss": None},
    "iss that is a list": {"iss": [URI]},
    "for the token endpoint": {"aud": TOKEN_URL},
    "for nobody": {"aud": None},
    "over": {"iat": 1780315200 - 400, "exp": 1780315200 - 100},
    "valid for too long": {"exp": 1780315200 + 301},
    "without end": {"exp": None},
    "without beginning": {"iat": None},
    "of tomorrow": {"iat": 1780315200 + 86400, "exp": 1780315200 + 86500},
    "end as text": {"exp": "1780315300"},
    "endless": {"exp": float("inf")},
    "without jti": {"jti": None},
    "jti that is no text": {"jti": ["x"]},
}


@SQLITE
@pytest.mark.parametrize("name", STATEMENTS)
def test_a_statement_that_does_not_hold_registers_nobody(member: Member, name: str) -> None:
    assert int(member.service.seconds()) == 1780315200
    assert error_of(member.join(**STATEMENTS[name])) == (400, "invalid_software_statement")
    assert member.service.clients.list() == ()


METADATA: dict[str, tuple[dict[str, Any], str]] = {
    "no name": ({"client_name": None}, "invalid_client_metadata"),
    "markup as name": ({"client_name": "<b>River</b>"}, "invalid_client_metadata"),
    "no contact": ({"contacts": []}, "invalid_client_metadata"),
    "nobody to write to": ({"contacts": ["https://example.org"]}, "invalid_client_metadata"),
    "no grants": ({"grant_types": None}, "invalid_client_metadata"),
    "both grants": (
        {"grant_types": ["authorization_code", "client_credentials"]},
        "invalid_client_metadata",
    ),
    "a secret": ({"token_endpoint_auth_method": "client_secret_basic"}, "invalid_client_metadata"),
    "an unknown scope": ({"scope": "system/Gaol.rs"}, "invalid_client_metadata"),
    "an app without response type": (
        {
            "grant_types": ["authorization_code"],
            "redirect_uris": ["https://a.org/b"],
            "scope": "user/Goal.rs",
        },
        "invalid_client_metadata",
    ),
    "a script to be sent to": (
        {
            "grant_types": ["authorization_code"],
            "response_types": ["code"],
            "redirect_uris": ["javascript:alert(1)"],
            "scope": "user/Goal.rs",
        },
        "invalid_redirect_uri",
    ),
}


@SQLITE
@pytest.mark.parametrize("name", METADATA)
def test_a_statement_that_makes_no_sense_registers_nobody(member: Member, name: str) -> None:
    changed, error = METADATA[name]
    assert error_of(member.join(**changed)) == (400, error)
    assert member.service.clients.list() == ()


@SQLITE
def test_who_did_not_sign_does_not_register(member: Member) -> None:
    claims = member.claims()
    public = a_key("client").public_key()
    pem = RSAKey.import_key(public).as_pem(private=False)
    header = {"alg": "HS256", "x5c": member.certified.x5c}
    parts = [urlsafe_b64encode(str(part).replace("'", '"').encode()) for part in (header, claims)]
    unsigned = urlsafe_b64encode(b'{"alg": "none"}').decode() + "." + parts[1].decode() + "."
    none = header | {"alg": "none"}
    with_x5c = (
        urlsafe_b64encode(str(none).replace("'", '"').encode()).decode() + "." + parts[1].decode() + "."
    )
    good = member.certified.signed(claims)
    head, _, rest = good.partition(".")
    sent = {
        "another key": member.certified.signed_by(a_key("stranger"), claims, "RS256"),
        "the public key as a secret": ".".join(
            part.decode()
            for part in (*parts, urlsafe_b64encode(hmac.digest(pem, b".".join(parts), "sha256")))
        ),
        "none": unsigned,
        "none with a chain": with_x5c,
        "another signature": head + "." + rest.split(".")[0] + "." + "A" * 342,
        "another algorithm than the key has": member.certified.signed_by(
            a_key("curve", "p256"), claims, "ES256"
        ),
        "PS256": member.certified.signed(claims, "PS256"),
        "RS512": member.certified.signed(claims, "RS512"),
        "no chain": member.certified.signed(claims, x5c=None),
        "an empty chain": member.certified.signed(claims, x5c=[]),
        "no certificate": member.certified.signed(claims, x5c=["AAAA"]),
        "no base64": member.certified.signed(claims, x5c=["%%"]),
        "a chain of others": member.certified.signed(claims, x5c=[7]),
        "a text for a chain": member.certified.signed(claims, x5c=member.certified.x5c[0]),
        "a long chain": member.certified.signed(claims, x5c=[*member.certified.x5c, *["AAAA"] * 5]),
        "too long": "a" * 20_000,
        "nothing": "",
        "a number": 7,
        "null": None,
    }
    for name, statement in sent.items():
        answer = member.send(statement)
        assert error_of(answer) == (400, "invalid_software_statement"), (name, answer.text)
        with member.service.database.engine.begin() as connection:
            connection.exec_driver_sql("DELETE FROM oauth_registering")
    assert member.service.clients.list() == ()
    assert member.send(good).status_code == 201


def test_a_statement_is_used_once_wherever_it_is_sent(
    member: Member, service: Service, tmp_path: Path
) -> None:
    statement = member.certified.signed(member.claims())
    assert member.send(statement).status_code == 201
    with offering(service, **files(tmp_path, BASE_URL)) as another:
        for one in (member, Member(another)):
            assert error_of(one.send(statement)) == (400, "invalid_software_statement")


@SQLITE
def test_another_version_of_udap_is_not_spoken(member: Member) -> None:
    statement = member.certified.signed(member.claims())
    for version in ("2", 1, None, True):
        answer = member.post({"software_statement": statement, "udap": version})
        assert error_of(answer) == (400, "invalid_client_metadata")


def test_registering_again_changes_the_registration_and_asking_for_more_waits_again(member: Member) -> None:
    first = member.join().json
    approve(member.service, first["client_id"])
    again = member.join(contacts=["mailto:new@example.org"])
    assert (again.status_code, again.json["client_id"]) == (200, first["client_id"])
    assert again.json["contacts"] == ["mailto:new@example.org"]
    client = member.service.clients.get(first["client_id"])
    assert client
    assert client.is_let_in
    more = member.join(scope="system/*.cruds")
    assert (more.status_code, more.json["client_id"]) == (200, first["client_id"])
    client = member.service.clients.get(first["client_id"])
    assert client
    assert (client.pending, client.scopes, client.organization) == (
        True,
        "system/*.cruds",
        "Organization/river",
    )
    assert len(member.service.clients.list()) == 1


def test_at_one_moment_one_client_comes_of_one_certificate(member: Member) -> None:
    barrier = Barrier(4, timeout=30)
    members = [Member(member.service, member.certified) for _ in range(4)]

    def join(one: Member) -> tuple[int, str]:
        barrier.wait()
        answer = one.join()
        return answer.status_code, str(answer.json.get("client_id"))

    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(join, members, timeout=60))
    [client] = member.service.clients.list()
    assert sorted(status for status, _ in answers)[-1] == 201 or 503 in {s for s, _ in answers}
    assert [status for status, _ in answers].count(201) == 1
    assert {id_ for status, id_ in answers if status in (200, 201)} == {client.id}


def test_empty_grants_cancel_it(member: Member) -> None:
    first = member.join().json
    approve(member.service, first["client_id"])
    answer = member.join(grant_types=[])
    assert (answer.status_code, answer.json["client_id"]) == (200, first["client_id"])
    assert answer.json["grant_types"] == []
    assert error_of(member.ask(member.certified.signed(member.proof(first["client_id"])))) == (
        401,
        "invalid_client",
    )
    assert error_of(member.join(grant_types=[])) == (400, "invalid_client_metadata")
    new = member.join()
    assert new.status_code == 201
    assert new.json["client_id"] != first["client_id"]


def test_who_was_disabled_does_not_register_anew(member: Member) -> None:
    first = member.join().json
    approve(member.service, first["client_id"])
    member.service.clients.disable(first["client_id"])
    assert error_of(member.join()) == (400, "unapproved_software_statement")
    assert error_of(member.join(grant_types=[])) == (400, "unapproved_software_statement")


def test_there_is_no_other_way_to_a_registration_by_certificate(member: Member) -> None:
    told = member.join().json
    assert "registration_access_token" not in told
    for token in ("", "x", None):
        assert member.manage("DELETE", told["client_id"], token).status_code == 401


# Asking for tokens


@pytest.fixture
def approved_id(member: Member) -> str:
    client_id = str(member.join().json["client_id"])
    approve(member.service, client_id)
    return client_id


def test_a_member_gets_a_token_with_a_renewed_certificate_too(member: Member, approved_id: str) -> None:
    answer = member.ask(member.certified.signed(member.proof(approved_id)))
    assert answer.status_code == 200, answer.text
    assert answer.json["expires_in"] <= 3600
    bearer = {"Authorization": f"Bearer {answer.json['access_token']}"}
    assert member.http.get("/fhir/Goal", headers=bearer).status_code == 200
    renewed = issued("client", the_ca(), uris=("https://x.org", URI), key="renewed")
    assert member.ask(renewed.signed(member.proof(approved_id))).status_code == 200


def test_the_certificate_of_another_member_proves_nothing(member: Member, approved_id: str) -> None:
    other = issued("other", the_ca(), uris=("https://other.example.org",))
    wrong = member.ask(other.signed(member.proof(approved_id)))
    unknown = member.ask(other.signed(member.proof("nobody")))
    assert error_of(wrong) == (401, "invalid_client")
    assert wrong.data == unknown.data


@pytest.mark.parametrize("name", UNTRUSTED)
@SQLITE
def test_a_certificate_of_nobody_trusted_proves_nothing(member: Member, approved_id: str, name: str) -> None:
    answer = member.ask(UNTRUSTED[name].signed(member.proof(approved_id)))
    assert error_of(answer) == (401, "invalid_client")


@SQLITE
def test_a_proof_that_does_not_hold_is_refused(member: Member, approved_id: str, clock: Clock) -> None:
    now = int(clock().timestamp())
    sign = member.certified.signed
    proofs = {
        "for the registration": sign(member.proof(approved_id, aud=WHERE)),
        "over": sign(member.proof(approved_id, iat=now - 400, exp=now - 100)),
        "too long": sign(member.proof(approved_id, exp=now + 3600)),
        "without iat": sign(member.proof(approved_id, iat=None)),
        "without jti": sign(member.proof(approved_id, jti=None)),
        "of the URI": sign(member.proof(approved_id, iss=URI)),
        "another key": member.certified.signed_by(a_key("stranger"), member.proof(approved_id), "RS256"),
        "PS256": sign(member.proof(approved_id), "PS256"),
        "no chain": sign(member.proof(approved_id), x5c=None),
    }
    for name, proof in proofs.items():
        assert error_of(member.ask(proof)) == (401, "invalid_client"), name
    once = sign(member.proof(approved_id))
    assert member.ask(once).status_code == 200
    assert error_of(member.ask(once)) == (401, "invalid_client")


@SQLITE
def test_without_saying_udap_a_certificate_is_no_proof(member: Member, approved_id: str) -> None:
    for udap in (None, "2"):
        for algorithm in ("RS256", "RS384"):
            header = {"kid": "x", "typ": "JWT"}
            proof = member.certified.signed(member.proof(approved_id), algorithm, **header)
            assert error_of(member.ask(proof, udap)) == (401, "invalid_client")


@SQLITE
def test_a_client_with_a_registered_key_does_not_become_one_with_a_certificate(member: Member) -> None:
    told = member.system().json
    approve(member.service, told["client_id"])
    answer = member.ask(member.certified.signed(member.proof(told["client_id"])))
    assert error_of(answer) == (401, "invalid_client")


@SQLITE
def test_rs256_is_for_certificates_only(member: Member) -> None:
    from web.signing import the_key

    told = member.system().json
    approve(member.service, told["client_id"])
    header = {"alg": "RS256", "typ": "JWT", "kid": "rsa-1"}
    proof = jwt.encode(header, member.proof(told["client_id"]), the_key(), algorithms=["RS256"])
    for udap in (None, "1"):
        assert error_of(member.ask(proof, udap)) == (401, "invalid_client")


@SQLITE
@pytest.mark.parametrize(
    "b2b",
    [
        None,
        {},
        {name: value for name, value in B2B.items() if name != "version"},
        {name: value for name, value in B2B.items() if name != "organization_id"},
        {name: value for name, value in B2B.items() if name != "purpose_of_use"},
        {**B2B, "version": "2"},
        {**B2B, "organization_id": 7},
        {**B2B, "purpose_of_use": ["TREAT"]},
        "text",
    ],
)
def test_a_system_says_for_whom_and_what_for(member: Member, approved_id: str, b2b: Any) -> None:
    answer = member.ask(member.certified.signed(member.proof(approved_id, b2b)))
    assert error_of(answer) == (400, "invalid_request")


@SQLITE
def test_whom_a_member_acts_for_is_what_is_registered(member: Member, approved_id: str) -> None:
    claimed = {**B2B, "organization_id": f"{BASE_URL}/fhir/Organization/agency"}
    answer = member.ask(member.certified.signed(member.proof(approved_id, claimed)))
    assert answer.status_code == 200
    client = member.service.clients.get(approved_id)
    assert client
    assert client.organization == "Organization/river"

"""An app that a person signs in to, over HTTP: what it was allowed is given, its tokens it asks for."""

from __future__ import annotations

from base64 import b64encode, urlsafe_b64encode
from dataclasses import replace
from hashlib import sha256
from itertools import count
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from careplan_service.access.authorizations import Authorization, Code
from careplan_service.access.clients import SECRET_BASIC, SECRET_POST, WITH_SECRET, Client
from careplan_service.access.people import User
from careplan_service.app import Service, app_of

BACK = "https://app.example.org/back"
VERIFIER = "a-code-verifier-of-forty-three-characters-.~"
CHALLENGE = urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
SECRET = "a-secret_of.an~app"
GRANTED = "openid fhirUser patient/Goal.rs offline_access"
ANN = User("ann-id", "ann", "kept", "Practitioner/ann", "Organization/agency")
_numbers = count()


def asked_with(code: str) -> dict[str, str | None]:
    """The form that asks for tokens, without the proof of the client."""
    return {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": BACK,
        "code_verifier": VERIFIER,
    }


def digest(text: str) -> str:
    """What is kept of a secret."""
    return sha256(text.encode()).hexdigest()


class App:
    """A registered app, public unless it is said, and the person who uses it."""

    def __init__(self, service: Service, id_: str = "app", user: User = ANN, **registered: Any) -> None:
        self.service, self.id, self.user = service, id_, user
        self.http: FlaskClient = app_of(service).test_client()
        if service.people.get(user.id) is None:
            service.people.add(replace(user, created=self.now))
        method = registered.get("auth_method", "none")
        fields: dict[str, Any] = {
            "kind": "app",
            "scopes": "patient/*.rs user/*.cruds",
            "purpose": "TREAT",
            "auth_method": "none",
            "redirect_uris": (BACK,),
            "secret_hash": digest(SECRET) if method in WITH_SECRET else "",
        }
        self.method = method
        named = {"id": id_, "name": f"The {id_}", "organization": f"Organization/{id_}"}
        service.clients.add(Client(**{**named, **fields, **registered}))

    @property
    def now(self) -> int:
        return int(self.service.seconds())

    def allowed(self, scope: str = GRANTED, nonce: str = "", **more: Any) -> tuple[str, str]:
        """A code, and the id of what the person allowed."""
        number = next(_numbers)
        code, id_ = f"code-{number}", f"grant-{number}"
        fields = {"patient": "bo", "created": self.now, "signed_in": self.now - 60} | more
        authorization = Authorization(id_, self.id, self.user.id, scope, **fields)
        kept = Code(digest(code), id_, BACK, CHALLENGE, self.now + 60, nonce)
        self.service.authorizations.begin(authorization, kept)
        return code, id_

    def proof(self) -> dict[str, Any]:
        """What the app adds to a form to say who it is."""
        if self.method == SECRET_BASIC:
            return {"headers": {"Authorization": basic(self.id, SECRET)}}
        secret = {"client_secret": SECRET} if self.method == SECRET_POST else {}
        return {"data": {"client_id": self.id, **secret}}

    def post(self, path: str, fields: dict[str, str | None], **more: Any) -> TestResponse:
        """A form with the proof of this app; None leaves a field out."""
        proof = self.proof()
        data = {**proof.get("data", {}), **fields}
        headers = {**proof.get("headers", {}), **more.pop("headers", {})}
        sent = {name: value for name, value in data.items() if value is not None}
        return self.http.post(path, data=sent, headers=headers, **more)

    def redeem(self, code: str, /, **changed: str | None) -> TestResponse:
        """Ask for tokens with a code."""
        return self.post("/oauth/token", asked_with(code) | changed)

    def refresh(self, token: str, /, **changed: str | None) -> TestResponse:
        """Ask for the next tokens."""
        return self.post("/oauth/token", {"grant_type": "refresh_token", "refresh_token": token, **changed})

    def tokens(
        self, scope: str = "openid fhirUser patient/Goal.rs offline_access", **more: Any
    ) -> dict[str, Any]:
        """The token response to a good request."""
        answer = self.redeem(self.allowed(scope, **more)[0])
        assert answer.status_code == 200, answer.data
        document: dict[str, Any] = answer.json
        return document

    def status(self, access_token: str) -> int:
        """The status of a search with a token."""
        headers = {"Authorization": f"Bearer {access_token}"}
        return self.http.get("/fhir/Goal", headers=headers).status_code


def basic(id_: str, secret: str) -> str:
    """The Authorization header of RFC 7617."""
    return "Basic " + b64encode(f"{id_}:{secret}".encode()).decode()

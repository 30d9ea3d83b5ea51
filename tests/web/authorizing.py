"""An app, people who decide about it, and a browser at the pages between them."""

from __future__ import annotations

import re
from base64 import urlsafe_b64encode
from hashlib import sha256
from html import unescape
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from werkzeug.test import TestResponse

from careplan_service.access.clients import PUBLIC, Client
from careplan_service.access.people import User
from careplan_service.app import Service
from web.visiting import HASHED, PASSWORD, Visitor

BASE = "http://127.0.0.1:8000"
BACK = "https://app.example.org/back"
VERIFIER = "a-verifier-that-is-long-enough-for-the-rule-of-43-signs"
CHALLENGE = urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
SCOPE = "launch/patient patient/Goal.rs patient/CarePlan.cruds openid fhirUser offline_access"
STATE = "a b&c=<d>\"'/%"
REGISTERED = "patient/*.cruds user/*.cruds"


def an_app(service: Service, id_: str = "app", **more: Any) -> Client:
    """A registered public app."""
    told: dict[str, Any] = {
        "name": "Garden <b>Planner</b>",
        "kind": "app",
        "organization": "Organization/makers",
        "scopes": REGISTERED,
        "purpose": "COC",
        "redirect_uris": (BACK,),
        "launch_uri": "https://app.example.org/launch",
        "auth_method": PUBLIC,
    }
    client = Client(id=id_, **{**told, **more})
    service.clients.add(client)
    return client


def a_person(service: Service, name: str, fhir_user: str, organization: str = "Organization/agency") -> User:
    """A person with PASSWORD who is that resource."""
    user = User(name, name, HASHED, fhir_user, organization)
    service.people.add(user)
    return user


def asked(**other: str | None) -> dict[str, str]:
    """The parameters of a request; None leaves one out."""
    told: dict[str, str | None] = {
        "response_type": "code",
        "client_id": "app",
        "redirect_uri": BACK,
        "scope": SCOPE,
        "state": STATE,
        "aud": f"{BASE}/fhir",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    return {name: value for name, value in {**told, **other}.items() if value is not None}


def question(**other: str | None) -> str:
    """The address that an app sends people to."""
    return f"/oauth/authorize?{urlencode(asked(**other))}"


class Browser(Visitor):
    """A visitor who follows what this service says, and reads the way back to an app."""

    def follow(self, page: TestResponse) -> TestResponse:
        """Up to five redirects within the service."""
        for _ in range(5):
            if page.status_code != 303 or not page.headers["Location"].startswith("/"):
                break
            page = self.get(page.headers["Location"])
        return page

    def ask(self, address: str = "", **other: str | None) -> TestResponse:
        """Open the app's address, and what it leads to here."""
        return self.follow(self.get(address or question(**other)))

    def come_in(self, username: str) -> TestResponse:
        """Sign in where this leads to, and come back."""
        assert self.page is not None
        self.get(self.page.headers["Location"])
        fields = {"form": self.hidden(), "next": self.hidden("next")}
        return self.follow(self.post("/sign-in", {**fields, "username": username, "password": PASSWORD}))

    def fields(self) -> dict[str, str]:
        """The form of the open page as a browser would send it, every box as it is ticked."""
        assert self.page is not None
        form = self.page.text.partition('method="post"')[2].partition("</form>")[0]
        found = {}
        for tag in re.findall(r"<input[^>]*>", form):
            kind = re.search(r'type="(\w+)"', tag)
            name, value = re.search(r' name="([^"]*)"', tag), re.search(r' value="([^"]*)"', tag)
            if name and (kind is None or kind[1] != "checkbox" or " checked" in tag):
                found[unescape(name[1])] = unescape(value[1]) if value else "on"
        return found

    def rest(self) -> str:
        """The request and the ticket of the page for choosing, as a query."""
        return urlencode({name: self.hidden(name) for name in ("request", "ticket")})

    def more(self) -> str:
        """Where the next page of patients is; empty for nowhere."""
        assert self.page is not None
        found = re.search(r'href="([^"]*)">More patients', self.page.text)
        return unescape(found[1]) if found else ""

    def decide(self, decision: str = "allow", without: tuple[str, ...] = (), **more: str) -> TestResponse:
        """Answer the scope page, with some boxes not ticked."""
        fields = {name: value for name, value in self.fields().items() if name not in without}
        return self.post("/oauth/authorize/decision", {**fields, "decision": decision, **more})

    def choose(self, id_: str) -> TestResponse:
        """Choose a patient on the page for that."""
        return self.follow(self.post("/oauth/authorize/patient", {**self.fields(), "patient": id_}))


def way_back(page: TestResponse) -> tuple[str, dict[str, str]]:
    """Where a page, or a redirect, leads: the address without its query, and the query."""
    target = page.headers.get("Location", "")
    if not target:
        found = re.search(r'<meta http-equiv="refresh" content="0; url=([^"]*)">', page.text)
        assert found, page.text
        target = unescape(found[1])
    parts = urlsplit(target)
    query = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=True))
    return target.partition("?")[0], query


def error_of(page: TestResponse) -> str:
    """The error that an app is told."""
    return way_back(page)[1]["error"]


def code_of(service: Service, page: TestResponse) -> Any:
    """The authorization that the code in the way back stands for, and the code as it was kept."""
    digest = sha256(way_back(page)[1]["code"].encode()).hexdigest()
    found = service.authorizations.redeem(digest, int(service.seconds()))
    assert found
    return found

"""A browser without a screen: it keeps its cookie, fills in forms, and says where they come from."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import urlsplit

from flask import Flask
from pyotp import TOTP
from werkzeug.test import TestResponse

from careplan_service.access.people import User
from careplan_service.app import Service, app_of
from careplan_service.oauth.passwords import Passwords

PASSWORD = "a quiet river bank"
HASHED = Passwords().hashed(PASSWORD)
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
ANN = "Practitioner/ann"


def register(
    service: Service, name: str = "ann", *, second_factor: bool = False, enabled: bool = True
) -> User:
    """A person with PASSWORD and, if wanted, SECRET."""
    sealed = service.seal.sealed(SECRET, name) if second_factor else ""
    user = User(name, name, HASHED, ANN, "Organization/agency", totp_secret=sealed, enabled=enabled)
    service.people.add(user)
    return user


def code_of(service: Service, steps: int = 0, secret: str = SECRET) -> str:
    """The code of now, or of some steps of 30 seconds later."""
    return TOTP(secret).at(int(service.seconds()) + 30 * steps)


class Visitor:
    """One browser at the pages of the service, in one of its workers."""

    def __init__(
        self,
        service: Service,
        address: str = "192.0.2.7",
        base: str = "http://127.0.0.1:8000",
        app: Flask | None = None,
    ) -> None:
        self.http = (app or app_of(service)).test_client()
        self._host = urlsplit(base).hostname or ""
        self._address, self._base = address, base
        self.page: TestResponse | None = None

    def get(self, path: str, **query: str) -> TestResponse:
        """Open a page."""
        here = {"REMOTE_ADDR": self._address}
        self.page = self.http.get(path, query_string=query or None, base_url=self._base, environ_base=here)
        return self.page

    def post(self, path: str, fields: dict[str, str], **headers: str) -> TestResponse:
        """Send a form of the page that is open."""
        sent = {"Sec-Fetch-Site": "same-origin", "Origin": "null"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        here = {"REMOTE_ADDR": self._address}
        given = {name: value for name, value in sent.items() if value}
        self.page = self.http.post(path, data=fields, headers=given, base_url=self._base, environ_base=here)
        return self.page

    def hidden(self, name: str = "form") -> str:
        """What a hidden field of the open page holds."""
        assert self.page is not None
        found = re.search(rf'name="{name}" value="([^"]*)"', self.page.text)
        return unescape(found.group(1)) if found else ""

    def sign_in(
        self, username: str = "ann", password: str = PASSWORD, following: str = "", **headers: str
    ) -> TestResponse:
        """The first step."""
        self.get(f"/sign-in?next={following}" if following else "/sign-in")
        fields = {"form": self.hidden(), "username": username, "password": password, "next": following}
        return self.post("/sign-in", fields, **headers)

    def give_code(self, code: str, **headers: str) -> TestResponse:
        """The second step."""
        self.get("/sign-in/code")
        return self.post("/sign-in/code", {"form": self.hidden(), "code": code}, **headers)

    def sign_out(self) -> TestResponse:
        """Out again, from the account page."""
        self.get("/account")
        return self.post("/sign-out", {"form": self.hidden()})

    def is_in(self) -> bool:
        """Whether the account page opens."""
        return self.get("/account").status_code == 200

    @property
    def cookie(self) -> str:
        """The value of the cookie that the browser keeps."""
        found = self.http.get_cookie("careplan", self._host) or self.http.get_cookie(
            "__Host-careplan", self._host
        )
        return found.value if found else ""

    @cookie.setter
    def cookie(self, value: str) -> None:
        self.http.set_cookie("careplan", value, domain=self._host)


def faults(page: TestResponse) -> list[str]:
    """What the summary of errors says."""
    return [unescape(text) for text in re.findall(r'<li><a href="#\w+">([^<]+)</a></li>', page.text)]


def rows(service: Service) -> list[tuple[str, str, str]]:
    """The audit rows: who, what, why refused."""
    asked = "SELECT client, interaction, refusal FROM audit ORDER BY entry"
    return [tuple(row) for row in service.database.rows(asked, {})]

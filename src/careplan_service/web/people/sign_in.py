"""Signing in, in one step or two, and out. https://pages.nist.gov/800-63-4/sp800-63b.html"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

from flask import Blueprint, Response, request

from careplan_service.errors import Fault, NotFound
from careplan_service.web.people.addresses import local_path
from careplan_service.web.people.forms import posted
from careplan_service.web.people.pages import page
from careplan_service.web.people.visits import Visits

_REFUSED = 422
_LONGEST_HINT = 200
AUTHORIZE = "/oauth/authorize"
"""Where the people come from whom an app sent."""

_WRONG = Fault(
    "login",
    "Check username and password. After several failures wait some minutes.",
    "username",
)
_CODES: Mapping[str, Fault] = {
    "code": Fault(
        "login",
        "Type the code that your app shows now; each works once. After several failures wait some minutes.",
        "code",
    ),
    "recovery-code": Fault(
        "login",
        "Type one of your recovery codes; each works once. After several failures wait some minutes.",
        "code",
    ),
}
"""The pages of the second step, and what is said there of a wrong code."""


def add(routes: Blueprint, visits: Visits) -> None:
    """Add the routes."""

    def following() -> str:
        return local_path(request.values.get("next", ""))

    def shown(status: int = 200, **values: Any) -> Response:
        host = visits.elsewhere.host if visits.elsewhere else ""
        ways: dict[str, Any] = {"passwords": visits.passwords, "host": host, "next": following()}
        return page(visits, "sign_in.html", status, **{"username": _hinted(following())} | ways | values)

    @routes.before_request
    def safe() -> None:
        if "name" not in (request.view_args or {}):  # the style of the page that tells it
            visits.require_safe_address()

    @routes.get("/sign-in")
    def sign_in() -> Response:
        if visits.signed_in():
            return visits.to(following())
        return shown(is_out="signed-out" in request.args)

    @routes.post("/sign-in")
    def with_password() -> Response:
        if not visits.passwords:
            raise NotFound("nobody signs in with a password here")
        form = posted(visits)
        username, password = form.get("username", "").strip(), form.get("password", "")
        faults = _missing(username=username, password=password)
        if not faults:
            step = visits.entrance.with_password(username, password, visits.address(), visits.cookie())
            if step:
                return visits.entered(step, following())
            faults = [_WRONG]
        return shown(_REFUSED, username=username, faults=faults)

    def code_page(name: str, status: int = 200, faults: Sequence[Fault] = ()) -> Response:
        return page(visits, f"{name.replace('-', '_')}.html", status, next=following(), faults=faults)

    @routes.get("/sign-in/<any(code, 'recovery-code'):kind>")
    def code(kind: str) -> Response:
        session = visits.session()
        if session is None or session.complete:
            return visits.to_sign_in(following())
        return code_page(kind)

    @routes.post("/sign-in/<any(code, 'recovery-code'):kind>")
    def with_code(kind: str) -> Response:
        form, session = posted(visits), visits.session()
        if session is None or session.complete:
            return visits.to_sign_in(following())
        faults = _missing(code=form.get("code", ""))
        if not faults:
            step = visits.entrance.with_code(session, form["code"], visits.address())
            if step:
                return visits.entered(step, following())
            faults = [_CODES[kind]]
        return code_page(kind, _REFUSED, faults)

    @routes.post("/sign-out")
    def sign_out() -> Response:
        posted(visits)
        if session := visits.session():
            visits.entrance.sign_out(session, visits.address())
        response = visits.to("/sign-in?signed-out=1")
        visits.forget(response)
        return response


def _hinted(following: str) -> str:
    """Who an app says will sign in, to be typed over. https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest"""
    parts = urlsplit(following)
    hints = parse_qs(parts.query).get("login_hint", []) if parts.path == AUTHORIZE else []
    return hints[0] if len(hints) == 1 and len(hints[0]) <= _LONGEST_HINT and hints[0].isprintable() else ""


_WORDS = {
    "username": "Type your username.",
    "password": "Type your password.",
    "code": "Type the code.",
}


def _missing(**fields: str) -> list[Fault]:
    return [Fault("required", _WORDS[name], name) for name, text in fields.items() if not text.strip()]

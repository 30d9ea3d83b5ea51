"""Signing in, in one step or two, and out. https://pages.nist.gov/800-63-4/sp800-63b.html"""

from __future__ import annotations

from flask import Blueprint, Response, request

from careplan_service.access.people import Entered
from careplan_service.errors import Fault
from careplan_service.web.people.addresses import local_path
from careplan_service.web.people.forms import posted
from careplan_service.web.people.pages import page
from careplan_service.web.people.visits import Visits

_REFUSED = 422
_WRONG = Fault(
    "login",
    "Check username and password. After several failures wait some minutes.",
    "username",
)
_WRONG_CODE = Fault(
    "login",
    "Type the code that your app shows now; each works once. After several failures wait some minutes.",
    "code",
)


def add(routes: Blueprint, visits: Visits) -> None:
    """Add the routes."""

    def following() -> str:
        return local_path(request.values.get("next", ""))

    def entered(step: Entered) -> Response:
        response = (
            visits.to(following()) if step.complete else visits.to_sign_in(following(), "/sign-in/code")
        )
        visits.keep(response, step.cookie)
        return response

    @routes.before_request
    def safe() -> None:
        if "name" not in (request.view_args or {}):  # the style of the page that tells it
            visits.require_safe_address()

    @routes.get("/sign-in")
    def sign_in() -> Response:
        if visits.signed_in():
            return visits.to(following())
        return page(visits, "sign_in.html", next=following(), is_out="signed-out" in request.args)

    @routes.post("/sign-in")
    def with_password() -> Response:
        form = posted(visits)
        username, password = form.get("username", "").strip(), form.get("password", "")
        faults = _missing(username=username, password=password)
        if not faults:
            step = visits.entrance.with_password(username, password, visits.address(), visits.cookie())
            if step:
                return entered(step)
            faults = [_WRONG]
        return page(visits, "sign_in.html", _REFUSED, next=following(), username=username, faults=faults)

    @routes.get("/sign-in/code")
    def code() -> Response:
        session = visits.session()
        if session is None or session.complete:
            return visits.to_sign_in(following())
        return page(visits, "code.html", next=following())

    @routes.post("/sign-in/code")
    def with_code() -> Response:
        form, session = posted(visits), visits.session()
        if session is None or session.complete:
            return visits.to_sign_in(following())
        faults = _missing(code=form.get("code", ""))
        if not faults:
            step = visits.entrance.with_code(session, form["code"], visits.address(), visits.cookie())
            if step:
                return entered(step)
            faults = [_WRONG_CODE]
        return page(visits, "code.html", _REFUSED, next=following(), faults=faults)

    @routes.post("/sign-out")
    def sign_out() -> Response:
        posted(visits)
        if session := visits.session():
            visits.entrance.sign_out(session, visits.address())
        response = visits.to("/sign-in?signed-out=1")
        visits.forget(response)
        return response


_WORDS = {
    "username": "Type your username.",
    "password": "Type your password.",
    "code": "Type the six digits that your authenticator app shows.",
}


def _missing(**fields: str) -> list[Fault]:
    return [Fault("required", _WORDS[name], name) for name, text in fields.items() if not text.strip()]

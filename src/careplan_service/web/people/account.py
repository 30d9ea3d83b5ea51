"""The account page: who am I, the second factor, which apps I allowed.

https://pages.nist.gov/800-63-4/sp800-63b.html#singlefactorOTP
"""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Blueprint, Response, request

from careplan_service.access.people import Session
from careplan_service.errors import Fault, Invalid
from careplan_service.web.people.addresses import HOME
from careplan_service.web.people.forms import posted
from careplan_service.web.people.pages import page
from careplan_service.web.people.visits import Visits

_SETTING_UP = "/account/second-factor"
_REFUSED = 422


def add(routes: Blueprint, visits: Visits) -> None:
    """Add the routes."""

    def setting_up(session: Session, faults: tuple[Fault, ...] = ()) -> Response:
        return page(
            visits,
            "second_factor.html",
            _REFUSED if faults else 200,
            session=session,
            offer=visits.entrance.offer(session),
            faults=[Fault(fault.code, _sentence(fault.text), fault.expression) for fault in faults],
        )

    @routes.get("/account")
    def account() -> Response:
        session = visits.signed_in()
        if session is None:
            return visits.to_sign_in(HOME)
        since = datetime.fromtimestamp(session.created, UTC)
        is_new = "second-factor" in request.args
        return page(visits, "account.html", session=session, since=since, is_new=is_new)

    @routes.get(_SETTING_UP)
    def second_factor() -> Response:
        session = visits.signed_in()
        return setting_up(session) if session else visits.to_sign_in(_SETTING_UP)

    @routes.post(_SETTING_UP)
    def take_second_factor() -> Response:
        form, session = posted(visits), visits.signed_in()
        if session is None:
            return visits.to_sign_in(_SETTING_UP)
        try:
            entered = visits.entrance.take_offer(
                session, form.get("password", ""), form.get("code", ""), visits.address()
            )
        except Invalid as wrong:
            return setting_up(session, wrong.faults)
        response = visits.to("/account?second-factor=1")
        visits.keep(response, entered.cookie)
        return response


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."

"""The account page: who am I, the password, where I am signed in, which apps I allowed.

https://cheatsheetseries.owasp.org/cheatsheets/Authentication_Cheat_Sheet.html#change-password-feature
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, request

from careplan_service.errors import Fault, Invalid
from careplan_service.web.people.addresses import HOME
from careplan_service.web.people.forms import posted
from careplan_service.web.people.pages import REFUSED, page, sentences
from careplan_service.web.people.visits import Visits

_PASSWORD = "/account/password"  # noqa: S105 - an address
_DONE: Mapping[str, str] = {
    "password": "Your password is changed. You are signed out everywhere else.",
    "second-factor-off": "The second step is off. You are signed out everywhere else.",
    "elsewhere": "You are signed out everywhere else.",
}
"""What a change is answered with, on the account page."""


def add(routes: Blueprint, visits: Visits) -> None:
    """Add the routes."""
    account = visits.account

    @routes.get("/account")
    def own_account() -> Response:
        session = visits.signed_in()
        if session is None:
            return visits.to_sign_in(HOME)
        values: dict[str, Any] = {
            "session": session,
            "sessions": sorted(account.sessions_of(session), key=lambda one: one.digest != session.digest),
            "moment": lambda seconds: datetime.fromtimestamp(seconds, UTC),
            "codes_left": account.recovery_codes_left(session),
            "has_password": visits.has_password(session),
            "done": _DONE.get(request.args.get("changed", "")),
        }
        return page(visits, "account.html", **values)

    def changing(faults: Sequence[Fault] = ()) -> Response:
        return page(visits, "password.html", REFUSED if faults else 200, faults=faults)

    @routes.get(_PASSWORD)
    def password() -> Response:
        return changing() if visits.changing() else visits.to_sign_in(_PASSWORD)

    @routes.post(_PASSWORD)
    def change_password() -> Response:
        form, session = posted(visits), visits.changing()
        if session is None:
            return visits.to_sign_in(_PASSWORD)
        new = form.get("new", "")
        if new != form.get("again", ""):
            return changing([Fault("invalid", "Type the new password the same way twice.", "again")])
        try:
            changed = account.change_password(session, form.get("password", ""), new, visits.address())
        except Invalid as wrong:
            return changing(sentences(wrong))
        return visits.after_change(changed, "password")

    @routes.post("/account/sign-out-elsewhere")
    def sign_out_elsewhere() -> Response:
        posted(visits)
        session = visits.signed_in()
        if session is None:
            return visits.to_sign_in(HOME)
        account.sign_out_elsewhere(session, visits.address())
        return visits.to("/account?changed=elsewhere")

"""The page of the apps that a person allowed, where each is taken back with one button.

https://hl7.org/fhir/smart-app-launch/STU2.2/conformance.html#response (`management_endpoint`)
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Protocol

from flask import Blueprint, Response, request

from careplan_service.access.authorizations import AllowedApp
from careplan_service.access.people import User
from careplan_service.web import scope_words
from careplan_service.web.people.forms import posted
from careplan_service.web.people.pages import page
from careplan_service.web.people.visits import Visits

APPS = "/account/apps"


class Allowed(Protocol):
    """The apps that people allowed."""

    def of(self, user: User) -> tuple[AllowedApp, ...]:
        """Those of a person, the newest first."""

    def take_back(self, user: User, id_: str, address: str) -> bool:
        """End what the person allowed under that id; False where there is none of this person's."""


def add(routes: Blueprint, visits: Visits, allowed: Allowed) -> None:
    """Add the routes."""

    @routes.get(APPS)
    def apps() -> Response:
        session = visits.signed_in()
        if session is None:
            return visits.to_sign_in(APPS)
        found = [
            (app, scope_words.allowed(app.scopes, f"Patient/{app.patient}"))
            for app in allowed.of(session.user)
        ]
        done = "taken-back" in request.args
        return page(visits, "apps.html", session=session, apps=found, is_done=done, moment=_moment)

    @routes.post(APPS)
    def take_back() -> Response:
        form, session = posted(visits), visits.signed_in()
        if session is None:
            return visits.to_sign_in(APPS)
        # Whoever presses twice, or on an old page, sees what holds now.
        done = allowed.take_back(session.user, form.get("app", ""), visits.address())
        return visits.to(f"{APPS}?taken-back=1" if done else APPS)


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)

"""The pages where people sign in and out and see their account.

https://pages.nist.gov/800-63-4/sp800-63b.html
"""

from __future__ import annotations

from flask import Blueprint, Response
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from careplan_service.errors import Malformed, NotFound, Problem, TooLarge
from careplan_service.web.people import account, apps, elsewhere, second_factor, sign_in
from careplan_service.web.people.apps import APPS
from careplan_service.web.people.pages import ASSETS, asset, problem_page
from careplan_service.web.people.visits import Visits

PAGES = (
    "/sign-in",
    "/sign-in/code",
    "/sign-in/recovery-code",
    "/sign-in/elsewhere",
    "/sign-in/back",
    "/sign-out",
    "/account",
    "/account/password",
    "/account/second-factor",
    "/account/second-factor/off",
    "/account/recovery-codes",
    "/account/sign-out-elsewhere",
    APPS,
)
"""Where they are."""


def people_blueprint(visits: Visits, allowed: apps.Allowed) -> Blueprint:
    """PAGES and the files they use."""
    routes = Blueprint("people", __name__, template_folder="../pages")
    sign_in.add(routes, visits)
    account.add(routes, visits)
    second_factor.add(routes, visits)
    apps.add(routes, visits, allowed)
    if visits.elsewhere:
        elsewhere.add(routes, visits, visits.elsewhere)

    @routes.get("/people/<string:name>")
    def people_asset(name: str) -> Response:
        if name not in ASSETS:
            raise NotFound("there is no such file")
        return asset(name)

    @routes.errorhandler(Problem)
    def problem(error: Problem) -> Response:
        return problem_page(visits, error)

    @routes.errorhandler(HTTPException)
    def not_read(error: HTTPException) -> Response:
        if isinstance(error, RequestEntityTooLarge):
            return problem_page(visits, TooLarge("the form is too long"))
        return problem_page(visits, Malformed("the form cannot be read"))

    return routes

"""The pages between an app that asks for access and the person who decides.

https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html#step-4-authorization-code and
https://www.rfc-editor.org/rfc/rfc9700
"""

from __future__ import annotations

from flask import Blueprint, Response
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from careplan_service.errors import Malformed, Problem, TooLarge
from careplan_service.web.authorize import picking, routes
from careplan_service.web.authorize.asking import AUTHORIZE, Asking
from careplan_service.web.people.pages import problem_page

PAGES = (
    AUTHORIZE,
    picking.PATIENT,
    routes.ALLOW,
    routes.DECISION,
)
"""Where they are."""


def authorize_blueprint(asking: Asking) -> Blueprint:
    """PAGES."""
    blueprint = Blueprint("authorize", __name__, template_folder="../pages")
    visits = asking.visits
    routes.add(blueprint, asking)
    picking.add(blueprint, asking)

    @blueprint.before_request
    def safe() -> None:
        visits.require_safe_address()

    @blueprint.errorhandler(Problem)
    def problem(error: Problem) -> Response:
        return problem_page(visits, error)

    @blueprint.errorhandler(HTTPException)
    def not_read(error: HTTPException) -> Response:
        too_long = isinstance(error, RequestEntityTooLarge)
        return problem_page(
            visits, TooLarge("the form is too long") if too_long else Malformed("the form cannot be read")
        )

    return blueprint

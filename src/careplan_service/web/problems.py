"""Problems on their way out: those of the interactions, of Flask, and ours.

https://hl7.org/fhir/R4/http.html#Status-Codes
"""

from __future__ import annotations

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from careplan_service import errors
from careplan_service.log import log
from careplan_service.web import wire

_PROBLEMS: dict[int, type[errors.Problem]] = {
    400: errors.Malformed,
    404: errors.NotFound,
    405: errors.NotAllowed,
    413: errors.TooLarge,
    415: errors.UnsupportedMediaType,
}


def register(app: Flask) -> None:
    """Have every problem answered with an OperationOutcome."""
    app.register_error_handler(errors.Problem, told)
    app.register_error_handler(HTTPException, _http_problem)
    app.register_error_handler(Exception, _unexpected)


def told(problem: errors.Problem) -> Response:
    """What an interaction raised; what is not the caller's fault is told to the log as well.

    Of a failing database only the kind of failure: a driver's words repeat the values of a statement.
    """
    if isinstance(problem, errors.Unavailable):
        log().error("unavailable", path=request.path, cause=type(problem.__cause__).__name__)
    return wire.outcome(problem)


def _http_problem(error: HTTPException) -> Response:
    kind = _PROBLEMS.get(error.code or 500, errors.Malformed)
    text = {
        404: f"nothing is served at `{request.path}`",
        405: f"`{request.method}` is not offered at `{request.path}`",
        413: "the body is larger than this service takes",
    }.get(error.code or 500, (error.description or "the request cannot be read").lower())
    response = wire.outcome(kind(text))
    if error.code == 405 and error.response is None:
        response.headers["Allow"] = ", ".join(sorted(getattr(error, "valid_methods", None) or ()))
    return response


def _unexpected(error: Exception) -> Response:
    """A fault of ours: told in full to the log, and to the caller only that it was ours."""
    log().error("unexpected", path=request.path, exc_info=error)
    return wire.outcome(errors.Problem("something went wrong here, not with your request; it was logged"))

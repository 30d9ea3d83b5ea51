"""Signing in with an OpenID provider: a link out, and the address that it sends people back to.

A link and no form: browsers apply `form-action` of the Content-Security-Policy to where a form's answer
redirects, too. https://www.w3.org/TR/CSP3/#directive-form-action
"""

from __future__ import annotations

from flask import Blueprint, Response, request

from careplan_service.errors import Forbidden
from careplan_service.web.people.addresses import HOME, local_path
from careplan_service.web.people.pages import page
from careplan_service.web.people.visits import Elsewhere, Visits, new_id

BACK = "/sign-in/back"

_KEPT_SECONDS = 600
_LONGEST_NEXT = 2000  # so that the cookie stays below the 4096 bytes that browsers keep
_FORBIDDEN = 403


def add(routes: Blueprint, visits: Visits, elsewhere: Elsewhere) -> None:
    """Add the routes."""
    name = f"{visits.cookie_name}-elsewhere"

    def keep(response: Response, kept: str) -> Response:
        """Have the browser keep what it must bring back; empty for nothing any more."""
        response.set_cookie(
            name,
            kept,
            max_age=_KEPT_SECONDS if kept else 0,
            secure=visits.is_secure,
            httponly=True,
            samesite="Lax",
            path="/",
        )
        return response

    @routes.get("/sign-in/elsewhere")
    def leave() -> Response:
        following, cookie = local_path(request.args.get("next", "")), visits.cookie() or new_id()
        leaving = elsewhere.leave(following if len(following) <= _LONGEST_NEXT else HOME, cookie)
        response = visits.out(leaving.url)
        visits.keep(response, cookie)
        return keep(response, leaving.kept)

    @routes.get(BACK)
    def back() -> Response:
        answer = {key: text for key, text in request.args.items() if len(request.args.getlist(key)) == 1}
        kept = request.cookies.get(name, "")
        try:
            found = elsewhere.back(answer, kept, visits.cookie(), visits.address())
        except Forbidden as refused:
            title = "You are not signed in"
            return keep(page(visits, "problem.html", _FORBIDDEN, title=title, text=refused.text), "")
        response = visits.entered(found.entered, local_path(found.following))
        return keep(response, "")

"""The pages for people: HTML from the package, with nothing that runs and nothing from elsewhere.

https://www.w3.org/TR/CSP3/ and https://www.w3.org/TR/WCAG22/
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from flask import Response, render_template

from careplan_service.errors import Fault, Invalid, Problem
from careplan_service.web.people.forms import TOKEN_FIELD, token_for
from careplan_service.web.people.visits import Visits, new_id

ASSETS: Mapping[str, str] = {"page.css": "text/css; charset=utf-8", "icon.svg": "image/svg+xml"}
"""The files of the pages with their media types; nothing else is given out."""

REFUSED = 422
"""The status of a page that says what is wrong in its form."""

_FILES = files("careplan_service.web") / "pages" / "people"
_SAFE = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
_CHALLENGE = "WWW-Authenticate"  # for clients with tokens, of which people at a page have none
_TITLES = {
    403: "This was not sent",
    404: "This is not offered here",
    413: "This was too long",
    429: "Too many attempts",
    503: "Not at this moment",
}


def page(visits: Visits, template: str, status: int = 200, *, id_: str = "", **values: object) -> Response:
    """A page; a browser without an id is given one, so that its forms can be told from others'.

    `id_` is the one a session was just opened with.
    """
    cookie = id_ or visits.cookie() or new_id()
    form = {"token": token_for(visits, cookie), "token_field": TOKEN_FIELD}
    response = _rendered(visits, template, status, **form, **values)
    if cookie != visits.cookie():
        visits.keep(response, cookie)
    return response


def problem_page(visits: Visits, problem: Problem) -> Response:
    """What went wrong, and what to do: also that there is no key to sign forms with, so it has none."""
    title = _TITLES.get(problem.status, "Something went wrong")
    response = _rendered(visits, "problem.html", problem.status, title=title, text=problem.text)
    response.headers.update({name: told for name, told in problem.headers.items() if name != _CHALLENGE})
    return response


def _rendered(visits: Visits, template: str, status: int, **values: object) -> Response:
    response = Response(render_template(f"people/{template}", root=visits.root, **values), status)
    response.headers.update(_SAFE)
    response.headers["Cache-Control"] = "no-store"
    return response


def sentences(wrong: Invalid) -> list[Fault]:
    """The faults in whole sentences."""
    return [
        Fault(fault.code, f"{fault.text[:1].upper()}{fault.text[1:]}.", fault.expression)
        for fault in wrong.faults
    ]


@cache
def _content(name: str) -> bytes:
    return (_FILES / name).read_bytes()


def asset(name: str) -> Response:
    """A file of ASSETS."""
    headers = {**_SAFE, "Cache-Control": "public, max-age=300"}
    return Response(_content(name), headers=headers, content_type=ASSETS[name])

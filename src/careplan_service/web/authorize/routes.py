"""The authorization endpoint, the page that asks, and what was answered.

https://www.rfc-editor.org/rfc/rfc6749#section-3.1 (GET and POST)
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from flask import Blueprint, Response, request

from careplan_service.access.asking import (
    Back,
    Context,
    PickEncounter,
    PickPatient,
    Question,
    SignInFirst,
    Step,
)
from careplan_service.web.authorize.asking import AUTHORIZE, Asking, address, fields
from careplan_service.web.authorize.picking import PATIENT
from careplan_service.web.people.forms import posted
from careplan_service.web.people.pages import page
from careplan_service.web.scope_words import CHOICE_WORDS, lines, struck

ALLOW, DECISION = f"{AUTHORIZE}/allow", f"{AUTHORIZE}/decision"

_LARGEST_FORM = 64 * 1024
_TICK = re.compile(r"s([0-9]{1,3})\.([cruds])")


def add(routes: Blueprint, asking: Asking) -> None:
    """Add the routes."""
    authorizing, visits = asking.authorizing, asking.visits

    def shown(step: Step) -> Response:
        """The page of a step."""
        match step:
            case Back():
                return asking.back(step)
            case SignInFirst():
                return asking.to_sign_in(step)
            case PickPatient():
                return visits.to(address(PATIENT, request=step.request.query, ticket=step.ticket))
            case PickEncounter():
                return page(visits, "encounters.html", step=step, action=PATIENT)
            case Question():
                return _asked(asking, step)

    @routes.get(AUTHORIZE)
    def authorize() -> Response:
        wanted = authorizing.read(list(request.args.items(multi=True)))
        if isinstance(wanted, Back):
            return asking.back(wanted)
        return shown(authorizing.step(wanted, visits.signed_in(), fields("again"), None))

    @routes.post(AUTHORIZE)
    def authorize_by_form() -> Response:
        """The same by GET: from another site, a POST comes without the cookie."""
        request.max_content_length = _LARGEST_FORM
        wanted = authorizing.read(list(request.form.items(multi=True)))
        return asking.back(wanted) if isinstance(wanted, Back) else visits.to(f"{AUTHORIZE}?{wanted.query}")

    @routes.get(ALLOW)
    def allow() -> Response:
        wanted = asking.about(fields("request"))
        session, chosen = visits.signed_in(), _context(whole="whole" in request.args)
        if session is None:
            return asking.to_sign_in(SignInFirst(wanted.query))
        authorizing.require_chosen(wanted, session, chosen, fields("proof"))
        return shown(authorizing.step(wanted, session, "", chosen))

    @routes.post(DECISION)
    def decide() -> Response:
        form, session = posted(visits), visits.signed_in()
        wanted = asking.about(fields("request"))
        if session is None:
            return asking.to_sign_in(SignInFirst(wanted.query))
        says_yes = form.get("decision") == "allow"
        ticked = _ticked(form) if says_yes else {}
        choices = [choice for choice in CHOICE_WORDS if says_yes and f"choice.{choice}" in form]
        return asking.back(
            authorizing.decide(
                wanted, session, _context(), fields("ticket"), ticked, choices, visits.address()
            )
        )


def _context(*, whole: bool = False) -> Context:
    return Context(fields("patient", 64), fields("encounter", 64), whole=whole)


def _ticked(form: Mapping[str, str]) -> dict[int, str]:
    """Letters by the number of the scope; those of a scope that is not ticked itself do not count."""
    found: dict[int, str] = {}
    for name in form:
        tick = _TICK.fullmatch(name)
        if tick and f"s{tick[1]}" in form:
            found[int(tick[1])] = found.get(int(tick[1]), "") + tick[2]
    return found


def _asked(asking: Asking, question: Question) -> Response:
    target = urlsplit(question.request.redirect_uri)
    session = asking.visits.signed_in()
    return page(
        asking.visits,
        "authorize.html",
        question=question,
        user=session.user if session else None,
        goes_to=target.hostname or f"an app on this device ({target.scheme}:)",
        lines=lines(question),
        struck=struck(question),
        choices=[(name, *CHOICE_WORDS[name]) for name in question.offer.choices],
        action=DECISION,
    )

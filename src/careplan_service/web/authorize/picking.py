"""The page where a practitioner chooses the patient, and the encounter, that an app is opened for.

https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html#requesting-context-with-scopes
"""

from __future__ import annotations

import re
from urllib.parse import urlencode

from flask import Blueprint, Response, request

from careplan_service.access.asking import AuthorizationRequest, Context, SignInFirst
from careplan_service.access.people import Session
from careplan_service.errors import Fault, Malformed
from careplan_service.web.authorize.asking import AUTHORIZE, Asking, address, fields
from careplan_service.web.people.forms import posted
from careplan_service.web.people.pages import page

PATIENT = f"{AUTHORIZE}/patient"

_SOUGHT = ("name", "birthdate", "identifier")
_LONGEST = 100
_SPECIAL = re.compile(r"([\\,$|])")
_DATE = re.compile(r"[0-9]{4}(-[0-9]{2}){0,2}")
_REFUSED = 422


def add(routes: Blueprint, asking: Asking) -> None:
    """Add the routes."""
    authorizing, visits = asking.authorizing, asking.visits

    @routes.get(PATIENT)
    def choose() -> Response:
        wanted, session = asking.about(fields("request")), visits.signed_in()
        if session is None:
            return asking.to_sign_in(SignInFirst(wanted.query))
        return _found(asking, wanted, session)

    @routes.post(PATIENT)
    def chosen() -> Response:
        form, session = posted(visits), visits.signed_in()
        wanted = asking.about(fields("request"))
        if session is None:
            return asking.to_sign_in(SignInFirst(wanted.query))
        context = Context(fields("patient", 64), fields("encounter", 64))
        proof = authorizing.choose(wanted, session, fields("ticket"), context)
        whole = "1" if "encounter" in form else ""
        return visits.to(
            address(
                f"{AUTHORIZE}/allow",
                request=wanted.query,
                patient=context.patient,
                encounter=context.encounter,
                proof=proof,
                whole=whole,
            )
        )


def _found(asking: Asking, wanted: AuthorizationRequest, session: Session) -> Response:
    """The page with those who match, ten at a time."""
    sought = {name: fields(name).strip() for name in _SOUGHT}
    ticket = fields("ticket")
    faults, following = _faults(sought), None
    rows: list[tuple[str, str, str]] = []
    if not faults:
        pairs = [(name, _literally(name, text)) for name, text in sought.items() if text]
        bound = "\n".join((session.user.id, wanted.client.id, urlencode(pairs)))
        cursor = fields("page")
        try:
            after = asking.cursors.opened(cursor, bound) if cursor else None
            rows, following = asking.authorizing.patients(wanted, session, ticket, pairs, after)
        except Malformed:
            faults = [Fault("invalid", "This cannot be searched for; write it in another way.", "name")]
    rest = {"request": wanted.query, "ticket": ticket}
    more = (
        address(PATIENT, **rest, **sought, page=asking.cursors.sealed(following, bound)) if following else ""
    )
    return page(
        asking.visits,
        "patients.html",
        _REFUSED if faults else 200,
        wanted=wanted,
        rest=rest,
        sought=sought,
        faults=faults,
        rows=rows,
        more=more,
        is_first="page" not in request.args,
        action=PATIENT,
    )


def _faults(sought: dict[str, str]) -> list[Fault]:
    found = []
    if sought["birthdate"] and not _DATE.fullmatch(sought["birthdate"]):
        found.append(
            Fault("invalid", "Write the date of birth as year, month, day: 1980-12-31.", "birthdate")
        )
    for name, text in sought.items():
        if len(text) > _LONGEST:
            found.append(Fault("invalid", f"Write at most {_LONGEST} characters.", name))
    return found


def _literally(name: str, text: str) -> str:
    """What is typed, not as the language of searches; an identifier may stand behind its system and `|`."""
    return text if name == "identifier" and "," not in text else _SPECIAL.sub(r"\\\1", text)

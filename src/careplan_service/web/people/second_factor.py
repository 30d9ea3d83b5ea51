"""The second factor: set up, replaced, removed; and the recovery codes for the day when it is lost.

https://pages.nist.gov/800-63-4/sp800-63b.html#singlefactorOTP and
https://pages.nist.gov/800-63-4/sp800-63b.html#lookupsecrets
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Response

from careplan_service.access.people import Changed, Session
from careplan_service.errors import Fault, Invalid
from careplan_service.web.people.forms import posted
from careplan_service.web.people.pages import REFUSED, page, sentences
from careplan_service.web.people.visits import Visits

_SETTING_UP = "/account/second-factor"
_REMOVING = "/account/second-factor/off"
_CODES = "/account/recovery-codes"


def add(routes: Blueprint, visits: Visits) -> None:
    """Add the routes."""
    account = visits.account

    def setting_up(session: Session, faults: Sequence[Fault] = ()) -> Response:
        values: dict[str, Any] = {"session": session, "offer": account.offer(session), "faults": faults}
        return page(visits, "second_factor.html", REFUSED if faults else 200, **values)

    def removing(session: Session, faults: Sequence[Fault] = ()) -> Response:
        if not session.user.totp_secret:
            return visits.to(_SETTING_UP)
        return page(visits, "second_factor_off.html", REFUSED if faults else 200, faults=faults)

    def renewing(session: Session, faults: Sequence[Fault] = ()) -> Response:
        if not session.user.totp_secret:
            return visits.to(_SETTING_UP)
        values: dict[str, Any] = {"left": account.recovery_codes_left(session), "faults": faults}
        return page(visits, "renew_codes.html", REFUSED if faults else 200, **values)

    def codes_of(changed: Changed, *, is_new: bool) -> Response:
        """Shown in the answer to the form itself: there is no address where they are to be had again."""
        return page(visits, "codes.html", id_=changed.cookie, codes=changed.codes, is_new=is_new)

    @routes.get(_SETTING_UP)
    def second_factor() -> Response:
        session = visits.changing()
        return setting_up(session) if session else visits.to_sign_in(_SETTING_UP)

    @routes.post(_SETTING_UP)
    def take_second_factor() -> Response:
        form, session = posted(visits), visits.changing()
        if session is None:
            return visits.to_sign_in(_SETTING_UP)
        try:
            given = form.get("password", ""), form.get("code", "")
            return codes_of(account.take_offer(session, *given, visits.address()), is_new=True)
        except Invalid as wrong:
            return setting_up(session, sentences(wrong))

    @routes.get(_REMOVING)
    def second_factor_off() -> Response:
        session = visits.changing()
        return removing(session) if session else visits.to_sign_in(_REMOVING)

    @routes.post(_REMOVING)
    def remove_second_factor() -> Response:
        form, session = posted(visits), visits.changing()
        if session is None:
            return visits.to_sign_in(_REMOVING)
        if not session.user.totp_secret:
            return visits.to(_SETTING_UP)
        try:
            given = form.get("password", ""), form.get("code", "")
            changed = account.remove_second_factor(session, *given, visits.address())
        except Invalid as wrong:
            return removing(session, sentences(wrong))
        return visits.after_change(changed, "second-factor-off")

    @routes.get(_CODES)
    def recovery_codes() -> Response:
        session = visits.changing()
        return renewing(session) if session else visits.to_sign_in(_CODES)

    @routes.post(_CODES)
    def renew_recovery_codes() -> Response:
        form, session = posted(visits), visits.changing()
        if session is None:
            return visits.to_sign_in(_CODES)
        if not session.user.totp_secret:
            return visits.to(_SETTING_UP)
        try:
            changed = account.renew_recovery_codes(session, form.get("password", ""), visits.address())
        except Invalid as wrong:
            return renewing(session, sentences(wrong))
        return codes_of(changed, is_new=False)

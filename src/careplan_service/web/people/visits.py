"""Who is at the browser: the session cookie and what is asked of its session.

https://www.rfc-editor.org/rfc/rfc6265#section-4.1 and, for `__Host-`,
https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Set-Cookie#cookie_prefixes
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlencode, urlsplit

from flask import Response, request

from careplan_service.access.people import Back, Changed, Entered, Leaving, Offer, Session
from careplan_service.errors import Forbidden, NotFound
from careplan_service.web.people.addresses import address_of

_ID = re.compile(r"[A-Za-z0-9_-]{43}")
_ID_BYTES = 32
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


class Entrance(Protocol):
    """The steps of signing in; None is a refusal. Problems are told on a page of their own."""

    def session(self, cookie: str) -> Session | None:
        """The session whose id is in the cookie."""

    def signature(self, text: str) -> str:
        """What proves that a form was made here."""

    def with_password(self, username: str, password: str, address: str, cookie: str) -> Entered | None:
        """The first step."""

    def with_code(self, session: Session, code: str, address: str) -> Entered | None:
        """The second step."""

    def sign_out(self, session: Session, address: str) -> None:
        """End the session."""


class OwnAccount(Protocol):
    """What people change about their own account. Raises Invalid with a fault at the field that is wrong."""

    def offer(self, session: Session) -> Offer:
        """A secret that can become the second factor."""

    def take_offer(self, session: Session, password: str, code: str, address: str) -> Changed:
        """Make it the second factor."""

    def remove_second_factor(self, session: Session, password: str, code: str, address: str) -> Changed:
        """Do without."""

    def renew_recovery_codes(self, session: Session, password: str, address: str) -> Changed:
        """New recovery codes in place of those from before."""

    def recovery_codes_left(self, session: Session) -> int:
        """How many are not used."""

    def change_password(self, session: Session, password: str, new: str, address: str) -> Changed:
        """Replace the password."""

    def sessions_of(self, session: Session) -> tuple[Session, ...]:
        """Every session of the person, the one used last first."""

    def sign_out_elsewhere(self, session: Session, address: str) -> None:
        """End every other session of the person."""


class Elsewhere(Protocol):
    """An OpenID provider that people sign in with."""

    @property
    def host(self) -> str:
        """How people know it."""

    def leave(self, following: str, cookie: str) -> Leaving:
        """Ask it."""

    def back(self, answer: Mapping[str, str], kept: str, cookie: str, address: str) -> Back:
        """Who it says is there. Raises Forbidden for nobody."""


@dataclass(frozen=True)
class Visits:
    """The people at the pages of the service at `base_url`, behind that many `proxies`.

    They sign in with a password unless `passwords` is False, and with the provider `elsewhere` if given.
    """

    base_url: str
    entrance: Entrance
    account: OwnAccount
    proxies: int = 0
    elsewhere: Elsewhere | None = None
    passwords: bool = True

    @property
    def is_secure(self) -> bool:
        """Whether browsers use TLS."""
        return self.base_url.startswith("https://")

    @property
    def root(self) -> str:
        """The path that a proxy takes away; empty or `/path`."""
        return urlsplit(self.base_url).path

    @property
    def cookie_name(self) -> str:
        """`__Host-` keeps others on the same domain from setting it, and needs TLS."""
        return "__Host-careplan" if self.is_secure else "careplan"

    def require_safe_address(self) -> None:
        """Passwords do not go over a network in the clear. Raises Forbidden."""
        if not self.is_secure and urlsplit(self.base_url).hostname not in _LOOPBACK:
            raise Forbidden(
                "signing in is only possible over https; an operator sets the address of this service"
            )

    def cookie(self) -> str:
        """The id that the browser sent, of a session or only of its forms; empty for none."""
        sent = request.cookies.get(self.cookie_name, "")
        return sent if _ID.fullmatch(sent) else ""

    def session(self) -> Session | None:
        """The session, also one that waits for the code."""
        cookie = self.cookie()
        return self.entrance.session(cookie) if cookie else None

    def signed_in(self) -> Session | None:
        """The session of a person who is signed in with every step."""
        session = self.session()
        return session if session and session.complete else None

    def changing(self) -> Session | None:
        """The session of a person who may change the account. Raises NotFound where there is no password."""
        session = self.signed_in()
        if session and not self.has_password(session):
            raise NotFound("your account has no password here, so nothing about it can be changed here")
        return session

    def has_password(self, session: Session) -> bool:
        """Whether the person can show a password, which every change of an account needs."""
        return self.passwords and bool(session.user.password_hash)

    def address(self) -> str:
        """The sender's network address."""
        return address_of(request, self.proxies)

    def keep(self, response: Response, id_: str) -> None:
        """Have the browser send the id from now on, until it is closed."""
        response.set_cookie(
            self.cookie_name, id_, secure=self.is_secure, httponly=True, samesite="Lax", path="/"
        )

    def forget(self, response: Response) -> None:
        """Have the browser send it no more."""
        response.delete_cookie(
            self.cookie_name, secure=self.is_secure, httponly=True, samesite="Lax", path="/"
        )

    def to(self, path: str) -> Response:
        """See another page of this service."""
        return self.out(f"{self.root}{path}")

    def entered(self, step: Entered, following: str) -> Response:
        """On to the page that was wanted, by way of the second step where one is left."""
        response = self.to(following) if step.complete else self.to_sign_in(following, "/sign-in/code")
        self.keep(response, step.cookie)
        return response

    def after_change(self, changed: Changed, what: str) -> Response:
        """Back to the account page in the new session; it says what was changed."""
        response = self.to(f"/account?changed={what}")
        self.keep(response, changed.cookie)
        return response

    def out(self, url: str) -> Response:
        """See a page of somebody else, who is not told where from."""
        headers = {"Location": url, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
        return Response(status=303, headers=headers)

    def to_sign_in(self, following: str, page: str = "/sign-in") -> Response:
        """Sign in and come back to a path on this server, query included."""
        return self.to(f"{page}?{urlencode({'next': following})}")


def new_id() -> str:
    """For the forms of a browser that has no session yet."""
    return secrets.token_urlsafe(_ID_BYTES)

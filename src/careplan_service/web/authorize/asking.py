"""What the pages of authorization share: who decides, who is there, and which request it is about.

https://www.rfc-editor.org/rfc/rfc6749#section-4.1.1
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import parse_qsl, urlencode

from flask import Response, request

from careplan_service.access.asking import AuthorizationRequest, Back, Context, SignInFirst, Step
from careplan_service.access.people import Session
from careplan_service.errors import Malformed
from careplan_service.interactions.records import Cursor
from careplan_service.web.cursors import Cursors
from careplan_service.web.people.pages import page
from careplan_service.web.people.sign_in import AUTHORIZE as AUTHORIZE
from careplan_service.web.people.visits import Visits

Pairs = Sequence[tuple[str, str]]


class Authorizing(Protocol):
    """The steps from a request to a decision. Problems are told on a page."""

    def read(self, pairs: Pairs) -> AuthorizationRequest | Back:
        """The request of these parameters, or the way back with an error."""

    def step(
        self, request: AuthorizationRequest, session: Session | None, mark: str, chosen: Context | None
    ) -> Step:
        """What comes next."""

    def patients(
        self,
        request: AuthorizationRequest,
        session: Session,
        ticket: str,
        asked: Pairs,
        after: Cursor | None,
    ) -> tuple[list[tuple[str, str, str]], Cursor | None]:
        """Patients to choose from: (id, name, birth date), and where the next page begins."""

    def choose(self, request: AuthorizationRequest, session: Session, ticket: str, context: Context) -> str:
        """What proves the choice of a patient."""

    def require_chosen(
        self, request: AuthorizationRequest, session: Session, context: Context, proof: str
    ) -> None:
        """Raises Forbidden unless that proves it."""

    def decide(
        self,
        request: AuthorizationRequest,
        session: Session,
        chosen: Context,
        ticket: str,
        ticked: Mapping[int, str],
        choices: Collection[str],
        address: str,
    ) -> Back:
        """What was ticked is allowed."""


@dataclass(frozen=True)
class Asking:
    """The pages' own: who decides, who is there, and how pages of patients are continued."""

    authorizing: Authorizing
    visits: Visits
    cursors: Cursors

    def about(self, query: str) -> AuthorizationRequest:
        """The request that a page is about, read anew. Raises Malformed."""
        found = self.authorizing.read(parse_qsl(query, keep_blank_values=True))
        if isinstance(found, Back):
            raise Malformed("what the app asked for cannot be allowed any more; open the app again")
        return found

    def to_sign_in(self, first: SignInFirst) -> Response:
        """The sign-in page, and back to the request; who has to sign in again is signed out."""
        if first.again and (session := self.visits.signed_in()):
            self.visits.entrance.sign_out(session, self.visits.address())
        return self.visits.to_sign_in(f"{AUTHORIZE}?{first.query}")

    def back(self, back: Back) -> Response:
        """To the app: at once, or by a page of ours.

        Chromium applies `form-action` to every redirect after a form, also to the one that follows signing
        in; a page that refreshes to the app's address is none, whatever its scheme.
        """
        if back.silent:
            headers = {"Location": back.uri, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
            return Response(status=303, headers=headers)
        return page(self.visits, "continue.html", back=back)


def fields(name: str, most: int = 8000) -> str:
    """A parameter of the address or form, once. Raises Malformed when it is too long or no text."""
    text = request.values.get(name, "")
    if len(text) > most or "\x00" in text:
        raise Malformed("this address or form was not made here; open the app again")
    return text


def address(path: str, **query: str) -> str:
    """A path on this service with a query; what is empty is left out."""
    return f"{path}?{urlencode({name: value for name, value in query.items() if value})}"

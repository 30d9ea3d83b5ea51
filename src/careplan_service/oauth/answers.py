"""The way back to an app: with a code for what was allowed, or with an error.

https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2 and https://www.rfc-editor.org/rfc/rfc9207#section-2
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Protocol
from urllib.parse import quote, urlencode

from careplan_service.access.asking import AuthorizationRequest, Back, Context
from careplan_service.access.authorizations import Authorization, Code
from careplan_service.access.people import Session
from careplan_service.oauth.authorize_audit import AuthorizeAudit
from careplan_service.oauth.launch_context import NotToBe

CODE_SECONDS = 60
"""How long a code waits for the app to redeem it."""

_CODE_BYTES = 32


class Authorizations(Protocol):
    """What people allowed."""

    def begin(self, authorization: Authorization, code: Code) -> None:
        """Keep it with its code."""


def answer(uri: str, state: str, issuer: str, **params: str) -> str:
    """The address of the app with an answer in its query, and who gives it (RFC 9207)."""
    given = {**params, **({"state": state} if state else {}), "iss": issuer}
    return f"{uri}{'&' if '?' in uri else '?'}{urlencode(given, quote_via=quote)}"


@dataclass(frozen=True)
class Answers:
    """Answers of the `issuer`, the base URL here. `now` gives seconds since the epoch, `new_id` fresh ids."""

    issuer: str
    authorizations: Authorizations
    audit: AuthorizeAudit
    now: Callable[[], float]
    new_id: Callable[[], str]

    def allowed(
        self, request: AuthorizationRequest, session: Session, context: Context, scope: str, address: str
    ) -> Back:
        """With a code, kept with what was allowed for the app to redeem it."""
        now, code = int(self.now()), secrets.token_urlsafe(_CODE_BYTES)
        authorization = Authorization(
            id=self.new_id(),
            client_id=request.client.id,
            user_id=session.user.id,
            scope=scope,
            patient=context.patient,
            context=json.dumps(_told(request, context)),
            created=now,
            signed_in=session.created,
            session=session.digest if "online_access" in scope.split(" ") else "",
        )
        kept = Code(
            digest=sha256(code.encode()).hexdigest(),
            authorization=authorization.id,
            redirect_uri=request.redirect_uri,
            challenge=request.challenge,
            expires=now + CODE_SECONDS,
            nonce=request.nonce,
        )
        self.audit.allowed(session.user, request.client, scope, context.patient, address)
        self.authorizations.begin(authorization, kept)
        uri = answer(request.redirect_uri, request.state, self.issuer, code=code)
        return Back(uri, request.client.name, allowed=True)

    def refused(self, request: AuthorizationRequest, error: NotToBe) -> Back:
        """With the error."""
        told = {"error": error.error, "error_description": error.description}
        uri = answer(request.redirect_uri, request.state, self.issuer, **told)
        return Back(uri, request.client.name)

    def denied(self, request: AuthorizationRequest, session: Session, context: Context, address: str) -> Back:
        """With the error for what the person did not allow."""
        wanted = " ".join(request.words + request.resources)
        self.audit.denied(session.user, request.client, wanted, context.patient, address)
        return self.refused(request, NotToBe("access_denied", "the person did not allow it"))


def _told(request: AuthorizationRequest, context: Context) -> dict[str, Any]:
    """What the token response says besides the patient; without a launch nobody else shows who it is."""
    more: dict[str, Any] = json.loads(context.more)
    if context.encounter:
        more["encounter"] = context.encounter
    if context.patient and not request.launch:
        more["need_patient_banner"] = True
    return more

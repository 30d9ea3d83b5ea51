"""From a request to a decision: who must sign in, which patient, what is asked.

https://www.rfc-editor.org/rfc/rfc6749#section-4.1.1 and
https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from careplan_service.access.asking import (
    AuthorizationRequest,
    Back,
    Context,
    PickEncounter,
    PickPatient,
    Question,
    SignInFirst,
    Step,
)
from careplan_service.access.authorizations import Authorization
from careplan_service.access.clients import PUBLIC
from careplan_service.access.people import Session, User
from careplan_service.interactions.records import Cursor
from careplan_service.oauth.answers import Answers
from careplan_service.oauth.authorize import AuthorizationRequests
from careplan_service.oauth.in_person import Sight, name_of, visit_of
from careplan_service.oauth.launch_context import Contexts, NotToBe
from careplan_service.oauth.scope_choice import covers, everything, granted, offer_of
from careplan_service.oauth.tickets import TICKET_SECONDS, Tickets


class Authorizations(Protocol):
    """What people allowed."""

    def of_user(self, user_id: str) -> Sequence[Authorization]:
        """What stands of a person."""


@dataclass(frozen=True)
class Authorizing:
    """The steps. `now` gives seconds since the epoch."""

    requests: AuthorizationRequests
    sight: Sight
    contexts: Contexts
    tickets: Tickets
    authorizations: Authorizations
    answers: Answers
    now: Callable[[], float]

    def read(self, pairs: Sequence[tuple[str, str]]) -> AuthorizationRequest | Back:
        """As AuthorizationRequests; raises Malformed."""
        return self.requests.read(pairs)

    def step(
        self, request: AuthorizationRequest, session: Session | None, mark: str, chosen: Context | None
    ) -> Step:
        """What comes next; `mark` is what came back from signing in anew, `chosen` the patient picked."""
        silent = "none" in request.prompt
        try:
            if session is None or chosen is None:  # who chose had signed in as it was asked for
                first = self._sign_in(request, session, mark)
                if first is not None or session is None:
                    return first or SignInFirst(request.query)
            context = chosen or self.contexts.given(request, session.user)
            if context is not None:
                return self._asked(request, session, context, picked=chosen is not None)
            if silent:
                raise NotToBe("interaction_required", "a patient has to be chosen first")
            return PickPatient(request, self.tickets.made(session, f"pick\n{request.query}"))
        except NotToBe as error:
            return replace(self.answers.refused(request, error), silent=silent)

    def patients(
        self,
        request: AuthorizationRequest,
        session: Session,
        ticket: str,
        asked: Sequence[tuple[str, str]],
        after: Cursor | None,
    ) -> tuple[list[tuple[str, str, str]], Cursor | None]:
        """Patients to choose from: (id, name, birth date), and where the next page begins.

        Raises Forbidden for a ticket that is not that of PickPatient, Malformed for what cannot be searched.
        """
        self.tickets.require(session, f"pick\n{request.query}", ticket)
        found, following = self.sight.patients(request.client, session.user, asked, after)
        return [(one["id"], name_of(one), str(one.get("birthDate", ""))) for one in found], following

    def choose(self, request: AuthorizationRequest, session: Session, ticket: str, context: Context) -> str:
        """What proves that the person chose that patient. Raises Forbidden if it may not be seen."""
        self.tickets.require(session, f"pick\n{request.query}", ticket)
        self.contexts.require(request, session.user, context)
        return self.tickets.made(session, _about("chosen", request, context))

    def require_chosen(
        self, request: AuthorizationRequest, session: Session, context: Context, proof: str
    ) -> None:
        """Raise Forbidden unless that proves the choice."""
        self.tickets.require(session, _about("chosen", request, context), proof)

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
        """What the person allowed, given what was ticked; nothing ticked is a denial.

        Raises Forbidden when the form was not made for this or was sent before.
        """
        try:
            context = self._settled(request, session.user, chosen)
            offer = offer_of(request, session.user.fhir_user)
            scope = granted(request, offer, context, ticked, choices)
            self.tickets.spend(request.client.id, session, _about("asked", request, context), ticket)
            self.contexts.use(request)
            if not scope:
                return self.answers.denied(request, session, context, address)
        except NotToBe as error:
            return self.answers.refused(request, error)
        return self.answers.allowed(request, session, context, scope, address)

    def _settled(self, request: AuthorizationRequest, user: User, chosen: Context) -> Context:
        """The context that the form was made for, looked up again: what may be seen may have changed."""
        context = self.contexts.given(request, user, grace=TICKET_SECONDS)
        if context is None:
            self.contexts.require(request, user, chosen)
            return Context(chosen.patient, chosen.encounter)
        return context

    def _sign_in(
        self, request: AuthorizationRequest, session: Session | None, mark: str
    ) -> SignInFirst | None:
        """Whether the person has to sign in; also one who is signed in, too long ago or asked to again."""
        silent = "none" in request.prompt
        if session is None:
            if silent:
                raise NotToBe("login_required", "nobody is signed in")
            return SignInFirst(request.query)
        is_old = request.max_age is not None and self.now() - session.created > request.max_age
        if is_old and silent:
            raise NotToBe("login_required", "the sign-in is older than `max_age`")
        if not is_old and "login" not in request.prompt:
            return None
        if self.tickets.is_after(session, request.query, mark):
            return None
        return SignInFirst(f"{request.query}&again={self.tickets.mark(request.query)}", again=True)

    def _asked(
        self, request: AuthorizationRequest, session: Session, context: Context, *, picked: bool
    ) -> Step:
        """The question, or the code at once where nothing is left to ask."""
        user = session.user
        offer = offer_of(request, user.fhir_user)
        if not offer.asks and not offer.choices:
            raise NotToBe("access_denied", "nothing of this can be granted to this app for this person")
        if "none" in request.prompt:
            return self._silently(request, session, context)
        reference = f"Patient/{context.patient}" if context.patient else ""
        called = name_of(self.sight.sees(request.client, user, reference)) or reference
        if picked and not context.whole and "launch/encounter" in request.words:
            found = self.sight.encounters(request.client, user, context.patient)
            if found:
                visits = tuple((one["id"], visit_of(one)) for one in found)
                again = self.tickets.made(session, f"pick\n{request.query}")
                return PickEncounter(request, context, called, visits, again)
        ticket = self.tickets.made(session, _about("asked", request, context))
        own, makers = (
            self.sight.organization(request.client, user, one)
            for one in (user.organization, request.client.organization)
        )
        is_own = user.fhir_user == reference
        return Question(request, context, offer, called, is_own, own, makers, ticket)

    def _silently(self, request: AuthorizationRequest, session: Session, context: Context) -> Back:
        """A new code where the person allowed this confidential app all of it before, for the same patient.

        A launch is asked about each time: another system decided on it.
        """
        offer = offer_of(request, session.user.fhir_user)
        scope = granted(request, offer, context, everything(offer), offer.choices)
        stands = (
            one.client_id == request.client.id and one.patient == context.patient and covers(one.scope, scope)
            for one in self.authorizations.of_user(session.user.id)
        )
        if request.client.auth_method == PUBLIC or request.launch or not any(stands):
            raise NotToBe("consent_required", "the person has to be asked")
        return replace(self.answers.allowed(request, session, context, scope, ""), silent=True)


def _about(what: str, request: AuthorizationRequest, context: Context) -> str:
    return "\n".join((what, request.query, context.patient, context.encounter, context.more))

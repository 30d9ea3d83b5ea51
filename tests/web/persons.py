"""People at an app: requests over HTTP of callers that `caller_for_person` made."""

from __future__ import annotations

import functools

from flask import Flask

from builders import AGENCY, As
from careplan_service.access.caller import Caller
from careplan_service.access.clients import Client
from careplan_service.access.people import User
from careplan_service.access.person import caller_for_person
from careplan_service.access.scope_text import OF_PERSONS, parse_scopes
from careplan_service.app import Service
from careplan_service.errors import Forbidden
from careplan_service.interactions.granular import judges
from careplan_service.interactions.metadata import own_addresses
from careplan_service.interventions.vocabulary import vocabulary
from careplan_service.web import incoming, presenting, problems
from careplan_service.web.cursors import Cursors
from careplan_service.web.fhir import Face, fhir_blueprint
from careplan_service.web.plans import plans_blueprint
from careplan_service.web.reception import Reception

APP = Client(
    "calm-app", "Calm", "app", "Organization/calm", "patient/*.cruds user/*.cruds", "COC", ("PATRQT",)
)
FAR = 2**40
"""Seconds since the epoch."""


def _nobody(viewer: Caller, asked: str) -> Caller:
    raise Forbidden("nobody looks through other eyes here")


class Persons:
    """The FHIR API with a verifier that knows the people who were signed in here."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._callers: dict[str, Caller] = {}
        reception = Reception(self, service.records, service.clock, service.new_id, service.policy, _nobody)
        base_url = service.settings.base_url
        app = Flask("careplan_service", static_folder=None)
        app.config[incoming.MAX_DEPTH] = service.settings.max_depth
        addresses = functools.partial(own_addresses, base_url, registers=False)
        cursors = Cursors(lambda: [b"k" * 64])
        face = Face(reception, service.door, cursors, base_url, addresses, service.clients.list, vocabulary)
        app.register_blueprint(fhir_blueprint(face))
        app.register_blueprint(plans_blueprint(reception, service.door, cursors, base_url))
        problems.register(app)
        presenting.register(app)
        self.http = app.test_client()

    def verify(self, token: str) -> Caller:
        """Who was signed in with it."""
        return self._callers[token]

    def token(self, token: str) -> str:
        """A token is its own name."""
        return token

    def signed_in(
        self,
        fhir_user: str,
        *scopes: str,
        patient: str = "",
        organization: str = AGENCY,
        client: Client = APP,
        purpose: str = "COC",
    ) -> As:
        """Requests of a person at an app with a patient in context (`Patient/ann`) or none."""
        user = User("u1", "somebody", "", fhir_user, organization)
        granted = parse_scopes(" ".join(scopes), judges(self._service.settings.base_url), OF_PERSONS)
        token = f"token-{len(self._callers)}"
        custodians = self._service.custodians()
        self._callers[token] = caller_for_person(client, user, granted, (purpose,), patient, FAR, custodians)
        return As(self, token)  # type: ignore[arg-type]

"""Which patient an app is opened for: that of a launch, or of the person; staff choose.

https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html#requesting-context-with-scopes
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from careplan_service.access.asking import AuthorizationRequest, Context
from careplan_service.access.launches import Launch
from careplan_service.access.people import User
from careplan_service.errors import Forbidden
from careplan_service.oauth.in_person import Sight, is_of
from careplan_service.oauth.launching import digest_of

_STAFF = ("Practitioner", "PractitionerRole")


class Launches(Protocol):
    """Launches that wait."""

    def find(self, digest: str, now: int) -> Launch | None:
        """The one of that digest, unless it is over by then."""

    def use(self, digest: str) -> bool:
        """Take it, once."""


class NotToBe(Exception):
    """Nothing comes of a request: the app is told the `error` of OAuth and a `description`."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error, self.description = error, description


@dataclass(frozen=True)
class Contexts:
    """Finds the context; `now` gives seconds since the epoch."""

    sight: Sight
    launches: Launches
    now: Callable[[], float]

    def given(self, request: AuthorizationRequest, user: User, grace: int = 0) -> Context | None:
        """The context if it is settled, None where the person has to choose a patient.

        A launch may be over for `grace` seconds. Raises NotToBe.
        """
        if request.launch:
            return self._launched(request, user, grace)
        if not request.wants_patient:
            return Context()
        type_, _, id_ = user.fhir_user.partition("/")
        if type_ == "Patient":
            return Context(id_)
        return None if is_staff(user) else self._related(request, user)

    def use(self, request: AuthorizationRequest) -> None:
        """Use up the launch, if there is one. Raises NotToBe when somebody else did."""
        if request.launch and not self.launches.use(digest_of(request.launch)):
            raise NotToBe("invalid_request", "this launch was used before; launch the app again")

    def require(self, request: AuthorizationRequest, user: User, context: Context) -> None:
        """Raise Forbidden unless that is a patient, and an encounter of it, that a practitioner may see."""
        if not is_staff(user):
            raise Forbidden("only practitioners choose a patient")
        if not context.patient or self._sees(request, user, f"Patient/{context.patient}") is None:
            raise Forbidden("there is no such patient that you may see")
        if context.encounter and not self._is_its(request, user, context.encounter, context.patient):
            raise Forbidden("there is no such visit of this patient that you may see")

    def _related(self, request: AuthorizationRequest, user: User) -> Context:
        """Whom a relative is related to stands in the relative's own record."""
        found = self._sees(request, user, user.fhir_user) or {}
        kind, _, patient = str(found.get("patient", {}).get("reference", "")).rpartition("/")
        if not patient or kind.rpartition("/")[2] != "Patient":
            raise NotToBe("access_denied", "no patient is known for the person who signed in")
        return Context(patient)

    def _launched(self, request: AuthorizationRequest, user: User, grace: int) -> Context:
        launch = self.launches.find(digest_of(request.launch), int(self.now()) - grace)
        if launch is None or launch.client_id != request.client.id:
            raise NotToBe("invalid_request", "`launch` is not known for this app, was used or is over")
        if launch.user and launch.user not in (user.username, user.fhir_user):
            raise NotToBe("invalid_request", "`launch` is for another person than the one who signed in")
        if launch.patient and self._sees(request, user, f"Patient/{launch.patient}") is None:
            raise NotToBe("invalid_request", "the person may not see the patient of this `launch`")
        if not launch.patient and request.wants_patient:
            raise NotToBe("invalid_request", "this `launch` has no patient; ask for `user/` scopes")
        more: dict[str, Any] = json.loads(launch.context)
        encounter = str(more.pop("encounter", ""))
        if encounter and not self._is_its(request, user, encounter, launch.patient):
            encounter = ""
        listed = [item for item in more.pop("fhirContext", []) if self._may_know(request, user, item)]
        return Context(
            launch.patient, encounter, json.dumps({**more, **({"fhirContext": listed} if listed else {})})
        )

    def _may_know(self, request: AuthorizationRequest, user: User, item: Mapping[str, Any]) -> bool:
        reference = item.get("reference")
        return reference is None or self._sees(request, user, str(reference)) is not None

    def _is_its(self, request: AuthorizationRequest, user: User, encounter: str, patient: str) -> bool:
        return is_of(self._sees(request, user, f"Encounter/{encounter}"), patient)

    def _sees(self, request: AuthorizationRequest, user: User, reference: str) -> dict[str, Any] | None:
        return self.sight.sees(request.client, user, reference)


def is_staff(user: User) -> bool:
    """Whether the person sees more than one patient, and so has to choose."""
    return user.fhir_user.partition("/")[0] in _STAFF

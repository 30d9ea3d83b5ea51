"""Who is asking: what the verified token and our own directory state, and nothing else.

No value here ever comes from a header or a body that the client writes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from careplan_service.access.compartment import IN_NONE
from careplan_service.access.glass import Glass
from careplan_service.access.scopes import LETTERS, Opening, Scopes

_WRITING = "cud"
_ORGANIZATIONS = frozenset({"agency", "partner"})


@dataclass(frozen=True)
class Caller:
    """The caller of one request: a system, or a person at a client.

    `kind` is `agency` (staff of a custodian), `partner` (another organisation), `app`, `patient` or
    `related` (a RelatedPerson); `organization` a relative reference such as `Organization/food-bank`;
    `purposes` are v3-ActReason codes asserted for this request; `expires` is seconds since the epoch.
    `fhir_user` refers to the person who signed in (`Practitioner/dana`) and is empty for systems,
    `patient` to the patient in context (`Patient/ann`) if there is one. `viewer` is the administrator who
    asks as this caller would, if it is not the caller itself. `emergencies` are the purposes for which the
    person may break the glass at this client, `glasses` those that are open to her in this request.
    `barred` are the patients whose records the person is kept from whatever anybody permits (`barring.py`).
    """

    client_id: str
    kind: str
    organization: str
    purposes: tuple[str, ...]
    scopes: Scopes = field(default_factory=Scopes)
    expires: int = 0
    patient: str = ""
    fhir_user: str = ""
    viewer: Caller | None = None
    emergencies: tuple[str, ...] = ()
    glasses: tuple[Glass, ...] = ()
    barred: tuple[str, ...] = ()

    @property
    def is_agency(self) -> bool:
        """True for staff and systems of a custodian, who need no consent for their own clients' records."""
        return self.kind == "agency"

    @property
    def is_person(self) -> bool:
        """Whether somebody signed in."""
        return self.fhir_user != ""

    @property
    def name(self) -> str:
        """Who asks, for the audit log: the client, and behind a blank the person at it."""
        return f"{self.client_id} {self.fhir_user}" if self.fhir_user else self.client_id

    @property
    def owner(self) -> str:
        """Whose keys of requests these are: nobody else's, nor the person's own with another patient."""
        return f"{self.name} {self.patient}" if self.fhir_user else self.client_id

    @property
    def contributor(self) -> str:
        """Whose contribution a write is: an organisation's, or that of a patient or relative alone."""
        return self.fhir_user if self.fhir_user and self.kind not in _ORGANIZATIONS else self.organization

    @property
    def actors(self) -> tuple[str, ...]:
        """What consents may name: the organisation acts in its staff, and not in patients and relatives.

        A client that calls for itself is a Device under its id.
        """
        if not self.fhir_user:
            return (self.organization, self.device)
        if self.kind in _ORGANIZATIONS:
            return (self.organization, self.fhir_user, self.device)
        return (self.fhir_user,)

    @property
    def also(self) -> tuple[str, ...]:
        """What only denies count: what is permitted to an app is not permitted to every relative at it."""
        return () if self.device in self.actors else (self.device,)

    @property
    def device(self) -> str:
        """The client as an actor."""
        return f"Device/{self.client_id}"

    @property
    def context(self) -> str:
        """The context of scopes that suits it: `system`, `user`, or `patient` where there is one."""
        if not self.fhir_user:
            return "system"
        return "patient" if self.patient else "user"

    def allows(self, letter: str, resource_type: str) -> bool:
        """Whether its scopes open some resources of a type (`*`: of all types) to a letter of `cruds`."""
        return bool(self.openings(letter, resource_type))

    def openings(self, letter: str, resource_type: str) -> frozenset[Opening]:
        """The contexts with their queries of which one must hold for a resource.

        The context of a patient has no letters that write what is in nobody's compartment.
        """
        found = self._usable.openings(letter, resource_type)
        if self.patient and letter in _WRITING and resource_type in IN_NONE:
            return frozenset(one for one in found if one.context != "patient")
        return found

    def reaches_beyond(self, resource_type: str) -> bool:
        """Whether some scope on the type is not bound to the patient in context."""
        return not self.fhir_user or any(
            one.context != "patient" for letter in LETTERS for one in self.openings(letter, resource_type)
        )

    @cached_property
    def _usable(self) -> Scopes:
        """Scopes of a system are nothing to a person, nor those of persons to a system."""
        persons = ("user", "patient") if self.patient else ("user",)
        return self.scopes.within(persons if self.fhir_user else ("system",))

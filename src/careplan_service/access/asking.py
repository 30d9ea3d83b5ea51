"""What an app asks a person for: the request, what goes with it, and what is left to decide.

https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html#obtain-authorization-code
"""

from __future__ import annotations

from dataclasses import dataclass, field

from careplan_service.access.clients import Client
from careplan_service.access.scopes import Query

WHO, STAY, ONLINE = "who", "stay", "online"
"""The choices besides resources: who one is, and access that goes on without or with one there."""

CHOICES = {WHO: ("openid", "fhirUser", "profile"), STAY: ("offline_access",), ONLINE: ("online_access",)}
"""The scopes that each of them stands for."""

LAUNCHES = ("launch", "launch/patient", "launch/encounter")
"""The scopes that ask for context; they open nothing themselves."""


@dataclass(frozen=True)
class AuthorizationRequest:
    """A request that was read and is in order: from a registered app, to go back to a registered address.

    `query` is the request again, as the query of the endpoint's address. `words` are the identity and
    launch scopes, `resources` those of resources, both as they were written. `max_age` is in seconds.
    """

    query: str
    client: Client
    redirect_uri: str
    state: str
    challenge: str
    words: tuple[str, ...]
    resources: tuple[str, ...]
    launch: str = field(default="", repr=False)
    nonce: str = ""
    prompt: frozenset[str] = frozenset()
    max_age: int | None = None

    @property
    def wants_patient(self) -> bool:
        """Whether nothing can be allowed without a patient in context."""
        return "launch/patient" in self.words or any(word.startswith("patient/") for word in self.resources)


@dataclass(frozen=True)
class Context:
    """The plain ids of patient and encounter in context, empty for none; `more` is what else the token
    response says (JSON text). `whole` says that an encounter was asked for, also if none was picked.
    """

    patient: str = ""
    encounter: str = ""
    more: str = "{}"
    whole: bool = False


@dataclass(frozen=True)
class Ask:
    """One scope as far as it can be granted: `letters` of `cruds` on a type, where a query holds.

    `asked` is the word of the request if all of it can be granted.
    """

    context: str
    resource_type: str
    letters: str
    query: Query = ()
    asked: str = ""


@dataclass(frozen=True)
class NotGiven:
    """One scope, or some letters of it, that cannot be granted; `why` ends a sentence."""

    ask: Ask
    why: str


@dataclass(frozen=True)
class Offer:
    """All that can be granted, and what cannot; `choices` are keys of CHOICES."""

    asks: tuple[Ask, ...]
    choices: tuple[str, ...]
    not_given: tuple[NotGiven, ...] = ()


@dataclass(frozen=True)
class Question:
    """What the scope page asks: an offer, for whom, and the ticket that its form is sent with.

    `patient` is how the patient in context is called, empty without one; `own` whether it is the person.
    `organization` and `makers` are how the organisations of person and app are called.
    """

    request: AuthorizationRequest
    context: Context
    offer: Offer
    patient: str
    own: bool
    organization: str
    makers: str
    ticket: str = field(repr=False)


@dataclass(frozen=True)
class Back:
    """Go back to the app at this address, which holds the answer; `silent` without a page between."""

    uri: str = field(repr=False)
    app: str
    silent: bool = False
    allowed: bool = False


@dataclass(frozen=True)
class SignInFirst:
    """Sign in and come back with this query; `again` whoever is signed in now."""

    query: str = field(repr=False)
    again: bool = False


@dataclass(frozen=True)
class PickPatient:
    """The person has to say for which patient; the ticket opens the page for that."""

    request: AuthorizationRequest
    ticket: str = field(repr=False)


@dataclass(frozen=True)
class PickEncounter:
    """The person has to say during which encounter: (id, how it is called). `patient` is a name."""

    request: AuthorizationRequest
    context: Context
    patient: str
    encounters: tuple[tuple[str, str], ...]
    ticket: str = field(repr=False)


Step = Back | SignInFirst | PickPatient | PickEncounter | Question
"""What comes next."""

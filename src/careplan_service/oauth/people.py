"""Who may be registered as a person who signs in, and under which name.

`fhir_user` becomes the `fhirUser` of SMART:
https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html#scopes-for-requesting-identity-data
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator

from careplan_service.access.people import User
from careplan_service.errors import Fault, Invalid, shown
from careplan_service.oauth.registration import ORGANIZATION

FHIR_USER = re.compile(r"(Practitioner|PractitionerRole|Patient|RelatedPerson)/[A-Za-z0-9\-.]{1,64}")
_SHORTEST_NAME, _LONGEST_NAME = 3, 64


def folded(username: str) -> str:
    """The one form of a username, however it is typed (NFKC, case folded)."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", username).casefold()).strip()


def is_username(name: str) -> bool:
    """Whether anybody can have that folded name."""
    printable = name.isprintable() and not any(map(str.isspace, name))
    return printable and _SHORTEST_NAME <= len(name) <= _LONGEST_NAME and name == folded(name)


def checked_user(user: User, is_here: Callable[[str], bool]) -> User:
    """The person, if it may be registered; `is_here` tells whether a reference points to a resource here.

    Raises Invalid with every fault found; a fault's `expression` is the field's name.
    """
    faults = [Fault("invalid", text, field) for field, text in _faults(user, is_here)]
    if faults:
        raise Invalid("; ".join(fault.text for fault in faults), faults=faults)
    return user


def _faults(user: User, is_here: Callable[[str], bool]) -> Iterator[tuple[str, str]]:
    name = user.username
    if not is_username(name):
        size = f"{_SHORTEST_NAME} to {_LONGEST_NAME}"
        yield "username", f"username `{shown(name)}`: use {size} printable characters without blanks"
    if not FHIR_USER.fullmatch(user.fhir_user):
        kinds = "`Practitioner/x`, `PractitionerRole/x`, `Patient/x` or `RelatedPerson/x`"
        yield "fhir_user", f"fhir user `{shown(user.fhir_user)}`: use a reference like {kinds}"
    elif not is_here(user.fhir_user):
        yield "fhir_user", f"fhir user `{user.fhir_user}` is not here; load or create that resource first"
    if not ORGANIZATION.fullmatch(user.organization):
        text = "use a reference like `Organization/food-bank`"
        yield "organization", f"organization `{shown(user.organization)}`: {text}"

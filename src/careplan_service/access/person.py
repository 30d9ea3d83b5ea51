"""A person at an app as a Caller: who she is decides what kind of caller she is, and so what she may see.

https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html#scopes-for-requesting-identity-data
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping, Sequence

from careplan_service.access.caller import Caller
from careplan_service.access.clients import Client
from careplan_service.access.consent.decision import EMERGENCIES
from careplan_service.access.people import User
from careplan_service.access.scope_text import OF_PERSONS
from careplan_service.access.scopes import Scopes
from careplan_service.errors import Unauthenticated

_KINDS: Mapping[tuple[str, bool], str] = {
    ("Practitioner", True): "agency",
    ("Practitioner", False): "partner",
    ("PractitionerRole", True): "agency",
    ("PractitionerRole", False): "partner",
    ("Patient", True): "patient",
    ("Patient", False): "patient",
    ("RelatedPerson", True): "related",
    ("RelatedPerson", False): "related",
}
"""By the type of the person's resource, and whether her organisation is a custodian."""

_OF_EMERGENCIES = frozenset({"agency", "partner"})
_APP = "app"
_REFERENCE = re.compile(r"([A-Z][A-Za-z]+)/[A-Za-z0-9\-.]{1,64}")


def caller_for_person(
    client: Client,
    user: User,
    scopes: Scopes,
    purposes: Sequence[str],
    patient: str,
    expires: int,
    custodians: Container[str],
) -> Caller:
    """The caller that a person is at an app.

    `scopes` are those of the token as far as they are registered for the client, `purposes` the codes it
    was asked for, `patient` the reference `Patient/ann` of the patient in context or empty, `expires`
    seconds since the epoch, `custodians` references of organisations. Raises Unauthenticated (401,
    `invalid_token`) for an account or client that is disabled, a client that is no app, a person who is
    none of the four types, and where no purpose is registered any more.
    """
    permitted = tuple(code for code in purposes if code in client.purposes)
    kind = _KINDS.get((_type_of(user.fhir_user), user.organization in custodians))
    why = {
        "belongs to a client that is not registered any more": not client.enabled or client.kind != _APP,
        "belongs to an account that is not enabled any more": not user.enabled,
        "is for a person of no kind that may call": kind is None,
        "is for an organization that cannot be": _type_of(user.organization) != "Organization",
        "is for a patient that cannot be": patient != "" and _type_of(patient) != "Patient",
        "is for a purpose that is not registered any more": not permitted,
    }
    faults = [text for text, found in why.items() if found]
    if faults or kind is None:
        text = f"the access token {faults[0]}; ask for a new one at the token endpoint"
        raise Unauthenticated(text, error="invalid_token")
    return Caller(
        client_id=client.id,
        kind=kind,
        organization=user.organization,
        purposes=permitted,
        scopes=scopes.within(OF_PERSONS),
        expires=expires,
        patient=patient,
        fhir_user=user.fhir_user,
        emergencies=tuple(one for one in client.purposes if one in EMERGENCIES and kind in _OF_EMERGENCIES),
    )


def _type_of(reference: str) -> str:
    """The type of a relative reference; empty for anything else."""
    found = _REFERENCE.fullmatch(reference)
    return found[1] if found else ""

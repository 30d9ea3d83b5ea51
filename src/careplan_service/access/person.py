"""A person who signed in, as the caller of a request that an app makes.

https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html#scopes-for-requesting-identity-data
"""

from __future__ import annotations

from collections.abc import Container

from careplan_service.access.caller import Caller
from careplan_service.access.clients import Client
from careplan_service.access.people import User
from careplan_service.access.scopes import Scopes

_STAFF = ("Practitioner", "PractitionerRole")
_KINDS = {"Patient": "patient", "RelatedPerson": "related"}


def caller_for_person(
    client: Client,
    user: User,
    scopes: Scopes,
    purposes: tuple[str, ...],
    patient: str,
    expires: int,
    custodians: Container[str],
) -> Caller:
    """The caller that an app is while it acts for a person; `patient` is a relative reference or empty."""
    type_ = user.fhir_user.partition("/")[0]
    staff = "agency" if user.organization in custodians else "partner"
    kind = staff if type_ in _STAFF else _KINDS[type_]
    return Caller(
        client_id=client.id,
        kind=kind,
        organization=user.organization,
        purposes=purposes,
        scopes=scopes,
        expires=expires,
        patient=patient,
        fhir_user=user.fhir_user,
    )

"""A Consent is revoked: it decides nothing from the next request on, and is kept with all its versions.

https://hl7.org/fhir/us/consent-management/2026Jan/OperationDefinition-revoke-consent.html
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from careplan_service.access.consent.rules import Door
from careplan_service.access.view import require_scope
from careplan_service.errors import Conflict, Invalid, Malformed
from careplan_service.interactions.admission import spec_of
from careplan_service.interactions.create import post
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.file_consent import END, admitted_document, require_filing, require_of
from careplan_service.interactions.integrity import Integrity
from careplan_service.interactions.once import Written, shown, written
from careplan_service.interactions.parameters import one_resource, parts_of, references
from careplan_service.interactions.patch import Patch, amend
from careplan_service.interactions.read import read
from careplan_service.interactions.records import Changes, Stored
from careplan_service.resources import r4

_PARAMETERS = frozenset({"consent", "patient", "document"})


@dataclass(frozen=True)
class Revocation:
    """What was sent: the id of the Consent, its patient (`Patient/ann`), and what was signed, if anything.

    `end` is what makes it inactive, and may say more.
    """

    id: str
    patient: str
    document: dict[str, Any] | None
    end: Patch = END


def revocation_of(body: bytes) -> Revocation:
    """Raises Malformed (400) for Parameters that cannot be read or lack the Consent or the patient."""
    parts = parts_of(body, _PARAMETERS)
    consents, patients = references(parts, "consent"), references(parts, "patient")
    if len(consents) != 1 or len(patients) != 1:
        text = "`Parameters` hold one `consent` and one `patient`, each as `valueReference`"
        raise Malformed(text, expression="Parameters.parameter")
    type_, _, id_ = consents[0].partition("/")
    if type_ != "Consent" or not id_ or "/" in id_:
        text = f"`consent` is `{consents[0]}`; write it as `Consent/id`"
        raise Malformed(text, expression="Parameters.parameter")
    return Revocation(id_, patients[0], one_resource(parts, "document"))


def revoke_consent(desk: Desk, sent: Revocation, door: Door) -> Sequence[Written]:
    """Make the Consent inactive, first in the answer, and store the document; in one transaction.

    Raises Forbidden for anybody but the custodian's staff, NotFound or Gone as a read does, Invalid when it
    is another patient's, Conflict (409) when it is not active.
    """
    require_filing(desk)
    require_scope(desk.caller, "u", "Consent")
    document = None if sent.document is None else admitted_document(desk, sent.document, door)
    if document is not None:
        require_of(sent.patient, document, door)

    def carry_out(changes: Changes) -> list[Written]:
        changes.alone(f"Consent/{sent.id}")
        _require_active(read(desk, "Consent", sent.id), sent, door)
        integrity = Integrity(desk, door)
        made = [amend(desk, changes, spec_of("Consent"), sent.id, sent.end, door, integrity)]
        if document is not None:
            made.append(post(desk, changes, document, desk.new_id(), integrity))
        integrity.require(changes)
        return shown(desk, made)

    return written(desk, carry_out, 200)


def _require_active(stored: Stored, sent: Revocation, door: Door) -> None:
    consent = r4.parse(stored.body)
    if spec_of("Consent").facts(consent, door.base_url).patient != sent.patient:
        text = f"`Consent/{sent.id}` is not about `{sent.patient}`"
        raise Invalid(text, expression="Parameters.parameter")
    if consent["status"] != "active":
        text = f"`Consent/{sent.id}` is `{consent['status']}`: there is nothing to revoke"
        raise Conflict(text, expression="Consent.status")

"""A Consent is filed with its document, and what it contradicts is made inactive with it, or shown.

https://hl7.org/fhir/us/consent-management/2026Jan/OperationDefinition-file-consent.html; the parameter
`replaces` is our own: R4 leaves open what a new Consent means for an older one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from careplan_service.access.consent.conflicts import Contradiction, contradictions
from careplan_service.access.consent.rules import Door, Rule, rules_of
from careplan_service.access.filters import Has, Is, all_of
from careplan_service.access.view import require_scope
from careplan_service.errors import Conflict, Fault, Forbidden, Invalid, Malformed
from careplan_service.interactions.admission import Admitted, admit, spec_of
from careplan_service.interactions.create import post
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.integrity import Integrity
from careplan_service.interactions.once import Made, Written, shown, written
from careplan_service.interactions.parameters import one_resource, parts_of, references
from careplan_service.interactions.patch import Patch, amend
from careplan_service.interactions.records import Changes, Page, Stored
from careplan_service.resources import r4
from careplan_service.resources.patching import document as documents

DOCUMENTS = ("DocumentReference", "QuestionnaireResponse")
"""What a person signed may be kept as."""

_PARAMETERS = frozenset({"consent", "document", "replaces"})
_MOST = 1000
END = Patch("json-patch", b'[{"op":"replace","path":"/status","value":"inactive"}]')
"""What ends an active Consent."""


@dataclass(frozen=True)
class Filing:
    """What was sent: the Consent, the document it was given on, references of those it replaces."""

    consent: dict[str, Any]
    document: dict[str, Any] | None
    replaces: tuple[str, ...]


def filing_of(body: bytes) -> Filing:
    """Raises Malformed (400) for Parameters that cannot be read or lack the Consent."""
    parts = parts_of(body, _PARAMETERS)
    consent = one_resource(parts, "consent")
    if consent is None:
        raise Malformed("`Parameters` hold the `consent` to file", expression="Parameters.parameter")
    document = one_resource(parts, "document")
    if document is None and not consent.keys() & {"sourceReference", "sourceAttachment"}:
        text = f"send what was signed as `document`, a {' or '.join(DOCUMENTS)}, or name it as `source[x]`"
        raise Malformed(text, expression="Parameters.parameter")
    return Filing(consent, document, tuple(references(parts, "replaces")))


def file_consent(desk: Desk, filing: Filing, door: Door) -> Sequence[Written]:
    """Store the Consent, first in the answer, its document, and inactive versions of those it replaces.

    All in one transaction. Raises Forbidden for anybody but the custodian's staff, Invalid for a resource
    that is not valid, Conflict (409) naming every active Consent of the patient that it contradicts and
    that `replaces` does not name.
    """
    require_filing(desk)
    require_scope(desk.caller, "c", "Consent")
    document = None if filing.document is None else admitted_document(desk, filing.document, door)
    reference = f"{document.spec.name}/{desk.new_id()}" if document else ""
    consent = _admitted(filing.consent, reference, door)
    patient = patient_of(consent, door)
    if document is not None:
        require_of(patient, document, door)

    def carry_out(changes: Changes) -> list[Written]:
        # Two that contradict each other, filed at the same moment, would not see one another.
        changes.alone(f"consents of {patient}")
        integrity = Integrity(desk, door)
        ended = [_end(desk, changes, one, integrity, door) for one in _replaced(desk, consent, filing, door)]
        made = [post(desk, changes, consent, desk.new_id(), integrity)]
        if document is not None:
            made.append(post(desk, changes, document, reference.partition("/")[2], integrity))
        integrity.require(changes)
        return shown(desk, made + ended)

    return written(desk, carry_out, 200)


def require_filing(desk: Desk) -> None:
    """Raise Forbidden (403) for whoever is not the custodian's staff: nobody opens records to itself."""
    if not desk.caller.is_agency:
        raise Forbidden(
            "consents are filed and revoked by the custodian's staff; send it to them as `proposed`"
        )


def admitted_document(desk: Desk, document: dict[str, Any], door: Door) -> Admitted:
    """What was signed, checked. Raises Invalid, and Forbidden without the scope to create it."""
    type_ = str(document.get("resourceType"))
    if type_ not in DOCUMENTS:
        text = f"`document` is a {' or a '.join(DOCUMENTS)}, not `{type_}`"
        raise Invalid(text, expression="Parameters.parameter.resource")
    require_scope(desk.caller, "c", type_)
    return admit(spec_of(type_), documents.written(document).encode(), door)


def patient_of(admitted: Admitted, door: Door) -> str:
    """Whose it is: `Patient/ann`, or empty."""
    return admitted.spec.facts(admitted.document, door.base_url).patient


def require_of(patient: str, document: Admitted, door: Door) -> None:
    """Raise Invalid (422) unless the document is about the patient of the Consent."""
    if patient_of(document, door) != patient:
        text = f"the document is about somebody else than the Consent; its `subject` is `{patient}`"
        raise Invalid(text, expression=f"{document.spec.name}.subject")


def _admitted(consent: dict[str, Any], reference: str, door: Door) -> Admitted:
    if reference and not consent.keys() & {"sourceReference", "sourceAttachment"}:
        consent = {**consent, "sourceReference": {"reference": reference}}
    admitted = admit(spec_of("Consent"), documents.written(consent).encode(), door)
    if admitted.document["status"] != "active":
        text = f"`status` is `{admitted.document['status']}`; an active Consent is filed, others are created"
        raise Invalid(text, expression="Consent.status")
    return admitted


def _replaced(desk: Desk, consent: Admitted, filing: Filing, door: Door) -> list[Stored]:
    """The active Consents to end, by `replaces`. Raises Conflict when it leaves one out."""
    named, left = parted(active_consents(desk, patient_of(consent, door)), filing.replaces)
    faults = [fault for one in left for fault in contradicted(one, consent, desk.now, door)]
    if faults:
        text = "this Consent contradicts active ones; nothing was filed: name as `replaces` those to end"
        raise Conflict(text, faults=faults)
    return named


def parted(active: Sequence[Stored], replaces: Sequence[str]) -> tuple[list[Stored], list[Stored]]:
    """The Consents that `replaces` names (`Consent/x`), and the others. Raises Invalid for any other name."""
    named = [one for one in active if f"Consent/{one.id}" in replaces]
    unknown = set(replaces) - {f"Consent/{one.id}" for one in named}
    if unknown:
        text = f"`replaces` names `{min(unknown)}`, which is no active Consent of this patient"
        raise Invalid(text, expression="Parameters.parameter")
    return named, [one for one in active if one not in named]


def active_consents(desk: Desk, patient: str) -> list[Stored]:
    """The active Consents of a patient (`Patient/ann`) that the caller may see."""
    about = all_of(Is("patient", patient), Has("Consent.status", "active"))
    found = desk.find("r", "Consent", about, Page(limit=_MOST + 1))
    if len(found) > _MOST:
        raise Conflict(f"`{patient}` has more than {_MOST} active Consents; end some of them first")
    return found


def contradicted(stored: Stored, consent: Admitted, now: int, door: Door) -> Sequence[Fault]:
    """What of an active Consent the new one contradicts, a sentence for each rule of the new one."""
    theirs = stored_rules(stored, door)
    return [_told(stored, found) for found in contradictions(consent.rules, theirs, now)]


def stored_rules(stored: Stored, door: Door) -> Sequence[Rule]:
    """The rules of a stored Consent; none of one that cannot be enforced."""
    try:
        return rules_of(r4.parse(stored.body), door)
    except Invalid:  # it was loaded all the same, and goes on to deny
        return ()


def _told(stored: Stored, found: Contradiction) -> Fault:
    verb, other = ("denies", "permits") if found.ours.deny else ("permits", "denies")
    text = f"it {verb} in `{found.ours.path}` what `Consent/{stored.id}` {other} in `{found.theirs.path}`"
    return Fault("conflict", text, f"Consent.{found.ours.path}")


def _end(desk: Desk, changes: Changes, stored: Stored, integrity: Integrity, door: Door) -> Made:
    require_scope(desk.caller, "u", "Consent")
    return amend(desk, changes, spec_of("Consent"), stored.id, END, door, integrity)

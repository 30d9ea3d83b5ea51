"""A draft of a Consent: read, checked as if it were active, and written as `$file-consent` would write it.

https://hl7.org/fhir/us/consent-management/2026Jan/OperationDefinition-file-consent.html
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from careplan_service.access.consent.rules import Door
from careplan_service.access.filters import Is, all_of
from careplan_service.errors import Conflict, Fault, Invalid, Malformed
from careplan_service.interactions.admission import Admitted, admit, spec_of
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.file_consent import DOCUMENTS, patient_of, require_of
from careplan_service.interactions.integrity import Integrity
from careplan_service.interactions.parameters import one_resource, one_text, parts_of, references
from careplan_service.interactions.partner_eyes import partner_in
from careplan_service.interactions.records import Changes, Stored
from careplan_service.resources import r4
from careplan_service.resources.patching import document as documents

_PARAMETERS = frozenset({"consent", "document", "partner", "purpose", "replaces"})


@dataclass(frozen=True)
class Question:
    """What was sent: the draft, what would be signed, the partner, its purpose, what the draft replaces.

    `purpose` is empty for the default one, `replaces` are references (`Consent/x`).
    """

    consent: dict[str, Any]
    document: dict[str, Any] | None
    partner: str
    purpose: str
    replaces: tuple[str, ...]


@dataclass
class Draft:
    """The draft on its way: whose it is, what is written, and the Consents it ends."""

    patient: str
    consent: Admitted
    document: Admitted | None
    ended: list[Stored] = field(default_factory=list)


def question_of(body: bytes) -> Question:
    """Raises Malformed (400) for Parameters that cannot be read or lack the draft or the partner."""
    parts = parts_of(body, _PARAMETERS)
    consent = one_resource(parts, "consent")
    if consent is None:
        raise Malformed("`Parameters` hold the `consent` to look at", expression="Parameters.parameter")
    purpose = one_text(parts, "purpose", ("valueCode", "valueString"))
    replaces = tuple(references(parts, "replaces"))
    return Question(consent, one_resource(parts, "document"), partner_in(parts), purpose, replaces)


def drafted(asked: Question, door: Door) -> Draft:
    """The draft as it would be filed. Raises Invalid for what cannot be stored or enforced."""
    data = documents.written({**asked.consent, "status": "active"}).encode()
    consent = admit(spec_of("Consent"), data, door)
    patient = patient_of(consent, door)
    if not patient:
        raise Invalid("name whose Consent it is as `Patient/id`", expression="Consent.patient")
    document = None if asked.document is None else _signed(asked.document, patient, door)
    return Draft(patient, consent, document)


def _signed(document: dict[str, Any], patient: str, door: Door) -> Admitted:
    type_ = str(document.get("resourceType"))
    if type_ not in DOCUMENTS:
        text = f"`document` is a {' or a '.join(DOCUMENTS)}, not `{type_}`"
        raise Invalid(text, expression="Parameters.parameter.resource")
    admitted = admit(spec_of(type_), documents.written(document).encode(), door)
    require_of(patient, admitted, door)
    return admitted


def unsigned(asked: Question) -> list[Fault]:
    """A warning where what was signed is neither sent along nor named."""
    if asked.document is not None or asked.consent.keys() & {"sourceReference", "sourceAttachment"}:
        return []
    text = "what was signed is missing: `$file-consent` takes it as `document` or `source[x]`"
    return [Fault("business-rule", text, "Consent.source", "warning")]


def file_draft(desk: Desk, changes: Changes, draft: Draft, door: Door) -> Sequence[tuple[str, str]]:
    """Write what `$file-consent` would write; gives what it would be called, with its reference."""
    integrity = Integrity(desk, door)
    for one in draft.ended:
        _end(desk, changes, one, door)
    consent, made = draft.consent, []
    if draft.document is not None:
        type_, id_ = draft.document.spec.name, desk.new_id()
        made.append(("document", f"{type_}/{id_}"))
        consent = _with_source(consent, f"{type_}/{id_}", door)
        _put(desk, changes, draft.document, id_, integrity)
    made.append(("consent", f"Consent/{(id_ := desk.new_id())}"))
    _put(desk, changes, consent, id_, integrity)
    if desk.caller.is_agency:  # it is staff who files, and may refer to what clients do not see
        integrity.require(changes)
    return made


def _with_source(consent: Admitted, reference: str, door: Door) -> Admitted:
    if consent.document.keys() & {"sourceReference", "sourceAttachment"}:
        return consent
    document = {**consent.document, "sourceReference": {"reference": reference}}
    return admit(consent.spec, documents.written(document).encode(), door)


def _put(desk: Desk, changes: Changes, admitted: Admitted, id_: str, integrity: Integrity) -> None:
    write = admitted.write(id_, "POST", integrity.base_url)
    integrity.wrote(desk.put(changes, write, None), admitted, None)


def _end(desk: Desk, changes: Changes, stored: Stored, door: Door) -> None:
    before = changes.current("Consent", stored.id, all_of(desk.sees("r", "Consent"), Is("deleted", "0")))
    if before is None:
        raise Conflict(f"`Consent/{stored.id}` was changed at the same moment; try again")
    document = {**r4.parse(before.body), "status": "inactive"}
    ended = Admitted(spec_of("Consent"), documents.written(document).encode(), document, ())
    desk.put(changes, ended.write(stored.id, "PATCH", door.base_url), before)

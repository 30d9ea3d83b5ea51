"""$preview: what a partner would see of a client if a draft Consent were filed as active now.

The draft is written as `$file-consent` would write it, the one predicate is asked as the partner, and all
of it is undone: nobody else ever sees it. https://hl7.org/fhir/R4/consent.html and docs/adr/0018
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from careplan_service.access.consent.directory import MERGED
from careplan_service.access.consent.lint import warnings
from careplan_service.access.consent.rules import Door
from careplan_service.access.filters import Filter, Has, Is, Represented, all_of, any_of
from careplan_service.access.viewing import Partners
from careplan_service.errors import Conflict, Fault, Forbidden, Invalid, Malformed
from careplan_service.interactions.admission import Admitted, admit, spec_of
from careplan_service.interactions.compartment import of_patient
from careplan_service.interactions.desk import Changes, Desk, Page, Stored
from careplan_service.interactions.disclosures import require_seen
from careplan_service.interactions.file_consent import (
    DOCUMENTS,
    active_consents,
    contradicted,
    parted,
    patient_of,
    require_of,
    stored_rules,
)
from careplan_service.interactions.integrity import Integrity
from careplan_service.interactions.parameters import one_resource, one_text, parts_of, references
from careplan_service.interactions.partner_eyes import (
    Eyes,
    eyes_of,
    heads,
    named,
    own_heads,
    pages,
    partner_in,
)
from careplan_service.interactions.read import absent
from careplan_service.interactions.undone import undone
from careplan_service.resources import r4
from careplan_service.resources.directory import edges_of
from careplan_service.resources.patching import document as documents
from careplan_service.resources.registry import SERVED

MOST = 5000
"""Resources of one client that are looked at."""
_MOST_RECORDS = 20
_PARAMETERS = frozenset({"consent", "document", "partner", "purpose", "replaces"})
_ASKERS = frozenset({"agency", "patient", "related"})


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


@dataclass(frozen=True)
class Sight:
    """What the partner sees, as references: what of it is new or gone, and what leaves as a redacted copy.

    `drafts` are those of `consent` and `document` that it would see themselves.
    """

    visible: frozenset[str] = frozenset()
    gained: frozenset[str] = frozenset()
    lost: frozenset[str] = frozenset()
    in_part: frozenset[str] = frozenset()
    drafts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Preview:
    """The answer. `sight` is None where the draft could not be filed; then `faults` say why.

    `contradicts` are references of active Consents that would have to be replaced.
    """

    eyes: Eyes
    sight: Sight | None
    faults: tuple[Fault, ...]
    contradicts: tuple[str, ...] = ()

    @property
    def fileable(self) -> bool:
        """Whether `$file-consent` would take it as it is."""
        return self.sight is not None and not self.contradicts


@dataclass
class _Draft:
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


def preview(desk: Desk, asked: Question, partners: Partners, door: Door) -> Preview:
    """What a partner would see if the draft were active, and what of that is new or gone.

    For the custodian's staff, the client herself and who represents her, who are told of what they may
    see themselves. Raises Forbidden for all others, NotFound when the Patient may not be seen, Malformed
    (400), Invalid for `replaces` that names no active Consent, TooLarge for a very long record.
    """
    if desk.caller.kind not in _ASKERS:
        raise Forbidden("what a partner would see is told to the client and to the custodian's staff only")
    eyes = eyes_of(desk, asked.partner, asked.purpose, partners)
    desk.also_asked(eyes.asked)
    try:
        draft = _drafted(desk, asked, door)
    except Invalid as problem:
        return Preview(eyes, None, problem.faults)
    _require_hers(desk, draft.patient)
    desk.patients[draft.patient] = None
    draft.ended, left = parted(active_consents(desk, draft.patient), asked.replaces)
    contradictions = {one.id: contradicted(one, draft.consent, desk.now, door) for one in left}
    rules = {f"Consent/{one.id}": stored_rules(one, door) for one in left}
    told = [fault for faults in contradictions.values() for fault in faults]
    told += warnings(draft.consent.document, draft.consent.rules, rules, SERVED, desk.now)
    told += _unsigned(asked)
    try:
        sight = _seen(desk, draft, eyes, door)
    except Invalid as problem:
        return Preview(eyes, None, (*problem.faults, *told))
    contradicts = tuple(f"Consent/{id_}" for id_, faults in contradictions.items() if faults)
    return Preview(eyes, sight, tuple(told), contradicts)


def _drafted(desk: Desk, asked: Question, door: Door) -> _Draft:
    """The draft as it would be filed. Raises Invalid for what cannot be stored or enforced."""
    data = documents.written({**asked.consent, "status": "active"}).encode()
    consent = admit(spec_of("Consent"), data, door)
    patient = patient_of(consent, door)
    if not patient:
        raise Invalid("name whose Consent it is as `Patient/id`", expression="Consent.patient")
    document = None if asked.document is None else _signed(asked.document, patient, door)
    return _Draft(patient, consent, document)


def _signed(document: dict[str, Any], patient: str, door: Door) -> Admitted:
    type_ = str(document.get("resourceType"))
    if type_ not in DOCUMENTS:
        text = f"`document` is a {' or a '.join(DOCUMENTS)}, not `{type_}`"
        raise Invalid(text, expression="Parameters.parameter.resource")
    admitted = admit(spec_of(type_), documents.written(document).encode(), door)
    require_of(patient, admitted, door)
    return admitted


def _unsigned(asked: Question) -> list[Fault]:
    if asked.document is not None or asked.consent.keys() & {"sourceReference", "sourceAttachment"}:
        return []
    text = "what was signed is missing: `$file-consent` takes it as `document` or `source[x]`"
    return [Fault("business-rule", text, "Consent.source", "warning")]


def _require_hers(desk: Desk, patient: str) -> None:
    """Raise NotFound unless staff may see the Patient, or it is she or her representative who asks."""
    id_ = patient.partition("/")[2]
    require_seen(desk, id_)
    caller = desk.caller
    if caller.kind == "patient" and caller.fhir_user != patient:
        raise absent()
    represented = all_of(Represented(caller.fhir_user, desk.now), Is("deleted", "0"))
    if caller.kind == "related" and desk.records.glance("Patient", id_, represented) is None:
        raise absent()


def _seen(desk: Desk, draft: _Draft, eyes: Eyes, door: Door) -> Sight:
    about = any_of(*(of_patient(one.partition("/")[2]) for one in _records_of(desk, draft.patient, door)))
    known = named(own_heads(desk, about, MOST))
    before = named(heads(desk, eyes, about, MOST)) & known
    with undone(desk.records) as changes:
        made = _file(desk, changes, draft, door)
        shown = pages(desk, eyes, about, MOST)
    after = named(shown)
    return Sight(
        frozenset(after & known),
        frozenset((after & known) - before),
        frozenset(before - after),
        frozenset(named(one for one in shown if one.projection) & known),
        tuple(name for name, reference in made if reference in after),
    )


def _records_of(desk: Desk, patient: str, door: Door) -> list[str]:
    """Her record and those merged with it, as far as the caller sees them: a deny counts in all of them."""
    found, waiting = {patient}, [patient]
    while waiting and len(found) < _MOST_RECORDS:
        one = waiting.pop()
        linked = any_of(Is("id", one.partition("/")[2]), Has("Patient.link", one))
        stated = desk.find("r", "Patient", linked, Page(_MOST_RECORDS))
        patients = [r4.parse(stored.body) for stored in stated if stored.contributor in door.custodians]
        edges = [edge for document in patients for edge in edges_of(document, door.base_url)]
        others = {edge.key for edge in edges if edge.kind == MERGED} - found
        found |= others
        waiting += others
    return sorted(found)


def _file(desk: Desk, changes: Changes, draft: _Draft, door: Door) -> Sequence[tuple[str, str]]:
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
    before = changes.current("Consent", stored.id, _still(desk, stored))
    if before is None:
        raise Conflict(f"`Consent/{stored.id}` was changed at the same moment; try again")
    document = {**r4.parse(before.body), "status": "inactive"}
    ended = Admitted(spec_of("Consent"), documents.written(document).encode(), document, ())
    desk.put(changes, ended.write(stored.id, "PATCH", door.base_url), before)


def _still(desk: Desk, stored: Stored) -> Filter:
    return all_of(desk.sees("r", "Consent"), Is("deleted", "0"))

"""The rows of one person as FHIR: Patient, EpisodeOfCare, Observation, Procedure.

https://hl7.org/fhir/R4/episodeofcare.html https://hl7.org/fhir/R4/procedure.html
LOINC code of the question: see https://loinc.org/license

What no element takes stays in the rows, which are kept as they came: see `sealed`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from careplan_service.interventions import canonical
from careplan_service.interventions.canonical import Document, concept, element, extension, reference, sw
from careplan_service.interventions.catalogue import domains
from careplan_service.interventions.episodes import episode
from careplan_service.interventions.hmis import codes
from careplan_service.interventions.hmis.columns import CLIENT, ENROLLMENT, EXIT, SERVICES
from careplan_service.interventions.hmis.staging import Cells, Kept
from careplan_service.interventions.sensitivity import Labels, found_in, security

EPISODE = "http://hl7.org/fhir/StructureDefinition/workflow-episodeOfCare"
GROUP_CODE = "http://terminology.hl7.org/CodeSystem/group-code"
_AFTERCARE = {"0": "not-done", "1": "completed"}
_PLAIN = ("Patient", "HealthcareService")
_GENDERS = tuple("Woman Man NonBinary CulturallySpecific Transgender Questioning DifferentIdentity".split())


@dataclass(frozen=True, order=True)
class Part:
    """What a row makes: a resource type, and the column and value of its identifier."""

    type: str
    column: str
    value: str


Where = Callable[[Part], str]
"""Gives the reference of a part."""
Parts = dict[Part, Document]


def parts_of(rows: Kept, agency: str, where: Where) -> Parts:
    """What the rows of a person make, without ids and labels; deleted rows make what says so."""
    made: Parts = {}
    for client in rows[CLIENT].values():
        made[Part("Patient", "PersonalID", client["PersonalID"])] = _patient(client, rows, agency)
    exits = {row["EnrollmentID"]: row for row in rows[EXIT].values() if "DateDeleted" not in row}
    for row in rows[ENROLLMENT].values():
        made |= _enrolled(row, exits.get(row["EnrollmentID"]), agency, where)
    for row in rows[EXIT].values():
        made |= _left(row, agency, where)
    for row in rows[SERVICES].values():
        made[Part("Procedure", "ServicesID", row["ServicesID"])] = _service(row, agency, where)
    return made


def security_of(part: Part, document: Document) -> list[Document]:
    """`Meta.security` of what was made: that somebody is served already tells how they live.

    That of the rows themselves is in them.
    """
    if part.type == "DocumentReference":
        return list(document["meta"]["security"])
    own = found_in({name: value for name, value in document.items() if name != "meta"})
    return security(own if part.type in _PLAIN else own | homeless())


@cache
def homeless() -> Labels:
    """The labels of homelessness."""
    return found_in([domains()["homelessness"].category])


def identifier(agency: str, part: Part) -> list[Document]:
    """The identifier that a part is found by again."""
    system = codes.identifier_system(agency, part.column)
    return [{"system": system, "value": part.value, "assigner": {"reference": agency}}]


def _patient(row: Cells, rows: Kept, agency: str) -> Document:
    part = Part("Patient", "PersonalID", row["PersonalID"])
    stays = sorted(rows[ENROLLMENT].values(), key=lambda one: one["EntryDate"])
    interpreter = _last(stays, "TranslationNeeded")
    given = [row[name] for name in ("FirstName", "MiddleName") if name in row]
    name = element(
        family=row.get("LastName"),
        given=given,
        suffix=[row["NameSuffix"]] if "NameSuffix" in row else [],
    )
    unnamed = codes.absent(row["NameDataQuality"])
    unborn = codes.absent(row["DOBDataQuality"])
    return element(
        extension=extension(
            canonical.INTERPRETER_REQUIRED, valueBoolean={"0": False, "1": True}.get(interpreter or "")
        ),
        identifier=identifier(agency, part),
        active="DateDeleted" not in row,
        name=[name] if name else [{"extension": unnamed}] if unnamed else [],
        gender=_gender(row),
        birthDate=row.get("DOB"),
        _birthDate={"extension": unborn} if unborn and "DOB" not in row else None,
    )


def _last(stays: list[Cells], name: str) -> str | None:
    return next((row[name] for row in reversed(stays) if name in row), None)


def _gender(row: Cells) -> str:
    """One of woman and man is what FHIR has a code for; any other answer stays in the rows."""
    woman, man = (row.get(name) == "1" for name in ("Woman", "Man"))
    if woman != man:
        return "female" if woman else "male"
    return "other" if any(row.get(name) == "1" for name in _GENDERS) else "unknown"


def _enrolled(row: Cells, left: Cells | None, agency: str, where: Where) -> Parts:
    id_ = row["EnrollmentID"]
    part = Part("EpisodeOfCare", "EnrollmentID", id_)
    program = where(Part("HealthcareService", "ProjectID", row["ProjectID"]))
    deleted = "DateDeleted" in row
    exit_ = left or {}
    made = {
        part: episode(
            agency=agency,
            patient=where(Part("Patient", "PersonalID", row["PersonalID"])),
            program=extension(sw("program"), valueReference=reference(program)),
            entry=[
                *extension(sw("move-in-date"), valueDate=row.get("MoveInDate")),
                *codes.kept("ReferralSource", row.get("ReferralSource")),
            ],
            destination=_destination(exit_),
            reason=_reason(exit_),
            leaving=codes.kept("ProjectCompletionStatus", exit_.get("ProjectCompletionStatus")),
            identifier=identifier(agency, part),
            status="entered-in-error" if deleted else "finished" if left else "active",
            statusHistory=[{"status": "active", "period": {"start": row["DateOfEngagement"]}}]
            if "DateOfEngagement" in row
            else [],
            type=[{**domains()["homelessness"].category, "text": "HMIS enrollment"}],
            period=element(start=row["EntryDate"], end=exit_.get("ExitDate")),
        )
    }
    if "LivingSituation" in row:
        part = Part("Observation", "LivingSituation", id_)
        question = concept(canonical.LOINC, "71802-3", "Housing status")
        made[part] = _observed(part, row, row["EntryDate"], question, agency, where, deleted)
    return made


def _destination(exit_: Cells) -> Document:
    code = exit_.get("Destination")
    why = codes.answer("Destination", code).get("dataAbsentReason", {}) if code else {}
    given = why or ({"coding": [codes.coding("Destination", code)]} if code else {})
    return element(**given, text=exit_.get("OtherDestination"))


def _reason(exit_: Cells) -> Document:
    code = exit_.get("CMExitReason")
    return {"coding": [codes.coding("CMExitReason", code)]} if code else {}


def _left(row: Cells, agency: str, where: Where) -> Parts:
    made: Parts = {}
    deleted = "DateDeleted" in row
    if "DestinationSafeClient" in row:
        part = Part("Observation", "DestinationSafeClient", row["ExitID"])
        question = {"text": "Safe destination, as the client sees it"}
        made[part] = _observed(part, row, row["ExitDate"], question, agency, where, deleted)
    if "AftercareDate" in row:
        part = Part("Procedure", "AftercareDate", row["ExitID"])
        given = _AFTERCARE.get(row.get("AftercareProvided", ""), "unknown")
        made[part] = _done(
            part,
            row,
            agency,
            where,
            status="entered-in-error" if deleted else given,
            code={"text": "Aftercare"},
            performedDateTime=row["AftercareDate"],
        )
    return made


def _observed(
    part: Part, row: Cells, day: str, question: Document, agency: str, where: Where, deleted: bool
) -> Document:
    return element(
        extension=_of_episode(row, where),
        identifier=identifier(agency, part),
        status="entered-in-error" if deleted else "final",
        code=question,
        subject=reference(where(Part("Patient", "PersonalID", row["PersonalID"]))),
        effectiveDateTime=day,
        performer=[reference(agency)],
        **codes.answer(part.column, row[part.column]),
    )


def _service(row: Cells, agency: str, where: Where) -> Document:
    kind = row["RecordType"]
    return _done(
        Part("Procedure", "ServicesID", row["ServicesID"]),
        row,
        agency,
        where,
        status="entered-in-error" if "DateDeleted" in row else "completed",
        category={"coding": [codes.coding("RecordType", kind)]},
        # what a type is depends on the sort of record it stands in
        code=element(
            coding=[codes.coding(f"TypeProvided-{kind}", row["TypeProvided"])],
            text=row.get("OtherTypeProvided"),
        ),
        performedDateTime=row["DateProvided"],
    )


def _done(part: Part, row: Cells, agency: str, where: Where, **content: object) -> Document:
    return element(
        extension=_of_episode(row, where),
        identifier=identifier(agency, part),
        subject=reference(where(Part("Patient", "PersonalID", row["PersonalID"]))),
        performer=[{"actor": reference(agency)}],
        **content,
    )


def _of_episode(row: Cells, where: Where) -> list[Document]:
    episode = where(Part("EpisodeOfCare", "EnrollmentID", row["EnrollmentID"]))
    return extension(EPISODE, valueReference=reference(episode))


def program(project: str, agency: str) -> Document:
    """The HealthcareService of a ProjectID."""
    part = Part("HealthcareService", "ProjectID", project)
    return element(identifier=identifier(agency, part), active=True, providedBy=reference(agency))


def household(id_: str, people: list[tuple[str, str]], agency: str) -> Document:
    """The Group of a HouseholdID; `people` are references, with how each stands to the head."""
    return element(
        identifier=identifier(agency, Part("Group", "HouseholdID", id_)),
        active=True,
        type="person",
        actual=True,
        code=concept(GROUP_CODE, "household", "Household"),
        member=[
            element(extension=codes.kept("RelationshipToHoH", relation), entity=reference(person))
            for person, relation in people
        ],
    )

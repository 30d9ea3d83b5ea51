"""A case is one EpisodeOfCare for each client in it: the one writer of them, for plans and for HMIS.

https://hl7.org/fhir/R4/episodeofcare.html

R4 has an EpisodeOfCare for one Patient only. Those of a household are tied by the number of their case, which
all of them have as identifier.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from careplan_service.errors import Invalid
from careplan_service.interventions.canonical import (
    Document,
    element,
    extension,
    extension_value,
    reference,
    sw,
)
from careplan_service.interventions.draft import Draft
from careplan_service.interventions.people import marks
from careplan_service.interventions.plan import Case
from careplan_service.interventions.reading import Readings, Resource, day, references, state
from careplan_service.interventions.reading import marks as marks_of
from careplan_service.interventions.sensitivity import found_in, marked
from careplan_service.interventions.terms import CASE_STATES


def episode(
    *,
    agency: str,
    patient: str,
    identifier: list[Document],
    status: str,
    period: Document,
    program: Iterable[Document],
    entry: Iterable[Document] = (),
    destination: Document | None = None,
    reason: Document | None = None,
    leaving: Iterable[Document] = (),
    **more: Any,
) -> Document:
    """The EpisodeOfCare of one client, without its id and labels.

    `program` is the extension of what the client is enrolled in; `entry` and `leaving` are further extensions
    of the beginning and the end, `more` further elements.
    """
    return element(
        extension=[
            *program,
            *entry,
            *extension(sw("exit-destination"), valueCodeableConcept=destination),
            *extension(sw("termination-reason"), valueCodeableConcept=reason),
            *leaving,
        ],
        identifier=identifier,
        status=status,
        **more,
        patient=reference(patient),
        managingOrganization=reference(agency),
        period=period,
    )


def write_case(draft: Draft, case: Case, team: str | None) -> list[str]:
    """Writes the case of a plan, for each client by whom it has a Patient; gives the EpisodesOfCare."""
    patients = dict.fromkeys(member for member in draft.members if member.startswith("Patient/"))
    return [_write(draft, case, patient, team) for patient in patients]


def _write(draft: Draft, case: Case, patient: str, team: str | None) -> str:
    worker = draft.who.get("worker")
    content = episode(
        agency=draft.agency,
        patient=patient,
        identifier=draft.number_identifier("case", case.number),
        status=CASE_STATES.fhir(case.status),
        period=element(start=case.opened.isoformat(), end=case.closed.isoformat() if case.closed else None),
        program=extension(sw("program"), valueCodeableConcept={"text": case.programme}),
        entry=extension(sw("referral-source"), valueCodeableConcept=element(text=case.referral_source)),
        destination=element(text=case.destination),
        reason=element(text=case.exit_reason),
        leaving=[
            *extension(sw("aftercare"), valueString=case.aftercare),
            *extension(sw("state"), valueCode=case.status),
            *marks(case.sensitivity),
        ],
        careManager=reference(worker),
        team=[reference(team)] if team else [],
    )
    labels = found_in(content) | marked(case.sensitivity)
    return draft.write(draft.reserve("EpisodeOfCare", patient), labels, **content)


def case_of(careplan: Resource, readings: Readings) -> Case | None:
    """The case of a plan: what the EpisodeOfCare of the first client tells."""
    return next((read_case(readings.get(ref)) for ref in episodes(careplan, readings.resources)), None)


def episodes(careplan: Resource, resources: Mapping[str, Resource]) -> list[str]:
    """The EpisodesOfCare of the plan's own case, which have a state in words; others may have added more."""
    return [
        ref
        for ref in references(careplan.get("supportingInfo", ()))
        if ref.startswith("EpisodeOfCare/") and is_ours(resources.get(ref, {}))
    ]


def is_ours(document: Resource) -> bool:
    """Whether an EpisodeOfCare was written for the case of a plan."""
    return extension_value(document, sw("state")) is not None


def read_case(document: Resource) -> Case:
    """The case that an EpisodeOfCare tells."""
    period = document.get("period", {})
    return Case(
        number=document["identifier"][0]["value"],
        programme=_text(document, "program"),  # type: ignore[arg-type]  # it has one
        opened=day(period["start"]),  # type: ignore[arg-type]  # it has one
        referral_source=_text(document, "referral-source"),
        status=state(
            CASE_STATES,
            document,
            document["status"],
            (f"EpisodeOfCare/{document.get('id')}", "EpisodeOfCare.status"),
        ),
        closed=day(period.get("end")),
        exit_reason=_text(document, "termination-reason"),
        destination=_text(document, "exit-destination"),
        aftercare=extension_value(document, sw("aftercare")),
        sensitivity=marks_of(document),
    )


def tells(document: Resource, case: Case | None) -> bool:
    """Whether an EpisodeOfCare tells this case; one that others took apart tells none."""
    try:
        return read_case(document) == case
    except (Invalid, LookupError, TypeError, ValueError):
        return False


def _text(document: Resource, name: str) -> str | None:
    concept = extension_value(document, sw(name))
    return concept["text"] if concept else None

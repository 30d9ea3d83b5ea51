"""The searches of the growth curve: one of each kind of parameter, none of which names a patient.

https://hl7.org/fhir/R4/search.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from typing import NamedTuple

from bench import population, records
from bench.bulk import Bulk, Kept, like, moment
from bench.consents import Sharing, documents
from bench.population import ClientDrawn
from bench.records import PARTNERS, VISITOR
from bench.words import Document

_PROFILES = "https://agency.example/StructureDefinition"
VISITED = 200
"""One client in so many gives a Consent to the partner that knows few clients."""


class Question(NamedTuple):
    """A search, and what kind of parameter it is about."""

    kind: str
    path: str


QUESTIONS = (
    Question("token, one has it", "Goal?identifier=https://agency.example/goals|{goal}"),
    Question("token, none has it", "Goal?identifier=https://agency.example/goals|none"),
    Question("token, common", "Goal?lifecycle-status=active&_count=20"),
    Question("token, common, newest first", "Goal?lifecycle-status=active&_sort=-_lastUpdated&_count=20"),
    Question("token, common, counted", "Goal?lifecycle-status=active&_summary=count"),
    Question("two tokens, common", "Goal?lifecycle-status=on-hold&achievement-status=achieved&_count=20"),
    Question("date, the last days", "Goal?start-date=ge2025-12-20&_count=20"),
    Question("date, nearly all", "Goal?start-date=ge2024-01-02&_count=20"),
    Question("date, nearly all, sorted by it", "Goal?start-date=ge2024-01-02&_sort=-start-date&_count=20"),
    Question("date, the first days", "Goal?target-date=lt2026-01-05&_count=20"),
    Question("period, nearly all", "CarePlan?date=ge2026-01-01&_count=20"),
    Question("string, few", "Patient?address-postalcode={postcode}"),
    Question("string, one in ten", "Patient?name=Abara&_count=20"),
    Question("reference, one patient", "Goal?subject={patient}"),
    Question("reference, one in four", "Task?owner=Organization/partner-1&_count=20"),
    Question("reference, common", "CarePlan?performer=Practitioner/worker-3&_count=20"),
    Question("uri, rare", "CarePlan?instantiates-uri=https://agency.example/model"),
    Question("_profile, rare", f"Condition?_profile={_PROFILES}/rare"),
    Question("_profile, all", f"Condition?_profile={_PROFILES}/usual&_count=20"),
    Question("_lastUpdated, the last 200", "Goal?_lastUpdated=ge{recent}&_count=20"),
    Question("_lastUpdated, nearly all", "Goal?_lastUpdated=ge{early}&_count=20"),
    Question(
        "chain, one patient", "CarePlan?subject:Patient.identifier=https://agency.example/clients|{client}"
    ),
    Question("chain, one patient in ten", "Goal?subject:Patient.name=Abara&_count=20"),
    Question("_has, one goal", "Patient?_has:Goal:subject:identifier=https://agency.example/goals|{goal}"),
    Question("_has, common", "Patient?_has:Goal:subject:lifecycle-status=on-hold&_count=20"),
)


def resources(bulk: Bulk, drawn: Sequence[ClientDrawn]) -> Iterator[Kept]:
    """What belongs to no client, the drawn clients, and their likes without end."""
    yield from map(bulk.kept, beside())
    known = [(client.number, [bulk.kept(one) for one in of_client(client)]) for client in drawn]
    for number in count():
        like_whom, found = known[number % len(known)]
        yield from (like(one, like_whom, f"{number:06d}") for one in found)


def of_client(client: ClientDrawn) -> Iterator[Document]:
    """The resources of a client, with what only these searches ask for."""
    number = int(client.number)
    for one in population.resources_of(client):
        if one["resourceType"] == "Condition":
            claimed = [f"{_PROFILES}/usual", *([f"{_PROFILES}/rare"] if number % 500 == 0 else [])]
            one["meta"] = {"profile": claimed}
        if one["resourceType"] == "CarePlan" and number % 250 == 0:
            one["instantiatesUri"] = ["https://agency.example/model"]
        yield one
    if number % VISITED == 0:
        yield next(documents(client.number, (Sharing((VISITOR,)),))) | {"id": f"v{client.number}"}


def beside() -> Iterator[Document]:
    """What belongs to no client."""
    yield from (records.organization(of) for of in (records.AGENCY, *PARTNERS, VISITOR))
    yield from (records.practitioner(number) for number in range(records.PRACTITIONERS))


def values(clients: Sequence[ClientDrawn], resources: int) -> Mapping[str, str]:
    """What the searches for one of many look for: a goal that the partners see, and its client."""
    client, goal = next(
        (client, goal)
        for client in (*clients[::VISITED], *clients)
        for goal in client.seen_by(PARTNERS[0])
        if not goal.sensitive
    )
    patient = next(population.resources_of(client))
    return {
        "client": str(patient["id"]).upper(),
        "early": moment(10),
        "goal": goal.id.upper(),
        "patient": client.patient,
        "postcode": patient["address"][0]["postalCode"],
        "recent": moment(resources - 200),
    }

"""The requests that change what is stored: updates (B3) and transactions of a whole plan (B4).

https://hl7.org/fhir/R4/http.html#update and https://hl7.org/fhir/R4/http.html#transaction
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count
from random import Random
from urllib.parse import quote
from uuid import UUID

import orjson

from bench import population, records
from bench.asks import Ask, Lane, request
from bench.consents import Sharing, documents
from bench.population import ClientDrawn
from bench.records import AGENCY
from bench.words import CATEGORIES, Document, reference

GOALS = 6
"""Of a plan that goes in whole."""
_TRANSACTIONS = 400
_OWN_GOALS = 40


def goal_updates(drawn: Sequence[ClientDrawn], token: str, host: str, connections: int) -> list[Lane]:
    """B3: each connection changes goals of its own and names the version it has."""
    return [_updates(goals, token, host) for goals in _goals_for(drawn, connections)]


def conditional_updates(drawn: Sequence[ClientDrawn], token: str, host: str, connections: int) -> list[Lane]:
    """B3c: each connection changes goals of its own, which it names by their identifiers."""
    return [_conditional_updates(goals, token, host) for goals in _goals_for(drawn, connections)]


def _goals_for(drawn: Sequence[ClientDrawn], connections: int) -> Iterator[list[Document]]:
    for number in range(connections):
        clients = drawn[number::connections][: _OWN_GOALS // 4]
        found = (one for client in clients for one in population.resources_of(client))
        yield [one for one in found if one["resourceType"] == "Goal"][:_OWN_GOALS]


def _updates(goals: Sequence[Document], token: str, host: str) -> Lane:
    for version in count(1):
        for goal in goals:
            known = {"If-Match": f'W/"{version}"'}
            path = f"/fhir/Goal/{goal['id']}"
            yield Ask(
                request("PUT", path, host, token, _changed(goal, version), known),
                200,
                frozenset({goal["id"]}),
            )


def _conditional_updates(goals: Sequence[Document], token: str, host: str) -> Lane:
    for version in count(1):
        for goal in goals:
            identifier = goal["identifier"][0]
            path = f"/fhir/Goal?identifier={quote(identifier['system'] + '|' + identifier['value'])}"
            yield Ask(
                request("PUT", path, host, token, _changed(goal, version)), 200, frozenset({goal["id"]})
            )


def _changed(goal: Document, version: int) -> bytes:
    return orjson.dumps({**goal, "statusDate": f"2026-{version % 12 + 1:02d}-{version % 28 + 1:02d}"})


def transactions(drawn: Sequence[ClientDrawn], token: str, host: str) -> list[Ask]:
    """B4: whole plans of 12 resources each, all of which must be created."""
    random = Random(population.SEED)
    bundles = [_a_plan(random, random.choice(drawn).patient) for _ in range(_TRANSACTIONS)]
    created = frozenset(f"{number}: 201" for number in range(GOALS + 6))
    return [Ask(request("POST", "/fhir", host, token, bundle), 200, created) for bundle in bundles]


def _a_plan(random: Random, of: str) -> bytes:
    """A transaction that creates a plan and all around it; its patient is named by identifier.

    The Consent names the agency only, so that it changes nothing for the partners.
    """
    number = of.removeprefix("Patient/p")
    urls = [UUID(int=random.getrandbits(128), version=4).urn for _ in range(GOALS + 3)]
    condition, team, plan, *goals = urls
    consent = next(documents(number, (Sharing((AGENCY,)),)))
    made = [
        (condition, records.condition(random, "", of)),
        (team, records.care_team(random, "", of)),
        (plan, records.care_plan(random, of, "active", goals) | {"careTeam": [reference(team)]}),
        *((goal, _goal(random, of) | {"addresses": [reference(condition)]}) for goal in goals),
        ("", consent),
        *(("", records.task(random, "", of, plan)) for _ in range(2)),
    ]
    bundle = {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [_entry(url, document) for url, document in made],
    }
    # The client by identifier, wherever it is named: what an intake system knows.
    by_identifier = f"Patient?identifier=https://agency.example/clients|P{number}"
    return orjson.dumps(bundle).replace(f'"{of}"'.encode(), f'"{by_identifier}"'.encode())


def _goal(random: Random, of: str) -> Document:
    return records.goal(random, "", of, "active", random.choice(CATEGORIES), sensitive=False)


def _entry(url: str, document: Document) -> Document:
    """A create without an id or identifier."""
    made = {name: value for name, value in document.items() if name not in ("id", "identifier")}
    asked = {"method": "POST", "url": document["resourceType"]}
    return ({"fullUrl": url} if url else {}) | {"resource": made, "request": asked}

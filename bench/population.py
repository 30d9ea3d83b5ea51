"""The made-up clients of one run: their resources as a stream, and what a partner should see of them.

Every client is drawn from its own seed, so the same numbers give the same bytes on every machine.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from random import Random

import orjson

from bench import records as r
from bench import words as w
from bench.consents import Sharing, documents, given_by, visible
from bench.words import Document

SEED = "careplan-bench-1"
_ZIPF = [1 / rank**1.2 for rank in range(1, len(w.LIFECYCLE) + 1)]


@dataclass(frozen=True)
class GoalDrawn:
    """What searches and rules look at of one goal."""

    id: str
    status: str
    category: str
    sensitive: bool


@dataclass(frozen=True)
class ClientDrawn:
    """One client: the patient's number, goals and consents."""

    number: str
    goals: tuple[GoalDrawn, ...]
    given: tuple[Sharing, ...]

    @property
    def patient(self) -> str:
        """The reference of the Patient."""
        return f"Patient/p{self.number}"

    def seen_by(self, partner: str) -> Iterator[GoalDrawn]:
        """The goals that a partner sees."""
        for goal in self.goals:
            if visible(self.given, partner, goal.category, sensitive=goal.sensitive):
                yield goal


def draw(clients: int) -> list[ClientDrawn]:
    """The clients, each from its own seed."""
    return [client(f"{n:06d}") for n in range(clients)]


def client(number: str, fewest: int = 4, most: int = 8) -> ClientDrawn:
    random = Random(f"{SEED}-{number}")
    main = random.choice(w.CATEGORIES)
    goals = tuple(
        GoalDrawn(
            id=f"g{number}-{place}",
            status=random.choices(w.LIFECYCLE, _ZIPF)[0],
            category=main if random.random() < 0.6 else random.choice(w.CATEGORIES),
            sensitive=random.random() < 0.15,
        )
        for place in range(random.randint(fewest, most))
    )
    return ClientDrawn(number, goals, given_by(random))


def rich(clients: int) -> list[ClientDrawn]:
    """Clients with a record of 20 to 60 resources, beside those that `draw` gives."""
    return [client(f"w{n:05d}", fewest=16, most=46) for n in range(clients)]


def write(drawn: list[ClientDrawn], path: Path, further: Iterable[Document] = ()) -> int:
    """Stream every resource, and `further` ones, into an NDJSON file; gives how many there are."""
    written = 0
    with path.open("wb") as file:
        for document in chain(_everything(drawn), further):
            file.write(orjson.dumps(document) + b"\n")
            written += 1
    return written


def _everything(drawn: list[ClientDrawn]) -> Iterator[Document]:
    yield from (r.organization(of) for of in (r.AGENCY, *r.PARTNERS, r.NETWORK))
    yield from (r.practitioner(number) for number in range(r.PRACTITIONERS))
    for client in drawn:
        yield from resources_of(client)


def resources_of(client: ClientDrawn) -> Iterator[Document]:
    """The resources of one client."""
    number, of = client.number, client.patient
    random = Random(f"{SEED}-{number}-text")
    yield r.patient(random, f"p{number}")
    yield r.care_team(random, f"t{number}", of)
    yield r.condition(random, f"c{number}", of)
    for goal in client.goals:
        yield r.goal(random, goal.id, of, goal.status, goal.category, sensitive=goal.sensitive)
    for place in range(random.randint(1, 3)):
        status = "active" if random.random() < 0.8 else random.choice(("completed", "revoked", "draft"))
        goals = [f"Goal/{goal.id}" for goal in client.goals]
        yield r.care_plan(random, of, status, goals) | {"id": f"cp{number}-{place}"}
    for place in range(random.randint(0, 2)):
        yield r.request(random, f"s{number}-{place}", of)
        yield r.task(random, f"k{number}-{place}", of, f"ServiceRequest/s{number}-{place}")
    yield from documents(number, client.given)

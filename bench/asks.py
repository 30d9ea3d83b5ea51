"""The requests of each scenario as bytes, with the answer that is right for each.

https://www.rfc-editor.org/rfc/rfc9112 and https://hl7.org/fhir/R4/http.html
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import cycle
from random import Random
from typing import NamedTuple

import orjson

from bench import population
from bench.population import ClientDrawn
from bench.records import PARTNERS, care_plan
from bench.words import Document

MOST = 8_000
"""Requests made in advance; a run begins again when it has sent them all."""
BARE_PATH = "/goal"
_FEWEST_SEARCHES = 50
_FIRST = 'W/"1"'
"""The version of what was loaded and never changed."""


class Ask(NamedTuple):
    """One request, the status it must get and the names its answer must hold (None: not looked at).

    Names are the ids of a resource or of a Bundle's entries, the numbered statuses of a transaction's
    entries, or the expressions of an OperationOutcome's issues.
    """

    sent: bytes
    status: int
    names: frozenset[str] | None = None


Lane = Iterator[Ask]
"""What one connection sends, without end."""


def shared(asks: Sequence[Ask], connections: int) -> list[Lane]:
    """Connections that all send from the same requests, each in turn."""
    turning = cycle(asks)
    return [turning] * connections


def names_in(body: bytes) -> frozenset[str]:
    """The names in an answer, as `Ask.names` means them."""
    document = orjson.loads(body)
    if document.get("type") == "transaction-response":
        statuses = (entry["response"]["status"] for entry in document["entry"])
        return frozenset(f"{number}: {status[:3]}" for number, status in enumerate(statuses))
    if document["resourceType"] == "Bundle":
        return frozenset(entry["resource"]["id"] for entry in document.get("entry", ()))
    if document["resourceType"] == "OperationOutcome":
        return frozenset(place for issue in document["issue"] for place in issue.get("expression", ()))
    return frozenset({document["id"]})


def bare(host: str) -> list[Ask]:
    """The bare route, again and again."""
    return [Ask(request("GET", BARE_PATH, host), 200)]


def goal_reads(drawn: Sequence[ClientDrawn], tokens: dict[str, list[str]], host: str) -> list[Ask]:
    """B1: goals that a partner sees, each as likely as any other, over all tokens of all partners."""
    random = Random(population.SEED)
    seen = [
        (partner, goal.id) for partner in PARTNERS for client in drawn for goal in client.seen_by(partner)
    ]
    return [
        Ask(request("GET", f"/fhir/Goal/{id_}", host, random.choice(tokens[partner])), 200, frozenset({id_}))
        for partner, id_ in random.choices(seen, k=MOST)
    ]


def goal_rereads(drawn: Sequence[ClientDrawn], tokens: dict[str, list[str]], host: str) -> list[Ask]:
    """The requests of B1 by callers who have the current version already."""
    known = b"\r\nIf-None-Match: " + _FIRST.encode() + b"\r\n"
    return [Ask(ask.sent.replace(b"\r\n", known, 1), 304) for ask in goal_reads(drawn, tokens, host)]


def goal_searches(drawn: Sequence[ClientDrawn], tokens: dict[str, list[str]], host: str) -> list[Ask]:
    """B5: active goals of one client in one category, 3 to 8 of them where there are enough such searches."""
    random = Random(population.SEED)
    found: list[tuple[str, str, str, frozenset[str]]] = []
    for partner in PARTNERS:
        for client in drawn:
            active = [goal for goal in client.seen_by(partner) if goal.status == "active"]
            for category in sorted({goal.category for goal in active}):
                ids = frozenset(goal.id for goal in active if goal.category == category)
                found.append((partner, client.patient, category, ids))
    found.sort(key=lambda search: -len(search[3]))
    enough = max(sum(len(ids) >= 3 for *_, ids in found), _FEWEST_SEARCHES)
    asks = []
    for partner, patient, category, ids in random.choices(found[:enough], k=MOST):
        query = f"patient={patient}&lifecycle-status=active&category={category}&_sort=-_lastUpdated&_count=20"
        path = f"/fhir/Goal?{query}"
        asks.append(Ask(request("GET", path, host, random.choice(tokens[partner])), 200, ids))
    return asks


def whole_records(rich: Sequence[ClientDrawn], tokens: Sequence[str], host: str) -> list[Ask]:
    """B7: everything of a client with 20 to 60 resources, and the people and organisations these name."""
    random = Random(population.SEED)
    asks = []
    for client in rich:
        documents = list(population.resources_of(client))
        names = frozenset(one["id"] for one in documents).union(*map(_beside, documents))
        path = f"/fhir/{client.patient}/$everything"
        asks.append(Ask(request("GET", path, host, random.choice(tokens)), 200, names))
    return asks


def _beside(part: object) -> frozenset[str]:
    """The ids of workers and organisations that a record names."""
    if isinstance(part, list):
        return frozenset().union(*map(_beside, part))
    if not isinstance(part, dict):
        return frozenset()
    type_, _, id_ = str(part.get("reference", "")).partition("/")
    own = {id_} if type_ in ("Organization", "Practitioner") else set()
    return frozenset(own).union(*map(_beside, part.values()))


def plan_creates(drawn: Sequence[ClientDrawn], token: str, host: str) -> list[Ask]:
    """B2: care plans with 8 activities; one in twenty is wrong in one place and must be refused for it."""
    random = Random(population.SEED)
    asks = []
    for number in range(MOST // 4):
        client = random.choice(drawn)
        plan = care_plan(random, client.patient, "active", [f"Goal/{goal.id}" for goal in client.goals])
        where = _spoiled(plan, number // 20) if number % 20 == 7 else None
        sent = request("POST", "/fhir/CarePlan", host, token, orjson.dumps(plan))
        asks.append(Ask(sent, 422, frozenset({where})) if where else Ask(sent, 201))
    return asks


def _spoiled(plan: Document, number: int) -> str:
    """Make one mistake; gives the expression of the element that is wrong."""
    detail = plan["activity"][number % 8]["detail"]
    match number % 4:
        case 0:
            del plan["status"]
            return "CarePlan.status"
        case 1:
            plan["intent"] = "hope"
            return "CarePlan.intent"
        case 2:
            plan["period"]["start"] = "2025-13-01"
            return "CarePlan.period.start"
        case _:
            detail["status"] = "someday"
            return f"CarePlan.activity[{number % 8}].detail.status"


def sizes(asks: Sequence[Ask]) -> str:
    """How many names the answers hold, for the report: `3: 120, 4: 61`."""
    counted = Counter(len(ask.names or ()) for ask in asks)
    return ", ".join(f"{names}: {number}" for names, number in sorted(counted.items()))


def request(
    method: str, path: str, host: str, token: str = "", body: bytes = b"", more: Mapping[str, str] = {}
) -> bytes:
    """A request as it goes over the wire; `more` are further headers."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", "Accept: application/fhir+json"]
    lines += [f"{name}: {value}" for name, value in more.items()]
    if token:
        lines.append(f"Authorization: Bearer {token}")
    if body:
        lines += ["Content-Type: application/fhir+json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body

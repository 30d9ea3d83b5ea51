"""What a partner waits for, one request after the other: a whole pull, a pull of what is new, what is hidden.

https://hl7.org/fhir/R4/http.html#paging
"""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from statistics import median

import orjson

from bench import population
from bench.aims import WAITS
from bench.asks import goal_searches
from bench.consents import Sharing, documents
from bench.population import ClientDrawn
from bench.records import AGENCY, NETWORK, PARTNERS
from bench.words import Document

PAGE, PAIRS = 100, 1000
_WARM = 20
_PATIENCE = 60
Address = tuple[str, int]
Tokens = Mapping[str, list[str]]


@dataclass(frozen=True)
class Wait:
    """What was measured: a figure with its unit, what it is made of, and what was wrong."""

    name: str
    figure: float
    unit: str
    told: str
    faults: tuple[str, ...] = ()

    def __str__(self) -> str:
        most = WAITS[self.name]
        reached = "reached" if self.figure <= most and not self.faults else "missed"
        aim = f"aim <= {most:g} {self.unit}, {reached}"
        return f"{self.name}: {self.figure:.1f} {self.unit} ({self.told}); {aim}"


class Caller:
    """One keep-alive connection with a token; an answer comes with its seconds."""

    def __init__(self, address: tuple[str, int], token: str) -> None:
        self._connection = http.client.HTTPConnection(*address, timeout=_PATIENCE)
        self._headers = {"Authorization": f"Bearer {token}", "Accept": "application/fhir+json"}

    def ask(
        self, path: str, method: str = "GET", body: bytes | None = None, kind: str = "application/fhir+json"
    ) -> tuple[int, bytes, float]:
        """Status, body and seconds from sending to the last byte."""
        more = {"Content-Type": kind} if body else {}
        began = time.perf_counter()
        self._connection.request(method, path, body, {**self._headers, **more})
        answer = self._connection.getresponse()
        data = answer.read()
        return answer.status, data, time.perf_counter() - began

    def close(self) -> None:
        """Let go of the connection."""
        self._connection.close()


def consents(drawn: Sequence[ClientDrawn]) -> Iterator[Document]:
    """Every client lets the network see every goal."""
    for client in drawn:
        document = next(documents(client.number, (Sharing((NETWORK,), restricted=True),)))
        yield document | {"id": f"network-{client.number}"}


def pull(address: Address, tokens: Tokens, drawn: Sequence[ClientDrawn]) -> Wait:
    """B6: all goals of all clients, in pages."""
    caller = Caller(address, tokens[NETWORK][0])
    expected = {goal.id for client in drawn for goal in client.goals}
    return _second("B6", caller, f"/fhir/Goal?_count={PAGE}", expected)


def delta(address: Address, tokens: Tokens, drawn: Sequence[ClientDrawn]) -> Wait:
    """B6: what was changed since, the hundredth part; to be measured when nobody writes any more."""
    goals = sorted(goal.id for client in drawn for goal in client.goals)
    changed = Random(population.SEED).sample(goals, max(len(goals) // 100, 1))
    agency = Caller(address, tokens[AGENCY][0])
    since = _changed(agency, changed)
    agency.close()
    caller = Caller(address, tokens[NETWORK][0])
    return _second("B6 delta", caller, f"/fhir/Goal?_lastUpdated=ge{since}&_count={PAGE}", set(changed))


def _second(name: str, caller: Caller, path: str, expected: set[str]) -> Wait:
    """The second of two pulls; the first one warms up."""
    _pulled(caller, path)
    ids, pages, seconds, faults = _pulled(caller, path)
    caller.close()
    if not faults and (len(ids) != len(expected) or set(ids) != expected):
        faults = (f"{len(ids)} goals came, {len(expected)} were to come",)
    return Wait(name, seconds * 1000, "ms", f"{len(ids)} goals in {pages} pages", faults)


def _pulled(caller: Caller, path: str) -> tuple[list[str], int, float, tuple[str, ...]]:
    ids: list[str] = []
    pages, waited = 0, 0.0
    while path:
        status, data, seconds = caller.ask(path)
        pages, waited = pages + 1, waited + seconds
        if status != 200:
            return ids, pages, waited, (f"{status}: {data[:200]!r}",)
        bundle = orjson.loads(data)
        ids += [entry["resource"]["id"] for entry in bundle.get("entry", ())]
        following = [link["url"] for link in bundle["link"] if link["relation"] == "next"]
        path = "/" + following[0].split("/", 3)[3] if following else ""
    return ids, pages, waited, ()


def _changed(agency: Caller, ids: Sequence[str]) -> str:
    """Change these goals; gives the moment of the first change."""
    first = ""
    for id_ in ids:
        _, data, _ = agency.ask(f"/fhir/Goal/{id_}")
        goal = orjson.loads(data) | {"statusDate": "2026-01-01"}
        _, data, _ = agency.ask(f"/fhir/Goal/{id_}", "PUT", orjson.dumps(goal))
        first = first or orjson.loads(data)["meta"]["lastUpdated"]
    return first


def hidden(address: Address, tokens: Tokens, drawn: Sequence[ClientDrawn]) -> Wait:
    """Reads of hidden and of absent goals in turn by one partner: how far their medians are apart."""
    random, partner = Random(population.SEED), PARTNERS[0]
    seen = {goal.id for client in drawn for goal in client.seen_by(partner)}
    secret = [goal.id for client in drawn for goal in client.goals if goal.id not in seen]
    # Absent ids look like the others, so that only what is there can make the difference.
    absent = [f"g{random.randrange(10**6, 10**7)}-{random.randrange(9)}" for _ in range(PAIRS)]
    caller = Caller(address, tokens[partner][0])
    asks = [("hidden", random.choice(secret)) for _ in range(PAIRS)], [("absent", id_) for id_ in absent]
    found, faults = _in_turn(
        [(name, f"/fhir/Goal/{id_}") for pair in zip(*asks, strict=True) for name, id_ in pair],
        lambda name: caller,
        404,
    )
    caller.close()
    return _apart("hidden", found, faults)


def consented(address: Address, tokens: Tokens, drawn: Sequence[ClientDrawn], host: str) -> Wait:
    """The searches of B5 by a partner and by the agency, in turn: what filtering by consent adds."""
    partner = PARTNERS[0]
    one_token = {name: [tokens[name][0]] for name in PARTNERS}
    token = tokens[partner][0].encode()
    asks = [ask.sent for ask in goal_searches(drawn, one_token, host) if token in ask.sent][:PAIRS]
    paths = [sent.split(b" ", 2)[1].decode() for sent in asks]
    callers = {
        name: Caller(address, tokens[of][0]) for name, of in (("partner", partner), ("agency", AGENCY))
    }
    pairs = [(name, path) for path in paths for name in callers]
    found, faults = _in_turn(pairs, callers.__getitem__, 200)
    for caller in callers.values():
        caller.close()
    first, second = median(found["partner"]), median(found["agency"])
    told = (
        f"medians {first * 1000:.2f} ms by a partner, {second * 1000:.2f} ms by the agency, {len(paths)} each"
    )
    return Wait("consent", (first / second - 1) * 100, "%", told, faults)


def _in_turn(
    asks: Sequence[tuple[str, str]], callers: Callable[[str], Caller], status: int
) -> tuple[dict[str, list[float]], tuple[str, ...]]:
    """Seconds by name, without those of the first few."""
    found: dict[str, list[float]] = {name: [] for name, _ in asks}
    faults = []
    for number, (name, path) in enumerate([*asks[:_WARM], *asks]):
        got, data, seconds = callers(name).ask(path)
        if number >= _WARM:
            found[name].append(seconds)
        if got != status:
            faults.append(f"{got}, not {status}: `{path}` gave {data[:200]!r}")
    return found, tuple(faults[:20])


def _apart(name: str, found: Mapping[str, Sequence[float]], faults: tuple[str, ...]) -> Wait:
    middles = {of: median(seconds) for of, seconds in found.items()}
    least, most = min(middles.values()), max(middles.values())
    told = ", ".join(f"{of} {middle * 1e6:.0f} us" for of, middle in middles.items())
    return Wait(name, (most / least - 1) * 100, "%", f"medians: {told}, {PAIRS} each in turn", faults)

"""Requests made from the search parameters of the served types and from values that stand in either world.

A parameter that is added is asked for by itself. https://hl7.org/fhir/R4/search.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from urllib.parse import urlencode

from builders import Document
from careplan_service.access.facts import Fact
from careplan_service.resources.params import SearchParam
from careplan_service.resources.registry import SERVED
from nonleak.asking import BASE, Request, form
from nonleak.documents import CODES, NUMBERS, SYSTEMS, WORDS

_PREFIXES = ("", "eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Facts = Mapping[str, Sequence[Fact]]


def facts_of(documents: Iterable[Document]) -> dict[str, list[Fact]]:
    """The facts of everything that was written, by the name of their parameter."""
    found: dict[str, dict[Fact, None]] = {}
    for document in documents:
        for row in SERVED[document["resourceType"]].facts({"id": "x", **document}, f"{BASE}/fhir").rows:
            found.setdefault(row.param, {})[row] = None
    return {param: list(rows) for param, rows in found.items()}


class Generator:
    """Makes searches; `names` are references to what is shown, hidden and absent."""

    def __init__(self, rng: Random, facts: Facts, names: Sequence[str]) -> None:
        self._rng, self._facts, self._names = rng, facts, names

    def searches(self, each: float) -> Iterator[Request]:
        """For every parameter of every type so many searches; with less than one, for some of them."""
        for spec in SERVED.values():
            for param in spec.by_name.values():
                for _ in range(int(each) + (self._rng.random() < each % 1)):
                    yield self._search(spec.name, self._pair(spec.name, param))

    def controls(self, many: int) -> Iterator[Request]:
        """Searches that ask for an order, pages, totals, parts and what comes beside."""
        for _ in range(many):
            type_ = self._rng.choice(list(SERVED))
            yield self._search(
                type_, *[self._any_pair(type_)] * self._rng.randrange(2), *self._shaping(type_)
            )

    def _search(self, type_: str, *pairs: tuple[str, str]) -> Request:
        query = urlencode(pairs)
        patient = self._rng.choice([n for n in self._names if n.startswith("Patient/")])
        ways: Sequence[Callable[[], Request]] = (
            lambda: Request("GET", f"/fhir/{type_}?{query}"),
            lambda: Request("GET", f"/fhir/{type_}?{query}"),
            lambda: form(f"/fhir/{type_}/_search", query),
            lambda: Request("GET", f"/fhir?_type={type_}&{query}"),
            lambda: Request("GET", f"/fhir/{patient}/{type_}?{query}"),
        )
        return self._rng.choice(ways)()

    def _any_pair(self, type_: str) -> tuple[str, str]:
        return self._pair(type_, self._rng.choice(list(SERVED[type_].by_name.values())))

    def _pair(self, type_: str, param: SearchParam, depth: int = 0) -> tuple[str, str]:
        """A condition on a parameter: plain, with a modifier, chained, reversed, or in `_filter`."""
        rng = self._rng
        how = rng.randrange(10)
        if how == 0:
            return f"{param.name}:missing", rng.choice(("true", "false"))
        if param.kind == "reference" and how < 5 and depth < 2 and (found := self._chained(param, depth)):
            return found
        if how == 5 and depth < 2 and (found := self._reversed(type_, depth)):
            return found
        if how == 6 and param.modifiers:
            return f"{param.name}:{rng.choice(param.modifiers)}", self._value(type_, param)
        if how == 7 and depth == 0:
            return (
                "_filter",
                f'{param.name} {rng.choice(("eq", "ne", "gt", "co", "sw"))} "{self._value(type_, param)}"',
            )
        return param.name, ",".join(self._value(type_, param) for _ in range(rng.choice((1, 1, 2))))

    def _chained(self, param: SearchParam, depth: int) -> tuple[str, str] | None:
        types = [t for t in param.targets or SERVED if t in SERVED]
        if not types:
            return None
        type_ = self._rng.choice(types)
        name, value = self._pair(type_, self._rng.choice(list(SERVED[type_].by_name.values())), depth + 1)
        return None if name == "_filter" else (f"{param.name}:{type_}.{name}", value)

    def _reversed(self, type_: str, depth: int) -> tuple[str, str] | None:
        sources = [
            (spec.name, p.name) for spec in SERVED.values() for p in spec.params
            if p.kind == "reference" and (not p.targets or type_ in p.targets)
        ]  # fmt: skip
        if not sources:
            return None
        source, through = self._rng.choice(sources)
        name, value = self._pair(source, self._rng.choice(list(SERVED[source].by_name.values())), depth + 1)
        return None if name == "_filter" else (f"_has:{source}:{through}:{name}", value)

    def _value(self, type_: str, param: SearchParam) -> str:
        rows = self._facts.get(f"{type_}.{param.name}", ())
        row = self._rng.choice(rows) if rows else Fact("", self._rng.choice(CODES), self._rng.choice(SYSTEMS))
        return _VALUES.get(param.kind, _text)(self._rng, row, self._names)

    def _shaping(self, type_: str) -> Iterator[tuple[str, str]]:
        rng, params = self._rng, list(SERVED[type_].by_name)
        refer = [f"{s.name}:{p.name}" for s in SERVED.values() for p in s.params if p.kind == "reference"]
        outward = [one for one in refer if one.startswith(f"{type_}:")] or refer
        names = ["_id", "_lastUpdated", *params]
        table: Sequence[Callable[[], tuple[str, str]]] = (
            lambda: (
                "_sort",
                ",".join(rng.choice(("", "-")) + n for n in rng.sample(names, rng.randint(1, 2))),
            ),
            lambda: ("_count", rng.choice("0123")),
            lambda: ("_total", rng.choice(("accurate", "estimate", "none"))),
            lambda: ("_summary", rng.choice(("true", "text", "data", "count", "false"))),
            lambda: ("_elements", rng.choice(("status", "subject,meta", "identifier"))),
            lambda: ("_format", "xml"),
            lambda: ("_include", rng.choice((*outward, "*"))),
            lambda: ("_revinclude", rng.choice(refer)),
            lambda: ("_include:iterate", rng.choice((*refer, "*"))),
            lambda: ("_revinclude:iterate", rng.choice(refer)),
            lambda: ("_id", rng.choice(self._names).split("/")[1]),
            lambda: ("_lastUpdated", rng.choice(_PREFIXES) + _instant(rng)),
            lambda: ("_content", rng.choice(WORDS).split()[0]),
            lambda: ("_text", rng.choice(WORDS).split()[0]),
        )
        for made in rng.sample(table, rng.randint(1, 4)):
            yield made()


def _instant(rng: Random) -> str:
    return f"2026-06-01T{rng.randrange(4):02d}:{rng.randrange(60):02d}:00Z"


def _escaped(text: str) -> str:
    return "".join(f"\\{c}" if c in "\\|$," else c for c in text)


def _token(rng: Random, row: Fact, names: Sequence[str]) -> str:
    value, system = _escaped(row.value), _escaped(row.system)
    return rng.choice((value, f"{system}|{value}", f"{system}|", f"|{value}"))


def _reference(rng: Random, row: Fact, names: Sequence[str]) -> str:
    target = rng.choice((row.value, rng.choice(names)))
    return rng.choice((target, target.split("/")[-1], f"{BASE}/fhir/{target}"))


def _date(rng: Random, row: Fact, names: Sequence[str]) -> str:
    moment = _EPOCH + timedelta(microseconds=row.lo if abs(row.lo) < 4 * 10**15 else 0)
    text = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    return rng.choice(_PREFIXES) + text[: rng.choice((4, 7, 10, 20))]


def _quantity(rng: Random, row: Fact, names: Sequence[str]) -> str:
    return rng.choice(_PREFIXES) + str(rng.choice(NUMBERS)) + rng.choice(("", "||d"))


def _composite(rng: Random, row: Fact, names: Sequence[str]) -> str:
    return f"{_escaped(row.value)}${rng.choice((*NUMBERS, *CODES))}"


def _text(rng: Random, row: Fact, names: Sequence[str]) -> str:
    return _escaped(row.value[: rng.randint(1, 20)] or "x")


_VALUES: Mapping[str, Callable[[Random, Fact, Sequence[str]], str]] = {
    "token": _token,
    "reference": _reference,
    "date": _date,
    "quantity": _quantity,
    "composite": _composite,
    "uri": lambda rng, row, names: _escaped(row.value) or "http://example.org",
    "special": lambda rng, row, names: "48.2|16.3|100|km",
}

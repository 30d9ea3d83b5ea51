"""SQL says what plain Python says about quantities, composites, positions and the words beside codes.

Whole worlds are put into one open transaction, asked about, and undone; see `access/loaded.py`.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from access.loaded import BASE_URL, Loaded, Recorded, disagreements
from careplan_service.access import holds as plain
from careplan_service.access.holds import Version
from careplan_service.interactions.records import Write
from careplan_service.interactions.undone import undone
from careplan_service.resources.registry import SERVED
from careplan_service.store.database import Database
from careplan_service.store.records import SqlRecords

UCUM = "http://unitsofmeasure.org"
NUMBERS = (
    "0",
    "-0.0",
    "5",
    "5.0",
    "4.95",
    "5.05",
    "-5",
    "5000",
    "0.005",
    "1e300",
    "-1e-300",
    "36.6",
    "1e999",
)
UNITS = (("mg", UCUM), ("g", UCUM), ("kg", UCUM), ("Cel", UCUM), ("{n}", UCUM), ("n", "urn:n"), ("", ""))
CODES = ("a", "b", "c|d", "é$")
WORDS = ("Nights outside", "outside nights", "Ärger, 100% _x_", "ä")
PREFIXES = ("", "eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap")


def amount(rng: random.Random) -> dict[str, Any]:
    code, system = rng.choice(UNITS)
    coded = {"code": code, "system": system} if code else {}
    compared = {"comparator": rng.choice(["<", "<=", ">=", ">"])} if rng.random() < 0.3 else {}
    return {"value": Decimal(rng.choice(NUMBERS)), "unit": rng.choice(["mg", "nights"]), **coded, **compared}


def coded(rng: random.Random) -> dict[str, Any]:
    coding = {
        "system": rng.choice(["urn:s", "urn:t"]),
        "code": rng.choice(CODES),
        "display": rng.choice(WORDS),
    }
    return {"coding": [coding], "text": rng.choice(WORDS)}


def valued(rng: random.Random) -> dict[str, Any]:
    which = rng.randrange(4)
    if which == 0:
        return {"valueCodeableConcept": coded(rng)}
    if which == 1:
        return {"valueString": rng.choice(WORDS)}
    return {"valueQuantity": amount(rng)}


def document(rng: random.Random, type_: str) -> dict[str, Any]:
    if type_ == "Location":
        degrees = {
            "latitude": Decimal(rng.randrange(-900, 901)) / 10,
            "longitude": Decimal(rng.randrange(-1800, 1801)) / 10,
        }
        return {"position": degrees, "name": rng.choice(WORDS)}
    components = [{"code": coded(rng), **valued(rng)} for _ in range(rng.randrange(3))]
    return {"code": coded(rng), "component": components, **valued(rng)}


def number(rng: random.Random) -> str:
    code, system = rng.choice(UNITS)
    unit = rng.choice(["", f"|{system}|{code}" if code else "", f"||{code or 'mg'}"])
    return rng.choice(PREFIXES) + rng.choice([n for n in NUMBERS if n != "1e999"]) + unit


def escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("$", "\\$").replace(",", "\\,")


def question(rng: random.Random, type_: str) -> tuple[str, str]:
    """A parameter with its modifier, and a value."""
    if type_ == "Location":
        return "near", f"{rng.randrange(-90, 91)}|{rng.randrange(-180, 181)}|{rng.randrange(8000)}"
    code = rng.choice(["", "urn:s|", "|"]) + escaped(rng.choice(CODES))
    kind = rng.choice(["code-value-", "component-code-value-", "combo-code-value-"])
    return rng.choice(
        [
            (rng.choice(["value-quantity", "component-value-quantity", "combo-value-quantity"]), number(rng)),
            (f"{kind}quantity", f"{code}${number(rng)}"),
            (f"{kind}concept", f"{code}${escaped(rng.choice(CODES))}"),
            ("code-value-string", f"{code}${escaped(rng.choice(WORDS)[:4])}"),
            ("code:text", escaped(rng.choice(WORDS)[rng.choice([0, 7]) :]) or "ä"),
            (f"combo-code:{rng.choice(['not', 'missing', 'text'])}", "false"),
        ]
    )


@pytest.fixture
def records(database_url: str) -> Iterator[SqlRecords]:
    database = Database(database_url)
    yield SqlRecords(database, audited=False)
    database.close()


def test_sql_and_plain_python_agree_on_ranges_and_what_stands_beside_them(records: SqlRecords) -> None:
    rng = random.Random(7)
    found: list[str] = []
    held = asked = 0
    with undone(records) as changes:
        loaded = Loaded()
        for n in range(24):
            type_ = "Location" if n % 4 == 0 else "Observation"
            facts = SERVED[type_].facts(
                {"resourceType": type_, "id": f"r{n}", **document(rng, type_)}, BASE_URL
            )
            stored = changes.put(Write(type_, f"r{n}", "PUT", lambda v, at: b"{}", facts, ()), None, 0, "x")
            loaded.recorded.append(Recorded(type_, f"r{n}", [Version(facts, f"r{n}", stored.updated, "x")]))
        for _ in range(60):
            type_ = rng.choice(["Location", "Observation", "Observation", "Observation"])
            name, text = question(rng, type_)
            plainly, _, modifier = name.partition(":")
            if "concept" in plainly and "$" not in text:
                continue
            wanted = (
                SERVED[type_]
                .by_name[plainly]
                .asked(type_, modifier, "true" if modifier == "missing" else text, BASE_URL)
            )
            found += [f"{name}={text}: {one}" for one in disagreements(records, loaded, wanted)]
            held += sum(plain.holds(wanted, r.current, loaded.world) for r in loaded.recorded)
            asked += len(loaded.recorded)
    assert not found, found[0]
    assert 0.03 < held / asked < 0.7

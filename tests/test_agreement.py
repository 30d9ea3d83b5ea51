"""SQL says exactly what plain Python says: the law the consent decisions of the service stand on.

Whole worlds are put into one open transaction, asked about, and undone, so one database serves them all.
"""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from access.loaded import disagreement, disagreements, history_disagreements, load
from access.worlds import NOW, PROBES, TYPES, Maker
from builders import AGENCY
from careplan_service.access import filters as f
from careplan_service.access import holds as plain
from careplan_service.access.clients import Client
from careplan_service.access.consent.choices import SPEC, STRICT
from careplan_service.access.glass import Glass
from careplan_service.access.people import User
from careplan_service.access.person import caller_for_person
from careplan_service.access.scope_text import parse_scopes
from careplan_service.access.view import known_to, view_for
from careplan_service.interactions.granular import opened
from careplan_service.interactions.undone import undone
from careplan_service.resources import r4
from careplan_service.store.database import Database
from careplan_service.store.records import SqlRecords


@pytest.fixture
def records(database_url: str) -> Iterator[SqlRecords]:
    database = Database(database_url)
    yield SqlRecords(database, audited=False)
    database.close()


def questions(maker: Maker, loaded: Any, consented: int, others: int) -> list[f.Filter]:
    return [maker.consented() for _ in range(consented)] + [
        maker.filter(loaded.currents) for _ in range(others)
    ]


def test_sql_and_plain_python_agree_on_any_world(records: SqlRecords) -> None:
    # A world of dice does not shrink to anything smaller that says more.
    @settings(max_examples=12, deadline=None, phases=[Phase.generate])
    @given(st.randoms(use_true_random=False))
    def law(rng: random.Random) -> None:
        maker = Maker(rng)
        with undone(records) as changes:
            loaded = load(maker, changes, resources=8, consents=4)
            found = [
                d for wanted in questions(maker, loaded, 6, 2) for d in disagreements(records, loaded, wanted)
            ]
        assert not found, found[0]

    law()


def test_sql_and_plain_python_agree_on_large_worlds(records: SqlRecords) -> None:
    found: list[str] = []
    asked, shown, began = 0, 0, time.perf_counter()
    for seed in range(3):
        maker = Maker(random.Random(seed))
        with undone(records) as changes:
            loaded = load(maker, changes, resources=60, consents=12)
            for wanted in questions(maker, loaded, 40, 3):
                found += disagreements(records, loaded, wanted)
                asked += len(loaded.recorded)
                shown += sum(plain.holds(wanted, r.current, loaded.world) for r in loaded.recorded)
    print(f"{asked} decisions, {asked / (time.perf_counter() - began):.0f} per second, {shown} permits")
    assert not found, found[0]
    assert 0.1 < shown / asked < 0.9


def test_sql_and_plain_python_agree_in_twenty_thousand_decisions(records: SqlRecords) -> None:
    found: list[str] = []
    asked, shown, began, seed = 0, 0, time.perf_counter(), 100
    while asked < DECISIONS and not found:
        maker = Maker(random.Random(seed), SPEC if seed % 2 else STRICT)
        with undone(records) as changes:
            loaded = load(maker, changes, resources=90, consents=30)
            for _ in range(30):
                told, permitted = disagreement(records, loaded, maker.consented())
                found, asked, shown = found + told, asked + len(loaded.recorded), shown + permitted
        seed += 1
    print(f"{asked} decisions, {asked / (time.perf_counter() - began):.0f} per second, {shown} permits")
    assert not found, found[0]
    assert 0.02 < shown / asked < 0.9


DECISIONS = 10_000  # on each database


def test_histories_agree_version_by_version(records: SqlRecords) -> None:
    found: list[str] = []
    for seed in range(2):
        maker = Maker(random.Random(seed))
        with undone(records) as changes:
            loaded = load(maker, changes, resources=20, consents=6)
            for question in PROBES[:2]:
                found += history_disagreements(records, loaded, question)
                own = f.all_of(f.Is("contributor", "Organization/partner"), f.Is("current", "1"))
                seen = f.all_of(f.Is("deleted", "0"), f.any_of(own, question))
                found += history_disagreements(records, loaded, seen)
    assert not found, found[0]


def people() -> Iterator[f.Filter]:
    """What people at an app see of goals: every kind, bound to a patient and not."""
    users = {
        "Practitioner/dana": "Organization/agency",
        "Practitioner/pat": "Organization/partner",
        "Patient/ann": "Organization/agency",
        "RelatedPerson/r": "Organization/partner",
    }
    for fhir_user, organization in users.items():
        for scopes in ("user/*.cruds", "patient/*.cruds", "patient/Goal.rs user/*.rs?_tag=x"):
            caller = caller_for_person(
                APP,
                User("u", "u", "", fhir_user, organization),
                parse_scopes(scopes),
                ("COC",),
                "Patient/ann",
                0,
                {"Organization/agency"},
            )
            yield f.all_of(view_for(caller, "r", "Goal", NOW), opened(caller, "r", "Goal", ""))


APP = Client("calm", "Calm", "app", "Organization/calm", "user/*.rs", "COC")


def test_sql_and_plain_python_agree_on_what_people_see(records: SqlRecords) -> None:
    found: list[str] = []
    shown = 0
    for seed in range(2):
        maker = Maker(random.Random(seed))
        with undone(records) as changes:
            loaded = load(maker, changes, resources=40, consents=8)
            for seen in people():
                found += disagreements(records, loaded, seen)
                found += history_disagreements(records, loaded, seen)
                shown += sum(plain.holds(seen, r.current, loaded.world) for r in loaded.recorded)
    assert not found, found[0]
    assert shown > 50


def test_sql_and_plain_python_agree_on_what_a_broken_glass_opens(records: SqlRecords) -> None:
    found: list[str] = []
    more = 0
    callers = [
        caller_for_person(
            APP, User("u", "u", "", who, whose), parse_scopes("user/*.rs"), ("COC",), "", 0, {AGENCY}
        )
        for who, whose in (("Practitioner/dana", AGENCY), ("Practitioner/pat", "Organization/partner"))
    ]
    for seed in range(3):
        maker = Maker(random.Random(seed))
        with undone(records) as changes:
            loaded = load(maker, changes, resources=40, consents=8)
            for caller, overrides in itertools.product(callers, (True, False)):
                glass = Glass("g", "Patient/ann", "BTG", NOW + 1, overrides)
                plainly = known_to(caller, "Goal", NOW)
                broken = known_to(replace(caller, glasses=(glass,)), "Goal", NOW)
                found += disagreements(records, loaded, broken)
                found += history_disagreements(records, loaded, broken)
                for one in loaded.currents:
                    opened = plain.holds(broken, one, loaded.world) and not plain.holds(
                        plainly, one, loaded.world
                    )
                    assert not opened or (one.patient, one.others) == ("Patient/ann", 0)
                    more += opened
                over = known_to(replace(caller, glasses=(replace(glass, until=NOW),)), "Goal", NOW)
                assert over == plainly
    assert not found, found[0]
    assert more > 5


def test_the_worlds_are_made_of_valid_resources() -> None:
    maker = Maker(random.Random(1))
    made = [maker.document(type_, "x") for type_ in TYPES[:-1] for _ in range(6)] + maker.directory()
    made += [maker.consent("x") for _ in range(12)]
    assert not [fault for document in made for fault in r4.check(document, document["resourceType"])]

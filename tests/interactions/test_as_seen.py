"""A search by references finds what the caller sees of them: in SQL, in plain Python, by the plain rule."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from access.loaded import BASE_URL, disagreements, load
from access.worlds import NOW, Maker
from careplan_service.access import filters as f
from careplan_service.access.caller import Caller
from careplan_service.access.holds import Version, World, holds
from careplan_service.access.scope_text import parse_scopes
from careplan_service.access.view import known_to
from careplan_service.interactions.as_seen import Eyes, as_seen, may_be_hidden
from careplan_service.interactions.undone import undone
from careplan_service.resources.naming import GUARDED
from careplan_service.resources.registry import SERVED
from careplan_service.store.database import Database
from careplan_service.store.records import SqlRecords

PLACES = [(spec.name, param) for spec in SERVED.values() for param in spec.params if may_be_hidden(param)]


def eyes(caller: Caller) -> Eyes:
    own = f.NOTHING if caller.is_agency else f.Is("contributor", caller.contributor)
    return Eyes(lambda type_: known_to(caller, type_, NOW), own, not caller.is_agency)


def stays(caller: Caller, holder: Version, reference: str, world: World) -> bool:
    """The rule of docs/consent-in-detail.md in the fewest words."""
    type_, _, id_ = reference.partition("/")
    if type_ not in GUARDED or reference == holder.facts.patient:
        return True
    there = [v for v in world.versions if (v.type, v.id) == (type_, id_) and v.current and not v.deleted]
    open_ = any(holds(known_to(caller, type_, NOW), v, world) for v in there)
    if caller.is_agency:
        return open_ or not there
    return open_ or holder.contributor == caller.contributor


@pytest.fixture
def records(database_url: str) -> Iterator[SqlRecords]:
    """Closed whatever happens: a connection left open fails whichever test comes next."""
    database = Database(database_url)
    yield SqlRecords(database, audited=False)
    database.close()


@pytest.mark.parametrize("kind", ["partner", "agency"])
def test_a_reference_is_found_where_it_stays(records: SqlRecords, kind: str) -> None:
    caller = Caller("c", kind, f"Organization/{kind}", ("COC",), parse_scopes("system/*.rs"))
    found: list[str] = []
    told: set[bool] = set()
    for seed in range(3):
        with undone(records) as changes:
            loaded = load(Maker(random.Random(seed)), changes, resources=40, consents=10)
            world = loaded.world
            for type_, param in PLACES:
                name = f"{type_}.{param.name}"
                held = [(v, row.value) for v in loaded.currents for row in v.facts.rows if row.param == name]
                for version, value in held[:3]:
                    if param.targets and value.partition("/")[0] not in param.targets:
                        continue
                    asked = param.asked(type_, "", value, BASE_URL)
                    wanted = as_seen(eyes(caller), param, "", asked)
                    found += disagreements(records, loaded, wanted)
                    seen = holds(wanted, version, world)
                    told.add(seen)
                    assert seen == stays(caller, version, value, world), (name, value)
    assert not found, found[0]
    assert told == {True, False}

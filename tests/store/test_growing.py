"""PostgreSQL looks anew at its tables as they grow. https://www.postgresql.org/docs/current/planner-stats.html"""

from __future__ import annotations

import pytest

from builders import a_goal
from careplan_service.store import growing
from store.archive import Archive


def looks(archive: Archive) -> int:
    archive.database.rows("SELECT pg_stat_clear_snapshot()", {})
    return int(
        archive.database.rows("SELECT analyze_count FROM pg_stat_user_tables WHERE relname = 'resource'", {})[
            0
        ][0]
    )


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_the_planner_looks_at_each_step_of_growth_once(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(growing, "LAST", 500)
    before = looks(archive)
    asked = {0: 0, 99: 0, 100: 1, 150: 1, 399: 1, 405: 2, 450: 2, 1700: 2}
    for number, times in asked.items():
        archive.records._growth.reached(number)
        assert looks(archive) - before == times, number


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_versions_that_are_stored_count(archive: Archive) -> None:
    archive.records._growth._next = 2
    before = looks(archive)
    archive.put(a_goal(of="Patient/ann"), "a")
    assert looks(archive) == before
    archive.put(a_goal(of="Patient/ann"), "b")
    assert looks(archive) == before + 1


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_look_that_fails_fails_nothing_else(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise RuntimeError("no room")

    monkeypatch.setattr(archive.database, "analyse", fail)
    archive.records._growth._next = 1
    assert archive.put(a_goal(of="Patient/ann"), "a").version == 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_sqlite_plans_without_looking(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive.database, "analyse", None)
    archive.records._growth.reached(10_000)

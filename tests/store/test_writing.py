"""Writing: history only grows, a transaction is whole or nothing, rules change with their Consent."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from builders import AGENCY, PARTNER, a_consent, a_goal, a_provision
from careplan_service.access.consent.terminology import purpose_and_ancestors
from careplan_service.access.facts import Fact
from careplan_service.access.filters import EVERYTHING, Consented, Has
from careplan_service.access.instants import instant
from careplan_service.errors import Conflict
from careplan_service.interactions.records import Page, Write
from store.archive import NOW, Archive, a_write, an_entry

ANN = "Patient/ann"
GOAL = a_goal(of=ANN)
CONSENT = a_consent(ANN, a_provision("permit", PARTNER))
PERMITTED = Consented((PARTNER,), purpose_and_ancestors("COC"), NOW)
ALL = Page(limit=100)


def test_every_version_stays_as_it_was_written(archive: Archive) -> None:
    for method in ("POST", "PUT", "DELETE", "PUT"):
        archive.put(GOAL, "g", method=method)
    versions = archive.records.versions("Goal", "g", EVERYTHING, ALL)
    assert [(v.version, v.method, v.deleted) for v in versions] == [
        (4, "PUT", False), (3, "DELETE", True), (2, "PUT", False), (1, "POST", False),
    ]  # fmt: skip
    assert [v.body for v in versions] == [
        b"" if v.deleted else f"g {v.version} {instant(v.updated)}".encode() for v in versions
    ]
    assert len({v.origin for v in versions}) == 1
    assert [v.updated for v in versions] == sorted({v.updated for v in versions}, reverse=True)
    assert archive.records.count_versions("Goal", "g", EVERYTHING) == 4


def test_exactly_one_version_is_current_and_only_it_is_searched(archive: Archive) -> None:
    archive.put(GOAL, "g")
    archive.put({**GOAL, "lifecycleStatus": "completed"}, "g")
    current = archive.database.rows("SELECT version FROM resource WHERE current = 1", {})
    assert current == [(2,)]
    assert archive.records.count("Goal", Has("Goal.lifecycle-status", "active")) == 0
    assert archive.records.count("Goal", Has("Goal.lifecycle-status", "completed")) == 1


def test_versions_of_one_moment_still_follow_each_other(archive: Archive) -> None:
    with archive.records.changes() as changes:
        first = changes.put(a_write(GOAL, "g"), None, NOW + 1234, AGENCY)
        second = changes.put(a_write(GOAL, "g"), first, NOW, AGENCY)
    assert first.updated == NOW + 1000
    assert second.updated == first.updated + 1000


def test_a_deleted_resource_is_not_found_and_what_it_was_stays(archive: Archive) -> None:
    archive.put(GOAL, "g")
    archive.put(GOAL, "g", method="DELETE")
    assert archive.records.find("Goal", EVERYTHING, ALL) == []
    assert archive.records.count("Goal", EVERYTHING) == 0
    found = archive.records.current("Goal", "g", EVERYTHING)
    assert found is not None
    assert found.deleted
    first = archive.records.version("Goal", "g", 1, EVERYTHING)
    assert first is not None
    assert first.body


def duplicate_fact(write: Write) -> Write:
    return write._replace(facts=replace(write.facts, rows=(Fact("Goal.x", "1"), Fact("Goal.x", "1"))))


BROKEN: dict[str, Callable[[Write], Write]] = {
    "the row of the version": lambda write: write._replace(id=None),
    "the document": lambda write: write._replace(stamp=lambda version, at: None),
    "the facts": duplicate_fact,
    "a rule": lambda write: write._replace(rules=[replace(rule, valid_from=None) for rule in write.rules]),
    "a part of a rule": lambda write: write._replace(rules=[*write.rules, *_unreadable(write)]),
}


def _unreadable(write: Write) -> list[Any]:
    part = write.rules[0].parts[0]
    return [replace(write.rules[0], parts=(part, replace(part, deny=2**70)))]


@pytest.mark.parametrize("what", BROKEN)
def test_a_write_that_fails_in_the_middle_leaves_nothing(archive: Archive, what: str) -> None:
    archive.put(GOAL, "kept")
    archive.put(CONSENT, "c")
    before = archive.counts()

    def write() -> None:
        with archive.records.changes() as changes:
            changes.note(an_entry())
            changes.put(a_write(GOAL, "g1"), None, NOW, AGENCY)
            old = changes.current("Consent", "c", EVERYTHING)
            changes.put(BROKEN[what](a_write(CONSENT, "c")), old, NOW, AGENCY)

    with pytest.raises(Exception):  # noqa: B017 - each driver has its own
        write()
    assert archive.counts() == before
    assert archive.records.count("Goal", PERMITTED) == 1
    archive.put(GOAL, "g2")


def test_an_audit_row_that_fails_takes_the_write_with_it(archive: Archive) -> None:
    before = archive.counts()

    def write() -> None:
        with archive.records.changes() as changes:
            changes.put(a_write(CONSENT, "c"), None, NOW, AGENCY)
            changes.note(an_entry(status=None))

    with pytest.raises(Exception):  # noqa: B017 - each driver has its own
        write()
    assert archive.counts() == before


def test_a_transaction_that_ends_well_leaves_document_facts_rules_and_audit_row(archive: Archive) -> None:
    with archive.records.changes() as changes:
        changes.put(a_write(CONSENT, "c"), None, NOW, AGENCY)
        changes.note(an_entry())
    counts = archive.counts()
    assert all(counts.values()), counts
    assert (counts["resource"], counts["document"], counts["consent_rule"], counts["audit"]) == (1, 1, 1, 1)


def withdrawn(**more: Any) -> dict[str, Any]:
    return {**CONSENT, **more}


@pytest.mark.parametrize(
    ("document", "method"),
    [
        (withdrawn(status="inactive"), "PUT"),
        (withdrawn(), "DELETE"),
        (withdrawn(provision=a_provision("deny", PARTNER)), "PUT"),
        (withdrawn(provision=a_provision("permit", PARTNER, period={"end": "2026-05-31"})), "PUT"),
        (withdrawn(patient={"reference": "Patient/ben"}), "PUT"),
    ],
    ids=["made inactive", "deleted", "turned into a deny", "ended", "given to another client"],
)
def test_what_was_withdrawn_is_gone_for_the_very_next_question(
    archive: Archive, document: dict[str, Any], method: str
) -> None:
    archive.put(GOAL, "g")
    archive.put(CONSENT, "c")
    asked = (
        lambda: archive.records.find("Goal", PERMITTED, ALL),
        lambda: archive.records.count("Goal", PERMITTED),
        lambda: archive.records.current("Goal", "g", PERMITTED),
        lambda: archive.records.version("Goal", "g", 1, PERMITTED),
        lambda: archive.records.versions("Goal", "g", PERMITTED, ALL),
        lambda: archive.records.count_versions("Goal", "g", PERMITTED),
    )
    assert all(question() for question in asked)
    archive.put(document, "c", method=method)
    assert not any(question() for question in asked)
    archive.put(CONSENT, "c")
    assert all(question() for question in asked)


def test_the_rule_that_opened_a_version_is_told_with_the_version_of_its_consent(archive: Archive) -> None:
    archive.put(GOAL, "g")
    archive.put(CONSENT, "c")
    archive.put(CONSENT, "c")
    found = archive.records.current("Goal", "g", PERMITTED)
    assert found is not None
    assert found.because == "Consent/c/_history/2#provision"


def test_rules_leave_no_rows_behind_when_their_consent_changes(archive: Archive) -> None:
    archive.put(CONSENT, "c")
    archive.put(a_consent(ANN, a_provision("permit", PARTNER, codes=["food-insecurity"])), "other")
    before = archive.counts()
    for _ in range(3):
        archive.put(CONSENT, "c")
    after = archive.counts()
    assert {name: after[name] for name in after if name.startswith("consent_")} == {
        name: before[name] for name in before if name.startswith("consent_")
    }


def at_once(archive: Archive, id_: str, count: int) -> tuple[list[int], list[Exception]]:
    """The versions that so many threads made of one resource, and what went wrong."""
    start, versions, errors = threading.Barrier(count, timeout=20), [], []

    def write() -> None:
        start.wait(60)
        try:
            with archive.records.changes() as changes:
                before = changes.current("Goal", id_, EVERYTHING)
                versions.append(changes.put(a_write(GOAL, id_), before, NOW, AGENCY).version)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=write) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return sorted(versions), errors


def test_writers_of_one_resource_wait_for_each_other_and_none_is_lost(archive: Archive) -> None:
    archive.put(GOAL, "g")
    assert at_once(archive, "g", 4) == ([2, 3, 4, 5], [])
    assert archive.records.count_versions("Goal", "g", EVERYTHING) == 5


def test_of_two_that_create_under_one_id_the_second_follows_or_is_told_to_try_again(archive: Archive) -> None:
    versions, errors = at_once(archive, "new", 2)
    assert versions in ([1], [1, 2])
    assert len(versions) + len(errors) == 2
    assert all(isinstance(error, Conflict) for error in errors)
    assert archive.records.count_versions("Goal", "new", EVERYTHING) == len(versions)

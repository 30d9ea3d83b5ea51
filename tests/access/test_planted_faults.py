"""Faults planted on purpose, in plain Python, in SQL and in the rows: the law must see each of them.

A fixed corpus of worlds is asked until the two disagree; see `tests/test_agreement.py` for the law itself.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import and_, or_, select, true, union_all

from access.loaded import EVERYBODY, disagreement, history_disagreements, load
from access.worlds import FILTERS, PROBES, Maker
from careplan_service.access import filters as f
from careplan_service.access import holds as plain
from careplan_service.access.consent import decision, matching
from careplan_service.access.consent.directory import NOBODY, Directory
from careplan_service.access.facts import Labels
from careplan_service.interactions.undone import undone
from careplan_service.store import consent_sql, filing, migrate, sql, writing
from careplan_service.store import shapes as shapes_module
from careplan_service.store.consent_sql import _Predicate
from careplan_service.store.database import Database
from careplan_service.store.filing import Filer
from careplan_service.store.leads import Leads
from careplan_service.store.records import SqlRecords
from careplan_service.store.statements import Statements


def first_disagreement(records: SqlRecords, probes: tuple[f.Filter, ...], worlds: int) -> str | None:
    for seed in range(worlds):
        maker = Maker(random.Random(seed), plain=seed % 2 == 0)
        with undone(records) as changes:
            loaded = load(maker, changes, resources=21, consents=12)
            for wanted in probes:
                if told := disagreement(records, loaded, wanted)[0]:
                    return told[0]
    return None


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """One migrated SQLite database for all planted faults; nothing stays in it."""
    place: Path = tmp_path_factory.mktemp("faults")
    database = Database(f"sqlite:///{place}/faults.db")
    migrate.upgrade(database)
    yield database
    database.close()


def without(name: str) -> dict[str, Any]:
    """The dimensions of a rule less one."""
    return {n: d for n, d in matching.DIMENSIONS.items() if d.__name__ != name}


def primary_is_everything(part: Any, asked: Any, about: Any) -> bool:
    return part.codes is None or not part.codes.isdisjoint(about.facts.codes)


def only_primary(part: Any, asked: Any, about: Any) -> bool:
    return part.codes is None or not part.codes.isdisjoint(about.facts.primary)


def touches_upwards(reach: Any, facts: Any) -> bool:
    return reach.low is not None and facts.labels.rank > reach.low


def instead(name: str, other: Callable[..., bool]) -> dict[str, Any]:
    return {n: other if d.__name__ == name else d for n, d in matching.DIMENSIONS.items()}


def all_matched(rules: Any, failed: Any) -> list[Any]:
    return [rule for rule in rules if not failed[rule.path]]


def ignoring(**changed: Any) -> Callable[..., bool]:
    """`permits` about facts with something left out."""

    def judge(asked: Any, about: Any, *rest: Any) -> bool:
        return decision.permits(asked, replace(about, facts=replace(about.facts, **changed)), *rest)

    return judge


def all_are(narrow_or_wide: str) -> Callable[..., Any]:
    """Who asks, with the keys of a deny for those of a permit, or the other way round."""

    def resolved(question: Any, directory: Any) -> Any:
        asked = _asked_by(question, directory)
        keys = getattr(asked, narrow_or_wide)
        return replace(asked, narrow=keys, wide=keys)

    return resolved


_asked_by = matching.asked_by


PLANTED_IN_PYTHON: dict[str, tuple[Any, str, Any]] = {
    "the frontier is dropped": (decision, "_frontier", all_matched),
    "the purpose tag is ignored": (decision, "_purpose_tag_conflicts", lambda asked, facts: False),
    "other patients are ignored": (plain, "permits", ignoring(other_patients=frozenset())),
    "labels are ignored": (plain, "permits", ignoring(labels=Labels(3))),
    "profiles are ignored": (plain, "permits", ignoring(profiles=frozenset())),
    "a permit without recipient matches": (matching, "_out_of_reach", lambda rule, facts: ""),
    "a deny does not follow the directory": (decision, "asked_by", all_are("narrow")),
    "a permit is for those above, too": (decision, "asked_by", all_are("wide")),
    "the directory is ignored": (decision, "asked_by", lambda question, _: _asked_by(question, NOBODY)),
    "the action is ignored": (matching, "DIMENSIONS", without("_action")),
    "the dates are ignored": (matching, "DIMENSIONS", without("_dates")),
    "the authors and references are ignored": (matching, "DIMENSIONS", without("_data")),
    "authority does not lapse": (
        decision,
        "_failing",
        lambda rule, asked, about, *_: matching.failing(rule, asked, about),
    ),
    "merged records are ignored": (Directory, "merged", lambda self, patient: frozenset()),
    "a representative sees all": (Directory, "represents", lambda *a: True),
    "the ceiling without label is R": (matching, "NORMAL", 4),
    "the actor is ignored": (matching, "DIMENSIONS", without("_actor")),
    "the purpose is ignored": (matching, "DIMENSIONS", without("_purpose")),
    "the class is ignored": (matching, "DIMENSIONS", without("_class")),
    "the code is ignored": (matching, "DIMENSIONS", without("_code")),
    "the label is ignored": (matching, "DIMENSIONS", without("_labels")),
    "a permit reads codes anywhere": (matching, "DIMENSIONS", instead("_code", primary_is_everything)),
    "a deny reads primary codes only": (matching, "DIMENSIONS", instead("_code", only_primary)),
    "a deny of R starts above R": (matching, "_touches", touches_upwards),
    "a permit covers whatever it touches": (matching, "_covers", matching._touches),
}


def _matches_but(self: Any, rule: Any, **left_out: bool) -> Any:
    part = consent_sql.consent_part.alias()
    failing = consent_sql._some(part, part.c.rule == rule.c.body, self._part_fails(part))
    return and_(rule.c.valid_from <= self._now, rule.c.valid_to >= self._now, ~failing)


def _someone(self: Any, part: Any, counts: Any) -> Any:
    me = self._given.keys.alias()
    named = self._within(part.c.actors, consent_sql._fenced(me.c.key)) > 0
    return consent_sql._some(me, counts(me), named)


PLANTED_IN_SQL: dict[str, tuple[Any, str, Any]] = {
    "the frontier is dropped": (
        _Predicate,
        "on_frontier",
        lambda self, rule: [self._matches(rule)],
    ),
    "the patient of a rule is ignored": (
        _Predicate,
        "_patients",
        lambda self: union_all(select(consent_sql.consent_rule.c.patient.label("patient"))),
    ),
    "a permit needs no recipient": (_Predicate, "_matches", _matches_but),
    "the label is ignored": (_Predicate, "_label", lambda self, part: true()),
    "the dates are ignored": (_Predicate, "_dated", lambda self, part: true()),
    "what refers to it is ignored": (_Predicate, "_around", lambda self, row, key: (row.c.vid < 0,)),
    "no directory is kept": (Filer, "edges", lambda self, *a, **k: None),
    "merged records are not copied": (Filer, "_copy", lambda self, *a: None),
    "merged records are copied for ever": (Filer, "_recopy", lambda self, patients: None),
    "authority is never looked at again": (Filer, "_refresh", lambda self, source: None),
    "everything of a guardian lapses": (Filer, "_lapses", lambda self, *a, **k: -(2**62)),
    "unenforceable consents are forgotten": (
        Filer,
        "_rule",
        lambda self, filing, rule: None if rule.kept else _file_rule(self, filing, rule),
    ),
    "a deny for a purpose needs one": (
        _Predicate,
        "_for_purpose",
        lambda self, part: or_(part.c.purposes == "", *self._holding(part.c.purposes, self._given.purposes)),
    ),
    "a permit is for those above, too": (
        _Predicate,
        "_named",
        lambda self, part: or_(part.c.actors == "", _someone(self, part, lambda me: true())),
    ),
    "a deny does not follow the directory": (
        _Predicate,
        "_named",
        lambda self, part: or_(part.c.actors == "", _someone(self, part, lambda me: me.c.wide == 0)),
    ),
    "a stated set that holds nothing is not stated": (filing, "NOBODY", ""),
    "an exception is taken for none": (
        filing,
        "_rule_row",
        lambda *a, **k: {**_rule_row(*a, **k), "leaf": 1},
    ),
    "a label comparison is flipped": (
        _Predicate,
        "_touched",
        lambda self, part: self._r.c.rank <= part.c.low,
    ),
    "a permit covers whatever it touches": (_Predicate, "_covered", _Predicate._touched),
    "every tag fits": (_Predicate, "visible", lambda self: self.because().is_not(None)),
    "one patient of several is enough": (
        _Predicate,
        "_patients",
        lambda self: union_all(select(self._r.c.patient.label("patient")).correlate(self._r)),
    ),
    "Part 2 need not be named": (filing, "_part_row", lambda *a: {**_part_row(*a), "part2": 1}),
    "a covered label has no ceiling": (filing, "_part_row", lambda *a: {**_part_row(*a), "ceiling": 9}),
    "further patients are not written": (writing, "OTHER_PATIENT", "~nobody"),
    "no rank is a low rank": (filing, "_NO_RANK", 0),
    "rules are filed as permits": (filing, "_part_row", lambda *a: {**_part_row(*a), "deny": 0}),
    "a rule is valid for ever": (
        filing,
        "_rule_row",
        lambda *a, **k: {**_rule_row(*a, **k), "valid_to": 2**62},
    ),
    "a rule was always valid": (
        filing,
        "_rule_row",
        lambda *a, **k: {**_rule_row(*a, **k), "valid_from": -(2**62)},
    ),
    "unnamed recipients are named": (filing, "_rule_row", lambda *a, **k: {**_rule_row(*a, **k), "named": 1}),
}
_file_rule = Filer._rule
_part_row, _rule_row, _key_rows = filing._part_row, filing._rule_row, filing._key_rows


@pytest.mark.parametrize("fault", PLANTED_IN_PYTHON)
def test_a_fault_planted_in_plain_python_is_seen(
    fault: str, quick: Database, monkeypatch: pytest.MonkeyPatch, sound: SqlRecords
) -> None:
    monkeypatch.setattr(*PLANTED_IN_PYTHON[fault])
    assert first_disagreement(sound, PROBES, worlds=80)


@pytest.mark.parametrize("fault", PLANTED_IN_SQL)
def test_a_fault_planted_in_sql_is_seen(fault: str, quick: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(*PLANTED_IN_SQL[fault])
    assert first_disagreement(SqlRecords(quick, audited=False), PROBES, worlds=80)


UNSTATED = {
    "the actor is not filed": {"actors": None},
    "the purpose is not filed": {"purposes": None},
    "the class is not filed": {"classes": None},
    "the code is not filed": {"codes": None},
    "the label is not filed": {"labels": None},
    "the action is not filed": {"actions": None},
    "the dates are not filed": {"dates": None},
    "the author is not filed": {"authors": None},
    "the data is not filed": {"data": None},
    "a deny is filed as a permit": {"deny": False},
}


@pytest.mark.parametrize("fault", UNSTATED)
def test_a_dimension_that_is_not_filed_is_seen(
    fault: str, sound: SqlRecords, monkeypatch: pytest.MonkeyPatch
) -> None:
    left_out = UNSTATED[fault]
    monkeypatch.setattr(filing, "_part_row", lambda *a: _part_row(*a[:2], replace(a[2], **left_out)))
    monkeypatch.setattr(filing, "_key_rows", lambda n, part: _key_rows(n, replace(part, **left_out)))
    assert first_disagreement(sound, PROBES, worlds=80)


@pytest.fixture(scope="module")
def sound(quick: Database) -> SqlRecords:
    """Records whose statements no fault has touched."""
    return SqlRecords(quick, audited=False)


def test_withdrawn_rules_that_stay_are_seen(quick: Database) -> None:
    records = SqlRecords(quick, audited=False)
    records._statements.drop_rules = ()
    assert first_disagreement(records, PROBES, worlds=80)


def test_an_old_version_that_forgets_whom_it_names_is_seen(quick: Database) -> None:
    records, found = SqlRecords(quick, audited=False), []
    forget = Statements(quick).forget
    records._statements.forget = forget._replace(text=forget.text.partition(" AND fact.param")[0])
    for seed in range(12):
        maker = Maker(random.Random(seed))
        with undone(records) as changes:
            loaded = load(maker, changes, resources=20, consents=9)
            found += history_disagreements(records, loaded, PROBES[0])
            found += history_disagreements(records, loaded, PROBES[1])
    assert found


_against = sql.against
PLANTED_IN_QUESTIONS: dict[str, Any] = {
    "gt is ge": lambda prefix, *edges: _against({"gt": "ge"}.get(prefix, prefix), *edges),
    "ge is gt": lambda prefix, *edges: _against({"ge": "gt"}.get(prefix, prefix), *edges),
    "eq is ap": lambda prefix, *edges: _against({"eq": "ap"}.get(prefix, prefix), *edges),
}


@pytest.mark.parametrize("fault", PLANTED_IN_QUESTIONS)
def test_a_fault_planted_in_a_prefix_is_seen(
    fault: str, quick: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sql, "against", PLANTED_IN_QUESTIONS[fault])
    assert first_disagreement(SqlRecords(quick, audited=False), FILTERS, worlds=80)


PLANTED_IN_CLAUSES: dict[str, tuple[type, Any]] = {
    "Has ignores the system": (f.Has, lambda wanted: replace(wanted, system=None)),
    "Has ignores the value": (f.Has, lambda wanted: replace(wanted, value=None)),
    "Not is forgotten": (f.Not, lambda wanted: wanted.part),
    "exact reads the beginning": (f.Reads, lambda wanted: replace(wanted, how="starts")),
    "the time of the version is ignored": (f.Updated, lambda wanted: f.EVERYTHING),
}


@pytest.mark.parametrize("fault", PLANTED_IN_CLAUSES)
def test_a_fault_planted_in_a_clause_is_seen(
    fault: str, quick: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind, misread = PLANTED_IN_CLAUSES[fault]
    shapes, clauses = dict(shapes_module._SHAPES), dict(sql._CLAUSES)

    def shape(wanted: f.Filter, values: Any) -> Any:
        return shapes[type(misread(wanted))](misread(wanted), values)

    def clause(wanted: f.Filter, *rest: Any) -> Any:
        return clauses[type(misread(wanted))](misread(wanted), *rest)

    monkeypatch.setattr(
        Leads, "best", lambda self, type_, wanted, hidden=False: None
    )  # it asks the true questions
    monkeypatch.setitem(shapes_module._SHAPES, kind, shape)
    monkeypatch.setitem(sql._CLAUSES, kind, clause)
    assert first_disagreement(SqlRecords(quick, audited=False), FILTERS, worlds=80)


def test_without_a_planted_fault_the_corpus_agrees(sound: SqlRecords) -> None:
    assert first_disagreement(sound, (*PROBES, *FILTERS), worlds=6) is None
    assert EVERYBODY.limit > 20

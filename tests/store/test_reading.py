"""Reading: every statement carries the caller's predicate on every alias; pages neither repeat nor lose."""

from __future__ import annotations

import ast
import inspect
import random
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from builders import AGENCY, PARTNER, a_care_plan, a_consent, a_goal, a_patient, a_provision
from careplan_service.access.caller import Caller
from careplan_service.access.consent.terminology import purpose_and_ancestors
from careplan_service.access.filters import (
    EVERYTHING,
    Any,
    Consented,
    Filter,
    Has,
    Is,
    Link,
    Linked,
    Not,
    Reads,
    all_of,
    any_of,
)
from careplan_service.access.scope_text import parse_scopes
from careplan_service.access.view import view_for
from careplan_service.interactions.records import ALWAYS, Cursor, Key, Page, Span, Stored
from careplan_service.store import compiling
from careplan_service.store.database import Database
from careplan_service.store.pages import Pages
from careplan_service.store.reading import Reading
from careplan_service.store.versions import Versions
from store.archive import NOW, Archive, a_write

SRC = Path(__file__).parents[2] / "src" / "careplan_service"
ANN = "Patient/ann"
ALL = Page(limit=100)
PERMITTED = Consented((PARTNER,), purpose_and_ancestors("COC"), NOW)
SEVERAL = Any((Is("type", "Goal"), Is("type", "CarePlan")))
PAGES = [
    ALL,
    Page(5, sort=(Key("updated"),)),
    Page(5, sort=(Key("updated", descending=True),)),
    Page(5, after=Cursor((), 3)),
    Page(5, sort=(Key("updated"),), after=Cursor((7,), 3)),
]

HISTORIES = [ALL, Page(5, after=Cursor((7,), 3))]
SPAN = Span(since=1, lo=2, hi=3)
LINKED = Linked((Link("Goal.subject", "Patient", PERMITTED),), Has("Patient.family", "doe"))


_START = re.compile(r"SELECT (resource_\d+)\.vid \nFROM resource AS \1")


@dataclass
class Questions:
    """Both sides of the store that ask for versions, over one set of statements."""

    reading: Reading
    versions: Versions

    @classmethod
    def of(cls, archive: Archive) -> Questions:
        reading = Reading(archive.database)
        return cls(reading, Versions(reading.asking))

    @property
    def statements(self) -> list[str]:
        """What was asked, without where it starts and whether a type is large: that shows nothing."""
        asked = self.reading.asking._statements._kept.items()
        return [_START.sub("", sql) for form, (sql, _) in asked if form[0] != "large"]


CALLS: dict[str, Callable[[Questions, Filter], list[object]]] = {
    "find": lambda q, seen: [
        q.reading.pages.find(type_, wanted, page)
        for type_, wanted in (("Goal", seen), ("", all_of(SEVERAL, seen)))
        for page in PAGES
    ],
    "find_and_count": lambda q, seen: [
        found
        for about in (EVERYTHING, Has("Goal.lifecycle-status", "active"))
        for page in PAGES
        for found in q.reading.pages.find_and_count("Goal", all_of(about, seen), page, 9)
    ],
    "count": lambda q, seen: [q.reading.pages.count("Goal", seen), q.reading.pages.count("Goal", seen, 1)],
    "current": lambda q, seen: [q.reading.current("Goal", "g", seen, body=body) for body in (True, False)],
    "page": lambda q, seen: [
        q.versions.page(type_, id_, seen, page, span)
        for page in HISTORIES
        for type_, id_ in (("Goal", "g"), ("Goal", ""), ("", ""))
        for span in (ALWAYS, SPAN)
    ],
    "labels": lambda q, seen: [q.reading.labels(type_, ["Goal.category"], seen) for type_ in ("Goal", "")],
    "count of versions": lambda q, seen: [q.versions.count("Goal", "g", seen)],
    "one": lambda q, seen: [q.versions.one("Goal", "g", 1, seen)],
}
BESIDE: dict[str, Callable[[Questions, Filter, list[Stored]], list[Stored]]] = {
    "referenced": lambda q, seen, page: q.reading.referenced(page, ["CarePlan.goal"], seen, 9),
    "referring": lambda q, seen, page: q.reading.referring(page, ["CarePlan.goal"], seen, 9),
    "named": lambda q, seen, page: q.reading.named([f"{one.type}/{one.id}" for one in page], seen),
}
VIEWS = [
    PERMITTED,
    Consented((AGENCY,), (), NOW, workforce=True),
    view_for(
        Caller("p", "partner", PARTNER, ("COC", "TREAT"), parse_scopes("system/*.rs")), "r", "Goal", NOW
    ),
    view_for(Caller("a", "agency", AGENCY, ("COC",), parse_scopes("system/*.rs")), "s", "Goal", NOW),
]


def test_every_public_method_that_asks_is_asked_here() -> None:
    public = {
        name
        for kind in (Pages, Reading, Versions)
        for name, _ in inspect.getmembers(kind, inspect.isfunction)
        if not name.startswith("_")
    }
    assert public == {*CALLS, *BESIDE} - {"count of versions"}


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("seen", VIEWS, ids=["consent", "workforce", "partner", "agency"])
def test_every_select_has_the_predicate_on_every_alias_of_a_version(
    archive: Archive, name: str, seen: Filter
) -> None:
    questions = Questions.of(archive)
    CALLS[name](questions, seen)
    assert questions.statements
    for statement in questions.statements:
        sql = _judged_later(statement)
        # What only says which version replaced another, or stands next to an id, shows nothing of it.
        unseen = r"\w+\.type = resource\.type|\w+\.type = \S+ AND \w+\.current = 1 AND \w+\.id >= "
        table = r"(?:FROM|JOIN|,) resource(?: AS (\w+))?\b(?!\.)"
        selected = re.findall(rf"{table}(?! \nWHERE (?:{unseen}))", sql)
        assert selected or sql != statement
        for alias in selected:
            _has_predicate(sql, alias or "resource")


_CANDIDATES = re.compile(
    r"FROM resource (?:JOIN document ON document\.vid = resource\.vid )?JOIN \(SELECT (\w+)\.vid AS vid, "
    r"[^()]*?\nFROM \(SELECT .*?\nFROM resource \nWHERE .*?"
    r"\n (?:LIMIT (?:-1|ALL) )?OFFSET 0\) AS (\w+) \nWHERE ",
    re.DOTALL,
)


def _judged_later(sql: str) -> str:
    """The statement without versions that are gathered first, once these were seen to be judged."""
    for told, gathered in _CANDIDATES.findall(sql):
        assert told == gathered
        _has_predicate(sql, gathered)
    return _CANDIDATES.sub("FROM (", sql)


@pytest.mark.parametrize("name", BESIDE)
@pytest.mark.parametrize("seen", VIEWS, ids=["consent", "workforce", "partner", "agency"])
def test_what_is_shown_beside_a_page_has_the_predicate(archive: Archive, name: str, seen: Filter) -> None:
    questions = Questions.of(archive)
    BESIDE[name](questions, seen, [])
    for sql in questions.statements:
        assert "SELECT resource.type" in sql
        _has_predicate(sql, "resource")


@pytest.mark.parametrize("part", [LINKED, Not(LINKED), Any((LINKED, Has("Goal.category", "x")))], ids=repr)
def test_every_step_of_a_chain_has_the_predicate(archive: Archive, part: Filter) -> None:
    questions = Questions.of(archive)
    questions.reading.pages.find("Goal", part & PERMITTED, ALL)
    for sql in questions.statements:
        selected = re.findall(r"(?:FROM|JOIN|,) resource(?: AS (\w+))?\b", sql)
        assert len(selected) >= 2
        for alias in selected:
            _has_predicate(sql, alias or "resource")


def _has_predicate(sql: str, alias: str) -> None:
    assert re.search(rf"\(SELECT {alias}\.patient AS patient UNION ALL SELECT", sql), (alias, sql)
    others = rf"\.vid = {alias}\.vid AND .{{,20}} = '~patient'.{{,12}} AND {alias}\.others > 0"
    assert re.search(others, sql), (alias, sql)
    assert " AS reason" not in sql or re.search(r"\.reason IS NOT NULL", sql), sql


def test_what_no_consent_opens_is_hidden_from_every_method(archive: Archive) -> None:
    for _ in range(2):
        archive.put(a_goal(of=ANN), "g")
    archive.put(a_care_plan(of=ANN, goals=("Goal/g",)), "p")
    questions = Questions.of(archive)
    for name, call in CALLS.items():
        assert not any(call(questions, PERMITTED)), name
        assert any(call(questions, EVERYTHING)), name
    goal = questions.reading.current("Goal", "g", EVERYTHING)
    plan = questions.reading.current("CarePlan", "p", EVERYTHING)
    for name, page, found in (("referenced", plan, "g"), ("referring", goal, "p"), ("named", goal, "g")):
        assert not BESIDE[name](questions, PERMITTED, page), name
        assert [s.id for s in BESIDE[name](questions, EVERYTHING, page)] == [found]


def test_what_is_named_is_found_living_and_current_only(archive: Archive) -> None:
    for id_ in ("g", "g", "gone", "other"):
        archive.put(a_goal(of=ANN), id_)
    archive.put(a_goal(of=ANN), "gone", method="DELETE")
    archive.put(a_patient(), "g")
    questions = Questions.of(archive)
    found = questions.reading.named(["Goal/g", "Goal/gone", "Goal/none", "Patient/g"], EVERYTHING)
    assert {(one.type, one.id, one.version) for one in found} == {("Goal", "g", 2), ("Patient", "g", 1)}
    assert all(one.body.startswith(b"g ") for one in found)
    assert questions.reading.named([], EVERYTHING) == []


ALLOWED = {
    "store/directory_sql.py": {"resource"},
    "store/asking.py": {"document", "resource"},
    "store/belonging.py": {"resource"},
    "store/beside_sql.py": {"resource"},
    "store/documents_sql.py": {"document"},
    "store/keeping.py": {"resource"},
    "store/candidates.py": {"resource"},
    "store/leads.py": {"resource"},
    "store/linked_sql.py": {"resource"},
    "store/openings.py": {"resource"},
    "store/pages.py": {"resource"},
    "store/paging.py": {"resource"},
    "store/reaching.py": {"resource"},
    "store/reading.py": {"document", "resource"},
    "store/receipts.py": {"resource"},
    "store/sizes.py": {"resource"},
    "store/sql.py": {"resource"},
    "store/starting.py": {"resource"},
    "store/statements.py": {"document", "resource"},
    "store/reindex.py": {"document", "resource"},
    "store/tables.py": {"document", "resource"},
    "store/versions.py": {"resource"},
    "store/whose.py": {"resource"},
}
_RAW = re.compile(r"\b(?:FROM|JOIN|UPDATE|INTO)\s+(?:resource|document)\b", re.IGNORECASE)


def test_only_reading_selects_versions_and_documents() -> None:
    """What else touches the two tables is named here: statements that write, and re-extraction."""
    found: dict[str, set[str]] = {}
    for path in SRC.rglob("*.py"):
        if "migrations" in path.parts:
            continue
        place, tree = str(path.relative_to(SRC)), ast.parse(path.read_text())
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module == "careplan_service.store.tables":
                names = {alias.name for alias in node.names} & {"resource", "document", "metadata"}
                if names - {"metadata"}:
                    found.setdefault(place, set()).update(names - {"metadata"})
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                assert not _RAW.search(node.value), (place, node.value)
    assert found == {place: names for place, names in ALLOWED.items() if place != "store/tables.py"}


def test_the_statements_that_write_select_numbers_of_versions_only() -> None:
    tree = ast.parse((SRC / "store" / "statements.py").read_text())
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    asked = {ast.unparse(node.args[0]) for node in calls if ast.unparse(node.func) == "select"}
    assert {column for column in asked if re.search(r"\b(resource|document)\b", column)} == {"resource.c.vid"}


@pytest.mark.parametrize(
    "page",
    [Page(4), Page(4, sort=(Key("updated"),)), Page(4, sort=(Key("updated", descending=True),))],
    ids=repr,
)
@pytest.mark.parametrize("seed", range(2))
def test_pages_neither_repeat_nor_lose_while_records_come_and_go(
    archive: Archive, page: Page, seed: int
) -> None:
    rng = random.Random(seed)
    for n in range(24):
        archive.at -= 1_000_000 * rng.randrange(2)  # several at one moment
        archive.put(a_goal(of=ANN), f"g{n}")
    seen: list[str] = []
    lived = {f"g{n}" for n in range(24)}
    after, n = None, 24
    while found := archive.records.find("Goal", EVERYTHING, Page(4, page.sort, after)):
        seen += [stored.id for stored in found]
        after = Cursor(found[-1].keys, found[-1].origin)
        for _ in range(2):
            gone = rng.choice(sorted(lived))
            lived.discard(gone)
            archive.put(a_goal(of=ANN), gone, method="DELETE")
        if n < 30:
            archive.put(a_goal(of=ANN), f"g{n}")
            n += 1
    assert len(seen) == len(set(seen))
    assert lived <= set(seen)


def test_an_update_keeps_the_place_of_a_record(archive: Archive) -> None:
    for n in range(6):
        archive.put(a_goal(of=ANN), f"g{n}")
    first = archive.records.find("Goal", EVERYTHING, Page(3))
    archive.put(a_goal(of=ANN), "g0")
    archive.put(a_goal(of=ANN), "g4")
    second = archive.records.find("Goal", EVERYTHING, Page(3, after=Cursor((), first[-1].origin)))
    assert [s.id for s in first + second] == [f"g{n}" for n in range(6)]


def test_history_pages_go_down_by_version(archive: Archive) -> None:
    for _ in range(5):
        archive.put(a_goal(of=ANN), "g")
    first = archive.records.versions("Goal", "g", EVERYTHING, Page(2))
    second = archive.records.versions(
        "Goal", "g", EVERYTHING, Page(2, after=Cursor((first[-1].updated,), first[-1].vid))
    )
    assert [v.version for v in first + second] == [5, 4, 3, 2]


def test_a_version_is_judged_by_itself_and_by_the_current_one(archive: Archive) -> None:
    archive.put(a_consent(ANN, a_provision("permit", PARTNER)), "c")
    for labels in ((), ("R",), ()):
        archive.put(a_goal(ANN, labels=labels), "g")
    assert [v.version for v in archive.records.versions("Goal", "g", PERMITTED, ALL)] == [3, 1]
    assert archive.records.version("Goal", "g", 2, PERMITTED) is None
    archive.put(a_goal(ANN, labels=("R",)), "g")
    assert archive.records.versions("Goal", "g", PERMITTED, ALL) == []
    assert archive.records.version("Goal", "g", 1, PERMITTED) is None


def test_an_old_version_still_names_whom_it_named(archive: Archive) -> None:
    archive.put(a_consent(ANN, a_provision("permit", PARTNER)), "c")
    team = {"resourceType": "CareTeam", "subject": {"reference": ANN}}
    archive.put({**team, "participant": [{"member": {"reference": "Patient/ben"}}]}, "t")
    archive.put(team, "t")
    assert [v.version for v in archive.records.versions("CareTeam", "t", PERMITTED, ALL)] == [2]
    archive.put(a_consent("Patient/ben", a_provision("permit", PARTNER)), "b")
    assert [v.version for v in archive.records.versions("CareTeam", "t", PERMITTED, ALL)] == [2, 1]


def test_a_rule_about_nobody_opens_nothing(archive: Archive) -> None:
    write = a_write(a_consent(ANN, a_provision("permit", PARTNER)), "c")
    with archive.records.changes() as changes:
        changes.put(write._replace(facts=replace(write.facts, patient="")), None, NOW, AGENCY)
    archive.put(a_goal(of="Group/neighbours"), "g")
    assert archive.records.count("Goal", PERMITTED) == 0
    assert archive.records.count("Goal", EVERYTHING) == 1


def test_a_statement_is_built_once_per_shape_and_forgotten_when_there_are_many(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading = Reading(archive.database)
    for n in range(5):
        reading.pages.count("Goal", Is("id", f"g{n}"))
        reading.pages.count("Goal", Consented((f"Organization/{n}",), ("COC", "TREAT"), n))
    assert len(reading.asking._statements) == 2
    monkeypatch.setattr(compiling, "MOST_FORMS", 4)
    for n in range(1, 12):
        reading.pages.count("Goal", any_of(*(Is("id", "x") for _ in range(n))))
        assert len(reading.asking._statements) <= 4


TEXTS = [
    "plain",
    "Ä ö",
    "quote's",
    'double"',
    "per%cent",
    "under_score",
    "back\\slash",
    ":colon",
    "%(name)s",
    "a\nb",
    "𝒢",
    "-- x",
]


@pytest.mark.parametrize("text", TEXTS)
def test_values_travel_as_values_whatever_they_look_like(archive: Archive, text: str) -> None:
    goal = a_goal(of=ANN, identifier=[{"system": "urn:x", "value": text}])
    archive.put(goal, "g")
    archive.put({"resourceType": "Patient", "name": [{"family": text}]}, "p")
    assert archive.records.count("Goal", Has("Goal.identifier", text, "urn:x")) == 1
    assert archive.records.count("Goal", Has("Goal.identifier", text + "x")) == 0
    assert archive.records.count("Patient", Reads("Patient.family", "exact", text)) == 1
    assert archive.records.count("Goal", Consented((text,), (text,), NOW)) == 0


def test_a_locked_reading_of_the_current_version_is_a_reading(archive: Archive) -> None:
    archive.put(a_goal(of=ANN), "g")
    with archive.records.changes() as changes:
        assert changes.exists("Goal", "g")
        assert not changes.exists("Goal", "other")
        assert changes.current("Goal", "g", PERMITTED) is None
        assert changes.current("Goal", "g", EVERYTHING) is not None
        changes.alone("a name")
        changes.put(a_write(a_goal(of=ANN), "h"), None, NOW, AGENCY)


def test_the_database_of_the_tests_is_the_kind_it_says(archive: Archive, database_url: str) -> None:
    assert isinstance(archive.database, Database)
    assert archive.database.is_sqlite is database_url.startswith("sqlite")


def test_what_is_asked_for_the_log_without_a_predicate_is_whose_record_a_version_is() -> None:
    """No element, code, label or body: ids that the log has already, and patients."""
    tree = ast.parse((SRC / "store" / "whose.py").read_text())
    named = {
        ast.unparse(node)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) in ("resource.c", "fact.c")
    }
    assert named == {"resource.c.type", "resource.c.id", "resource.c.current", "resource.c.vid",
                     "resource.c.version", "resource.c.patient", "resource.c.others", "fact.c.vid",
                     "fact.c.param", "fact.c.value"}  # fmt: skip

"""A folder's rows by person, in a database of their own on disk that goes when the import ends.

https://www.sqlite.org/inmemorydb.html#temp_db

The files refer to each other in any order; here they are brought together, whatever their size.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Self

from careplan_service.interventions.hmis.columns import (
    CLIENT,
    ENROLLMENT,
    EXIT,
    FILES,
    KEYS,
    SERVICES,
    columns_of,
)
from careplan_service.interventions.hmis.faults import Faults
from careplan_service.interventions.hmis.reading import Row, export_id, rows_of

Cells = dict[str, str]
Kept = dict[str, dict[str, Cells]]
"""Rows of a person by file and key: `{"Exit.csv": {"X1": {...}}}`."""


class Staging:
    """The rows of one folder. An empty name makes SQLite keep them in a file that nobody can open."""

    def __init__(self) -> None:
        self._db = sqlite3.connect("")
        self._db.execute("PRAGMA journal_mode = OFF")
        self._db.execute("PRAGMA cache_size = -8000")
        self._db.execute(
            "CREATE TABLE row (file TEXT, id TEXT, person TEXT, enrollment TEXT, household TEXT,"
            " project TEXT, number INTEGER, cells TEXT, PRIMARY KEY (file, id)) WITHOUT ROWID"
        )

        self._db.execute("CREATE TABLE place (person TEXT PRIMARY KEY, reference TEXT) WITHOUT ROWID")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._db.close()

    def read(self, folder: Path, faults: Faults) -> None:
        """Take every row in, and note what is wrong with the rows and with how they refer to each other."""
        named = export_id(folder, faults)
        for file in FILES:
            for row in rows_of(folder, file, faults):
                export = row.cells.pop("ExportID", "")
                named = named or export
                if export and export != named:
                    text = f"`{export}` is another export than `{named}`: import one export at a time"
                    faults.add(file, row.number, "ExportID", text)
                self._put(file, row, faults)
        self._db.execute("CREATE INDEX by_person ON row (person, file)")
        self._db.execute("CREATE INDEX by_household ON row (household) WHERE household <> ''")
        self._check(faults)

    def _put(self, file: str, row: Row, faults: Faults) -> None:
        cells = row.cells
        key = KEYS[file]
        values = (
            file,
            cells[key],
            cells["PersonalID"],
            cells.get("EnrollmentID", ""),
            cells.get("HouseholdID", "") if file == ENROLLMENT and "DateDeleted" not in cells else "",
            cells.get("ProjectID", ""),
            row.number,
            json.dumps(cells, ensure_ascii=False),
        )
        try:
            self._db.execute("INSERT INTO row VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)
        except sqlite3.IntegrityError:
            text = f"`{cells[key]}` stands in row {self._number(file, cells[key])} too"
            faults.add(file, row.number, key, text)

    def _number(self, file: str, id_: str) -> int:
        found = self._db.execute("SELECT number FROM row WHERE file = ? AND id = ?", (file, id_))
        return int(found.fetchone()[0])

    def _check(self, faults: Faults) -> None:
        for file, column, target, of in _REFERENCES:
            dangling = self._db.execute(
                f"SELECT r.number, r.{of} FROM row r LEFT JOIN row t ON t.file = ? AND t.id = r.{of}"  # noqa: S608
                " WHERE r.file = ? AND t.id IS NULL ORDER BY r.number",
                (target, file),
            )
            if target in faults.unread:
                _wait(file, target, sum(1 for _ in dangling), faults)
                continue
            for number, id_ in dangling:
                faults.add(file, number, column, f"`{id_}` is not in {target}")
        for file, number, person, other in self._db.execute(
            "SELECT r.file, r.number, r.person, e.person FROM row r JOIN row e ON e.file = ?"
            " AND e.id = r.enrollment WHERE r.file IN (?, ?) AND e.person <> r.person ORDER BY 1, 2",
            (ENROLLMENT, EXIT, SERVICES),
        ):
            text = f"`{person}` is another person than that of the enrollment, `{other}`"
            faults.add(str(file), number, "PersonalID", text)
        self._check_exits(faults)

    def _check_exits(self, faults: Faults) -> None:
        seen: dict[str, int] = {}
        last = ""
        for number, enrollment, cells, entered in self._db.execute(
            "SELECT r.number, r.enrollment, r.cells, e.cells FROM row r JOIN row e ON e.file = ?"
            " AND e.id = r.enrollment WHERE r.file = ? ORDER BY r.enrollment, r.number",
            (ENROLLMENT, EXIT),
        ):
            exit_, entry = json.loads(cells), json.loads(entered)
            if enrollment != last:
                seen, last = {}, enrollment
            if "DateDeleted" in exit_:
                continue
            left, came = exit_.get("ExitDate", ""), entry.get("EntryDate", "")
            if left < came and not (_DAY.fault(left) or _DAY.fault(came)):
                faults.add(EXIT, number, "ExitDate", f"`{left}` is before the entry on `{came}`")
            first = seen.setdefault(enrollment, number)
            if first != number:
                text = f"`{enrollment}` has an exit in row {first} already"
                faults.add(EXIT, number, "EnrollmentID", text)

    def counts(self) -> dict[str, int]:
        """How many rows each file has."""
        return dict(self._db.execute("SELECT file, count(*) FROM row GROUP BY file").fetchall())

    def people_count(self) -> int:
        """How many people there are."""
        return int(self._db.execute("SELECT count(DISTINCT person) FROM row").fetchone()[0])

    def projects(self) -> list[str]:
        """Every ProjectID of an enrollment."""
        found = self._db.execute("SELECT DISTINCT project FROM row WHERE file = ?", (ENROLLMENT,))
        return sorted(project for (project,) in found)

    def people(self) -> Iterator[tuple[str, Kept]]:
        """The rows of each person."""
        person, kept = "", _none()
        with closing(self._db.cursor()) as cursor:
            cursor.execute("SELECT person, file, id, cells FROM row ORDER BY person, file, id")
            for one, file, id_, cells in cursor:
                if one != person and person:
                    yield person, kept
                    kept = _none()
                person = one
                kept[file][id_] = json.loads(cells)
        if person:
            yield person, kept

    def placed(self, person: str, reference: str) -> None:
        """Remember under which reference a person is on record."""
        self._db.execute("INSERT OR REPLACE INTO place VALUES (?, ?)", (person, reference))

    def households(self) -> Iterator[tuple[str, list[tuple[str, str]]]]:
        """Each household of two or more on record, with its people: reference and RelationshipToHoH."""
        with closing(self._db.cursor()) as cursor:
            cursor.execute(
                "SELECT r.household, p.reference, r.cells FROM row r JOIN place p ON p.person = r.person"
                " WHERE r.household <> '' ORDER BY r.household, r.person, r.id"
            )
            household, people = "", dict[str, str]()
            for one, reference, cells in cursor:
                if one != household:
                    if len(people) > 1:
                        yield household, list(people.items())
                    household, people = one, {}
                people[reference] = json.loads(cells).get("RelationshipToHoH", "")
            if len(people) > 1:
                yield household, list(people.items())


_REFERENCES = (
    (ENROLLMENT, "PersonalID", CLIENT, "person"),
    (EXIT, "EnrollmentID", ENROLLMENT, "enrollment"),
    (SERVICES, "EnrollmentID", ENROLLMENT, "enrollment"),
)
"""File, column, the file it refers to, and where the reference is kept."""


_DAY = columns_of(EXIT)["ExitDate"]


def _wait(file: str, target: str, rows: int, faults: Faults) -> None:
    """One fault for rows that refer to what may stand where `target` could not be read."""
    if rows:
        text = (
            f"{rows} row{'s wait' if rows > 1 else ' waits'} for what is wrong in {target}: mend that first"
        )
        faults.add(file, 0, "", text)


def _none() -> Kept:
    return {file: {} for file in FILES}

"""The writing statements: a version, its bytes, facts, consent rules and audit row, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from careplan_service.access.consent.directory import STATING
from careplan_service.access.consent.rules import Rule
from careplan_service.access.facts import OTHER_PATIENT, Facts
from careplan_service.access.filters import Filter
from careplan_service.access.instants import instant
from careplan_service.interactions.records import AuditEntry, Stored, Write
from careplan_service.store.audit_rows import leave, leave_receipts, row_of
from careplan_service.store.bind import fenced_set
from careplan_service.store.database import Database
from careplan_service.store.filing import Filer, Filing
from careplan_service.store.keeping import Keeping
from careplan_service.store.reading import Reading
from careplan_service.store.statements import Statements

Row = dict[str, Any]


class Writing:
    """One open transaction. https://hl7.org/fhir/R4/http.html#transaction"""

    def __init__(
        self, database: Database, reading: Reading, statements: Statements, keeping: Keeping
    ) -> None:
        self._database, self._reading, self._sql = database, reading, statements
        self._filing = Filer(database, statements)
        self.last = 0  # the number of the last version that was stored
        self.found = keeping.targets.found
        self.before_deleting = keeping.targets.before_deleting
        self.answered, self.remember = keeping.keys.answered, keeping.keys.remember

    def current(self, type_: str, id_: str, seen: Filter) -> Stored | None:
        """The current version if `seen` holds for it, locked against other writers."""
        self._wait_for_writers(type_, id_)
        return next(iter(self._reading.current(type_, id_, seen)), None)

    def _wait_for_writers(self, type_: str, id_: str) -> None:
        """Hold the first version's row, which stays through updates; what follows sees what others wrote.

        Where there is no row yet to wait at, two would both create it: then the name is held.
        """
        if self._database.is_sqlite:
            return
        key = {"t": type_, "i": id_}
        if not self._database.rows(self._sql.hold, key):
            self.alone(f"{type_}/{id_}")
            self._database.run(self._sql.hold, key)

    def exists(self, type_: str, id_: str) -> bool:
        """Whether any version was ever stored under the id."""
        return bool(self._database.rows(self._sql.known, {"t": type_, "i": id_}))

    def alone(self, name: str) -> None:
        """Wait until no other transaction is alone under the name; SQLite has one writer anyway."""
        if not self._database.is_sqlite:
            self._database.run(self._sql.alone, {"name": name})

    def note(self, entry: AuditEntry) -> None:
        """Leave the audit row in this transaction."""
        made = row_of(self._sql, entry)
        leave(self._database, self._sql, made)
        leave_receipts(self._database, self._sql, made.receipts)

    def put(self, write: Write, before: Stored | None, at: int, contributor: str) -> Stored:
        """Append a version after `before` (None: the first) and make it the current one."""
        version = before.version + 1 if before else 1
        # A clock that stands still or goes back must not make two versions of one moment.
        updated = max(at // 1000 * 1000, before.updated + 1000 if before else 0)
        deleted = write.method == "DELETE"
        body = b"" if deleted else write.stamp(version, instant(updated))
        vid = self.last = self._database.next_id("resource", "vid")
        origin = before.origin if before else vid
        if before:
            self._database.run(self._sql.forget, {"v": before.vid})
            self._database.run(self._sql.retire, {"v": before.vid})
        row = columns_of(write.facts)
        row.update(vid=vid, origin=origin, type=write.type, id=write.id, version=version, current=1)
        row.update(deleted=int(deleted), updated=updated, contributor=contributor, method=write.method)
        insert, tables = self._database.insert, self._sql.insert
        insert(tables["resource"], [row])
        insert(tables["document"], [{"vid": vid, "body": body}])
        insert(tables["fact"], fact_rows(vid, write.facts, searchable=not deleted))
        if write.type == "Consent":
            self._filing.rules(Filing(write.id, version, write.facts.patient, write.rules))
        if write.type in STATING:
            self._filing.edges(f"{write.type}/{write.id}", write.edges, first=before is None)
        stored = Stored(write.type, write.id, version, updated, deleted, write.method, body, "", origin, vid)
        facts, labels = write.facts, write.facts.labels
        return stored._replace(
            contributor=contributor,
            patient=facts.patient,
            others=len(facts.other_patients),
            rank=labels.rank,
            part2=labels.part2,
        )

    def judge_anew(self, consent: Stored, rules: Sequence[Rule]) -> None:
        """Replace the rules of a Consent that is stored, as after a change of how consents are read."""
        filing = Filing(consent.id, consent.version, consent.patient, rules)
        self._filing.rules(filing, again=True)


def columns_of(facts: Facts) -> Row:
    """The columns of `resource` that are facts."""
    labels = facts.labels
    return {
        "patient": facts.patient,
        "others": len(facts.other_patients),
        "rank": labels.rank,
        "part2": int(labels.part2),
        "sensitive": len(labels.sensitivities),
        "sensitivities": fenced_set(labels.sensitivities),
        "purposes": fenced_set(labels.purposes),
        "primary_codes": fenced_set(facts.primary),
        "codes": fenced_set(facts.codes),
        "classes": fenced_set({facts.type, *facts.profiles}),
        "marks": fenced_set(facts.marks),
        "dated_lo": facts.dated[0],
        "dated_hi": facts.dated[1],
    }


def fact_rows(vid: int, facts: Facts, *, searchable: bool) -> list[Row]:
    """The rows of `fact`; a version that is not searched keeps only what decides about it."""
    rows: list[Row] = [
        {"vid": vid, "param": OTHER_PATIENT, "value": patient, "system": "", "lo": 0, "hi": 0}
        for patient in facts.other_patients
    ]
    if searchable:
        rows += [
            {"vid": vid, "param": param, "value": value, "system": system, "lo": lo, "hi": hi}
            for param, value, system, lo, hi in facts.rows
        ]
    return rows

"""Writes to a real database in one line."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from builders import AGENCY
from careplan_service.access.consent.rules import Door, rules_of
from careplan_service.access.filters import EVERYTHING
from careplan_service.access.instants import span
from careplan_service.interactions.records import AuditEntry, Stored, Write
from careplan_service.resources.registry import SERVED
from careplan_service.store.database import Database
from careplan_service.store.records import SqlRecords

BASE_URL = "http://127.0.0.1:8000"
NOW = span("2026-06-01T12:00:00Z")[0]


def a_write(document: dict[str, Any], id_: str, method: str = "PUT", **changed: Any) -> Write:
    """A version of a document as interactions hand it to the store."""
    type_ = document["resourceType"]
    facts = SERVED[type_].facts({**document, "id": id_}, BASE_URL)
    rules = rules_of(document, Door(BASE_URL, frozenset({AGENCY}))) if type_ == "Consent" else ()
    write = Write(type_, id_, method, lambda version, at: f"{id_} {version} {at}".encode(), facts, rules)
    return write._replace(**changed)


def an_entry(asked: str = "GET /fhir/Goal", **changed: Any) -> AuditEntry:
    """An audit entry."""
    return AuditEntry(
        **{
            "at": NOW,
            "client": "c",
            "organization": AGENCY,
            "purpose": "COC",
            "interaction": "read",
            "asked": asked,
            "status": 200,
            **changed,
        }
    )


@dataclass
class Archive:
    """A database with its records."""

    database: Database
    records: SqlRecords
    at: int = field(default=NOW)

    def put(self, document: dict[str, Any], id_: str, by: str = AGENCY, method: str = "PUT") -> Stored:
        """Write one version in a transaction of its own, a second after the last one."""
        self.at += 1_000_000
        write = a_write(document, id_, method)
        if method == "DELETE":
            write = write._replace(rules=())
        with self.records.changes() as changes:
            before = changes.current(write.type, id_, EVERYTHING)
            return changes.put(write, before, self.at, by)

    def counts(self) -> dict[str, int]:
        """How many rows each table has."""
        names = "resource document fact consent_rule consent_part consent_key audit".split()
        return {name: self.database.rows(f"SELECT count(*) FROM {name}", {})[0][0] for name in names}

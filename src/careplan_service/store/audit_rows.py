"""An audit entry as rows: one of `audit`, and one of `audit_patient` for every patient but the first.

https://profiles.ihe.net/ITI/BALP/volume-1.html#1524-ihe-basic-audit-log-patterns-balp-overview
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple

from careplan_service.interactions.records import AuditEntry
from careplan_service.store.database import Database
from careplan_service.store.receipt_tables import RECEIPT
from careplan_service.store.statements import Statements

Row = dict[str, Any]
Receipt = tuple[str, ...]
_KEPT = ("at", "client", "organization", "purpose", "interaction", "asked", "status", "refusal", "address",
         "request_id")  # fmt: skip


class AuditRow(NamedTuple):
    """A row of `audit` as yet without its number, the patients after the first one, and the receipts.

    A receipt is (receiver, purpose, type, id).
    """

    row: Row
    further: tuple[str, ...] = ()
    receipts: frozenset[Receipt] = frozenset()


def row_of(statements: Statements, entry: AuditEntry) -> AuditRow:
    """The row of an entry; looks up patients only where the entry does not know them."""
    first, *further = dict.fromkeys((*entry.patients, *_looked_up(statements, entry))) or [""]
    kept = {name: getattr(entry, name) for name in _KEPT}
    lines = {name: "\n".join(getattr(entry, name)) for name in ("shown", "because", "glass")}
    return AuditRow({**kept, **lines, "patient": first}, tuple(further), _receipts(entry))


def _receipts(entry: AuditEntry) -> frozenset[Receipt]:
    """What was received by one who is told when it is shared no longer."""
    if not entry.receiver:
        return frozenset()
    return frozenset((entry.receiver, entry.purpose, *line.split("/")[:2]) for line in entry.shown)


def leave_receipts(database: Database, statements: Statements, made: Collection[Receipt]) -> None:
    """Insert those that are not there, inside `writing()`; in order, so that no two wait for each other."""
    database.insert(
        statements.insert["receipt"], [dict(zip(RECEIPT, one, strict=True)) for one in sorted(made)]
    )


def leave(database: Database, statements: Statements, made: AuditRow) -> None:
    """Insert the rows, inside `writing()`."""
    insert = statements.insert
    # A number costs a question, so only rows with several patients get theirs here, and those behind them.
    if not made.further and not database.is_numbering("audit"):
        database.insert(insert["audit"], [made.row])
        return
    if not database.is_numbering("audit"):
        database.insert_now()  # rows that the database numbers itself come first, and keep their numbers
    entry = database.next_id("audit", "entry")
    database.insert(insert["audit numbered"], [{**made.row, "entry": entry}])
    numbered = enumerate(made.further, 2)
    rows = [{"entry": entry, "n": n, "patient": whose, "at": made.row["at"]} for n, whose in numbered]
    database.insert(insert["audit_patient"], rows)


def _looked_up(statements: Statements, entry: AuditEntry) -> list[str]:
    """Further patients that were named in what was shown; whose record it is that was refused."""
    if entry.target and not entry.patients:
        return statements.whose.current(*entry.target.split("/", 1))
    return statements.whose.further(entry.several)

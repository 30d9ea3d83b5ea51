"""The table of receipts: which resource left for whom; `migrations/` creates it. docs/adr/0019"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, Table, text

from careplan_service.store.tables import Text, metadata

receipt = Table(
    "receipt",
    metadata,
    Column("number", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=True),
    # `Caller.owner` and the purposes of its token: a client is told by purpose what it may still use.
    Column("receiver", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("id", Text, nullable=False),
    # Whether it was found to be shared no longer, and when that was last found to be otherwise than before.
    Column("gone", Integer, nullable=False, server_default="0"),
    Column("changed", BigInteger, nullable=False, server_default="0"),
)
RECEIPT = ("receiver", "purpose", "type", "id")
"""What is known of a receipt when it is given."""
Index("receipt_held", *(receipt.c[name] for name in RECEIPT), unique=True)
_changed = text("changed <> 0")
Index(
    "receipt_changed",
    receipt.c.receiver,
    receipt.c.purpose,
    receipt.c.changed,
    receipt.c.number,
    sqlite_where=_changed,
    postgresql_where=_changed,
)

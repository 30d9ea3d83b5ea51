"""Which resource left for whom, taken from the log as far as it reaches back."""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
NAMES = ("receiver", "purpose", "type", "id")
CHANGED = sa.text("changed <> 0")
# Of persons the log does not say which patient was in context, so only systems are told of what was before.
SHOWN = sa.text(
    "SELECT audit.client, audit.purpose, audit.shown FROM audit"
    " JOIN oauth_client ON oauth_client.id = audit.client AND oauth_client.kind IN ('partner', 'app')"
    " WHERE audit.shown <> '' ORDER BY audit.entry"
)
BATCH = 1000


def upgrade() -> None:
    table = op.create_table(
        "receipt",
        sa.Column("number", SERIAL, primary_key=True, autoincrement=True),
        *(sa.Column(name, TEXT, nullable=False) for name in NAMES),
        sa.Column("gone", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("changed", sa.BigInteger(), nullable=False, server_default="0"),
    )
    rows: list[dict[str, Any]] = []
    for row in _received():
        rows.append(row)
        if len(rows) == BATCH:
            op.bulk_insert(table, rows)
            rows = []
    op.bulk_insert(table, rows)
    op.create_index("receipt_held", "receipt", list(NAMES), unique=True)
    op.create_index(
        "receipt_changed",
        "receipt",
        ["receiver", "purpose", "changed", "number"],
        sqlite_where=CHANGED,
        postgresql_where=CHANGED,
    )


def _received() -> Iterator[dict[str, Any]]:
    seen: set[tuple[str, ...]] = set()
    for client, purpose, shown in op.get_bind().execute(SHOWN).fetchall():
        for line in shown.split("\n"):
            type_, id_ = line.split("/")[:2]
            if (client, purpose, type_, id_) not in seen:
                seen.add((client, purpose, type_, id_))
                yield dict(zip(NAMES, (client, purpose, type_, id_), strict=True))


def downgrade() -> None:
    op.drop_table("receipt")

"""Requests with an `Idempotency-Key` and what was answered to them.

References that no search parameter covers are facts from here on: run `careplan db reindex` once.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "idempotency",
        sa.Column("client", TEXT, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("fingerprint", TEXT, nullable=False),
        sa.Column("answer", TEXT, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("client", "key"),
    )
    op.create_index("idempotency_at", "idempotency", ["at"], unique=False)


def downgrade() -> None:
    op.drop_index("idempotency_at", "idempotency")
    op.drop_table("idempotency")

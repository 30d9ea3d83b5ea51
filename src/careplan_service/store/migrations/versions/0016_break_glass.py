"""Broken glasses, and which of them an audit row belongs to."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
TEXTS = ("client", "person", "organization", "named", "patient", "purpose", "reason")
MOMENTS = ("opened", "until", "ended", "reviewed")


def upgrade() -> None:
    op.create_table(
        "break_glass",
        sa.Column("id", TEXT, primary_key=True),
        *(sa.Column(name, TEXT, nullable=False) for name in TEXTS),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in MOMENTS),
        *(sa.Column(name, TEXT, nullable=False) for name in ("ended_by", "reviewer", "outcome")),
    )
    op.create_index("break_glass_person", "break_glass", ["person", "opened"])
    op.create_index("break_glass_reviewed", "break_glass", ["reviewed", "opened"])
    op.add_column("audit", sa.Column("glass", TEXT, nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("audit", "glass")
    op.drop_table("break_glass")

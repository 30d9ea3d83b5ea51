"""Launches that wait for their app."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "oauth_launch",
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("client_id", TEXT, nullable=False),
        sa.Column("user", TEXT, nullable=False),
        sa.Column("patient", TEXT, nullable=False),
        sa.Column("context", TEXT, nullable=False),
        sa.Column("expires", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["oauth_client.id"]),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_index("ix_oauth_launch_expires", "oauth_launch", ["expires"], unique=False)


def downgrade() -> None:
    op.drop_table("oauth_launch")

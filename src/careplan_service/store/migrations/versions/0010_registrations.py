"""Clients that registered themselves, and attempts to register by network address."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "oauth_registration",
        sa.Column("client_id", TEXT, nullable=False),
        sa.Column("metadata", TEXT, nullable=False),
        sa.Column("token_digest", TEXT, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("uri", TEXT, nullable=True),
        sa.Column("certificate", TEXT, nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["oauth_client.id"]),
        sa.PrimaryKeyConstraint("client_id"),
    )
    op.create_index("oauth_registration_uri", "oauth_registration", ["uri"], unique=True)
    op.create_table(
        "oauth_registering",
        sa.Column("address", TEXT, nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("address", "since"),
    )
    op.create_index("oauth_registering_since", "oauth_registering", ["since"], unique=False)


def downgrade() -> None:
    op.drop_table("oauth_registering")
    op.drop_table("oauth_registration")

"""Access tokens that were revoked, and which clients may introspect the tokens of others."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "oauth_revoked",
        sa.Column("jti", TEXT, nullable=False),
        sa.Column("expires", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("jti"),
    )
    op.create_index("ix_oauth_revoked_expires", "oauth_revoked", ["expires"], unique=False)
    may_introspect = sa.Column("may_introspect", sa.Boolean(), nullable=False, server_default=sa.false())
    op.add_column("oauth_client", may_introspect)


def downgrade() -> None:
    op.drop_column("oauth_client", "may_introspect")
    op.drop_index("ix_oauth_revoked_expires", "oauth_revoked")
    op.drop_table("oauth_revoked")

"""Clients whose tokens come from another authorization server."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    with op.batch_alter_table("oauth_client") as table:
        table.add_column(sa.Column("issuer", TEXT, nullable=False, server_default=""))
        table.alter_column("issuer", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("oauth_client") as table:
        table.drop_column("issuer")

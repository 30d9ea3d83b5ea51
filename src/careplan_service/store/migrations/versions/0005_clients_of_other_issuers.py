"""Clients whose tokens come from another authorization server."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.add_column("oauth_client", sa.Column("issuer", TEXT, nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("oauth_client", "issuer")

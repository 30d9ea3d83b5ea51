"""Clients that are apps for people: where they are sent back to, how they prove themselves."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
TEXTS = {"redirect_uris": "", "launch_uri": "", "auth_method": "private_key_jwt", "secret_hash": ""}


def upgrade() -> None:
    for name, default in TEXTS.items():
        op.add_column("oauth_client", sa.Column(name, TEXT, nullable=False, server_default=default))
    pending = sa.Column("pending", sa.Boolean(), nullable=False, server_default=sa.false())
    op.add_column("oauth_client", pending)


def downgrade() -> None:
    for name in ("pending", *TEXTS):
        op.drop_column("oauth_client", name)

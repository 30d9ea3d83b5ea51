"""What people allowed apps, and the codes and refresh tokens of it: only their digests."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0007"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "oauth_authorization",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("client_id", TEXT, nullable=False),
        sa.Column("user_id", TEXT, nullable=False),
        sa.Column("scope", TEXT, nullable=False),
        sa.Column("patient", TEXT, nullable=False),
        sa.Column("context", TEXT, nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("signed_in", sa.BigInteger(), nullable=False),
        sa.Column("session", TEXT, nullable=False),
        sa.Column("revoked", sa.BigInteger(), nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["oauth_client.id"]),
        sa.ForeignKeyConstraint(["user_id"], ["oauth_user.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("oauth_authorization_user", "oauth_authorization", ["user_id"], unique=False)
    op.create_index("oauth_authorization_created", "oauth_authorization", ["created"], unique=False)
    op.create_table(
        "oauth_code",
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("authorization", TEXT, nullable=False),
        sa.Column("redirect_uri", TEXT, nullable=False),
        sa.Column("challenge", TEXT, nullable=False),
        sa.Column("expires", sa.BigInteger(), nullable=False),
        sa.Column("nonce", TEXT, nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["authorization"], ["oauth_authorization.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_index("oauth_code_authorization", "oauth_code", ["authorization"], unique=False)
    op.create_table(
        "oauth_refresh",
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("authorization", TEXT, nullable=False),
        sa.Column("expires", sa.BigInteger(), nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["authorization"], ["oauth_authorization.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_index("oauth_refresh_authorization", "oauth_refresh", ["authorization"], unique=False)


def downgrade() -> None:
    op.drop_table("oauth_refresh")
    op.drop_table("oauth_code")
    op.drop_table("oauth_authorization")

"""People who sign in, their sessions, and failed attempts by network address."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "oauth_user",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("username", TEXT, nullable=False),
        sa.Column("password_hash", TEXT, nullable=False),
        sa.Column("fhir_user", TEXT, nullable=False),
        sa.Column("organization", TEXT, nullable=False),
        sa.Column("totp_secret", TEXT, nullable=False),
        sa.Column("totp_step", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("locked_until", sa.BigInteger(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("oauth_user_username", "oauth_user", ["username"], unique=True)
    op.create_table(
        "oauth_session",
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("user_id", TEXT, nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("seen", sa.BigInteger(), nullable=False),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("offered", TEXT, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["oauth_user.id"]),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_index("oauth_session_user", "oauth_session", ["user_id"], unique=False)
    op.create_index("oauth_session_created", "oauth_session", ["created"], unique=False)
    op.create_table(
        "oauth_attempt",
        sa.Column("address", TEXT, nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("address", "since"),
    )
    op.create_index("oauth_attempt_since", "oauth_attempt", ["since"], unique=False)


def downgrade() -> None:
    op.drop_table("oauth_attempt")
    op.drop_table("oauth_session")
    op.drop_table("oauth_user")

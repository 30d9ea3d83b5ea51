"""People who sign in with an OpenID provider, recovery codes, and where a session was opened from."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
LINKED = sa.text("subject != ''")


def upgrade() -> None:
    op.add_column("oauth_user", sa.Column("issuer", TEXT, nullable=False, server_default=""))
    op.add_column("oauth_user", sa.Column("subject", TEXT, nullable=False, server_default=""))
    op.create_index(
        "oauth_user_subject",
        "oauth_user",
        ["issuer", "subject"],
        unique=True,
        sqlite_where=LINKED,
        postgresql_where=LINKED,
    )
    op.add_column("oauth_session", sa.Column("address", TEXT, nullable=False, server_default=""))
    op.create_table(
        "oauth_recovery",
        sa.Column("user_id", TEXT, nullable=False),
        sa.Column("code", TEXT, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["oauth_user.id"]),
        sa.PrimaryKeyConstraint("user_id", "code"),
    )


def downgrade() -> None:
    op.drop_table("oauth_recovery")
    op.drop_column("oauth_session", "address")
    op.drop_index("oauth_user_subject", "oauth_user")
    op.drop_column("oauth_user", "subject")
    op.drop_column("oauth_user", "issuer")

"""What agencies add to the catalogue: names of services, and codes of others that were mapped."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "service_name",
        sa.Column("organization", TEXT, nullable=False),
        sa.Column("code", TEXT, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False, autoincrement=False),
        *(sa.Column(name, TEXT, nullable=False) for name in ("name", "kind", "method", "relation")),
        sa.PrimaryKeyConstraint("organization", "code", "version"),
    )
    op.create_table(
        "mapped_code",
        sa.Column("system", TEXT, nullable=False),
        sa.Column("code", TEXT, nullable=False),
        sa.Column("to", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("system", "code"),
    )


def downgrade() -> None:
    op.drop_table("mapped_code")
    op.drop_table("service_name")

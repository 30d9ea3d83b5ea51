"""Whom an audit row is about, from where it was asked; and past versions by their patient."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0012"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
PAST = {"sqlite_where": sa.text("current = 0"), "postgresql_where": sa.text("current = 0")}


def upgrade() -> None:
    for name in ("patient", "address", "request_id"):
        op.add_column("audit", sa.Column(name, TEXT, nullable=False, server_default=""))
    op.create_index("audit_whose", "audit", ["patient", "at"], unique=False)
    op.create_table(
        "audit_patient",
        sa.Column("entry", SERIAL, autoincrement=False, nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("patient", TEXT, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("entry", "n"),
        sqlite_with_rowid=False,
    )
    op.create_index("audit_patient_whose", "audit_patient", ["patient", "at"], unique=False)
    op.create_index("resource_past", "resource", ["patient"], unique=False, **PAST)


def downgrade() -> None:
    op.drop_index("resource_past", "resource")
    op.drop_index("audit_patient_whose", "audit_patient")
    op.drop_table("audit_patient")
    op.drop_index("audit_whose", "audit")
    for name in ("request_id", "address", "patient"):
        op.drop_column("audit", name)

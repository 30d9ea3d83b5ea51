"""Indexes for searches without a patient, for what a partner may reach, and for histories of a type."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

CURRENT = {"sqlite_where": sa.text("current = 1"), "postgresql_where": sa.text("current = 1")}
DATED = {"sqlite_where": sa.text("hi <> 0"), "postgresql_where": sa.text("hi <> 0")}


def upgrade() -> None:
    op.create_index("resource_contributor", "resource", ["contributor", "type", "origin"], **CURRENT)
    op.create_index("resource_history", "resource", ["type", "updated", "vid"])
    op.create_index("resource_time", "resource", ["updated", "vid"])
    op.create_index("fact_until", "fact", ["param", "hi", "lo", "vid"], **DATED)
    op.create_index("consent_key_key", "consent_key", ["dimension", "key", "part"])


def downgrade() -> None:
    op.drop_index("consent_key_key", "consent_key")
    op.drop_index("fact_until", "fact")
    op.drop_index("resource_time", "resource")
    op.drop_index("resource_history", "resource")
    op.drop_index("resource_contributor", "resource")

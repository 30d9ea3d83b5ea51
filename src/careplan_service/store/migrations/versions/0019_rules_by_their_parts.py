"""From the parts of a rule to its patients: who names a partner was found by reading all rules before."""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("consent_rule_body", "consent_rule", ["body"])


def downgrade() -> None:
    op.drop_index("consent_rule_body", "consent_rule")

"""What every element of a provision asks: marks and dates of data, the directory's edges, representatives."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
END = str(2**62)
UNDATED = (str(-(2**62) - 1), str(2**62 + 1))
RESOURCE = (
    ("marks", TEXT, ""),
    ("dated_lo", sa.BigInteger(), UNDATED[0]),
    ("dated_hi", sa.BigInteger(), UNDATED[1]),
)
RULE = (
    ("body", sa.BigInteger(), "0"),
    ("copied", sa.Integer(), "0"),
    ("kept", sa.Integer(), "0"),
    ("open", sa.Integer(), "0"),
    ("guardian", TEXT, ""),
    ("signed", sa.BigInteger(), "0"),
    ("authority", sa.Integer(), "1"),
    ("lapses", sa.BigInteger(), END),
)
PART = (("any_date", sa.Integer(), "1"), ("data_lo", sa.BigInteger(), "0"), ("data_hi", sa.BigInteger(), "0"))
COLUMNS = (("resource", RESOURCE), ("consent_rule", RULE), ("consent_part", PART))
PARTIAL = (
    ("consent_rule_open", ["patient"], "open = 1"),
    ("consent_rule_kept", ["consent"], "kept = 1"),
    ("consent_rule_guardian", ["guardian", "patient"], "guardian <> ''"),
)


def upgrade() -> None:
    for table, columns in COLUMNS:
        for name, kind, default in columns:
            op.add_column(table, sa.Column(name, kind, nullable=False, server_default=default))
    op.execute("UPDATE consent_rule SET body = rule")
    op.execute(
        "UPDATE consent_key SET dimension = 'denied' WHERE dimension = 'actor'"
        " AND part IN (SELECT part FROM consent_part WHERE deny = 1)"
    )
    for name, columns, where in PARTIAL:
        chosen = sa.text(where)
        op.create_index(name, "consent_rule", columns, sqlite_where=chosen, postgresql_where=chosen)
    op.create_table(
        "actor_edge",
        sa.Column("edge", SERIAL, primary_key=True, autoincrement=True),
        *(sa.Column(name, TEXT, nullable=False) for name in ("source", "member", "key", "kind", "within")),
        sa.Column("lo", sa.BigInteger(), nullable=False),
        sa.Column("hi", sa.BigInteger(), nullable=False),
    )
    op.create_index("actor_edge_member", "actor_edge", ["member", "kind"])
    op.create_index("actor_edge_source", "actor_edge", ["source"])


def downgrade() -> None:
    op.drop_table("actor_edge")
    op.execute("UPDATE consent_key SET dimension = 'actor' WHERE dimension = 'denied'")
    for name, _, _ in PARTIAL:
        op.drop_index(name, "consent_rule")
    for table, columns in COLUMNS:
        with op.batch_alter_table(table) as batch:
            for name, _, _ in columns:
                batch.drop_column(name)

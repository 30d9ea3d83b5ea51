"""What a provision states of who, why and which types, as sets in its row."""

import sqlalchemy as sa
from alembic import op

# ruff: noqa: S608 - every name is one of the constants below

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
NOBODY = "\n"
SETS = ("actors", "purposes", "actions", "classes")
KEYS = {
    "actors": "'\n' || key || '\n'",
    "purposes": "'\n' || key || '\n'",
    "actions": "'\n' || key || '\n'",
    "classes": "key",
}
DIMENSIONS = {
    "actors": ("actor", "denied"),
    "purposes": ("purpose",),
    "actions": ("action",),
    "classes": ("class",),
}
MARKED = ("author", "informant", "custodian", "data")


def upgrade() -> None:
    for name in SETS:
        default = NOBODY if name == "actors" else ""
        op.add_column("consent_part", sa.Column(name, TEXT, nullable=False, server_default=default))
    for name in ("coded", "marked"):
        op.add_column("consent_part", sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
    for name in SETS:
        _gather(name)
    op.execute(f"UPDATE consent_part SET coded = 1 WHERE {_some(('code',))}")
    op.execute(f"UPDATE consent_part SET marked = {_count(MARKED)}")
    op.execute(f"UPDATE consent_part SET purposes = '{NOBODY}' WHERE purposes = '' AND any_purpose = 0")
    # A dimension that states nothing known never matched; which one it was is not on record.
    stated = ("actor", "denied", "action", "class", "code", *MARKED)
    lacking = f"{_count(stated)} + (1 - any_purpose) < stated"
    op.execute(f"UPDATE consent_part SET actors = '{NOBODY}' WHERE {lacking}")
    op.execute("DELETE FROM consent_key WHERE dimension IN ('denied', 'purpose', 'action')")
    with op.batch_alter_table("consent_part") as batch:
        batch.drop_column("stated")
        batch.drop_column("any_purpose")


def downgrade() -> None:
    with op.batch_alter_table("consent_part") as batch:
        batch.add_column(sa.Column("stated", sa.Integer(), nullable=False, server_default="99"))
        batch.add_column(sa.Column("any_purpose", sa.Integer(), nullable=False, server_default="1"))
    # No permit opens anything, and every deny needs `careplan db reindex`: its keys are gone.
    with op.batch_alter_table("consent_part") as batch:
        for name in (*SETS, "coded", "marked"):
            batch.drop_column(name)


def _gather(name: str) -> None:
    """The keys of a dimension as one text."""
    joined = "string_agg" if op.get_bind().dialect.name == "postgresql" else "group_concat"
    chosen = ", ".join(f"'{one}'" for one in DIMENSIONS[name])
    keys = f"SELECT {joined}({KEYS[name]}, '') FROM consent_key k"
    op.execute(
        f"UPDATE consent_part SET {name} = coalesce(({keys} WHERE k.part = consent_part.part"
        f" AND k.dimension IN ({chosen})), '')"
    )


def _some(dimensions: tuple[str, ...]) -> str:
    chosen = ", ".join(f"'{one}'" for one in dimensions)
    keys = "SELECT 1 FROM consent_key k WHERE k.part = consent_part.part"
    return f"EXISTS ({keys} AND k.dimension IN ({chosen}))"


def _count(dimensions: tuple[str, ...]) -> str:
    chosen = ", ".join(f"'{one}'" for one in dimensions)
    keys = "SELECT count(DISTINCT k.dimension) FROM consent_key k WHERE k.part = consent_part.part"
    return f"({keys} AND k.dimension IN ({chosen}))"

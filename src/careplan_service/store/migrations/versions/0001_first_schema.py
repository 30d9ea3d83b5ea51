"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
CURRENT = {"sqlite_where": sa.text("current = 1"), "postgresql_where": sa.text("current = 1")}
DATED = {"sqlite_where": sa.text("hi <> 0"), "postgresql_where": sa.text("hi <> 0")}


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("entry", SERIAL, autoincrement=True, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("client", TEXT, nullable=False),
        sa.Column("organization", TEXT, nullable=False),
        sa.Column("purpose", TEXT, nullable=False),
        sa.Column("interaction", TEXT, nullable=False),
        sa.Column("asked", TEXT, nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("shown", TEXT, nullable=False),
        sa.Column("because", TEXT, nullable=False),
        sa.Column("refusal", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("entry"),
    )
    op.create_index("audit_at", "audit", ["at"], unique=False)
    op.create_index("audit_client", "audit", ["client", "at"], unique=False)

    op.create_table(
        "consent_rule",
        sa.Column("rule", SERIAL, autoincrement=True, nullable=False),
        sa.Column("consent", TEXT, nullable=False),
        sa.Column("patient", TEXT, nullable=False),
        sa.Column("path", TEXT, nullable=False),
        sa.Column("because", TEXT, nullable=False),
        sa.Column("deny", sa.Integer(), nullable=False),
        sa.Column("named", sa.Integer(), nullable=False),
        sa.Column("labelled", sa.Integer(), nullable=False),
        sa.Column("leaf", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.BigInteger(), nullable=False),
        sa.Column("valid_to", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("rule"),
    )
    op.create_index("consent_rule_consent", "consent_rule", ["consent"], unique=False)
    op.create_index("consent_rule_patient", "consent_rule", ["patient", "deny"], unique=False)

    op.create_table(
        "oauth_client",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("organization", TEXT, nullable=False),
        sa.Column("scopes", TEXT, nullable=False),
        sa.Column("purpose", TEXT, nullable=False),
        sa.Column("further_purposes", TEXT, nullable=False),
        sa.Column("jwks", TEXT, nullable=True),
        sa.Column("jwks_url", TEXT, nullable=True),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "oauth_jti",
        sa.Column("client_id", TEXT, nullable=False),
        sa.Column("jti", TEXT, nullable=False),
        sa.Column("expires", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("client_id", "jti"),
    )
    op.create_index("ix_oauth_jti_expires", "oauth_jti", ["expires"], unique=False)

    op.create_table(
        "resource",
        sa.Column("vid", SERIAL, autoincrement=True, nullable=False),
        sa.Column("origin", sa.BigInteger(), nullable=False),
        sa.Column("type", TEXT, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("current", sa.Integer(), nullable=False),
        sa.Column("deleted", sa.Integer(), nullable=False),
        sa.Column("updated", sa.BigInteger(), nullable=False),
        sa.Column("contributor", TEXT, nullable=False),
        sa.Column("method", TEXT, nullable=False),
        sa.Column("patient", TEXT, nullable=False),
        sa.Column("others", sa.Integer(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("part2", sa.Integer(), nullable=False),
        sa.Column("sensitive", sa.Integer(), nullable=False),
        sa.Column("sensitivities", TEXT, nullable=False),
        sa.Column("purposes", TEXT, nullable=False),
        sa.Column("primary_codes", TEXT, nullable=False),
        sa.Column("codes", TEXT, nullable=False),
        sa.Column("classes", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("vid"),
    )
    op.create_index("resource_current", "resource", ["type", "id"], unique=True, **CURRENT)
    op.create_index("resource_origin", "resource", ["type", "origin"], unique=False, **CURRENT)
    op.create_index("resource_patient", "resource", ["patient", "type", "origin"], unique=False, **CURRENT)
    op.create_index("resource_updated", "resource", ["type", "updated", "origin"], unique=False, **CURRENT)
    op.create_index("resource_version", "resource", ["type", "id", "version"], unique=True)

    op.create_table(
        "consent_part",
        sa.Column("part", SERIAL, autoincrement=True, nullable=False),
        sa.Column("rule", SERIAL, nullable=False),
        sa.Column("deny", sa.Integer(), nullable=False),
        sa.Column("stated", sa.Integer(), nullable=False),
        sa.Column("any_purpose", sa.Integer(), nullable=False),
        sa.Column("any_label", sa.Integer(), nullable=False),
        sa.Column("low", sa.Integer(), nullable=False),
        sa.Column("high", sa.Integer(), nullable=False),
        sa.Column("ceiling", sa.Integer(), nullable=False),
        sa.Column("narrow", sa.Integer(), nullable=False),
        sa.Column("part2", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["rule"],
            ["consent_rule.rule"],
        ),
        sa.PrimaryKeyConstraint("part"),
    )
    op.create_index("consent_part_rule", "consent_part", ["rule"], unique=False)

    op.create_table(
        "document",
        sa.Column("vid", SERIAL, autoincrement=False, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["vid"],
            ["resource.vid"],
        ),
        sa.PrimaryKeyConstraint("vid"),
    )
    op.create_table(
        "fact",
        sa.Column("vid", SERIAL, nullable=False),
        sa.Column("param", TEXT, nullable=False),
        sa.Column("value", TEXT, nullable=False),
        sa.Column("system", TEXT, nullable=False),
        sa.Column("lo", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hi", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["vid"],
            ["resource.vid"],
        ),
        sa.PrimaryKeyConstraint("vid", "param", "value", "system", "lo", "hi"),
        sqlite_with_rowid=False,
    )
    op.create_index("fact_span", "fact", ["param", "lo", "hi", "vid"], unique=False, **DATED)
    op.create_index("fact_value", "fact", ["param", "value", "system", "vid"], unique=False)

    op.create_table(
        "consent_key",
        sa.Column("part", SERIAL, nullable=False),
        sa.Column("dimension", TEXT, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.ForeignKeyConstraint(
            ["part"],
            ["consent_part.part"],
        ),
        sa.PrimaryKeyConstraint("part", "dimension", "key"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("consent_key")
    op.drop_index("fact_value", "fact")
    op.drop_index("fact_span", "fact")

    op.drop_table("fact")
    op.drop_table("document")
    op.drop_index("consent_part_rule", "consent_part")

    op.drop_table("consent_part")
    op.drop_index("resource_version", "resource")
    op.drop_index("resource_updated", "resource")
    op.drop_index("resource_patient", "resource")
    op.drop_index("resource_origin", "resource")
    op.drop_index("resource_current", "resource")

    op.drop_table("resource")
    op.drop_index("ix_oauth_jti_expires", "oauth_jti")

    op.drop_table("oauth_jti")
    op.drop_table("oauth_client")
    op.drop_index("consent_rule_patient", "consent_rule")
    op.drop_index("consent_rule_consent", "consent_rule")

    op.drop_table("consent_rule")
    op.drop_index("audit_client", "audit")
    op.drop_index("audit_at", "audit")

    op.drop_table("audit")

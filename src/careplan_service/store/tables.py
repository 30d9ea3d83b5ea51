"""The tables, for SQLite and PostgreSQL alike; `migrations/` creates them.

One row of `resource` per version, with the few values that rules look at; its bytes stand in
`document`, what searches look at in `fact`. A Consent's flat rules stand in `consent_rule` and
below, written in the transaction that writes the Consent.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, MetaData, Table, text
from sqlalchemy import Text as PlainText

from careplan_service.access.facts import UNDATED
from careplan_service.access.instants import END

metadata = MetaData()

# Compared by code point, as Python and SQLite do, so that a prefix is a range.
Text = PlainText().with_variant(PlainText(collation="C"), "postgresql")
_SERIAL = BigInteger().with_variant(Integer, "sqlite")

resource = Table(
    "resource",
    metadata,
    Column("vid", _SERIAL, primary_key=True, autoincrement=True),
    # The first version's vid: stays through updates, so paging by it neither repeats nor loses.
    Column("origin", BigInteger, nullable=False),
    Column("type", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("current", Integer, nullable=False),
    Column("deleted", Integer, nullable=False),
    Column("updated", BigInteger, nullable=False),
    Column("contributor", Text, nullable=False),
    Column("method", Text, nullable=False),
    Column("patient", Text, nullable=False),
    Column("others", Integer, nullable=False),
    Column("rank", Integer, nullable=False),
    Column("part2", Integer, nullable=False),
    Column("sensitive", Integer, nullable=False),
    # Sets of keys as text between line feeds: asked only of a row already found, so no index is needed.
    Column("sensitivities", Text, nullable=False),
    Column("purposes", Text, nullable=False),
    Column("primary_codes", Text, nullable=False),
    Column("codes", Text, nullable=False),
    Column("classes", Text, nullable=False),
    Column("marks", Text, nullable=False, server_default=""),
    Column("dated_lo", BigInteger, nullable=False, server_default=str(UNDATED[0])),
    Column("dated_hi", BigInteger, nullable=False, server_default=str(UNDATED[1])),
)
_current = text("current = 1")
Index("resource_version", resource.c.type, resource.c.id, resource.c.version, unique=True)
for _name, _columns, _unique in (
    ("resource_current", ("type", "id"), True),
    ("resource_patient", ("patient", "type", "origin"), False),
    ("resource_origin", ("type", "origin"), False),
    ("resource_updated", ("type", "updated", "origin"), False),
    ("resource_contributor", ("contributor", "type", "origin"), False),
):
    Index(
        _name,
        *(resource.c[c] for c in _columns),
        unique=_unique,
        sqlite_where=_current,
        postgresql_where=_current,
    )

# What was a patient's once: for what somebody could see at a moment gone by.
_past = text("current = 0")
Index("resource_past", resource.c.patient, sqlite_where=_past, postgresql_where=_past)

# Past versions too: the histories of a type and of the whole system.
Index("resource_history", resource.c.type, resource.c.updated, resource.c.vid)
Index("resource_time", resource.c.updated, resource.c.vid)

document = Table(
    "document",
    metadata,
    Column("vid", _SERIAL, ForeignKey("resource.vid"), primary_key=True, autoincrement=False),
    Column("body", LargeBinary, nullable=False),
)

fact = Table(
    "fact",
    metadata,
    Column("vid", _SERIAL, ForeignKey("resource.vid"), primary_key=True),
    Column("param", Text, primary_key=True),
    Column("value", Text, primary_key=True),
    Column("system", Text, primary_key=True),
    Column("lo", BigInteger, primary_key=True, autoincrement=False),
    Column("hi", BigInteger, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)
Index("fact_value", fact.c.param, fact.c.value, fact.c.system, fact.c.vid)
_dated = text("hi <> 0")
Index(
    "fact_span", fact.c.param, fact.c.lo, fact.c.hi, fact.c.vid, sqlite_where=_dated, postgresql_where=_dated
)

Index(
    "fact_until", fact.c.param, fact.c.hi, fact.c.lo, fact.c.vid, sqlite_where=_dated, postgresql_where=_dated
)

consent_rule = Table(
    "consent_rule",
    metadata,
    Column("rule", _SERIAL, primary_key=True, autoincrement=True),
    Column("consent", Text, nullable=False),
    Column("patient", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("because", Text, nullable=False),
    Column("deny", Integer, nullable=False),
    Column("named", Integer, nullable=False),
    Column("labelled", Integer, nullable=False),
    Column("leaf", Integer, nullable=False),
    Column("valid_from", BigInteger, nullable=False),
    Column("valid_to", BigInteger, nullable=False),
    # Whose parts it shares: the rule itself, or that of which it is a copy for a merged patient.
    Column("body", BigInteger, nullable=False, server_default="0"),
    Column("copied", Integer, nullable=False, server_default="0"),
    # It stands for a Consent that cannot be enforced.
    Column("kept", Integer, nullable=False, server_default="0"),
    # A permit for everybody.
    Column("open", Integer, nullable=False, server_default="0"),
    # The representative who consented, when, and the last moment at which that permits anything.
    Column("guardian", Text, nullable=False, server_default=""),
    Column("signed", BigInteger, nullable=False, server_default="0"),
    Column("authority", Integer, nullable=False, server_default="1"),
    Column("lapses", BigInteger, nullable=False, server_default=str(END)),
)
Index("consent_rule_patient", consent_rule.c.patient, consent_rule.c.deny)
Index("consent_rule_consent", consent_rule.c.consent)
# From a key that names a partner to the patients whose permits have it.
Index("consent_rule_body", consent_rule.c.body)
_open, _kept, _guarded = text("open = 1"), text("kept = 1"), text("guardian <> ''")
Index("consent_rule_open", consent_rule.c.patient, sqlite_where=_open, postgresql_where=_open)
Index("consent_rule_kept", consent_rule.c.consent, sqlite_where=_kept, postgresql_where=_kept)
Index(
    "consent_rule_guardian",
    consent_rule.c.guardian,
    consent_rule.c.patient,
    sqlite_where=_guarded,
    postgresql_where=_guarded,
)

_OF_ONE = ("rule", "patient", "leaf", "copied")
# Plain text: rows go to PostgreSQL as JSON, and its writer takes no other keys.
COPIED = tuple(str(column.name) for column in consent_rule.columns if column.name not in _OF_ONE)
"""The columns of a rule that its copy for another record of the patient shares."""

NOBODY = "\n"
"""A stated set without a key: nothing is in it."""

consent_part = Table(
    "consent_part",
    metadata,
    Column("part", _SERIAL, primary_key=True, autoincrement=True),
    Column("rule", _SERIAL, ForeignKey("consent_rule.rule"), nullable=False),
    Column("deny", Integer, nullable=False),
    Column("any_label", Integer, nullable=False),
    Column("low", Integer, nullable=False),
    Column("high", Integer, nullable=False),
    Column("ceiling", Integer, nullable=False),
    Column("narrow", Integer, nullable=False),
    Column("part2", Integer, nullable=False),
    Column("any_date", Integer, nullable=False, server_default="1"),
    Column("data_lo", BigInteger, nullable=False, server_default="0"),
    Column("data_hi", BigInteger, nullable=False, server_default="0"),
    # Sets of keys as text between line feeds; empty where the dimension is not stated.
    Column("actors", Text, nullable=False, server_default=NOBODY),
    Column("purposes", Text, nullable=False, server_default=""),
    Column("actions", Text, nullable=False, server_default=""),
    Column("classes", Text, nullable=False, server_default=""),
    # Whether it states codes, and how many of the dimensions that look at marks of the data.
    Column("coded", Integer, nullable=False, server_default="0"),
    Column("marked", Integer, nullable=False, server_default="0"),
)
Index("consent_part_rule", consent_part.c.rule)

consent_key = Table(
    "consent_key",
    metadata,
    Column("part", _SERIAL, ForeignKey("consent_part.part"), primary_key=True),
    Column("dimension", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    sqlite_with_rowid=False,
)

Index("consent_key_key", consent_key.c.dimension, consent_key.c.key, consent_key.c.part)

# Who belongs to whom, as the custodian's own records say: see `access/consent/directory.py`.
actor_edge = Table(
    "actor_edge",
    metadata,
    Column("edge", _SERIAL, primary_key=True, autoincrement=True),
    # The resource that states it: `Group/g`.
    Column("source", Text, nullable=False),
    Column("member", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("within", Text, nullable=False),
    Column("lo", BigInteger, nullable=False),
    Column("hi", BigInteger, nullable=False),
)
Index("actor_edge_member", actor_edge.c.member, actor_edge.c.kind)
Index("actor_edge_source", actor_edge.c.source)

audit = Table(
    "audit",
    metadata,
    Column("entry", _SERIAL, primary_key=True, autoincrement=True),
    Column("at", BigInteger, nullable=False),
    Column("client", Text, nullable=False),
    Column("organization", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("interaction", Text, nullable=False),
    Column("asked", Text, nullable=False),
    Column("status", Integer, nullable=False),
    Column("shown", Text, nullable=False),
    Column("because", Text, nullable=False),
    Column("refusal", Text, nullable=False),
    # The first patient concerned; further ones stand in `audit_patient`. Empty when it is nobody's record.
    Column("patient", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("request_id", Text, nullable=False),
    # The broken glasses it was asked through, in lines: the id, a blank, and whose record (`Patient/x`).
    Column("glass", Text, nullable=False),
)
Index("audit_at", audit.c.at)
Index("audit_client", audit.c.client, audit.c.at)
Index("audit_whose", audit.c.patient, audit.c.at)

# Patients after the first one that a row is about, numbered from 2.
audit_patient = Table(
    "audit_patient",
    metadata,
    Column("entry", _SERIAL, primary_key=True, autoincrement=False),
    Column("n", Integer, primary_key=True, autoincrement=False),
    Column("patient", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
Index("audit_patient_whose", audit_patient.c.patient, audit_patient.c.at)

# What was answered to a request with an `Idempotency-Key`: the versions it wrote, never their bytes.
idempotency = Table(
    "idempotency",
    metadata,
    Column("client", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("fingerprint", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
)
Index("idempotency_at", idempotency.c.at)

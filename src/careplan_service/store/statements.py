"""The texts of the writing statements, compiled once for a database."""

from __future__ import annotations

from sqlalchemy import Text, bindparam, delete, func, select, update

from careplan_service.access.facts import OTHER_PATIENT
from careplan_service.store.database import Database
from careplan_service.store.tables import (
    audit,
    audit_patient,
    consent_key,
    consent_part,
    consent_rule,
    document,
    fact,
    resource,
)
from careplan_service.store.whose import Whose


class Statements:
    """The texts of the writing statements for one database."""

    def __init__(self, database: Database) -> None:
        compiled = database.compiled
        written = (resource, document, fact, consent_rule, consent_part, consent_key)
        self.insert = {table.name: database.insert_each(table) for table in written}
        self.insert["audit"] = database.insert_each(audit, without="entry")
        self.insert["audit numbered"] = database.insert_each(audit)
        self.insert["audit_patient"] = database.insert_each(audit_patient)
        self.whose = Whose(database)
        self.retire = compiled(update(resource).values(current=0).where(resource.c.vid == bindparam("v")))
        # A past version is never searched; what decides about it stays.
        self.forget = compiled(
            delete(fact).where(fact.c.vid == bindparam("v"), fact.c.param != OTHER_PATIENT)
        )
        rules = select(consent_rule.c.rule).where(consent_rule.c.consent == bindparam("c"))
        parts = select(consent_part.c.part).where(consent_part.c.rule.in_(rules))
        self.drop_rules = (
            compiled(delete(consent_key).where(consent_key.c.part.in_(parts))),
            compiled(delete(consent_part).where(consent_part.c.rule.in_(rules))),
            compiled(delete(consent_rule).where(consent_rule.c.consent == bindparam("c"))),
        )
        self.known = compiled(
            select(resource.c.vid)
            .where(resource.c.type == bindparam("t"), resource.c.id == bindparam("i"))
            .limit(1)
        )
        name = bindparam("name", type_=Text)
        self.alone = compiled(select(func.pg_advisory_xact_lock(func.hashtext(name))))
        self.hold = compiled(
            select(resource.c.vid)
            .where(
                resource.c.type == bindparam("t"), resource.c.id == bindparam("i"), resource.c.version == 1
            )
            .with_for_update()
        )

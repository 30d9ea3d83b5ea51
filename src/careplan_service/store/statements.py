"""The texts of the writing statements, compiled once for a database."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import BigInteger, Text, bindparam, delete, func, or_, select, update

from careplan_service.access.consent.directory import MERGED, PARENT, REPRESENTS
from careplan_service.access.facts import OTHER_PATIENT
from careplan_service.resources.marks import MAJORITY
from careplan_service.store.compiling import Statement
from careplan_service.store.database import Database
from careplan_service.store.receipt_tables import RECEIPT, receipt
from careplan_service.store.tables import (
    COPIED,
    actor_edge,
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
        written = (resource, document, fact, consent_rule, consent_part, consent_key, actor_edge)
        self.insert = {table.name: database.insert_each(table) for table in written}
        self.insert["audit"] = database.insert_each(audit, without="entry")
        self.insert["audit numbered"] = database.insert_each(audit)
        self.insert["audit_patient"] = database.insert_each(audit_patient)
        self.insert["receipt"] = database.insert_missing(receipt, RECEIPT)
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
        self._of_directory(compiled)
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

    def _of_directory(self, compiled: Callable[[Any], Statement]) -> None:
        """What is read and written of edges, and of the rules that follow from them."""
        edge, rule, member = actor_edge.c, consent_rule.c, bindparam("m", type_=Text)
        source, patient = bindparam("s", type_=Text), bindparam("p", type_=Text)
        self.drop_edges = compiled(delete(actor_edge).where(edge.source == source))
        self.merged = compiled(select(edge.key).where(edge.member == member, edge.kind == MERGED))
        of_authority = (edge.member == member, or_(edge.kind == REPRESENTS, edge.kind == PARENT))
        self.edges_from = compiled(
            select(edge.key, edge.kind, edge.within, edge.lo, edge.hi).where(*of_authority)
        )
        of_patient = (resource.c.type == "Patient", resource.c.id == bindparam("i", type_=Text))
        self.majority = compiled(
            select(fact.c.lo)
            .join(resource, resource.c.vid == fact.c.vid)
            .where(*of_patient, resource.c.current == 1, resource.c.deleted == 0, fact.c.param == MAJORITY)
        )
        guarded = (rule.guardian != "", or_(rule.guardian == source, rule.patient == source))
        self.guarded = compiled(
            select(rule.guardian, rule.patient, rule.signed, rule.authority).where(*guarded).distinct()
        )
        same = (rule.guardian == bindparam("g", type_=Text), rule.patient == patient)
        signed = rule.signed == bindparam("s", type_=BigInteger)
        lapses = bindparam("l", type_=BigInteger)
        self.lapse = compiled(update(consent_rule).values(lapses=lapses).where(*same, signed))
        self.drop_copies = compiled(delete(consent_rule).where(rule.patient == patient, rule.copied == 1))
        denying = (rule.patient == patient, rule.copied == 0, rule.deny == 1)
        self.denying = compiled(select(*(rule[name] for name in COPIED)).where(*denying))

"""Filing a Consent's flat rules and the directory's edges, in the transaction that writes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from careplan_service.access.consent.directory import MERGED, Directory, Edge
from careplan_service.access.consent.parts import Part
from careplan_service.access.consent.rules import Rule
from careplan_service.access.instants import END
from careplan_service.store.bind import fence, fenced_set
from careplan_service.store.database import Database
from careplan_service.store.statements import Statements
from careplan_service.store.tables import COPIED, NOBODY

_NO_RANK = 99
Row = dict[str, Any]


class Filing(NamedTuple):
    """The rules of one version of a Consent about one patient."""

    consent: str
    version: int
    patient: str
    rules: Sequence[Rule]


class Filer:
    """Files into one open transaction."""

    def __init__(self, database: Database, statements: Statements) -> None:
        self._database, self._sql = database, statements

    def rules(self, filing: Filing, *, again: bool = False) -> None:
        """Replace the rules of a Consent; the next statement of any partner joins the new ones.

        `again` says that this version was filed before.
        """
        if again or filing.version > 1:
            for sql in self._sql.drop_rules:
                self._database.run(sql, {"c": filing.consent})
        for rule in filing.rules:
            self._rule(filing, rule)
        if filing.rules and (others := self._records_of(filing.patient) - {filing.patient}):
            self._copy(filing.patient, others, filing.consent)

    def _rule(self, filing: Filing, rule: Rule) -> None:
        database, insert = self._database, self._sql.insert
        rule_id = database.next_id("consent_rule", "rule")
        leaf = not any(other.path.startswith(f"{rule.path}.") for other in filing.rules)
        row = _rule_row(rule_id, filing, rule, leaf=leaf)
        if rule.guardian:
            row["lapses"] = self._lapses(rule.guardian, filing.patient, rule.signed, authority=rule.authority)
        database.insert(insert["consent_rule"], [row])
        for part in rule.parts:
            part_id = database.next_id("consent_part", "part")
            database.insert(insert["consent_part"], [_part_row(part_id, rule_id, part)])
            database.insert(insert["consent_key"], _key_rows(part_id, part))

    def edges(self, source: str, edges: Sequence[Edge], *, first: bool) -> None:
        """Replace what a resource states of who belongs to whom, and what of the rules follows from it.

        `first` says that nothing was stored of it before.
        """
        kin = self._records_of(source)
        if not first:
            self._database.run(self._sql.drop_edges, {"s": source})
        for edge in edges:
            row = {"edge": self._database.next_id("actor_edge", "edge"), "source": source, **vars(edge)}
            self._database.insert(self._sql.insert["actor_edge"], [row])
        if source.startswith(("Patient/", "RelatedPerson/")):
            self._refresh(source)
        is_kin_same = first and not any(edge.kind == MERGED for edge in edges)
        now = kin if is_kin_same else self._records_of(source)
        if source.startswith("Patient/") and len(kin | now) > 1:
            self._recopy(kin | now)

    def _refresh(self, source: str) -> None:
        """Until when representatives' consents hold, after a change of the patient or the representative."""
        for guardian, patient, signed, authority in self._database.rows(self._sql.guarded, {"s": source}):
            lapses = self._lapses(guardian, patient, signed, authority=bool(authority))
            values = {"l": lapses, "g": guardian, "p": patient, "s": signed}
            self._database.run(self._sql.lapse, values)

    def _lapses(self, guardian: str, patient: str, signed: int, *, authority: bool) -> int:
        found = self._database.rows(self._sql.edges_from, {"m": guardian})
        edges = [Edge(guardian, *row) for row in found]
        of_age = self._database.rows(self._sql.majority, {"i": patient.partition("/")[2]})
        majorities = {patient: int(of_age[0][0])} if of_age else {}
        return Directory.of(edges, majorities).lapses(guardian, patient, signed, authority=authority)

    def _records_of(self, patient: str) -> set[str]:
        """A patient with all other records of the same person."""
        found, waiting = {patient}, [patient] if patient.startswith("Patient/") else []
        while waiting:
            for (other,) in self._database.rows(self._sql.merged, {"m": waiting.pop()}):
                if other not in found:
                    found.add(other)
                    waiting.append(other)
        return found

    def _recopy(self, patients: set[str]) -> None:
        """The denies of each record of a person for all its others, as the records are merged now."""
        for patient in sorted(patients):
            self._database.run(self._sql.drop_copies, {"p": patient})
        for patient in sorted(patients):
            self._copy(patient, self._records_of(patient).difference([patient]))

    def _copy(self, patient: str, others: set[str], consent: str = "") -> None:
        for row in self._database.rows(self._sql.denying, {"p": patient}):
            held: Row = dict(zip(COPIED, row, strict=True))
            for other in sorted(others) if consent in ("", held["consent"]) else ():
                copy: Row = {"rule": self._database.next_id("consent_rule", "rule"), "patient": other}
                self._database.insert(self._sql.insert["consent_rule"], [{**held, **copy, **_COPY}])


_COPY = {"leaf": 1, "copied": 1}


def _rule_row(rule_id: int, filing: Filing, rule: Rule, *, leaf: bool) -> Row:
    return {
        "rule": rule_id,
        "consent": filing.consent,
        "patient": filing.patient,
        "path": rule.path,
        "because": f"Consent/{filing.consent}/_history/{filing.version}#{rule.path}",
        "deny": int(rule.deny),
        "named": int(rule.names_recipient or rule.open_recipient),
        "labelled": int(rule.names_labels or rule.open_label),
        "leaf": int(leaf),
        "valid_from": rule.valid_from,
        "valid_to": rule.valid_to,
        "body": rule_id,
        "copied": 0,
        "kept": int(rule.kept),
        "open": int(rule.open_recipient and not rule.names_recipient),
        "guardian": rule.guardian,
        "signed": rule.signed,
        "authority": int(rule.authority),
        "lapses": END,
    }


def _part_row(part_id: int, rule_id: int, part: Part) -> Row:
    labels, dates = part.labels, part.dates
    return {
        "part": part_id,
        "rule": rule_id,
        "deny": int(part.deny),
        "actors": _stated(part.actor_keys if part.actors else None),
        "purposes": _stated(part.purposes),
        "actions": _stated(part.keys(part.actions) if part.actions else None),
        "classes": _stated(part.classes),
        "coded": int(part.codes is not None),
        "marked": len(part.marked),
        "any_label": int(labels is None),
        "low": _NO_RANK if labels is None or labels.low is None else labels.low,
        "high": -1 if labels is None or labels.high is None else labels.high,
        "ceiling": -1 if labels is None else labels.ceiling,
        "narrow": int(labels is not None and bool(labels.narrow)),
        "part2": int(labels is not None and labels.part2),
        "any_date": int(dates is None),
        "data_lo": dates[0] if dates else 0,
        "data_hi": dates[1] if dates else 0,
    }


def _stated(keys: frozenset[str] | None) -> str:
    """A stated set as text: without keys it holds nothing, and is not empty."""
    return "" if keys is None else fenced_set(keys) or NOBODY


def _key_rows(part_id: int, part: Part) -> list[Row]:
    keys: Mapping[str, Sequence[str]] = {
        # Whose permits name a partner is looked up by these; whether a rule matches stands in its part.
        "actor": sorted(() if part.deny else part.actor_keys),
        "class": [fence(key) for key in sorted(part.classes or ())],
        "code": [fence(key) for key in sorted(part.codes or ())],
        "narrow": [fence(key) for key in sorted(part.labels.narrow if part.labels else ())],
        "wide": [fence(key) for key in sorted(part.labels.wide if part.labels else ())],
        **{name: [fence(key) for key in sorted(held)] for name, held in part.marked.items()},
    }
    return [{"part": part_id, "dimension": name, "key": key} for name, held in keys.items() for key in held]

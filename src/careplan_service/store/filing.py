"""Filing a Consent's flat rules, in the transaction that writes the Consent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from careplan_service.access.consent.dimensions import Part
from careplan_service.access.consent.rules import Rule
from careplan_service.store.bind import fence
from careplan_service.store.database import Database
from careplan_service.store.statements import Statements

_NO_RANK = 99
Row = dict[str, Any]


class Filing(NamedTuple):
    """The rules of one version of a Consent about one patient."""

    consent: str
    version: int
    patient: str
    rules: Sequence[Rule]


def file_rules(database: Database, statements: Statements, filing: Filing) -> None:
    """Replace the rules of a Consent; the next statement of any partner joins the new ones."""
    if filing.version > 1:
        for sql in statements.drop_rules:
            database.run(sql, {"c": filing.consent})
    for rule in filing.rules:
        rule_id = database.next_id("consent_rule", "rule")
        leaf = not any(other.path.startswith(f"{rule.path}.") for other in filing.rules)
        database.insert(statements.insert["consent_rule"], [_rule_row(rule_id, filing, rule, leaf=leaf)])
        for part in rule.parts:
            part_id = database.next_id("consent_part", "part")
            database.insert(statements.insert["consent_part"], [_part_row(part_id, rule_id, part)])
            database.insert(statements.insert["consent_key"], _key_rows(part_id, part))


def _rule_row(rule_id: int, filing: Filing, rule: Rule, *, leaf: bool) -> Row:
    return {
        "rule": rule_id,
        "consent": filing.consent,
        "patient": filing.patient,
        "path": rule.path,
        "because": f"Consent/{filing.consent}/_history/{filing.version}#{rule.path}",
        "deny": int(rule.deny),
        "named": int(rule.names_recipient),
        "labelled": int(rule.names_labels),
        "leaf": int(leaf),
        "valid_from": rule.valid_from,
        "valid_to": rule.valid_to,
    }


def _part_row(part_id: int, rule_id: int, part: Part) -> Row:
    labels = part.labels
    return {
        "part": part_id,
        "rule": rule_id,
        "deny": int(part.deny),
        "stated": sum(keys is not None for keys in (part.actors, part.purposes, part.classes, part.codes)),
        "any_purpose": int(part.purposes is None),
        "any_label": int(labels is None),
        "low": _NO_RANK if labels is None or labels.low is None else labels.low,
        "high": -1 if labels is None or labels.high is None else labels.high,
        "ceiling": -1 if labels is None else labels.ceiling,
        "narrow": int(labels is not None and bool(labels.narrow)),
        "part2": int(labels is not None and labels.part2),
    }


def _key_rows(part_id: int, part: Part) -> list[Row]:
    keys: Mapping[str, Sequence[str]] = {
        "actor": sorted(part.actor_keys),
        "purpose": sorted(part.purposes or ()),
        "class": [fence(key) for key in sorted(part.classes or ())],
        "code": [fence(key) for key in sorted(part.codes or ())],
        "narrow": [fence(key) for key in sorted(part.labels.narrow if part.labels else ())],
        "wide": [fence(key) for key in sorted(part.labels.wide if part.labels else ())],
    }
    return [{"part": part_id, "dimension": name, "key": key} for name, held in keys.items() for key in held]

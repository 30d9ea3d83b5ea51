"""A decision vector judged: by `decide`, and by the predicate over what a database holds.

Each world is written into one open transaction, asked about, and undone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from careplan_service.access.consent.decide import Decision, decide, questions
from careplan_service.access.consent.rules import rules_of
from careplan_service.access.filters import Filter, Is, Represented, all_of, any_of
from careplan_service.cli.check.vectors import Document, Vector, updated
from careplan_service.interactions.records import Changes, Stored, Write
from careplan_service.interactions.undone import undone
from careplan_service.resources.directory import edges_of
from careplan_service.resources.registry import SERVED
from careplan_service.store.records import SqlRecords


class Answer(NamedTuple):
    """What one judge says: `permit` or `deny`, and what differs from what the vector expects."""

    decision: str
    differs: str


def in_python(vector: Vector) -> Answer:
    """The decision of the evaluator, compared in everything that the vector states."""
    current = vector.record(vector.current) if vector.current else None
    found = decide(
        vector.request,
        vector.record(vector.resource),
        vector.compiled,
        vector.directory,
        vector.door.choices,
        current,
    )
    expected, told = vector.expected, _told(found)
    wrong = [
        f"{name} is `{told[name]}`, not `{expected[name]}`"
        for name in told
        if name in expected and _plain(expected[name]) != _plain(told[name])
    ]
    return Answer(found.decision, "; ".join(wrong))


def in_a_database(vector: Vector, records: SqlRecords) -> Answer:
    """What the predicate lets through, and by which provision where one consent permits it."""
    with undone(records) as changes:
        for document in (*vector.documents, *vector.consents):
            if document["resourceType"] in SERVED:
                _put(changes, vector, document, None)
        before: Stored | None = None
        for document in (vector.resource, *([vector.current] if vector.current else [])):
            before = _put(changes, vector, document, before)
        type_, id_ = vector.resource["resourceType"], vector.resource["id"]
        found = records.version(type_, id_, 1, seen_by(vector))
    decision = "permit" if found else "deny"
    wanted = vector.expected["decision"]
    differs = "" if decision == wanted else f"decision is `{decision}`, not `{wanted}`"
    if found and found.because and not differs:
        by = f"Consent/{vector.expected['consent']}/_history/1#{vector.expected['provision']}"
        differs = "" if found.because == by else f"it is permitted by `{found.because}`, not `{by}`"
    return Answer(decision, differs)


def seen_by(vector: Vector) -> Filter:
    """What the caller of a vector may see."""
    request = vector.request
    opened: list[Filter] = [all_of(*questions(request, vector.door.choices))]
    if request.relative:
        opened.append(Represented(request.relative, request.now))
    if request.patient:
        opened.append(all_of(Is("patient", request.patient), Is("others", "0")))
    return any_of(*opened)


def _put(changes: Changes, vector: Vector, document: Document, before: Stored | None) -> Stored:
    spec, base_url = SERVED[document["resourceType"]], vector.door.base_url
    rules = rules_of(document, vector.door) if spec.name == "Consent" else ()
    facts, edges = spec.facts(document, base_url), edges_of(document, base_url)
    write = Write(spec.name, document["id"], "PUT", lambda version, at: b"{}", facts, rules, edges)
    return changes.put(write, before, updated(document), "Organization/custodian")


def _told(found: Decision) -> Mapping[str, Any]:
    return {
        "decision": found.decision,
        "reason": found.reason,
        "consent": found.consent,
        "provision": found.provision,
        "obligations": found.obligations,
        "overrides": found.overridden,
    }


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return sorted(str(one).removeprefix("Consent/") for one in value)
    return str(value or "").removeprefix("Consent/")

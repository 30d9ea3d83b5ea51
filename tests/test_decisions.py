"""Consent cases kept as data: our own in `fixtures/decisions`, and the public vectors where they are at hand.

Each is decided twice: by the rules in plain Python and by the database, with the same answer.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from access.loaded import EVERYBODY
from careplan_service.access import filters as f
from careplan_service.access.consent.decision import Compiled, permits
from careplan_service.access.consent.rules import Door, rules_of
from careplan_service.access.consent.terminology import purpose_and_ancestors
from careplan_service.access.facts import Record
from careplan_service.access.instants import span
from careplan_service.cli.check.judging import in_a_database, in_python
from careplan_service.cli.check.vectors import Vector, vectors_in
from careplan_service.errors import Invalid
from careplan_service.interactions.records import Stored, Write
from careplan_service.interactions.undone import undone
from careplan_service.resources import r4
from careplan_service.resources.registry import SERVED
from careplan_service.store.database import Database
from careplan_service.store.records import SqlRecords

Document = dict[str, Any]
FOLDER = Path(__file__).parents[1] / "fixtures" / "decisions"
FILES = {path.stem: json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))}
CASES = [(name, case) for name, file in FILES.items() for case in file["cases"]]
REFUSED = [case for _, case in CASES if case["expected"] == "refused"]
DECIDED = [(FILES[name], case) for name, case in CASES if case["expected"] != "refused"]


@pytest.fixture
def records(database_url: str) -> Iterator[SqlRecords]:
    database = Database(database_url)
    yield SqlRecords(database, audited=False)
    database.close()


def seen_by(request: Mapping[str, Any]) -> f.Filter:
    """What the caller of a case may see: every purpose it asserts must be permitted."""
    now = span(request["time"])[0]
    return f.all_of(
        *(
            f.Consented((request.get("organization", ""),), purpose_and_ancestors(p) if p else (), now)
            for p in request["purpose"] or [""]
        )
    )


def compiled(consents: Sequence[Document], door: Door) -> list[tuple[str, Compiled]]:
    """The rules of each Consent with its patient; raises Invalid when one cannot be enforced."""
    return [
        (SERVED["Consent"].facts(c, door.base_url).patient, Compiled(rules_of(c, door))) for c in consents
    ]


def decided(request: Mapping[str, Any], resource: Document, consents: Sequence[Document], door: Door) -> bool:
    """The decision in plain Python."""
    by_patient: dict[str, list[Compiled]] = {}
    for patient, rules in compiled(consents, door):
        by_patient.setdefault(patient, []).append(rules)
    seen = seen_by(request)
    asked = seen.parts if isinstance(seen, f.All) else (seen,)
    facts = SERVED[resource["resourceType"]].facts(resource, door.base_url)
    return all(permits(one, Record(facts), by_patient) for one in asked if isinstance(one, f.Consented))


def in_the_database(
    records: SqlRecords,
    request: Mapping[str, Any],
    versions: Sequence[Document],
    consents: Sequence[Document],
    door: Door,
) -> Stored | None:
    """The first of the versions as this request finds it, with the consents in force."""
    with undone(records) as changes:
        for document in consents:
            facts = SERVED["Consent"].facts(document, door.base_url)
            write = Write(
                "Consent", document["id"], "PUT", lambda v, at: b"{}", facts, rules_of(document, door)
            )
            changes.put(write, None, 0, "Organization/agency")
        before, resource = None, versions[0]
        for document in versions:
            facts = SERVED[document["resourceType"]].facts(document, door.base_url)
            write = Write(document["resourceType"], document["id"], "PUT", lambda v, at: b"{}", facts)
            before = changes.put(write, before, 0, "Organization/agency")
        seen = seen_by(request)
        found = records.version(resource["resourceType"], resource["id"], 1, seen)
        if len(versions) == 1:
            listed = records.find(resource["resourceType"], seen, EVERYBODY)
            assert [s.id for s in listed] == ([resource["id"]] if found else [])
    return found


def door_of(file: Mapping[str, Any]) -> Door:
    return Door("http://127.0.0.1:8000", frozenset(file["custodians"]))


def test_every_decision_case_is_decided_as_it_says_in_plain_python() -> None:
    wrong = [
        case["name"]
        for file, case in DECIDED
        if decided(case["request"], case["resource"], case["consents"], door_of(file))
        is not (case["expected"] == "permit")
    ]
    assert not wrong
    assert len(DECIDED) > 70


def test_every_decision_case_is_decided_as_it_says_in_the_database(records: SqlRecords) -> None:
    wrong = []
    for file, case in DECIDED:
        found = in_the_database(records, case["request"], [case["resource"]], case["consents"], door_of(file))
        because = found.because.replace("/_history/1", "").removeprefix("Consent/") if found else None
        if because != case.get("because"):
            wrong.append((case["name"], because))
    assert not wrong


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case["name"])
def test_a_consent_that_cannot_be_enforced_is_refused_with_every_expression(case: Document) -> None:
    with pytest.raises(Invalid) as refused:
        rules_of(case["consents"][0], Door("http://127.0.0.1:8000"))
    assert sorted(fault.expression or "" for fault in refused.value.faults) == sorted(case["expressions"])


def test_the_decision_cases_are_valid_resources_with_names_of_their_own() -> None:
    documents = [d for _, case in CASES for d in (*case["consents"], case.get("resource")) if d]
    assert not [(d["id"], fault) for d in documents for fault in r4.check(d, d["resourceType"])]
    names = [case["name"] for _, case in CASES]
    assert len(names) == len(set(names))


# The public vectors.


@pytest.fixture(scope="session")
def vectors(shared: Path) -> list[Vector]:
    return list(vectors_in(shared / "vectors" / "consent-decisions.json"))


def test_the_evaluator_decides_every_vector_as_it_says(vectors: list[Vector]) -> None:
    wrong = [(vector.id, answer.differs) for vector in vectors if (answer := in_python(vector)).differs]
    assert not wrong
    assert len(vectors) >= 127


def test_the_database_decides_every_vector_as_it_says(vectors: list[Vector], records: SqlRecords) -> None:
    wrong = [(v.id, answer.differs) for v in vectors if (answer := in_a_database(v, records)).differs]
    assert not wrong


def test_what_a_vector_calls_unenforceable_is_refused_when_it_is_filed(vectors: list[Vector]) -> None:
    kept = [vector for vector in vectors if vector.expected["reason"] == "UNENFORCEABLE"]
    assert len(kept) >= 8
    assert all(vector.refused for vector in kept)

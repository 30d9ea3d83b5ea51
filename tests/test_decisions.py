"""Consent cases kept as data: our own in `fixtures/decisions`, and the public vectors where they are at hand.

Each is decided twice: by the rules in plain Python and by the database, with the same answer.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from access.loaded import EVERYBODY, undone
from careplan_service.access import filters as f
from careplan_service.access.consent.decision import Compiled, permits
from careplan_service.access.consent.rules import Door, rules_of
from careplan_service.access.consent.terminology import purpose_and_ancestors
from careplan_service.access.facts import Record
from careplan_service.access.instants import span
from careplan_service.errors import Invalid
from careplan_service.interactions.desk import Stored, Write
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

# Strict vectors that this part of the service is known to answer too widely, and why.
NOT_YET = {"EDGE-003": "a deny of an organisation does not reach the organisations that are part of it"}


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
    return [(SERVED["Consent"].facts(c, door.base_url).patient, Compiled(rules_of(c, door))) for c in consents]


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
def vectors(shared: Path) -> list[Document]:
    """The decision vectors of the product's own profile, with their settings worked out."""
    file = json.loads((shared / "vectors" / "consent-decisions.json").read_text())
    chosen = []
    for vector in file["vectors"]:
        if vector["kind"] == "decision" and vector["settings"]["profile"] == "strict":
            overrides = vector["settings"].get("overrides") or {}
            settings = {**file["profiles"]["strict"], **overrides}
            base_url = settings["base_urls"][0].removesuffix("/fhir")
            door = Door(base_url, frozenset(settings["our_orgs"]))
            chosen.append({**vector, "door": door, "changed": set(overrides) - {"our_orgs"}})
    return chosen


def enforced(vector: Document) -> bool:
    """Whether every Consent of the vector is taken."""
    try:
        compiled(vector["consents"], vector["door"])
    except Invalid:
        return False
    return True


def within_reach(vector: Document) -> bool:
    """Whether the vector asks only for what is decided so far: organisations, purposes, moments, reads."""
    plain = set(vector["request"]) <= {"organization", "purpose", "interaction", "time"}
    reads = vector["request"]["interaction"] in ("read", "vread")
    return plain and reads and not vector["changed"] and "world" not in vector and enforced(vector)


def versions_of(vector: Document) -> list[Document]:
    return [vector["resource"], *([vector["currentVersion"]] if "currentVersion" in vector else [])]


def decided_in_python(vector: Document) -> bool:
    return all(
        decided(vector["request"], version, vector["consents"], vector["door"])
        for version in versions_of(vector)
    )


def test_the_vectors_within_reach_are_decided_as_they_say(
    vectors: list[Document], records: SqlRecords
) -> None:
    chosen = [v for v in vectors if within_reach(v)]
    print(f"{len(chosen)} of {len(vectors)} strict vectors are within reach")
    wrong = []
    for v in chosen:
        expected = v["expected"]["decision"] == "permit"
        found = in_the_database(records, v["request"], versions_of(v), v["consents"], v["door"])
        if decided_in_python(v) is not expected or (found is not None) is not expected:
            wrong.append((v["id"], v["title"]))
    assert not wrong
    assert len(chosen) >= 40


def test_no_vector_that_says_deny_is_permitted(vectors: list[Document], records: SqlRecords) -> None:
    refusing = [
        v for v in vectors if v["expected"]["decision"] == "deny" and not v["changed"] and enforced(v)
    ]
    in_python = {v["id"] for v in refusing if decided_in_python(v)}
    in_sql = {
        v["id"]
        for v in refusing
        if in_the_database(records, v["request"], versions_of(v), v["consents"], v["door"])
    }
    assert in_python == in_sql == set(NOT_YET)


def test_a_vector_out_of_reach_is_refused_or_denied_and_never_quietly_permitted(
    vectors: list[Document],
) -> None:
    out = [v for v in vectors if not within_reach(v) and not v["changed"]]
    quiet = [v["id"] for v in out if enforced(v) and decided_in_python(v)]
    print(f"{len(out)} out of reach, {sum(not enforced(v) for v in out)} of them refused with 422")
    assert set(quiet) == set(NOT_YET)

"""One rule against one request and one version: narrowly for a permit, widely for a deny."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from builders import ACT_CODE, ACT_REASON, CONFIDENTIALITY, PARTNER, STRANGER, a_consent, a_provision, coding
from careplan_service.access.consent.decision import Compiled, permits
from careplan_service.access.consent.directory import NOBODY
from careplan_service.access.consent.matching import asked_by, matches
from careplan_service.access.consent.rules import Door, Rule, rules_of
from careplan_service.access.consent.terminology import covered_labels, label_key, purpose_and_ancestors
from careplan_service.access.facts import Facts, Record
from careplan_service.access.filters import Consented
from careplan_service.access.instants import span
from careplan_service.access.labels import UNLABELLED, labels_of

NOW = span("2026-06-01T12:00:00Z")[0]
ANN = "Patient/ann"


def rule(type_: str, to: str | None = PARTNER, **stated: Any) -> Rule:
    return rules_of(a_consent(ANN, a_provision(type_, to, **stated)), Door(""))[0]


def about(*labels: dict[str, str], **facts: Any) -> Facts:
    read = labels_of({"meta": {"security": list(labels)}}) if labels else UNLABELLED
    none: frozenset[str] = frozenset()
    return replace(Facts("Goal", ANN, none, read, none, none, none, ()), **facts)


def asking(purpose: str = "COC", by: str = PARTNER, at: int = NOW, **more: Any) -> Consented:
    return Consented((by,), purpose_and_ancestors(purpose) if purpose else (), at, **more)


def level(code: str) -> dict[str, str]:
    return coding(CONFIDENTIALITY, code)


def kind(code: str) -> dict[str, str]:
    return coding(ACT_CODE, code)


N, R, V, L = level("N"), level("R"), level("V"), level("L")
PSY, HIV, SUD, BH = kind("PSY"), kind("HIV"), kind("SUD"), kind("BH")

# dimension stated by the rule, request, version -> does a permit match, does a deny match
TABLE: list[tuple[dict[str, Any], Consented, Facts, bool, bool]] = [
    ({}, asking(), about(), True, True),
    ({}, asking(by=STRANGER), about(), False, False),
    ({"to": None}, asking(), about(), False, True),
    ({"role": "TRC"}, asking(), about(), False, True),
    ({"purpose": ["TREAT"]}, asking("COC"), about(), True, True),
    ({"purpose": ["TREAT"]}, asking("BTG"), about(), True, True),
    ({"purpose": ["COC"]}, asking("TREAT"), about(), False, False),
    ({"purpose": ["PurposeOfUse"]}, asking("CLINTRCHPC"), about(), True, True),
    ({"purpose": ["HPAYMT", "TREAT"]}, asking("COC"), about(), True, True),
    ({"purpose": ["TREAT"]}, asking(""), about(), False, True),
    ({}, asking(""), about(), True, True),
    ({"classes": ["Goal"]}, asking(), about(), True, True),
    ({"classes": ["CarePlan"]}, asking(), about(), False, False),
    ({"classes": ["CarePlan", "Goal"]}, asking(), about(), True, True),
    (
        {"codes": ["food"]},
        asking(),
        about(primary=frozenset({"D|food"}), codes=frozenset({"D|food"})),
        True,
        True,
    ),
    ({"codes": ["food"]}, asking(), about(codes=frozenset({"D|food"})), False, True),
    (
        {"codes": ["food"]},
        asking(),
        about(primary=frozenset({"E|food"}), codes=frozenset({"E|food"})),
        False,
        False,
    ),
    ({"labels": ["R"]}, asking(), about(), True, False),
    ({"labels": ["R"]}, asking(), about(L), True, False),
    ({"labels": ["R"]}, asking(), about(R), True, True),
    ({"labels": ["R"]}, asking(), about(V), False, True),
    ({"labels": ["N", "V"]}, asking(), about(V), True, True),
    ({"labels": ["N", "V"]}, asking(), about(L), True, False),
    ({"labels": ["R"]}, asking(), about(PSY), True, True),
    ({"labels": ["N"]}, asking(), about(PSY), False, True),
    ({"labels": ["PSY"]}, asking(), about(PSY), True, True),
    ({"labels": ["PSY"]}, asking(), about(PSY, V), False, True),
    ({"labels": ["PSY", "V"]}, asking(), about(PSY, V), True, True),
    ({"labels": ["PSY"]}, asking(), about(PSY, HIV), False, True),
    ({"labels": ["PSY", "HIV"]}, asking(), about(PSY, HIV), True, True),
    ({"labels": ["PSY"]}, asking(), about(), False, False),
    ({"labels": ["PSY"]}, asking(), about(R), False, False),
    ({"labels": ["PSY", "N"]}, asking(), about(), True, True),
    ({"labels": ["BH"]}, asking(), about(PSY), False, True),
    ({"labels": ["SPI"]}, asking(), about(PSY), True, True),
    ({"labels": ["ETH"]}, asking(), about(kind("ETHUD")), False, True),
    ({"labels": ["R"]}, asking(), about(SUD), False, True),
    ({"labels": ["SUD"]}, asking(), about(kind("OPIOIDUD")), True, True),
    ({}, asking(), about(R), False, True),
    ({}, asking(), about(N), True, True),
    ({}, asking(), about(SUD, N), False, True),
    ({"period": {"end": "2026-05"}}, asking(), about(), False, False),
    (
        {"period": {"start": "2026-06-01T12:00:00Z", "end": "2026-06-01T12:00:00Z"}},
        asking(),
        about(),
        True,
        True,
    ),
    ({"period": {"start": "2026-06-02"}}, asking(), about(), False, False),
]


@pytest.mark.parametrize("row", range(len(TABLE)))
def test_a_permit_is_matched_narrowly_and_a_deny_widely(row: int) -> None:
    stated, asked, facts, permit, deny = TABLE[row]
    stated = {"to": PARTNER, **stated}
    if "codes" in stated:
        stated["code"] = [{"coding": [coding("D", code)]} for code in stated.pop("codes")]
    if "purpose" in stated:
        stated["purpose"] = [coding(ACT_REASON, code) for code in stated["purpose"]]
        provision = {"purpose": stated.pop("purpose")}
    else:
        provision = {}
    to, role = stated.pop("to"), stated.pop("role", "IRCP")

    def compiled(type_: str) -> Rule:
        document = {**a_provision(type_, to, role, **stated), **provision}
        return rules_of(a_consent(ANN, document), Door(""))[0]

    who, version = asked_by(asked, NOBODY), Record(facts)
    assert matches(compiled("permit"), who, version) is permit
    assert matches(compiled("deny"), who, version) is deny


PERMIT, DENY = Compiled((rule("permit"),)), Compiled((rule("deny"),))
OTHERS = about(other_patients=frozenset({"Patient/ben"}))
NOBODYS = about(patient="")
BENS = about(patient="", other_patients=frozenset({"Patient/ben"}))
TAGGED = about(coding(ACT_REASON, "HRESCH"))
STAFF = asking(workforce=True)

DECISIONS: list[tuple[str, Consented, Facts, dict[str, Any], bool]] = [
    ("nobody said anything", asking(), about(), {}, False),
    ("a permit", asking(), about(), {ANN: [PERMIT]}, True),
    ("a deny beside it", asking(), about(), {ANN: [PERMIT, DENY]}, False),
    ("the other order", asking(), about(), {ANN: [DENY, PERMIT]}, False),
    ("another client's", asking(), about(), {"Patient/ben": [PERMIT]}, False),
    ("one of two clients", asking(), OTHERS, {ANN: [PERMIT]}, False),
    ("both clients", asking(), OTHERS, {ANN: [PERMIT], "Patient/ben": [PERMIT]}, True),
    ("no client at all", asking(), NOBODYS, {"": [PERMIT]}, False),
    ("a client beside nobody", asking(), BENS, {"Patient/ben": [PERMIT]}, False),
    ("staff need no consent", STAFF, about(), {}, True),
    ("a deny binds staff", STAFF, about(), {ANN: [DENY]}, False),
    ("staff, no client at all", STAFF, NOBODYS, {}, True),
    ("staff, a rule about nobody", STAFF, NOBODYS, {"": [DENY]}, True),
    ("staff, a client beside nobody", STAFF, BENS, {}, True),
    ("staff, a deny beside nobody", STAFF, BENS, {"Patient/ben": [DENY]}, False),
    ("staff, one of two clients denies", STAFF, OTHERS, {"Patient/ben": [DENY]}, False),
    ("a tag for another purpose", asking(), TAGGED, {ANN: [PERMIT]}, False),
    ("a tag that covers the purpose", asking("CLINTRCH"), TAGGED, {ANN: [PERMIT]}, True),
    ("a tag and no purpose", asking(""), TAGGED, {ANN: [PERMIT]}, False),
    ("a tag does not bind staff", STAFF, TAGGED, {}, True),
]


@pytest.mark.parametrize("row", DECISIONS, ids=lambda row: row[0])
def test_the_decision(row: tuple[str, Consented, Facts, dict[str, Any], bool]) -> None:
    _, asked, facts, consents, expected = row
    assert permits(asked, Record(facts), consents) is expected


def test_the_deepest_matched_exception_decides_on_each_branch() -> None:
    provision = a_provision("permit", PARTNER, provision=[a_provision("deny", classes=["Goal"])])
    consent = Compiled(rules_of(a_consent(ANN, provision), Door("")))
    assert not permits(asking(), Record(about()), {ANN: [consent]})
    assert permits(asking(), Record(about(type="CarePlan")), {ANN: [consent]})


def test_codes_of_one_meaning_have_one_key_whatever_their_system() -> None:
    for system in ("http://hl7.org/fhir/v3/ActCode", "urn:oid:2.16.840.1.113883.5.4", CONFIDENTIALITY):
        assert label_key(system, "HIV") == "HIV"
    assert label_key("http://example.org/labels", "HIV") == "http://example.org/labels|HIV"


def test_a_list_of_labels_covers_more_in_a_deny_than_in_a_permit() -> None:
    assert covered_labels(["BH"], widely=False) == {"BH"}
    assert {"BH", "PSY", "SUD", "OPIOIDUD"} <= covered_labels(["BH"], widely=True)
    for code in ("SPI", "SUD", "BH", "ETH", "HIV"):
        assert covered_labels([code], widely=False) <= covered_labels([code], widely=True)


def test_a_purpose_is_covered_by_itself_and_its_ancestors() -> None:
    assert purpose_and_ancestors("BTG") == ("BTG", "ETREAT", "PurposeOfUse", "TREAT")
    assert purpose_and_ancestors("ELIGVER") == ("COVERAGE", "ELIGVER", "HPAYMT", "PurposeOfUse")
    assert purpose_and_ancestors("unheard-of") == ("unheard-of",)

"""Consent to flat rules: what is refused with which expression, what is inherited, what is dropped."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from builders import (
    ACT_CODE,
    ACT_REASON,
    AGENCY,
    CONSENT_SCOPE,
    DOMAIN,
    FOOD,
    HOUSING,
    PARTICIPATION,
    PARTNER,
    STRANGER,
    a_consent,
    a_provision,
    coding,
    concept,
)
from careplan_service.access.consent.dimensions import Part
from careplan_service.access.consent.rules import Door, Rule, is_sharing, rules_of
from careplan_service.access.instants import BEGINNING, END, span
from careplan_service.errors import Invalid

ANN = "Patient/ann"
BASE_URL = "http://127.0.0.1:8000"
DOOR = Door(BASE_URL, frozenset({AGENCY}))
EXTENSION = [{"url": "http://example.org/narrower", "valueBoolean": True}]
Document = dict[str, Any]


def to_partner(type_: str = "permit", **stated: Any) -> Document:
    return a_provision(type_, PARTNER, **stated)


def rules(provision: Document | None, **more: Any) -> tuple[Rule, ...]:
    return rules_of(a_consent(ANN, provision, **more), DOOR)


def refused(consent: Document) -> list[str]:
    with pytest.raises(Invalid) as problem:
        rules_of(consent, DOOR)
    assert problem.value.status == 422
    assert all(fault.text == fault.text.strip() and "\n" not in fault.text for fault in problem.value.faults)
    return sorted(fault.expression or "" for fault in problem.value.faults)


def an_actor(role: str = "IRCP", **reference: Any) -> list[Document]:
    return [{"role": concept(PARTICIPATION, role), "reference": reference}]


UNENFORCEABLE: dict[str, tuple[Document, list[str]]] = {
    "data elsewhere": (
        {"data": [{"meaning": "instance", "reference": {"reference": "https://elsewhere.example/Goal/1"}}]},
        ["data[0]"],
    ),
    "data by display": (
        {"data": [{"meaning": "related", "reference": {"display": "the goal"}}]},
        ["data[0]"],
    ),
    "an action nobody knows": ({"action": [concept("http://example.org/action", "access")]}, ["action[0]"]),
    "an actor that is a place": ({"actor": an_actor(reference="Location/1")}, ["actor[0].reference"]),
    "an actor by display": ({"actor": an_actor(display="the food bank")}, ["actor[0].reference"]),
    "an actor by identifier": ({"actor": an_actor(identifier={"value": "7"})}, ["actor[0].reference"]),
    "an organisation elsewhere": (
        {"actor": an_actor(reference="https://elsewhere.example/fhir/Organization/1")},
        ["actor[0].reference"],
    ),
    "the custodian of the data by display": ({"actor": an_actor("CST", display="x")}, ["actor[0].reference"]),
    "an author by identifier": (
        {"actor": an_actor("AUT", identifier={"system": "http://example.org", "value": "7"})},
        ["actor[0].reference"],
    ),
    "a custodian who is a person": (
        {"actor": an_actor("CST", reference="Practitioner/1")},
        ["actor[0].reference"],
    ),
    "a class of an unknown system": ({"class": [coding("http://example.org/c", "Goal")]}, ["class[0]"]),
    "a class that is no type": (
        {"class": [coding("http://hl7.org/fhir/resource-types", "goal")]},
        ["class[0]"],
    ),
    "an abstract type": ({"class": [coding("http://hl7.org/fhir/resource-types", "Resource")]}, ["class[0]"]),
    "a class without system": ({"class": [{"code": "Goal"}]}, ["class[0]", "class[0]"]),
    "a code that is only text": ({"code": [{"text": "food"}]}, ["code[0]"]),
    "a code without system": ({"code": [{"coding": [{"code": FOOD}]}]}, ["code[0].coding[0]"]),
    "a coding without code": ({"code": [{"coding": [{"system": DOMAIN}]}]}, ["code[0].coding[0]"]),
    "a purpose without system": ({"purpose": [{"code": "TREAT"}]}, ["purpose[0]"]),
    "a label without system": ({"securityLabel": [{"code": "R"}]}, ["securityLabel[0]"]),
    "a modifier": ({"modifierExtension": EXTENSION}, ["modifierExtension"]),
    "an extension": ({"extension": EXTENSION}, ["extension"]),
    "an extension of the type": ({"_type": {"extension": EXTENSION}}, ["_type"]),
    "an extension of the period": ({"period": {"extension": EXTENSION}}, ["period.extension"]),
    "an extension of a date": (
        {"period": {"start": "2026", "_start": {"extension": EXTENSION}}},
        ["period._start.extension"],
    ),
    "an extension of a label": (
        {"securityLabel": [{**coding(ACT_CODE, "PSY"), "extension": EXTENSION}]},
        ["securityLabel[0].extension"],
    ),
    "an element of another version of FHIR": ({"actors": []}, ["actors"]),
}


@pytest.mark.parametrize("where", ["provision", "provision.provision[0]"])
@pytest.mark.parametrize("name", UNENFORCEABLE)
@pytest.mark.parametrize("type_", ["permit", "deny"])
def test_what_no_rule_enforces_is_refused_with_its_expression(name: str, where: str, type_: str) -> None:
    stated, expected = deepcopy(UNENFORCEABLE[name])
    provision: Document = {"type": type_, **stated}
    if where != "provision":
        provision = to_partner(provision=[provision])
    assert refused(a_consent(ANN, provision)) == sorted(f"Consent.{where}.{element}" for element in expected)


def test_a_modifier_on_an_actor_is_refused() -> None:
    provision = to_partner()
    provision["actor"][0]["modifierExtension"] = EXTENSION
    assert refused(a_consent(ANN, provision)) == ["Consent.provision.actor[0].modifierExtension"]


def test_a_fourth_level_is_refused() -> None:
    third = a_provision("permit", labels=["R"])
    deep = to_partner(provision=[a_provision("deny", provision=[third])])
    assert [rule.path for rule in rules(deep)][-1] == "provision.provision[0].provision[0]"
    third["provision"] = [a_provision("deny")]
    assert refused(a_consent(ANN, deep)) == ["Consent.provision.provision[0].provision[0].provision"]


@pytest.mark.parametrize("nested", [{}, {"type": "allow"}, {"purpose": [coding(ACT_REASON, "TREAT")]}])
def test_a_nested_provision_must_say_permit_or_deny(nested: Document) -> None:
    assert refused(a_consent(ANN, to_partner(provision=[nested]))) == ["Consent.provision.provision[0].type"]


FRAMES: dict[str, tuple[Document, list[str]]] = {
    "no patient": ({"patient": {}}, ["Consent.patient"]),
    "a patient by display": ({"patient": {"display": "Ann"}}, ["Consent.patient"]),
    "a patient elsewhere": (
        {"patient": {"reference": "https://elsewhere.example/fhir/Patient/1"}},
        ["Consent.patient"],
    ),
    "a group as patient": ({"patient": {"reference": "Group/1"}}, ["Consent.patient"]),
    "a modifier": ({"modifierExtension": EXTENSION}, ["Consent.modifierExtension"]),
    "a modifier below": (
        {"verification": [{"verified": True, "modifierExtension": EXTENSION}]},
        ["Consent.verification[0].modifierExtension"],
    ),
    "given by a practitioner": ({"performer": [{"reference": "Practitioner/1"}]}, ["Consent.performer[0]"]),
    "given by another patient": (
        {"performer": [{"reference": ANN}, {"reference": "Patient/ben"}]},
        ["Consent.performer[1]"],
    ),
    "a scope without its system": (
        {"scope": {"coding": [{"code": "patient-privacy"}]}},
        ["Consent.scope.coding[0].system"],
    ),
    "a scope of an unknown system": (
        {"scope": concept("http://example.org/scope", "research")},
        ["Consent.scope.coding[0].system"],
    ),
}


@pytest.mark.parametrize("name", FRAMES)
def test_a_frame_that_cannot_be_enforced_is_refused_with_its_expression(name: str) -> None:
    changed, expected = FRAMES[name]
    assert refused(a_consent(ANN, to_partner(), **changed)) == expected


def test_every_fault_is_told_at_once() -> None:
    provision = to_partner(
        code=[{"text": "x"}], provision=[{"code": [{"text": "x"}]}, a_provision("deny", actors=[])]
    )
    found = refused(a_consent(ANN, provision, patient={}, modifierExtension=EXTENSION))
    assert found == [
        "Consent.modifierExtension",
        "Consent.patient",
        "Consent.provision.code[0]",
        "Consent.provision.provision[0].type",
        "Consent.provision.provision[1].actors",
    ]


@pytest.mark.parametrize(
    "more",
    [{"status": status} for status in ("draft", "proposed", "rejected", "inactive", "entered-in-error")]
    + [{"scope": concept(CONSENT_SCOPE, scope)} for scope in ("treatment", "adr")]
    + [{"scope": {"text": "privacy"}}],
)
def test_a_consent_that_decides_nothing_is_taken_whatever_it_asks_for(more: Document) -> None:
    consent = a_consent(ANN, {"dataPeriod": {}, "modifierExtension": EXTENSION}, **more)
    assert not is_sharing(consent)
    assert rules_of(consent, DOOR) == ()


BASES: dict[str, tuple[Document | None, str, Any]] = {
    "the type of the root wins over opting in": (a_provision("deny"), "OPTIN", [("provision", True)]),
    "the type of the root wins over opting out": (a_provision("permit"), "OPTOUT", [("provision", False)]),
    "opted in without a provision": (None, "OPTIN", [("policyRule", False)]),
    "opted in with restrictions": (None, "OPTINR", [("policyRule", False)]),
    "opted out without a provision": (None, "OPTOUT", [("policyRule", True)]),
    "opted out with exceptions": (None, "OPTOUTE", [("policyRule", True)]),
    "opted out, one exception": (
        {"provision": [to_partner()]},
        "OPTOUT",
        [("provision", True), ("provision.provision[0]", False)],
    ),
    "opted in, one exception": (
        {"provision": [to_partner("deny")]},
        "OPTIN",
        [("provision", False), ("provision.provision[0]", True)],
    ),
    "opted in for a time": ({"period": {"start": "2026"}}, "OPTIN", [("provision", False)]),
    "opted in, a child of the same type": ({"provision": [to_partner()]}, "OPTIN", "Consent.provision.type"),
    "opted out, a child of the same type": (
        {"provision": [to_partner(), a_provision("deny")]},
        "OPTOUT",
        "Consent.provision.type",
    ),
    "no type but a condition": (
        {"purpose": [coding(ACT_REASON, "TREAT")]},
        "OPTIN",
        "Consent.provision.type",
    ),
    "no type and no policy": ({"provision": [to_partner()]}, "EMRGONLY", "Consent.provision.type"),
    "neither provision nor policy": (None, "EMRGONLY", "Consent.provision"),
}


@pytest.mark.parametrize("name", BASES)
def test_the_base_is_the_type_of_the_root_and_the_policy_rule_only_without_one(name: str) -> None:
    provision, policy, expected = BASES[name]
    consent = a_consent(ANN, provision, policyRule=concept(ACT_CODE, policy))
    if isinstance(expected, str):
        assert expected in refused(consent)
    else:
        assert [(rule.path, rule.deny) for rule in rules_of(consent, DOOR)] == expected


def test_a_policy_rule_that_says_both_is_no_base() -> None:
    both = {"coding": [coding(ACT_CODE, "OPTIN"), coding(ACT_CODE, "OPTOUT")]}
    assert refused(a_consent(ANN, None, policyRule=both)) == ["Consent.provision"]


# Inheritance: docs/consent-in-detail.md


def stated(part: Part) -> set[str]:
    names = ("actors", "purposes", "classes", "codes", "labels")
    return {name for name in names if getattr(part, name) is not None} | ({"deny"} if part.deny else set())


def test_a_deny_below_a_permit_inherits_what_it_does_not_state_and_replaces_what_it_does() -> None:
    root, nested = rules(
        to_partner(
            purpose=["TREAT"], labels=["N"], provision=[a_provision("deny", labels=["R"], codes=[FOOD])]
        )
    )
    assert [stated(part) for part in root.parts] == [{"actors", "purposes", "labels"}]
    assert [stated(part) for part in nested.parts] == [
        {"actors", "purposes", "deny"},
        {"labels", "codes", "deny"},
    ]


def test_a_permit_below_a_permit_replaces_what_it_states() -> None:
    _, nested = rules(to_partner(labels=["N"], provision=[a_provision("permit", labels=["R"])]))
    assert [stated(part) for part in nested.parts] == [{"actors"}, {"labels"}]
    assert nested.names_recipient
    assert nested.names_labels


def test_a_permit_below_a_deny_stays_inside_it_read_both_ways() -> None:
    _, nested = rules(to_partner("deny", codes=[FOOD], provision=[a_provision("permit", codes=[HOUSING])]))
    assert [stated(part) for part in nested.parts] == [
        {"actors", "codes", "deny"},
        {"actors", "codes"},
        {"codes"},
    ]
    assert not nested.deny


def test_a_recipient_of_a_child_replaces_that_of_its_permit() -> None:
    _, nested = rules(to_partner(provision=[a_provision("permit", STRANGER)]))
    assert [part.actor_keys for part in nested.parts] == [{STRANGER}]


def test_a_root_that_states_nothing_has_no_parts() -> None:
    (rule,) = rules(a_provision("deny"))
    assert rule.parts == ()
    assert not rule.names_recipient


def test_periods_are_intersected_down_the_tree() -> None:
    period, inner = {"start": "2026-01", "end": "2026-06"}, {"start": "2026-03", "end": "2027"}
    _, nested = rules(to_partner(period=period, provision=[a_provision("deny", period=inner)]))
    assert (nested.valid_from, nested.valid_to) == (span("2026-03")[0], span("2026-06")[1])
    (open_,) = rules(to_partner())
    assert (open_.valid_from, open_.valid_to) == (BEGINNING, END)


def test_roles_that_receive_help_a_permit_and_all_count_in_a_deny() -> None:
    for role in ("IRCP", "PRCP", "GRANTEE", "DELEGATEE", "POWATT", "HPOWATT"):
        (permit,) = rules(a_provision("permit", PARTNER, role))
        assert permit.parts[0].actor_keys == {PARTNER}
    (permit,) = rules(a_provision("permit", PARTNER, "TRC"))
    (deny,) = rules(a_provision("deny", PARTNER, "TRC"))
    assert (permit.parts[0].actor_keys, deny.parts[0].actor_keys) == (frozenset(), {PARTNER})


def test_a_role_counts_in_its_own_systems_only() -> None:
    actor = [{"role": concept("http://example.org/roles", "IRCP"), "reference": {"reference": PARTNER}}]
    (permit,) = rules(a_provision("permit", actor=actor))
    assert permit.parts[0].actor_keys == frozenset()


@pytest.mark.parametrize("reference", [f"{BASE_URL}/fhir/{PARTNER}", f"{PARTNER}/_history/3"])
def test_our_own_addresses_are_local_references(reference: str) -> None:
    (rule,) = rules(a_provision("permit", actor=an_actor(reference=reference)))
    assert rule.parts[0].actor_keys == {PARTNER}
    assert rules(
        to_partner(), patient={"reference": f"{BASE_URL}/fhir/{ANN}"}, performer=[{"reference": ANN}]
    )


@pytest.mark.parametrize(
    "more",
    [
        {"verification": [{"verified": False}]},
        {"verification": [{"verified": True}, {"verified": False}]},
        {"organization": [{"reference": STRANGER}]},
        {"organization": [{"reference": AGENCY}, {"reference": STRANGER}]},
        {"organization": [{"display": "the agency"}]},
    ],
)
def test_a_consent_not_verified_or_of_another_custodian_denies_and_permits_nothing(more: Document) -> None:
    provision = to_partner(provision=[a_provision("deny", codes=[FOOD])])
    assert [rule.deny for rule in rules(provision, **more)] == [True]


@pytest.mark.parametrize(
    "more", [{"verification": [{"verified": True}]}, {"organization": [{"reference": AGENCY}]}]
)
def test_a_verified_consent_of_this_custodian_permits(more: Document) -> None:
    assert [rule.deny for rule in rules(to_partner(), **more)] == [False]


def test_a_permit_begins_on_the_day_it_is_dated_and_a_deny_always_counts() -> None:
    provision = to_partner(provision=[a_provision("deny", codes=[FOOD])])
    permit, deny = rules(provision, dateTime="2026-07-01")
    assert (permit.valid_from, deny.valid_from) == (span("2026-07-01")[0], BEGINNING)
    (later,) = rules(to_partner(period={"start": "2026-08"}), dateTime="2026-07-01")
    assert later.valid_from == span("2026-08")[0]


def test_a_research_consent_decides_on_research_purposes_only() -> None:
    (rule,) = rules(to_partner(), scope=concept(CONSENT_SCOPE, "research"))
    assert rule.parts[-1] == Part(purposes=frozenset({"HRESCH"}))
    both = {"coding": [coding(CONSENT_SCOPE, "research"), coding(CONSENT_SCOPE, "patient-privacy")]}
    (rule,) = rules(to_partner(), scope=both)
    assert len(rule.parts) == 1

"""What each kind of caller may see: scope, own contribution, consent, in that order."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from builders import AGENCY, PARTNER, STRANGER, a_consent, a_provision
from careplan_service.access.caller import Caller
from careplan_service.access.consent.decision import Compiled
from careplan_service.access.consent.parts import Reach
from careplan_service.access.consent.rules import Door, rules_of
from careplan_service.access.facts import Facts
from careplan_service.access.filters import EVERYTHING, NOTHING, Consented, Filter, Is
from careplan_service.access.holds import Version, World, holds
from careplan_service.access.instants import span
from careplan_service.access.labels import UNLABELLED
from careplan_service.access.scope_text import parse_scopes
from careplan_service.access.view import known_to, require_scope, view_for, writable
from careplan_service.errors import Forbidden

ANN, NONE = "Patient/ann", frozenset[str]()
NOW = span("2026-06-01T12:00:00Z")[0]
GOAL = Version(Facts("Goal", ANN, NONE, UNLABELLED, NONE, NONE, NONE, ()), "g1", NOW, AGENCY)
CONSENT = replace(GOAL, facts=replace(GOAL.facts, type="Consent"))


def calling(kind: str, organization: str, *purposes: str, scopes: str = "system/*.cruds") -> Caller:
    return Caller("client", kind, organization, purposes, parse_scopes(scopes))


def consents(*provisions: dict[str, Any]) -> World:
    return World({ANN: [Compiled(rules_of(a_consent(ANN, p), Door(""))) for p in provisions]})


def person(
    kind: str, fhir_user: str, organization: str = AGENCY, scopes: str = "user/*.cruds", patient: str = ""
) -> Caller:
    return Caller("app", kind, organization, ("COC",), parse_scopes(scopes), 0, patient, fhir_user)


def about(*patients: str, **more: Any) -> Version:
    """A goal of the first patient that names the others."""
    facts = replace(GOAL.facts, patient=patients[0], other_patients=frozenset(patients[1:]))
    return replace(GOAL, facts=facts, **more)


def naming(actor: str, type_: str) -> World:
    """A rule that names a person: no Consent makes one yet (docs/adr/0008)."""
    (rule,) = rules_of(a_consent(ANN, a_provision(type_, PARTNER)), Door(""))
    part = replace(rule.parts[0], actors=Reach(frozenset({actor}), frozenset({actor})))
    return World({ANN: [Compiled((replace(rule, parts=(part,)),))]})


DANA = person("agency", "Practitioner/dana")
PAT = person("partner", "Practitioner/pat", PARTNER)
HERSELF = person("patient", ANN)
BEN, RELATIVE = "Patient/ben", person("related", "RelatedPerson/r", PARTNER)
RESOURCE_OF_RELATIVE = replace(GOAL, facts=replace(GOAL.facts, type="RelatedPerson"), id="r")

AGENCY_STAFF, FOOD_BANK = calling("agency", AGENCY, "COC"), calling("partner", PARTNER, "COC")
PERMIT, DENY = a_provision("permit", PARTNER), a_provision("deny", PARTNER)
DENY_ALL = a_provision("deny")


def sees(caller: Caller, version: Version, world: World, letter: str = "r") -> bool:
    return holds(view_for(caller, letter, version.facts.type, NOW), version, world)


SEEN: list[tuple[str, Caller, Version, World, bool]] = [
    ("a partner sees nothing by default", FOOD_BANK, GOAL, consents(), False),
    ("a partner sees what is permitted", FOOD_BANK, GOAL, consents(PERMIT), True),
    ("a deny wins", FOOD_BANK, GOAL, consents(PERMIT, DENY), False),
    ("its own contribution", FOOD_BANK, replace(GOAL, contributor=PARTNER), consents(), True),
    (
        "its own contribution in spite of a deny",
        FOOD_BANK,
        replace(GOAL, contributor=PARTNER),
        consents(DENY),
        True,
    ),
    ("its own, not current", FOOD_BANK, replace(GOAL, contributor=PARTNER, current=0), consents(), False),
    ("its own, deleted", FOOD_BANK, replace(GOAL, contributor=PARTNER, deleted=1), consents(PERMIT), False),
    ("deleted looks absent", FOOD_BANK, replace(GOAL, deleted=1), consents(PERMIT), False),
    ("an old version that is permitted", FOOD_BANK, replace(GOAL, current=0), consents(PERMIT), True),
    (
        "an app is no agency",
        calling("app", AGENCY, "COC"),
        replace(GOAL, contributor=STRANGER),
        consents(),
        False,
    ),
    ("the agency sees its clients' records", AGENCY_STAFF, GOAL, consents(), True),
    ("the agency sees deletions", AGENCY_STAFF, replace(GOAL, deleted=1), consents(), True),
    ("a deny for everybody binds the agency", AGENCY_STAFF, GOAL, consents(DENY_ALL), False),
    ("a deny for a partner does not", AGENCY_STAFF, GOAL, consents(DENY), True),
    ("the agency always finds its consents", AGENCY_STAFF, CONSENT, consents(DENY_ALL), True),
    ("a partner finds no consent by default", FOOD_BANK, CONSENT, consents(), False),
    ("staff in person", DANA, GOAL, consents(), True),
    ("staff in person, denied to all", DANA, GOAL, consents(DENY_ALL), False),
    ("staff in person, their organisation denied", DANA, GOAL, consents(a_provision("deny", AGENCY)), False),
    ("staff in person, she is denied", DANA, GOAL, naming("Practitioner/dana", "deny"), False),
    ("staff in person, another is denied", DANA, GOAL, naming("Practitioner/eve", "deny"), True),
    ("staff in person always find consents", DANA, CONSENT, consents(DENY_ALL), True),
    ("a partner's practitioner", PAT, GOAL, consents(), False),
    ("a partner's practitioner, permitted", PAT, GOAL, consents(PERMIT), True),
    ("a partner's practitioner, she is permitted", PAT, GOAL, naming("Practitioner/pat", "permit"), True),
    ("a partner's practitioner, she is denied too", PAT, GOAL, consents(PERMIT, DENY), False),
    ("a partner's practitioner, contributed", PAT, replace(GOAL, contributor=PARTNER), consents(), True),
    ("the patient", HERSELF, GOAL, consents(), True),
    ("the patient, denied to all", HERSELF, GOAL, consents(DENY_ALL), True),
    ("the patient, her consent", HERSELF, CONSENT, consents(DENY_ALL), True),
    ("the patient, of another", HERSELF, about(BEN), consents(PERMIT), False),
    ("the patient, of nobody", HERSELF, about(""), consents(), False),
    ("the patient, with another", HERSELF, about(ANN, BEN), consents(), False),
    ("the patient, with another, hers", HERSELF, about(ANN, BEN, contributor=ANN), consents(), True),
    ("the patient, of another, hers", HERSELF, about(BEN, contributor=ANN), consents(), False),
    ("the patient, named beside another", HERSELF, about(BEN, ANN), consents(), False),
    ("the patient, past", HERSELF, about(ANN, current=0), consents(), False),
    ("the patient, deleted", HERSELF, about(ANN, deleted=1), consents(), False),
    (
        "the patient, contributed by her organisation",
        HERSELF,
        about(BEN, contributor=AGENCY),
        consents(),
        False,
    ),
    ("a patient without a reference", calling("patient", AGENCY, "COC"), about(""), consents(), False),
    ("a relative", RELATIVE, GOAL, consents(), False),
    ("a relative, an organisation permitted", RELATIVE, GOAL, consents(PERMIT), False),
    ("a relative, permitted", RELATIVE, GOAL, naming("RelatedPerson/r", "permit"), True),
    ("a relative, contributed", RELATIVE, replace(GOAL, contributor="RelatedPerson/r"), consents(), True),
    (
        "a relative, contributed by her organisation",
        RELATIVE,
        about(ANN, contributor=PARTNER),
        consents(),
        False,
    ),
    ("a relative, her resource", RELATIVE, RESOURCE_OF_RELATIVE, consents(), True),
    ("a relative, her resource, past", RELATIVE, replace(RESOURCE_OF_RELATIVE, current=0), consents(), False),
    ("a relative, another's", RELATIVE, replace(RESOURCE_OF_RELATIVE, id="s"), consents(), False),
    ("a relative, another type's", RELATIVE, replace(GOAL, id="r"), consents(), False),
    ("a kind that nobody knows", calling("robot", AGENCY, "COC"), GOAL, consents(PERMIT), False),
    ("another partner", calling("partner", STRANGER, "COC"), GOAL, consents(PERMIT), False),
]


@pytest.mark.parametrize("row", SEEN, ids=lambda row: row[0])
def test_who_sees_what(row: tuple[str, Caller, Version, World, bool]) -> None:
    _, caller, version, world, expected = row
    assert sees(caller, version, world) is expected


@pytest.mark.parametrize("letter", "rsc")
def test_every_interaction_that_looks_has_the_same_view(letter: str) -> None:
    assert view_for(FOOD_BANK, letter, "Goal", NOW) == view_for(FOOD_BANK, "r", "Goal", NOW)


@pytest.mark.parametrize(("letter", "action"), [("r", "access"), ("u", "correct"), ("d", "correct")])
def test_to_change_a_record_takes_a_permit_to_correct_it(letter: str, action: str) -> None:
    for caller in (FOOD_BANK, AGENCY_STAFF):
        assert {q.action for q in questions(view_for(caller, letter, "Goal", NOW))} == {action}


def questions(wanted: Filter) -> list[Consented]:
    if isinstance(wanted, Consented):
        return [wanted]
    return [q for part in getattr(wanted, "parts", ()) for q in questions(part)]


def test_each_asserted_purpose_is_asked_with_its_ancestors() -> None:
    asked = questions(view_for(calling("partner", PARTNER, "COC", "HPAYMT"), "r", "Goal", NOW))
    assert [q.purpose for q in asked] == [("COC", "PurposeOfUse", "TREAT"), ("HPAYMT", "PurposeOfUse")]
    assert {(q.actors, q.now, q.workforce) for q in asked} == {((PARTNER, "Device/client"), NOW, False)}


def test_without_a_purpose_one_question_is_asked_that_no_purpose_covers() -> None:
    (asked,) = questions(view_for(calling("partner", PARTNER), "r", "Goal", NOW))
    assert asked.purpose == ()


def test_only_the_agency_asks_as_workforce_and_only_consents_are_always_its_own() -> None:
    assert [q.workforce for q in questions(view_for(AGENCY_STAFF, "s", "Goal", NOW))] == [True]
    assert view_for(AGENCY_STAFF, "s", "Consent", NOW) == EVERYTHING


@pytest.mark.parametrize("scopes", ["system/CarePlan.rs", "system/Goal.cud", ""])
@pytest.mark.parametrize("kind", ["agency", "partner", "app"])
def test_a_type_or_interaction_out_of_scope_is_refused_before_anything_is_asked(
    kind: str, scopes: str
) -> None:
    caller = calling(kind, AGENCY, "COC", scopes=scopes) if scopes else Caller("c", kind, AGENCY, ())
    with pytest.raises(Forbidden, match=r"ask for `system/Goal\.r`"):
        view_for(caller, "r", "Goal", NOW)
    with pytest.raises(Forbidden):
        require_scope(caller, "s", "Goal")


@pytest.mark.parametrize(
    ("caller", "letter", "type_", "wanted"),
    [
        (calling("partner", PARTNER, scopes="system/Goal.r"), "s", "Goal", "system/Goal.s"),
        (person("agency", "Practitioner/d", scopes="user/Goal.r"), "s", "Goal", "user/Goal.s"),
        (
            person("agency", "Practitioner/d", scopes="user/Goal.r", patient=ANN),
            "s",
            "Goal",
            "patient/Goal.s",
        ),
        (
            person("agency", "Practitioner/d", scopes="patient/*.r", patient=ANN),
            "c",
            "Location",
            "user/Location.c",
        ),
        (person("agency", "Practitioner/d", scopes="system/*.cruds"), "c", "Goal", "user/Goal.c"),
        (person("agency", "Practitioner/d", scopes="patient/*.cruds"), "r", "Goal", "user/Goal.r"),
    ],
)
def test_a_refusal_names_the_scope_that_would_do(
    caller: Caller, letter: str, type_: str, wanted: str
) -> None:
    with pytest.raises(Forbidden, match=f"ask for `{wanted}`$".replace(".", "[.]")):
        view_for(caller, letter, type_, NOW)


KNOWN = [
    ("user/*.cruds", ANN, True, True),
    ("patient/*.cruds", ANN, True, False),
    ("patient/*.cruds", "", False, False),
    ("patient/*.cruds user/Practitioner.r", ANN, True, False),
    ("patient/*.cruds user/Goal.d", ANN, True, True),
    ("system/*.cruds", ANN, True, False),
]


@pytest.mark.parametrize(("scopes", "patient", "own", "other"), KNOWN)
def test_an_app_that_is_bound_to_one_patient_knows_of_no_other(
    scopes: str, patient: str, own: bool, other: bool
) -> None:
    caller = person("agency", "Practitioner/dana", scopes=scopes, patient=patient)
    known = known_to(caller, "Goal", NOW)
    versions = {about(ANN): own, about(BEN): other, about(ANN, BEN): other, about(""): other}
    assert {version: holds(known, version, consents()) for version in versions} == versions


@pytest.mark.parametrize(
    ("caller", "expected"),
    [
        (FOOD_BANK, EVERYTHING),
        (AGENCY_STAFF, EVERYTHING),
        (DANA, EVERYTHING),
        (PAT, EVERYTHING),
        (HERSELF, Is("patient", ANN)),
        (replace(HERSELF, patient=BEN), Is("patient", ANN)),
        (RELATIVE, NOTHING),
        (replace(RELATIVE, patient=ANN), Is("patient", ANN)),
        (calling("robot", AGENCY), NOTHING),
        (replace(HERSELF, fhir_user=""), NOTHING),
    ],
)
def test_patients_and_relatives_write_about_one_patient(caller: Caller, expected: Filter) -> None:
    assert writable(caller) == expected

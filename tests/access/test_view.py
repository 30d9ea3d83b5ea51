"""What each kind of caller may see: scope, own contribution, consent, in that order."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from builders import AGENCY, PARTNER, STRANGER, a_consent, a_provision
from careplan_service.access.caller import Caller
from careplan_service.access.consent.rules import Door, rules_of
from careplan_service.access.facts import Facts
from careplan_service.access.filters import EVERYTHING, Consented, Filter
from careplan_service.access.holds import Version, World, holds
from careplan_service.access.instants import span
from careplan_service.access.labels import UNLABELLED
from careplan_service.access.scope_text import parse_scopes
from careplan_service.access.view import require_scope, view_for
from careplan_service.errors import Forbidden

ANN, NONE = "Patient/ann", frozenset[str]()
NOW = span("2026-06-01T12:00:00Z")[0]
GOAL = Version(Facts("Goal", ANN, NONE, UNLABELLED, NONE, NONE, NONE, ()), "g1", NOW, AGENCY)
CONSENT = replace(GOAL, facts=replace(GOAL.facts, type="Consent"))


def calling(kind: str, organization: str, *purposes: str, scopes: str = "system/*.cruds") -> Caller:
    return Caller("client", kind, organization, purposes, parse_scopes(scopes))


def consents(*provisions: dict[str, Any]) -> World:
    return World({ANN: [rules_of(a_consent(ANN, provision), Door("")) for provision in provisions]})


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
    ("another partner", calling("partner", STRANGER, "COC"), GOAL, consents(PERMIT), False),
]


@pytest.mark.parametrize("row", SEEN, ids=lambda row: row[0])
def test_who_sees_what(row: tuple[str, Caller, Version, World, bool]) -> None:
    _, caller, version, world, expected = row
    assert sees(caller, version, world) is expected


@pytest.mark.parametrize("letter", "rudsc")
def test_every_interaction_has_the_same_view(letter: str) -> None:
    assert view_for(FOOD_BANK, letter, "Goal", NOW) == view_for(FOOD_BANK, "r", "Goal", NOW)
    assert view_for(AGENCY_STAFF, letter, "Goal", NOW) == view_for(AGENCY_STAFF, "r", "Goal", NOW)


def questions(wanted: Filter) -> list[Consented]:
    if isinstance(wanted, Consented):
        return [wanted]
    return [q for part in getattr(wanted, "parts", ()) for q in questions(part)]


def test_each_asserted_purpose_is_asked_with_its_ancestors() -> None:
    asked = questions(view_for(calling("partner", PARTNER, "COC", "HPAYMT"), "r", "Goal", NOW))
    assert [q.purpose for q in asked] == [("COC", "PurposeOfUse", "TREAT"), ("HPAYMT", "PurposeOfUse")]
    assert {(q.actors, q.now, q.workforce) for q in asked} == {((PARTNER,), NOW, False)}


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

"""A view made once for a caller is, moved to a moment, the view made at that moment."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from inspect import getmembers

import pytest

from builders import AGENCY, PARTNER
from careplan_service.access import filters, moments
from careplan_service.access.caller import Caller
from careplan_service.access.compartment import IN_NONE
from careplan_service.access.filters import (
    EVERYTHING,
    NOTHING,
    Consented,
    Filter,
    Is,
    Linked,
    Not,
    Represented,
)
from careplan_service.access.glass import Glass
from careplan_service.access.moments import as_of, timeless
from careplan_service.access.scope_text import parse_scopes
from careplan_service.access.view import known_to, known_to_any, of_types, shared_with, view_for

THEN, NOW = 1_000_000, 1_790_000_000_000_000
ANN = "Patient/ann"


def calling(kind: str, fhir_user: str = "", patient: str = "", organization: str = AGENCY) -> Caller:
    scopes = parse_scopes("patient/*.cruds" if patient else "user/*.cruds" if fhir_user else "system/*.cruds")
    return Caller("client", kind, organization, ("TREAT",), scopes, 0, patient, fhir_user)


CALLERS = {
    "agency": calling("agency"),
    "partner": calling("partner", organization=PARTNER),
    "barred": replace(calling("agency", "Practitioner/dana"), barred=("Patient/ben",)),
    "patient": calling("patient", ANN, ANN),
    "relative": calling("related", "RelatedPerson/r", ANN, PARTNER),
    "app": calling("app", organization="Organization/app"),
}
TYPES = ("Goal", "CarePlan", "Consent", "RelatedPerson", *sorted(IN_NONE))


@pytest.mark.parametrize("name", CALLERS)
@pytest.mark.parametrize("type_", ["Goal", "Consent", "RelatedPerson", "Practitioner"])
def test_a_view_of_another_moment_is_the_view_made_then(name: str, type_: str) -> None:
    caller = CALLERS[name]
    for view in (shared_with, known_to):
        assert as_of(view(caller, type_, THEN), NOW) == view(caller, type_, NOW)
    assert as_of(view_for(caller, "r", type_, THEN), NOW) == view_for(caller, "r", type_, NOW)


@pytest.mark.parametrize("name", CALLERS)
def test_what_is_known_of_several_types_is_what_is_known_of_each(name: str) -> None:
    caller = CALLERS[name]
    each = of_types((type_, known_to(caller, type_, NOW)) for type_ in TYPES)
    assert known_to_any(caller, TYPES, NOW) == each
    assert known_to_any(caller, TYPES, THEN) == as_of(each, THEN)


def test_every_filter_that_holds_a_moment_is_moved() -> None:
    kinds = [kind for _, kind in getmembers(filters, is_dataclass)]
    holding = {kind for kind in kinds if any(field.name == "now" for field in fields(kind))}
    assert holding == {Consented, Represented}
    assert holding <= moments._MOVED.keys()


def test_moments_are_found_wherever_they_stand() -> None:
    asked = Consented(("Organization/a",), ("TREAT",), THEN, also=("Device/d",), parts_follow=True)
    moved = replace(asked, now=NOW)
    link = filters.Link("Goal.subject", "Patient", asked)
    whole = Linked((link,), Not(asked)) & (asked | Is("deleted", "0"))
    assert as_of(whole, NOW) == Linked((replace(link, seen=moved),), Not(moved)) & (
        moved | Is("deleted", "0")
    )
    assert (as_of(EVERYTHING, NOW), as_of(NOTHING, NOW)) == (EVERYTHING, NOTHING)


def test_a_view_is_made_once_for_all_moments_and_anew_for_another_caller() -> None:
    made: list[tuple[str, int]] = []

    @timeless
    def view(caller: Caller, now: int, type_: str) -> Filter:
        made.append((caller.kind, now))
        return Consented((caller.kind,), (), now)

    agency, partner = CALLERS["agency"], CALLERS["partner"]
    assert [view(agency, at, "Goal") for at in (THEN, NOW)] == [
        Consented(("agency",), (), at) for at in (THEN, NOW)
    ]
    assert view(partner, NOW, "Goal") == Consented(("partner",), (), NOW)
    assert [kind for kind, _ in made] == ["agency", "partner"]


def test_what_a_glass_opens_is_decided_at_the_moment_itself() -> None:
    glass = Glass("g", ANN, "BTG", NOW)
    caller = replace(calling("agency", "Practitioner/dana"), glasses=(glass,))
    before, after = known_to(caller, "Goal", NOW - 1), known_to(caller, "Goal", NOW)
    assert any(isinstance(part, filters.All) and Is("patient", ANN) in part.parts for part in before.parts)  # type: ignore[attr-defined]
    assert after == known_to(replace(caller, glasses=()), "Goal", NOW)

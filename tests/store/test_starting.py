"""Where statements start for whom."""

from __future__ import annotations

import pytest

from builders import AGENCY, PARTNER, a_consent, a_goal, a_provision
from careplan_service.access.caller import Caller
from careplan_service.access.filters import Filter, Has
from careplan_service.access.scope_text import parse_scopes
from careplan_service.access.view import view_for
from careplan_service.store import sizes
from careplan_service.store.starting import ANYWHERE, Starts
from store.archive import NOW, Archive

SCOPES = parse_scopes("system/*.rs")
OF_PARTNER = view_for(Caller("p", "partner", PARTNER, ("COC", "TREAT"), SCOPES), "s", "Goal", NOW)
OF_STAFF = view_for(Caller("a", "agency", AGENCY, ("COC",), SCOPES), "s", "Goal", NOW)
ACTIVE = Has("Goal.lifecycle-status", "active")


@pytest.mark.parametrize(
    ("seen", "permits", "start"),
    [(OF_STAFF, 3, ANYWHERE), (OF_PARTNER, 3, "a conjunct"), (OF_PARTNER, 1, "reach")],
    ids=["staff", "partner", "partner that few let in"],
)
def test_a_partner_walks_less_and_starts_at_its_reach_where_that_is_smaller(
    archive: Archive, monkeypatch: pytest.MonkeyPatch, seen: Filter, permits: int, start: str
) -> None:
    monkeypatch.setattr(sizes, "_FEWEST", 1)
    for number in range(20):  # twelve times twenty is less than the square of twenty, and thrice that is more
        archive.put(a_goal(of=f"Patient/p{number}"), f"goal-{number}")
    for number in range(permits):
        archive.put(a_consent(f"Patient/p{number}", a_provision("permit", PARTNER)), f"consent-{number}")
    found = Starts(archive.database).of("Goal", ACTIVE & seen)
    assert ("a conjunct" if isinstance(found.at, int) else found.at) == start
    assert (found.partner is not None) == (start == "reach")


@pytest.mark.parametrize(("goals", "much"), [(3, False), (5, True)])
def test_staff_are_told_no_total_of_what_many_facts_in_a_large_type_lead_to(
    archive: Archive, monkeypatch: pytest.MonkeyPatch, goals: int, much: bool
) -> None:
    monkeypatch.setattr("careplan_service.store.starting._JUDGED", 2)
    monkeypatch.setattr("careplan_service.store.starting._WALKED", 4)
    for number in range(goals):
        archive.put(a_goal(of=f"Patient/p{number}"), f"goal-{number}")
    starts, wanted = Starts(archive.database), ACTIVE & OF_STAFF
    start = starts.of("Goal", wanted)
    assert (isinstance(start.at, int), start.many) == (True, goals)
    assert starts.is_much_to_count("Goal", wanted, start) is much

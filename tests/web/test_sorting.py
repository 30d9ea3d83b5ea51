"""`_sort` by several keys, both ways, and pages in that order that neither repeat nor lose."""

from __future__ import annotations

from typing import Any

import pytest

from builders import FOOD, HOUSING, PARTNER, Api, a_consent, a_goal, a_patient, a_provision

STARTS = {"a": "2024-05", "b": "2024-01", "c": None, "d": "2025", "e": "2024-05"}
ABOUT = {"a": HOUSING, "b": FOOD, "c": FOOD, "d": HOUSING, "e": FOOD}


@pytest.fixture
def ann(api: Api) -> str:
    return api.agency.make(a_patient("Ann"))


@pytest.fixture
def goals(api: Api, ann: str) -> str:
    for id_, start in STARTS.items():
        more: dict[str, Any] = {} if start is None else {"startDate": start}
        assert api.agency.put(f"Goal/{id_}", a_goal(of=ann, about=ABOUT[id_], **more)).status == 201
    return ann


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("start-date", "b a e d c"),
        ("-start-date", "d e a b c"),
        ("category,start-date", "b e c a d"),
        ("category,-start-date", "e b c d a"),
        ("-category,_id", "a d b c e"),
        ("_id", "a b c d e"),
        ("-_id", "e d c b a"),
        ("patient,-_id", "e d c b a"),
        ("_lastUpdated,-_id", "e d c b a"),
        ("lifecycle-status,-start-date,_id", "d a e b c"),
    ],
)
def test_a_sort_orders_every_page(api: Api, goals: str, sort: str, expected: str) -> None:
    assert api.agency.get(f"/fhir/Goal?_sort={sort}").ids == expected.split()
    for count in (1, 2):
        pages = api.agency.pages(f"/fhir/Goal?_sort={sort}&_count={count}")
        assert [id_ for page in pages for id_ in page.ids] == expected.split()


@pytest.mark.parametrize("sort", ["colour", "subject.name", "_score", "", "-", "start-date,,_id", "_text"])
def test_what_nothing_can_be_sorted_by_is_refused(api: Api, sort: str) -> None:
    """Attack 7: not by a field of another resource either, which might be hidden."""
    answer = api.agency.get(f"/fhir/Goal?_sort={sort}")
    assert (answer.status, "cannot sort by" in answer.faults[0][1]) == (400, True)


def test_what_is_written_and_deleted_meanwhile_does_not_disturb(api: Api, goals: str) -> None:
    first = api.agency.get("/fhir/Goal?_sort=start-date&_count=2")
    assert first.ids == ["b", "a"]
    api.agency.put("Goal/0", a_goal(of=goals, startDate="2023"))
    api.agency.put("Goal/z", a_goal(of=goals, startDate="2026"))
    assert api.agency("DELETE", "/fhir/Goal/b").status == 204
    found, page = [], api.agency.next_of(first)
    while page is not None:
        found += page.ids
        page = api.agency.next_of(page)
    assert found == ["e", "d", "z", "c"]


def test_a_hidden_goal_leaves_no_gap_in_any_order(api: Api, goals: str) -> None:
    """Attack 6: every page of a partner is as full as if the hidden ones had never been."""
    api.agency.make(a_consent(goals, a_provision(to=PARTNER, purpose=["COC"], codes=[FOOD])))
    for sort, expected in (("start-date", "b e c"), ("-start-date,_id", "e b c"), ("-_id", "e c b")):
        pages = api.partner.pages(f"/fhir/Goal?_sort={sort}&_count=2")
        assert [page.ids for page in pages] == [expected.split()[:2], expected.split()[2:]]
        assert pages[0].json["total"] == 3

"""Pages: every match once and in order, exact totals, cursors that tell nothing.

https://hl7.org/fhir/R4/http.html#paging
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from builders import Answer, Api, a_goal


def _made(api: Api, count: int, clock: Any = None) -> list[str]:
    made = []
    for _ in range(count):
        made.append(api.agency.make(a_goal(of="Patient/ann"))[5:])
        if clock:
            clock.go_on(seconds=1)
    return made


def test_a_count_of_zero_gives_the_total_alone(api: Api) -> None:
    _made(api, 2)
    none = api.agency.get("/fhir/Goal?_count=0").json
    assert none == {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": 2,
        "link": [{"relation": "self", "url": "http://127.0.0.1:8000/fhir/Goal?_count=0"}],
    }
    for total in ("accurate", "estimate"):
        assert api.agency.get(f"/fhir/Goal?_total={total}&_count=1").json["total"] == 2
    assert "total" not in api.agency.get("/fhir/Goal?_total=none&_count=1").json


@pytest.mark.parametrize("sort", ["", "&_sort=_lastUpdated", "&_sort=-_lastUpdated"])
def test_the_pages_hold_each_resource_once_in_order(api: Api, clock: Any, sort: str) -> None:
    made = _made(api, 5, clock)
    wanted = list(reversed(made)) if "=-" in sort else made
    for count, sizes in ((1, [1] * 5), (2, [2, 2, 1]), (5, [5]), (1000, [5])):
        pages = api.agency.pages(f"/fhir/Goal?patient=ann&_count={count}{sort}")
        assert [len(page.ids) for page in pages] == sizes
        assert [page.json["total"] for page in pages] == [5] * len(sizes)
        assert [id_ for page in pages for id_ in page.ids] == wanted


@pytest.mark.parametrize("sort", ["", "&_sort=_lastUpdated", "&_sort=-_lastUpdated"])
def test_paging_survives_what_is_written_and_deleted_meanwhile(api: Api, clock: Any, sort: str) -> None:
    made = _made(api, 6, clock)
    page = api.agency.get(f"/fhir/Goal?_count=2{sort}")
    seen = list(page.ids)
    clock.go_on(seconds=1)
    api.agency("DELETE", f"/fhir/Goal/{seen[-1]}")  # the row the cursor stands at
    unseen = next(id_ for id_ in made if id_ not in seen)
    api.agency("DELETE", f"/fhir/Goal/{unseen}")
    new = _made(api, 1)[0]
    following = api.agency.next_of(page)
    while following is not None:
        seen += following.ids
        following = api.agency.next_of(following)
    assert len(seen) == len(set(seen))
    assert set(made) - {unseen} <= set(seen)
    assert (new in seen) == ("=-" not in sort)


def test_a_resource_changed_meanwhile_is_neither_lost_nor_repeated_in_the_usual_order(
    api: Api, clock: Any
) -> None:
    made = _made(api, 4, clock)
    page = api.agency.get("/fhir/Goal?_count=2")
    for id_ in made:
        api.agency.put(f"Goal/{id_}", a_goal(of="Patient/ann"))
    following = api.agency.next_of(page)
    assert following is not None
    assert page.ids + following.ids == made


def test_the_links_repeat_what_was_used_and_lead_on_only_when_there_is_more(api: Api) -> None:
    _made(api, 3)
    url = "/fhir/Goal?patient=Patient/ann&lifecycle-status=active,completed&_count=2&_sort=_lastUpdated"
    first = api.agency.get(url)
    links = {link["relation"]: link["url"] for link in first.json["link"]}
    assert links["self"] == f"http://127.0.0.1:8000{url}"
    assert links["next"].startswith(f"http://127.0.0.1:8000{url}&_cursor=")
    last = api.agency.next_of(first)
    assert last is not None
    assert [link["relation"] for link in last.json["link"]] == ["self"]
    assert [entry["search"] for entry in first.json["entry"]] == [{"mode": "match"}] * 2
    assert first.json["entry"][0]["fullUrl"] == f"http://127.0.0.1:8000/fhir/Goal/{first.ids[0]}"


def _cursor(page: Answer) -> str:
    return page.json["link"][1]["url"].partition("_cursor=")[2]


def test_a_cursor_tells_nothing_and_is_taken_unchanged_or_not_at_all(api: Api) -> None:
    _made(api, 3)
    page = api.agency.get("/fhir/Goal?_count=1")
    cursor = _cursor(page)
    assert _cursor(api.agency.get("/fhir/Goal?_count=1")) == cursor
    goal = page.ids[0]
    for changed in (
        cursor[:-1],
        cursor + "A",
        cursor[::-1],
        ("B" if cursor[0] == "A" else "A") + cursor[1:],
        cursor.swapcase(),
        cursor + "=",
        " ",
        "0.3",
        "A" * 43,
    ):
        assert api.agency.get(f"/fhir/Goal?_count=1&_cursor={quote(changed)}").status == 400, changed
    for path in ("/fhir/CarePlan", f"/fhir/Goal/{goal}/_history"):
        assert api.agency.get(f"{path}?_cursor={cursor}").status == 400, path
    assert api.agency.get(f"/fhir/Goal?_count=1&_cursor={cursor}&_cursor={cursor}").status == 400
    assert api.agency.get(f"/fhir/Goal?_count=1&_cursor={cursor}").status == 200


def test_a_cursor_is_the_same_whether_little_or_much_that_is_hidden_lies_between(api: Api) -> None:
    def pages(hidden: int, name: str) -> Answer:
        partner = api.register(name, "partner")
        partner.make(a_goal(of=f"Patient/{name}"))
        for _ in range(hidden):
            api.agency.make(a_goal(of=f"Patient/{name}"))
        partner.make(a_goal(of=f"Patient/{name}"))
        return partner.get(f"/fhir/Goal?patient={name}&_count=1")

    few, many = pages(0, "few"), pages(9, "man")
    assert few.json["total"] == many.json["total"] == 2
    assert len(_cursor(few)) == len(_cursor(many))
    assert _cursor(few)[:8] != _cursor(many)[:8]

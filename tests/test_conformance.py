"""docs/conformance/smart.md: every requirement once, with tests that exist or the reason why not."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

import markdown
import names

PAGE = (names.ROOT / "docs" / "conformance" / "smart.md").read_text(encoding="utf-8")
SHOWN, _, NOT_SHOWN = PAGE.partition("\n## Not offered\n")
ROWS = list(markdown.rows(PAGE))
FIRST, LAST = 14, 439
"""The ids of the requirement list lie between these."""


def _spans(cell: str) -> list[tuple[int, int]]:
    """The first and last id of each entry: `16, 20-22`."""
    found = [re.fullmatch(r"(\d+)(?:-(\d+))?", one) for one in cell.split(", ")]
    assert all(found), cell
    return [(int(one[1]), int(one[2] or one[1])) for one in found if one]


SAID = [span for row in ROWS for span in _spans(row[0])]
IDS = Counter(one for first, last in SAID for one in range(first, last + 1))


@pytest.mark.parametrize("row", list(markdown.rows(SHOWN)), ids=lambda row: row[0])
def test_a_row_says_what_happens_here_and_names_tests_that_exist(row: list[str]) -> None:
    _, here, tests = row
    assert here.endswith(".")
    found = re.findall(r"`([^`]+)`", tests)
    assert found
    assert all("::" in one and names.unknown(one) is None for one in found), found


@pytest.mark.parametrize("row", list(markdown.rows(NOT_SHOWN)), ids=lambda row: row[0])
def test_what_is_not_shown_has_its_reason(row: list[str]) -> None:
    _, why = row
    assert why.endswith(".")


def test_no_requirement_stands_on_the_page_twice() -> None:
    assert len(ROWS) > 80
    assert [id_ for id_, times in IDS.items() if times > 1] == []
    assert all(FIRST <= first <= last <= LAST for first, last in SAID)


def test_every_requirement_of_the_list_stands_on_the_page_and_no_other(shared: Path) -> None:
    listed = (shared / "specs" / "05-smart.md").read_text(encoding="utf-8")
    found = re.findall(r"^- `(\d+)` \*\*(SHALL|SHALL NOT|SHOULD|SHOULD NOT)\*\*", listed, re.MULTILINE)
    known = {int(id_): word for id_, word in found}

    assert len(known) > 200
    assert {id_: word for id_, word in known.items() if id_ not in IDS} == {}
    assert {end for span in SAID for end in span} <= known.keys()

"""docs/conformance/smart.md: every requirement once, with a test that exists or the reason why not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import markdown
import names

PAGE = (names.ROOT / "docs" / "conformance" / "smart.md").read_text(encoding="utf-8")
SHOWN, _, NOT_YET = PAGE.partition("\n## Not yet\n")
ASKED = {
    "discovery": {16, 30, 372, 373, 374, 377, 378, *range(380, 386), 393, 394},
    "asymmetric": {228, *range(285, 290), 296, 297, 305, 310, 316, *range(335, 343), 357},
    "backend": {231, 240, 241, 247, *range(249, 252), *range(253, 257), 258, 259, 261, 265, 266},
    "tokens of apps": {*range(73, 79), *range(84, 90), 91, 100, 101, 103, 104, *range(109, 116)},
    "introspection": {*range(271, 280), 282, 283},
}
"""What the guide says servers SHALL do, by its part."""


def _ids(cell: str) -> list[int]:
    return [int(one) for one in cell.split(", ")]


@pytest.mark.parametrize("row", list(markdown.rows(SHOWN)), ids=lambda row: row[0])
def test_a_row_says_what_happens_here_and_names_tests_that_exist(row: list[str]) -> None:
    ids, here, tests = row
    assert _ids(ids)
    assert here.endswith(".")
    found = re.findall(r"`([^`]+)`", tests)
    assert found
    assert all("::" in one and names.unknown(one) is None for one in found), found


@pytest.mark.parametrize("row", list(markdown.rows(NOT_YET)), ids=lambda row: row[0])
def test_what_is_not_shown_has_its_reason(row: list[str]) -> None:
    ids, why = row
    assert _ids(ids)
    assert why.endswith(".")


@pytest.mark.parametrize("part", ASKED)
def test_every_requirement_of_these_parts_has_a_row_and_no_more_than_one(part: str) -> None:
    said = [one for row in markdown.rows(PAGE) for one in _ids(row[0])]
    assert len(said) == len(set(said))
    assert ASKED[part] <= set(said)


def test_the_ids_are_those_of_the_list(shared: Path) -> None:
    listed = (shared / "specs" / "05-smart.md").read_text(encoding="utf-8")
    known = {int(one) for one in re.findall(r"^- `(\d+)` \*\*", listed, re.MULTILINE)}
    assert {one for row in markdown.rows(PAGE) for one in _ids(row[0])} <= known

"""docs/attacks.md names guards and tests that exist."""

from __future__ import annotations

import ast
import re

import pytest

import names

PAGE = (names.ROOT / "docs" / "attacks.md").read_text(encoding="utf-8")
CODE = re.compile(r"`([^`]+\.py)` `(\w+)(?:\(\))?`")
ROWS = [line for line in PAGE.splitlines() if re.match(r"\| \d+ \|", line)]
NOT_OFFERED = {8, 25}
ATTACKS = set(range(1, 29)) - NOT_OFFERED


def _functions(path: str) -> set[str]:
    root = names.ROOT if path.startswith("tests/") else names.PACKAGE
    tree = ast.parse((root / path).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("row", ROWS)
def test_what_a_row_names_is_there(row: str) -> None:
    found = CODE.findall(row)
    assert found, row
    for path, function in found:
        assert function in _functions(path), (path, function)


GUARDS = PAGE.partition("## Guards that were taken out")[2].partition("\n## ")[0]


@pytest.mark.parametrize("row", [line for line in GUARDS.splitlines() if line in ROWS])
def test_a_guard_stands_beside_the_test_that_turned_red(row: str) -> None:
    (guard, _), (test, function) = CODE.findall(row)
    assert not guard.startswith("tests/")
    assert test.startswith("tests/")
    assert function.startswith("test_")


def test_every_attack_on_what_is_offered_has_a_row() -> None:
    assert {int(row.split("|")[1]) for row in ROWS} == ATTACKS

"""Running `careplan` in process, on each kind of database."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from careplan_service.cli import main


class Ran(NamedTuple):
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str

    def made(self, type_: str) -> str:
        """The id of the first resource of a type that was told."""
        return self.out.partition(f"{type_}/")[2].split()[0]


@pytest.fixture
def careplan(
    database_url: str, keys_dir: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Ran]:
    """`careplan("client", "list")` with the settings of the test's database."""
    monkeypatch.setenv("CAREPLAN_DATABASE_URL", database_url)
    monkeypatch.setenv("CAREPLAN_KEYS_DIR", str(keys_dir))

    def run(*words: str) -> Ran:
        monkeypatch.setattr(sys, "argv", ["careplan", *words])
        code = 0
        try:
            main()
        except SystemExit as ended:
            code = int(ended.code or 0)
        return Ran(code, *capsys.readouterr())

    return run


@pytest.fixture
def agency(careplan: Callable[..., Ran]) -> None:
    """An agency client of Organization/riverside is registered."""
    words = "--name Riverside --kind agency --organization Organization/riverside --purpose COC"
    assert careplan("client", "add", "--id", "agency", "--scopes", "system/*.cruds", *words.split()).code == 0

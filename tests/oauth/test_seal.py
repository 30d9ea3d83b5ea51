"""The secret of this service for people."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from careplan_service.errors import Unavailable
from careplan_service.oauth.seal import Seal


def test_the_file_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    first, second = Seal(tmp_path / "keys"), Seal(tmp_path / "keys")
    path = tmp_path / "keys" / "people.key"

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["people.key"]
    assert second.opened(first.sealed("a secret", "ann"), "ann") == "a secret"
    assert first.signature("x") == second.signature("x") != first.signature("y")


def test_what_is_sealed_tells_nothing_and_never_looks_the_same(tmp_path: Path) -> None:
    seal = Seal(tmp_path)

    assert seal.sealed("a secret", "ann") != seal.sealed("a secret", "ann")


def test_it_is_opened_by_this_service_for_its_owner_only(tmp_path: Path) -> None:
    seal = Seal(tmp_path / "one")
    sealed = seal.sealed("a secret", "ann")
    other = Seal(tmp_path / "two")
    wrong = [(seal, text, "ann") for text in (sealed[:-4], "", "x", "AAAA" + sealed[4:])]
    for keys, text, owner in ((other, sealed, "ann"), (seal, sealed, "bob"), *wrong):
        with pytest.raises(Unavailable):
            keys.opened(text, owner)


@pytest.mark.parametrize("text", ["", "x" * 64, "00" * 31, "00" * 33, "\xff"])
def test_a_file_that_holds_something_else_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "people.key").write_text(text, encoding="latin-1")

    with pytest.raises(Unavailable, match=r"people\.key"):
        Seal(tmp_path)

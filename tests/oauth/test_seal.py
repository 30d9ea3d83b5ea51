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


def test_what_was_made_before_a_rotation_is_opened_until_it_is_forgotten(tmp_path: Path) -> None:
    worker, operator = Seal(tmp_path), Seal(tmp_path)
    sealed, carried = worker.sealed("a secret", "ann"), worker.carried("a state", "browser")
    digest, signature = worker.digest("a code", "ann"), worker.signature("x")

    operator.rotate()
    assert worker.opened(sealed, "ann") == "a secret"
    assert worker.brought(carried, "browser") == "a state"
    assert worker.digests("a code", "ann") == (worker.digest("a code", "ann"), digest)
    assert worker.digest("a code", "ann") != digest
    assert worker.signature("x") not in (signature, worker.signature("y"))
    anew = worker.sealed("a secret", "ann")

    operator.forget()
    assert worker.opened(anew, "ann") == "a secret"
    assert worker.brought(carried, "browser") is None
    assert digest not in worker.digests("a code", "ann")
    with pytest.raises(Unavailable):
        worker.opened(sealed, "ann")
    assert stat.S_IMODE((tmp_path / "people.key").stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["people.key"]


def test_a_file_that_goes_away_is_told(tmp_path: Path) -> None:
    seal = Seal(tmp_path)
    (tmp_path / "people.key").unlink()

    with pytest.raises(Unavailable, match=r"people\.key"):
        seal.signature("x")


@pytest.mark.parametrize("text", ["", "x" * 64, "0" * 64 + "\n\n" + "1" * 64, "00" * 31, "00" * 33, "\xff"])
def test_a_file_that_holds_something_else_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "people.key").write_text(text, encoding="latin-1")

    with pytest.raises(Unavailable, match=r"people\.key"):
        Seal(tmp_path)

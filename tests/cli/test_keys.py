"""`careplan keys`: what an operator does with the keys that sign."""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path

import pytest

DAY = 86_400
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def keys_dir(tmp_path: Path) -> Path:
    """Keys of this test alone: the others share theirs."""
    return tmp_path / "keys"


def kids(careplan) -> dict[str, str]:
    """What each key does, by kid."""
    return {line.split("\t")[0]: line.split("\t")[1] for line in careplan("keys", "list").out.splitlines()}


def made_ago(keys_dir: Path, number: int, seconds: float) -> None:
    file = keys_dir / f"signing-{number:04}.pem"
    os.utime(file, (time.time() - seconds,) * 2)


def test_a_new_key_signs_and_the_old_one_stays(careplan, keys_dir):
    (old,) = kids(careplan)
    ran = careplan("keys", "rotate")
    new = ran.out.split()[0]
    assert ran.code == 0
    assert kids(careplan) == {old: "verifies", new: "signs"}
    assert list(kids(careplan)) == [old, new]
    assert {stat.S_IMODE(file.stat().st_mode) for file in keys_dir.iterdir()} == {0o600}


def test_the_list_says_when_each_key_was_made(careplan, keys_dir):
    careplan("keys", "list")
    os.utime(keys_dir / "signing-0001.pem", (1_800_000_000,) * 2)
    assert careplan("keys", "list").out.strip().endswith("\tsigns\t2027-01-15T08:00:00+00:00")


def test_a_key_is_removed_when_everything_it_signed_has_expired(careplan, keys_dir):
    (old,) = kids(careplan)
    new = careplan("keys", "rotate").out.split()[0]
    made_ago(keys_dir, 2, DAY + 1)
    assert careplan("keys", "remove", old).out == f"removed {old}\n"
    assert kids(careplan) == {new: "signs"}


def test_a_key_is_kept_while_what_it_signed_may_be_valid(careplan, keys_dir):
    (old,) = kids(careplan)
    made_ago(keys_dir, 1, 3 * DAY)
    careplan("keys", "rotate")
    made_ago(keys_dir, 2, DAY - 60)
    careplan("keys", "rotate")
    made_ago(keys_dir, 3, 60)
    ran = careplan("keys", "remove", old)
    assert (ran.code, ran.out) == (1, "")
    assert f"tokens signed by `{old}` may be valid until " in ran.err
    assert "--force" in ran.err
    assert old in kids(careplan)


def test_force_removes_it_all_the_same(careplan):
    (old,) = kids(careplan)
    careplan("keys", "rotate")
    assert careplan("keys", "remove", old, "--force").code == 0
    assert old not in kids(careplan)


@pytest.mark.parametrize("force", [(), ("--force",)])
def test_the_key_that_signs_and_one_that_is_not_there_stay(careplan, force):
    careplan("keys", "rotate")
    newest = list(kids(careplan))[-1]
    nobody = ("nobody", "-no-Body", "-hobody", "-who", "--nobody")
    for kid, told in (
        (newest, "signs; make another one first"),
        *((n, f"no signing key `{n}`") for n in nobody),
    ):
        ran = careplan("keys", "remove", kid, *force)
        assert (ran.code, ran.out) == (1, "")
        assert told in ran.err
        assert len(ran.err.splitlines()) == 1
    assert len(kids(careplan)) == 2


def test_what_was_done_with_keys_stands_in_the_audit_log(careplan, service):
    (old,) = kids(careplan)
    new = careplan("keys", "rotate").out.split()[0]
    careplan("keys", "remove", old, "--force")
    asked = "SELECT client, asked FROM audit WHERE interaction = 'keys' ORDER BY entry"

    assert [tuple(row) for row in service.database.rows(asked, {})] == [
        ("operator", f"rotate, {new} signs"),
        ("operator", f"remove {old}"),
    ]


def test_a_key_is_changed_even_while_the_database_cannot_be_reached(careplan, monkeypatch):
    assert len(kids(careplan)) == 1
    monkeypatch.setenv("CAREPLAN_DATABASE_URL", "postgresql+psycopg://nobody@127.0.0.1:1/none")
    ran = careplan("keys", "rotate")

    assert (ran.code, "signs from now on" in ran.out) == (1, True)
    assert len(kids(careplan)) == 2
    assert "not noted" in ran.err

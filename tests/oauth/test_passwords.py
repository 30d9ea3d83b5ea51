"""Which passwords are taken, and how they are kept."""

from __future__ import annotations

import pytest
from argon2 import PasswordHasher, extract_parameters

from careplan_service.errors import Invalid
from careplan_service.oauth import passwords
from careplan_service.oauth.common_passwords import COMMON
from careplan_service.oauth.passwords import Passwords, checked_password


@pytest.mark.parametrize(
    "password", ["a quiet river", "x" * 11 + "y", "日本語の長い合言葉をここに", "p" * 255 + "q"]
)
def test_what_is_long_and_not_common_is_taken(password: str) -> None:
    assert checked_password(password, "ann") == password


@pytest.mark.parametrize(
    ("password", "told"),
    [
        ("x" * 11, "too short"),
        ("x" * 257, "too long"),
        ("i am Ann Lee, hello", "holds the username"),
        ("i am ＡＮＮ lee, hello", "holds the username"),
        ("PassWord1234", "most common"),
        ("correct horse battery staple", "most common"),
        ("", "too short"),
    ],
)
def test_what_would_be_guessed_is_refused_with_what_to_do(password: str, told: str) -> None:
    with pytest.raises(Invalid) as refusal:
        checked_password(password, "ann")

    assert told in refusal.value.text
    assert refusal.value.faults[0].expression == "password"


def test_every_common_password_would_be_long_enough_otherwise() -> None:
    assert {word for word in COMMON if len(word) < passwords.SHORTEST} == set()
    assert {word for word in COMMON if word != word.casefold()} == set()


def test_a_password_fits_however_its_letters_are_composed_and_no_other_does() -> None:
    kept = Passwords().hashed("ein schöner Tag")

    assert kept.startswith("$argon2id$")
    assert Passwords().fits(kept, "ein scho\u0308ner Tag")
    assert not Passwords().fits(kept, "Ein schöner Tag")
    assert not Passwords().fits("nonsense", "ein schöner Tag")
    assert Passwords().hashed("ein schöner Tag") != kept


def test_nobody_has_the_decoys_password_and_it_costs_as_much() -> None:
    assert not Passwords().fits(None, "")
    assert extract_parameters(passwords._DECOY) == extract_parameters(Passwords().hashed("x"))


def test_a_hash_with_other_parameters_is_dated() -> None:
    old = PasswordHasher(time_cost=1, memory_cost=8_192, parallelism=1).hash("a quiet river bank")

    assert Passwords().is_dated(old)
    assert not Passwords().is_dated(Passwords().hashed("a quiet river bank"))

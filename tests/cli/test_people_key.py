"""`careplan keys rotate-people` and `forget-people`, while a worker of the same service runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from careplan_service.app import Service
from conftest import Clock
from web.visiting import PASSWORD, Visitor, code_of, register


@pytest.fixture
def keys_dir(tmp_path: Path) -> Path:
    """Keys of this test alone: the others share theirs."""
    return tmp_path / "keys"


def codes_of(service: Service) -> list[str]:
    """Recovery codes that Ann makes now."""
    visitor = Visitor(service)
    visitor.sign_in()
    visitor.give_code(code_of(service))
    visitor.get("/account/recovery-codes")
    shown = visitor.post("/account/recovery-codes", {"form": visitor.hidden(), "password": PASSWORD})
    return [line.partition("</code>")[0] for line in shown.text.split("<li><code>")[1:]]


def comes_in(service: Service, code: str) -> bool:
    """Whether Ann's password and that recovery code open a session."""
    visitor = Visitor(service)
    visitor.sign_in()
    visitor.get("/sign-in/recovery-code")
    sent = {"form": visitor.hidden(), "code": code}
    return visitor.post("/sign-in/recovery-code", sent).status_code == 303


def test_people_keep_their_second_step_and_their_codes_until_the_old_key_is_forgotten(
    service: Service, careplan: Callable, clock: Clock, keys_dir: Path
) -> None:
    register(service, second_factor=True)
    older, other = codes_of(service)[:2]
    sealed = service.people.get("ann").totp_secret

    ran = careplan("keys", "rotate-people")
    assert (ran.code, ran.err) == (0, "")
    assert service.people.get("ann").totp_secret != sealed
    clock.go_on(minutes=1)
    visitor = Visitor(service)
    visitor.sign_in()
    assert visitor.give_code(code_of(service)).status_code == 303
    assert comes_in(service, older)

    assert careplan("keys", "forget-people").code == 0
    assert len((keys_dir / "people.key").read_text().split()) == 1
    assert not comes_in(service, other)
    clock.go_on(minutes=2)
    assert comes_in(service, codes_of(service)[0])
    noted = service.database.rows("SELECT asked FROM audit WHERE interaction = 'keys' ORDER BY entry", {})
    assert [row[0] for row in noted] == ["rotate-people", "forget-people"]


def test_whose_second_factor_no_key_opens_is_named(
    service: Service, careplan: Callable, keys_dir: Path
) -> None:
    register(service, second_factor=True)
    register(service, "bob", second_factor=True)
    service.people.set_second_factor("bob", service.seal.sealed("JBSWY3DPEHPK3PXP", "somebody else"))

    ran = careplan("keys", "rotate-people")

    assert ran.code == 0
    assert "`bob` cannot be read" in ran.err
    assert "`ann`" not in ran.err
    assert service.seal.opened(service.people.get("ann").totp_secret, "ann")

"""What people allowed apps, where two things happen at the same moment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier
from typing import TypeVar

import pytest
from sqlalchemy import exc

from careplan_service.access.authorizations import Authorization, Code, RefreshToken
from careplan_service.access.clients import PUBLIC, Client
from careplan_service.access.people import User
from careplan_service.errors import Unavailable
from careplan_service.store.authorizations import KEPT_SECONDS, SqlAuthorizations
from careplan_service.store.clients import SqlClients
from careplan_service.store.database import Database
from careplan_service.store.people import SqlPeople
from careplan_service.store.revocations import SqlRevocations

NOW = 1_800_000_000
ANN = User("1", "ann", "kept", "Practitioner/ann", "Organization/agency", created=NOW)
APP = Client("app", "App", "app", "Organization/app", "patient/*.rs", "COC", auth_method=PUBLIC)
ALLOWED = Authorization(
    "g", "app", "1", "openid patient/Goal.rs", "pat", '{"intent": "x"}', NOW, NOW - 60, "s"
)
CODE = Code("c", "g", "https://app.example.org/back", "challenge", NOW + 60, "nonce")
TOKEN = RefreshToken("r", "g", NOW + 3600)

Given = TypeVar("Given")


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    SqlPeople(database.engine).add(ANN)
    SqlClients(database.engine, lambda: NOW).add(APP)
    yield database
    database.close()


@pytest.fixture
def authorizations(database: Database) -> SqlAuthorizations:
    kept = SqlAuthorizations(database.engine)
    kept.begin(ALLOWED, CODE)
    return kept


def at_once(number: int, ask: Callable[[int], Given]) -> list[Given]:
    """What so many who ask at the same moment hear."""
    together = Barrier(number, timeout=30)

    def one(which: int) -> Given:
        together.wait()
        return ask(which)

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(one, range(number), timeout=60))


def test_a_code_stands_for_what_was_allowed_once(authorizations: SqlAuthorizations) -> None:
    assert authorizations.get("g") == ALLOWED
    assert authorizations.get("h") is None
    assert authorizations.redeem("unknown", NOW) is None
    assert authorizations.redeem("c", NOW + 59) == (replace(ALLOWED, used=NOW + 59), CODE)


def test_a_second_use_of_a_code_revokes_what_the_first_one_got(
    authorizations: SqlAuthorizations, database: Database
) -> None:
    revocations = SqlRevocations(database, lambda: NOW)
    authorizations.redeem("c", NOW)
    assert not revocations.is_revoked("g")

    assert authorizations.redeem("c", NOW + 100) is None
    assert revocations.is_revoked("g")
    kept = authorizations.get("g")
    assert kept
    assert kept.revoked == NOW + 100


def test_a_code_that_is_over_stands_for_nothing(authorizations: SqlAuthorizations) -> None:
    assert authorizations.redeem("c", NOW + 60) is None
    assert authorizations.redeem("c", NOW) is None


def test_of_those_who_redeem_a_code_at_the_same_moment_one_wins_and_the_losers_revoke(
    authorizations: SqlAuthorizations,
) -> None:
    heard = at_once(6, lambda _: authorizations.redeem("c", NOW))
    kept = authorizations.get("g")

    assert len([one for one in heard if one]) == 1
    assert kept
    assert kept.revoked == NOW


def test_a_refresh_token_gives_way_to_the_following_one(authorizations: SqlAuthorizations) -> None:
    authorizations.add_refresh_token(TOKEN)
    following = replace(TOKEN, digest="r2")

    assert authorizations.rotate("r", following, NOW + 5) == replace(ALLOWED, used=NOW + 5)
    assert authorizations.refresh_token("r") == replace(TOKEN, used=NOW + 5)
    assert authorizations.refresh_token("r2") == following
    assert authorizations.refresh_token("r3") is None


def test_a_second_use_of_a_refresh_token_revokes_the_whole_family(authorizations: SqlAuthorizations) -> None:
    authorizations.add_refresh_token(TOKEN)
    authorizations.rotate("r", replace(TOKEN, digest="r2"), NOW)

    assert authorizations.rotate("r", replace(TOKEN, digest="r3"), NOW + 1) is None
    assert authorizations.rotate("r2", replace(TOKEN, digest="r4"), NOW + 1) is None
    assert authorizations.refresh_token("r3") is authorizations.refresh_token("r4") is None


def test_of_those_who_use_a_refresh_token_at_the_same_moment_one_wins_and_the_losers_revoke(
    authorizations: SqlAuthorizations,
) -> None:
    authorizations.add_refresh_token(TOKEN)
    heard = at_once(6, lambda which: authorizations.rotate("r", replace(TOKEN, digest=f"n{which}"), NOW))
    kept = authorizations.get("g")

    assert len([one for one in heard if one]) == 1
    assert len([one for one in range(6) if authorizations.refresh_token(f"n{one}")]) == 1
    assert kept
    assert kept.revoked == NOW


def test_a_refresh_token_that_is_over_or_was_never_given_is_not_used(
    authorizations: SqlAuthorizations,
) -> None:
    authorizations.add_refresh_token(TOKEN)

    assert authorizations.rotate("r", replace(TOKEN, digest="r2"), TOKEN.expires) is None
    assert authorizations.rotate("unknown", replace(TOKEN, digest="r3"), NOW) is None
    kept = authorizations.get("g")
    assert kept
    assert kept.revoked == 0


def test_what_was_taken_back_gives_nothing_any_more(authorizations: SqlAuthorizations) -> None:
    authorizations.add_refresh_token(TOKEN)

    assert authorizations.revoke("g", NOW + 9)
    assert not authorizations.revoke("g", NOW + 10)
    assert not authorizations.revoke("h", NOW)
    assert authorizations.redeem("c", NOW) is None
    assert authorizations.rotate("r", replace(TOKEN, digest="r2"), NOW) is None


def test_a_person_is_told_of_what_is_in_use(authorizations: SqlAuthorizations) -> None:
    assert authorizations.of_user("1") == ()
    authorizations.redeem("c", NOW)
    later = replace(ALLOWED, id="g2", created=NOW + 1)
    authorizations.begin(later, replace(CODE, digest="c2", authorization="g2"))
    authorizations.redeem("c2", NOW + 2)

    assert [one.id for one in authorizations.of_user("1")] == ["g2", "g"]
    authorizations.revoke("g2", NOW)
    assert [one.id for one in authorizations.of_user("1")] == ["g"]
    assert authorizations.of_user("2") == ()


def test_what_is_over_is_forgotten_with_the_next_one(
    authorizations: SqlAuthorizations, database: Database
) -> None:
    authorizations.add_refresh_token(TOKEN)
    much_later = replace(ALLOWED, id="g2", created=NOW + KEPT_SECONDS + 1)
    SqlAuthorizations(database.engine).begin(much_later, replace(CODE, digest="c2", authorization="g2"))

    assert authorizations.get("g") is authorizations.refresh_token("r") is None
    assert database.rows("SELECT digest FROM oauth_code", {}) == [("c2",)]


def test_a_code_is_kept_with_its_authorization_or_neither_is(authorizations: SqlAuthorizations) -> None:
    with pytest.raises(exc.IntegrityError):
        authorizations.begin(replace(ALLOWED, id="g2"), CODE)
    assert authorizations.get("g2") is None


def test_a_database_that_is_gone_is_told_as_such() -> None:
    gone = Database("postgresql+psycopg://nobody@127.0.0.1:1/none")

    with pytest.raises(Unavailable):
        SqlAuthorizations(gone.engine).get("g")
    gone.close()

"""A write in one transaction, carried out once however often it is sent under the same `Idempotency-Key`.

https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from careplan_service.access.view import known_to
from careplan_service.errors import Invalid, Malformed
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.read import absent
from careplan_service.interactions.records import Changes, Once, Stored

KEPT_FOR = 24 * 3600 * 1_000_000
"""Microseconds that an answer is kept under its key."""

_KEY = re.compile(r'"([ !#-\[\]-~]{1,255})"|([!#-+\--\[\]-~]{1,255})')


class Made(NamedTuple):
    """What one write has made or found, before it is shown; nothing leaves of what is not `told`."""

    status: int
    stored: Stored
    told: bool = True


class Written(NamedTuple):
    """What became of one write: its HTTP status, and what it made or found as the caller may have it."""

    status: int
    stored: Stored


def shown(desk: Desk, made: Sequence[Made]) -> list[Written]:
    """What was made in one transaction, shown when all of it is there: each may name the others."""
    left = iter(desk.show_all([one.stored for one in made if one.told]))
    return [Written(one.status, next(left) if one.told else one.stored) for one in made]


def written(
    desk: Desk,
    carry_out: Callable[[Changes], Sequence[Written]],
    status: int | None = None,
    then: Callable[[], None] | None = None,
) -> Sequence[Written]:
    """Carry writes out in one transaction, with the audit row and the answer under the caller's key.

    Sent again under the same key, nothing is carried out: what was written then is looked up, as far as
    the caller may still know of it. `then` comes before the audit row either way. Raises Invalid (422)
    when the key was used for another request, NotFound when the answer may no longer be shown.
    """
    with desk.records.changes() as changes:
        earlier = _earlier(desk, changes)
        done = carry_out(changes) if earlier is None else shown(desk, list(_again(desk, earlier)))
        if earlier is None and desk.once:
            changes.remember(desk.caller.owner, desk.once, _told(done), desk.now)
        if then:
            then()
        desk.note_in(changes, status or done[0].status)
    return done


def once_of(key: str, fingerprint: str) -> Once:
    """What an `Idempotency-Key` header says: a text, quoted or not. Raises Malformed (400)."""
    found = _KEY.fullmatch(key.strip())
    if not found:
        raise Malformed('`Idempotency-Key` takes 1 to 255 printable characters, as "8e03978e-40d5"')
    return Once(found[1] or found[2], fingerprint)


def require_unused(desk: Desk) -> None:
    """Raise Invalid (422) when the key of this request was used for another one; else keep it."""
    if desk.once:
        with desk.records.changes() as changes:
            if _earlier(desk, changes) is None:
                changes.remember(desk.caller.owner, desk.once, "", desk.now)


def _earlier(desk: Desk, changes: Changes) -> str | None:
    if desk.once is None:
        return None
    changes.alone(f"key {desk.caller.owner} {desk.once.key}")
    found = changes.answered(desk.caller.owner, desk.once.key, desk.now - KEPT_FOR)
    if found is None:
        return None
    fingerprint, answer = found
    if fingerprint != desk.once.fingerprint:
        raise Invalid("this `Idempotency-Key` was used for another request; make a new key")
    return answer


def _told(done: Sequence[Written]) -> str:
    """One line for each write, `201 Goal/1 2`: never the bytes, which are judged anew."""
    return "\n".join(f"{status} {s.type}/{s.id} {s.version}" for status, s in done)


def _again(desk: Desk, told: str) -> Iterator[Made]:
    for line in told.splitlines():
        status, key, version = line.split(" ")
        type_, _, id_ = key.partition("/")
        if status == "204":
            # Whoever deleted it knows that it is gone, and nothing of it is shown.
            gone = Stored(type_, id_, int(version), desk.now, True, "DELETE", b"", "", 0)
            yield Made(204, gone, told=False)
            continue
        seen = known_to(desk.caller, type_, desk.now)
        found = desk.records.version(type_, id_, int(version), seen)
        if found is None:
            raise absent()
        yield Made(int(status), found)

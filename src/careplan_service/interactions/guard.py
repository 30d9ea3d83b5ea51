"""`If-Match` and `If-None-Match` on a write. https://hl7.org/fhir/R4/http.html#concurrency"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from careplan_service.errors import Malformed, PreconditionFailed
from careplan_service.interactions.records import Stored

ANY_VERSION = "*"
_ETAG = re.compile(r'(?:W/)?"([A-Za-z0-9\-.]{1,64})"')


@dataclass(frozen=True)
class Guard:
    """What must be true of the current version: it is `match`, and it is none of `none_match`; `*` is any."""

    match: str | None = None
    none_match: Sequence[str] = ()

    def require(self, before: Stored | None) -> None:
        """Raise PreconditionFailed (412) unless the current version is as it should be."""
        require_match(self.match, before)
        current = _version(before)
        if current is not None and (ANY_VERSION in self.none_match or current in self.none_match):
            raise PreconditionFailed(
                f"`If-None-Match` names version {current}, which is there; read it again"
            )


UNGUARDED = Guard()


def guard_of(if_match: str | None, if_none_match: str | None = None) -> Guard:
    """The guard that two headers say. Raises Malformed (400) when one names no version."""
    none_match = [part for part in (if_none_match or "").split(",") if if_none_match is not None]
    return Guard(version_of(if_match), tuple(_named("If-None-Match", part) for part in none_match))


def version_of(if_match: str | None) -> str | None:
    """The version an `If-Match: W/"3"` names, or `*`. Raises Malformed (400) for anything else."""
    return None if if_match is None else _named("If-Match", if_match)


def _named(header: str, text: str) -> str:
    if text.strip() == ANY_VERSION:
        return ANY_VERSION
    found = _ETAG.fullmatch(text.strip())
    if not found:
        raise Malformed(f'`{header}: {text}` is no version; write it as W/"3"')
    return found[1]


def require_match(wanted: str | None, before: Stored | None) -> None:
    """Raise PreconditionFailed (412) unless the current version is the wanted one; `*` wants any."""
    current = _version(before)
    if wanted is not None and (current is None or wanted not in (ANY_VERSION, current)):
        text = f"`If-Match` names version {wanted}, the current one is {current or 'none'}; read it again"
        raise PreconditionFailed(text)


def _version(before: Stored | None) -> str | None:
    return before.tag if before and not before.deleted else None

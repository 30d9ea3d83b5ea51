"""FHIR read, also conditional. https://hl7.org/fhir/R4/http.html#cread"""

from __future__ import annotations

from dataclasses import dataclass

from careplan_service.errors import Gone, NotFound
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.records import Stored

_SECOND = 1_000_000


@dataclass(frozen=True)
class Known:
    """What the caller has already: `versions` of its copies (`*`: any), or the moment of its copy.

    `since` is microseconds UTC, to the second; versions win over it.
    """

    versions: frozenset[str] = frozenset()
    since: int | None = None

    def is_current(self, found: Stored) -> bool:
        """Whether what was found is what the caller has."""
        if self.versions:
            return bool(self.versions & {"*", found.tag})
        # What a redacted copy holds changes with consents, too.
        stood = not found.projection and self.since is not None
        return stood and found.updated // _SECOND * _SECOND <= (self.since or 0)


def read(desk: Desk, type_: str, id_: str) -> Stored:
    """The current version. Raises NotFound when absent or hidden, Gone when deleted."""
    return desk.show(there(desk.records.current(type_, id_, desk.sees("r", type_))))


def read_unless(desk: Desk, type_: str, id_: str, known: Known) -> tuple[Stored, bool]:
    """The current version, and whether the caller has it already. Raises as `read`."""
    found = read(desk, type_, id_)
    return found, known.is_current(found)


def there(found: Stored | None) -> Stored:
    """What was found. Raises NotFound for nothing, Gone for a deletion."""
    if found is None:
        raise absent()
    if found.deleted:
        raise gone(found.type, found.id)
    return found


def absent() -> NotFound:
    """The one answer for what is not there and for what may not be known, the same to the byte."""
    return NotFound("no such resource was found; check the type, the id and the version")


def gone(type_: str, id_: str) -> Gone:
    """The answer for what the caller could see before it was deleted."""
    return Gone(f"`{type_}/{id_}` was deleted; its history is at `{type_}/{id_}/_history`")

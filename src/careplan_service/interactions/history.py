"""FHIR history of an instance. https://hl7.org/fhir/R4/http.html#history"""

from __future__ import annotations

from dataclasses import dataclass

from careplan_service.interactions.desk import Cursor, Desk, Page, Stored
from careplan_service.interactions.read import absent


@dataclass(frozen=True)
class History:
    """Versions newest first, how many there are, and where the next page begins."""

    versions: tuple[Stored, ...]
    total: int
    following: Cursor | None


def history(desk: Desk, type_: str, id_: str, count: int, after: Cursor | None) -> History:
    """The versions the caller may see. Raises NotFound when there is none."""
    seen = desk.sees("r", type_)
    found = desk.records.versions(type_, id_, seen, Page(limit=count + 1, after=after))
    if not found and after is None:
        raise absent()
    shown = tuple(desk.show(version) for version in found[:count])
    more = len(found) > count
    total = len(found) if after is None and not more else desk.records.count_versions(type_, id_, seen)
    following = Cursor(shown[-1].version, 0) if more and shown else None
    return History(shown, total, following)

"""Who belongs to whom, and who is of age, as they are read for an explanation: what `directory_sql.py` joins.

https://hl7.org/fhir/R4/careteam.html
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import func, literal_column, select

from careplan_service.access.consent.directory import Edge
from careplan_service.resources.marks import MAJORITY
from careplan_service.store.bind import Binds, named
from careplan_service.store.database import Database
from careplan_service.store.lists import elements, is_among, listed
from careplan_service.store.tables import actor_edge, fact, resource

_SLASH = len("Patient/") + 1


class Belonging:
    """Reads edges and majorities by lists of references."""

    def __init__(self, database: Database) -> None:
        self._database = database
        one, sqlite = actor_edge.c, database.is_sqlite
        edge = select(one.member, one.key, one.kind, one.within, one.lo, one.hi)
        self._edges = database.compiled(edge.where(is_among(one.member, Binds(), sqlite=sqlite)))
        name = elements(Binds(), sqlite=sqlite).subquery().c.value
        of_age = select(name, fact.c.lo).join_from(
            resource, fact, (fact.c.vid == resource.c.vid) & (fact.c.param == literal_column(f"'{MAJORITY}'"))
        )
        self._majorities = database.compiled(
            of_age.where(
                resource.c.type == literal_column("'Patient'"),
                resource.c.id == func.substr(name, literal_column(str(_SLASH))),
                resource.c.current == literal_column("1"),
                resource.c.deleted == literal_column("0"),
            )
        )

    def edges(self, members: Collection[str]) -> list[Edge]:
        """The edges that lead from the members."""
        return [Edge(*row) for row in self._database.rows(self._edges, named([listed(sorted(members))]))]

    def majorities(self, patients: Collection[str]) -> dict[str, int]:
        """When patients (`Patient/x`) come of age, in microseconds UTC, where their birth date is known."""
        rows = self._database.rows(self._majorities, named([listed(sorted(patients))]))
        return {str(patient): int(moment) for patient, moment in rows}

"""The directory's edges as they are kept, to be followed in plain Python.

https://hl7.org/fhir/R4/group.html, careteam.html, practitionerrole.html, relatedperson.html
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import fields

from sqlalchemy import select

from careplan_service.access.consent.directory import Edge
from careplan_service.store.bind import Binds
from careplan_service.store.database import Database
from careplan_service.store.lists import elements, listed
from careplan_service.store.tables import actor_edge


class SqlEdges:
    """Edges by where they start."""

    def __init__(self, database: Database) -> None:
        self._database = database
        among = elements(Binds(), sqlite=database.is_sqlite)
        columns = (actor_edge.c[one.name] for one in fields(Edge))
        self._of = database.compiled(select(*columns).where(actor_edge.c.member.in_(among)))

    def of(self, members: Collection[str]) -> list[Edge]:
        """The edges that start at these."""
        return [Edge(*row) for row in self._database.rows(self._of, {"p0": listed(sorted(members))})]

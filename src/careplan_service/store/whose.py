"""Whose records versions are, for the log alone: what is asked of `resource` without a caller's predicate.

Nothing but references of patients is selected, and no caller is told but who may read the log as a whole.
https://profiles.ihe.net/ITI/BALP/volume-1.html
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from sqlalchemy import bindparam, select

from careplan_service.access.facts import OTHER_PATIENT
from careplan_service.store.bind import Binds, named
from careplan_service.store.database import Database
from careplan_service.store.lists import is_among, listed
from careplan_service.store.tables import fact, resource


class Whose:
    """Asks which patients versions are about; statements are compiled once."""

    def __init__(self, database: Database) -> None:
        self._database = database
        one = (resource.c.type == bindparam("t"), resource.c.id == bindparam("i"), resource.c.current == 1)
        self._current = database.compiled(select(resource.c.patient).where(*one))
        further = (fact.c.vid == bindparam("v"), fact.c.param == OTHER_PATIENT)
        self._further = database.compiled(select(fact.c.value).where(*further))
        binds = Binds()
        columns = (resource.c.vid, resource.c.id, resource.c.version, resource.c.patient, resource.c.others)
        versions = select(*columns).where(resource.c.type == binds.text(""))
        of_ids = is_among(resource.c.id, binds, sqlite=database.is_sqlite)
        self._versions = database.compiled(versions.where(of_ids))

    def current(self, type_: str, id_: str) -> list[str]:
        """The patient of the current version: one reference, or none."""
        rows = self._database.rows(self._current, {"t": type_, "i": id_})
        return [patient for (patient,) in rows if patient]

    def further(self, vids: Iterable[int]) -> list[str]:
        """The patients that versions name besides the one whose record they are."""
        return [patient for vid in vids for (patient,) in self._database.rows(self._further, {"v": vid})]

    def versions(self, type_: str, ids: Collection[str]) -> Mapping[str, frozenset[str]]:
        """The patients of every version (`Goal/1/_history/2`) of resources of one type."""
        rows = self._database.rows(self._versions, named([type_, listed(ids)]))
        return {
            f"{type_}/{id_}/_history/{version}": frozenset(
                {patient, *(self.further([vid]) if others else ())} - {""}
            )
            for vid, id_, version, patient, others in rows
        }

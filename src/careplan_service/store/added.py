"""What agencies add to the catalogue, in SQL. https://hl7.org/fhir/R4/terminology-module.html"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict

from sqlalchemy import Engine, delete, exc, insert, select

from careplan_service.errors import Conflict
from careplan_service.interventions.added import Added, Mapped, Service
from careplan_service.store.added_tables import mapped_code, service_name
from careplan_service.store.people_tables import transaction

_FRESH = 1.0
"""Seconds that a worker goes on with what it read."""
_COLUMNS = tuple(column.name for column in service_name.c)


class SqlAdded:
    """Names of services and mapped codes; `now` gives seconds, by which they are read again."""

    def __init__(self, engine: Engine, now: Callable[[], float]) -> None:
        self._engine, self._now = engine, now
        self._read: tuple[float, Added] | None = None

    def recent(self) -> Added:
        """All that was added, as it was a second ago at most. Raises Unavailable."""
        now, read = self._now(), self._read
        if read is None or not read[0] <= now < read[0] + _FRESH:
            read = self._read = (now, self.all())
        return read[1]

    def all(self) -> Added:
        """All that was added, as it is now. Raises Unavailable."""
        row, mapped = service_name.c, mapped_code.c
        with transaction(self._engine) as connection:
            ordered = select(service_name).order_by(row.organization, row.code, row.version)
            rows = [dict(one._mapping) for one in connection.execute(ordered)]
            codes = connection.execute(select(mapped_code).order_by(mapped.system, mapped.code)).all()
        return Added(tuple(_services(rows)), tuple(Mapped(*one) for one in codes))

    def add(self, services: Iterable[Service]) -> None:
        """Add rows to lists. Raises Conflict when a list was changed in the meantime."""
        rows = [{name: asdict(one)[name] for name in _COLUMNS} for one in services]
        try:
            with transaction(self._engine) as connection:
                if rows:
                    connection.execute(insert(service_name), rows)
        except exc.IntegrityError as error:
            raise Conflict("the list was changed in the meantime; nothing was added, try again") from error
        self._read = None

    def map(self, one: Mapped) -> None:
        """Map a code, in place of how it was mapped before."""
        this = (mapped_code.c.system == one.system, mapped_code.c.code == one.code)
        with transaction(self._engine) as connection:
            connection.execute(delete(mapped_code).where(*this))
            connection.execute(insert(mapped_code).values(asdict(one)))
        self._read = None

    def unmap(self, system: str, code: str) -> None:
        """Take the mapping of a code away, if there is one."""
        this = (mapped_code.c.system == system, mapped_code.c.code == code)
        with transaction(self._engine) as connection:
            connection.execute(delete(mapped_code).where(*this))
        self._read = None


def _services(rows: Iterable[dict[str, object]]) -> Iterable[Service]:
    """The last version of each, with the names it had; `rows` come by version."""
    found: dict[tuple[object, object], list[dict[str, object]]] = {}
    for row in rows:
        found.setdefault((row["organization"], row["code"]), []).append(row)
    for versions in found.values():
        last = Service(**versions[-1])  # type: ignore[arg-type]
        names = dict.fromkeys(str(row["name"]) for row in versions)
        yield Service(**{**asdict(last), "former": tuple(name for name in names if name != last.name)})

"""Receipts: what left for whom, and of what of it was found that it is shared no longer, or again.

Nothing here opens anything: what comes back is judged by the caller's predicate in the statement itself.
docs/adr/0019
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, literal_column, or_, select, update

from careplan_service.access.filters import Filter
from careplan_service.interactions.feed import Ended, Pulled, Receiver
from careplan_service.interactions.records import Stored
from careplan_service.store.asking import SELECT, Asking
from careplan_service.store.bind import Binds, Values
from careplan_service.store.database import Database
from careplan_service.store.lists import is_among, listed
from careplan_service.store.receipt_tables import receipt
from careplan_service.store.shapes import shape
from careplan_service.store.tables import resource

_NOW = and_(
    resource.c.type == receipt.c.type,
    resource.c.id == receipt.c.id,
    resource.c.current == literal_column("1"),
)
_STATES: Select[Any] = select(receipt.c.number, receipt.c.gone).order_by(receipt.c.number)
_SHARED: Select[Any] = select(receipt.c.number).select_from(receipt.join(resource, _NOW))
_ENDED: Select[Any] = select(receipt.c.changed, receipt.c.number, receipt.c.type, receipt.c.id)
_KEYS = (receipt.c.changed, receipt.c.number)
_AT_ONCE = 2000
"""Receipts that one statement looks at: no statement may take long (CAREPLAN_MAX_SECONDS)."""


class Receipts:
    """Asks for receipts; `Receiver` says whose."""

    def __init__(self, database: Database, asking: Asking) -> None:
        self._database, self._asking = database, asking
        self._sqlite = database.is_sqlite

    def settle(self, receiver: Receiver, seen: Filter, at: int) -> None:
        """Find what of the receipts `seen` holds for no longer, or again, and keep the moment it was found.

        One that was found so before keeps its moment. Writes nothing where nothing has changed.
        """
        states = self._asking.tuples(("receipts",), lambda b: _held(_STATES, receiver, b), list(receiver))
        shared: set[int] = set()
        for start in range(0, len(states), _AT_ONCE):
            some = states[start : start + _AT_ONCE]
            shared |= self._shared(receiver, seen, some[0][0], some[-1][0])
        ended = [number for number, gone in states if not gone and number not in shared]
        again = [number for number, gone in states if gone and number in shared]
        if ended or again:
            # An answer that is judged twice is made in a snapshot.
            with self._database.apart(), self._database.writing():
                self._mark(ended, 1, at)
                self._mark(again, 0, at)

    def _shared(self, receiver: Receiver, seen: Filter, first: int, last: int) -> set[int]:
        """The numbers among those from first to last of what `seen` holds for."""
        values = Values([*receiver, first, last])
        form = ("receipts shared", shape(seen, values))

        def build(binds: Binds) -> Select[Any]:
            held = _held(_SHARED, receiver, binds)
            held = held.where(receipt.c.number.between(binds.number(first), binds.number(last)))
            return held.where(self._asking.clause(seen, resource, binds))

        return {number for (number,) in self._asking.tuples(form, build, values)}

    def _mark(self, numbers: Sequence[int], gone: int, at: int) -> None:
        """Whoever found it first has set the moment."""
        if not numbers:
            return
        binds = Binds()
        changed = (
            update(receipt)
            .values(gone=literal_column(str(gone)), changed=binds.number(at))
            .where(receipt.c.gone == literal_column(str(1 - gone)))
            .where(is_among(receipt.c.number, binds, sqlite=self._sqlite, numbers=True))
        )
        self._database.run(self._database.compiled(changed), {"p0": at, "p1": listed(numbers)})

    def ended(self, pulled: Pulled, limit: int) -> list[Ended]:
        """What was found to be shared no longer, latest first."""
        values = _values(pulled)

        def build(binds: Binds) -> Select[Any]:
            return self._page(_held(_ENDED, pulled.receiver, binds), 1, pulled, binds)

        rows = self._asking.tuples(("receipts ended", *_form(pulled)), build, [*values, limit])
        return [Ended(*row) for row in rows]

    def again(self, pulled: Pulled, seen: Filter, limit: int) -> list[Stored]:
        """The current versions of what was found to be shared again, latest first.

        `keys` are the moment and the number of the receipt. What was changed since stands in the history.
        """
        values = Values([*pulled.receiver, pulled.since])
        form = ("receipts again", shape(seen, values), *_form(pulled))
        values += _values(pulled)[2:]

        def build(binds: Binds) -> Select[Any]:
            query = _held(SELECT.join(receipt, _NOW).add_columns(*_KEYS), pulled.receiver, binds)
            query = query.where(resource.c.updated < binds.number(pulled.since))
            query = query.where(self._asking.clause(seen, resource, binds))
            return self._page(query, 0, pulled, binds)

        return self._asking.rows(form, build, [*values, limit], seen)

    def _page(self, query: Select[Any], gone: int, pulled: Pulled, binds: Binds) -> Select[Any]:
        query = self._since(query, gone, pulled, binds)
        return query.order_by(*(key.desc() for key in _KEYS)).limit(binds.number(1))

    def _since(self, query: Select[Any], gone: int, pulled: Pulled, binds: Binds) -> Select[Any]:
        changed, number = _KEYS
        query = query.where(
            receipt.c.gone == literal_column(str(gone)),
            changed != literal_column("0"),
            changed >= binds.number(pulled.since),
            is_among(receipt.c.type, binds, sqlite=self._sqlite),
        )
        if pulled.id:
            query = query.where(receipt.c.id == binds.text(pulled.id))
        if pulled.before is None:
            return query
        before: ColumnElement[int] = binds.number(0)
        return query.where(or_(changed < before, and_(changed == before, number < binds.number(0))))


def _held(query: Select[Any], receiver: Receiver, binds: Binds) -> Select[Any]:
    name, purpose = binds.text(receiver.name), binds.text(receiver.purpose)
    return query.where(receipt.c.receiver == name, receipt.c.purpose == purpose)


def _form(pulled: Pulled) -> tuple[bool, bool]:
    return bool(pulled.id), pulled.before is None


def _values(pulled: Pulled) -> list[str | int]:
    """What `_held` and `_since` bind."""
    rest = [pulled.id] if pulled.id else []
    return [*pulled.receiver, pulled.since, listed(pulled.types), *rest, *(pulled.before or ())]

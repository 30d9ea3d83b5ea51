"""How many facts are few, by how many resources there are."""

from __future__ import annotations

from math import isqrt
from typing import Any

from sqlalchemy import Select, func, literal_column, select

from careplan_service.store.bind import Binds, named
from careplan_service.store.database import Database
from careplan_service.store.tables import resource

_OFTEN, _HIDDEN = 12, 3
_FEWEST, _MOST = 100, 400_000
_ASKED_AGAIN, _GROWN = 256, 1.25


class Sizes:
    """Counts the resources of a type, once, and again when a quarter more versions have been written.

    Of N resources n are gathered while n * n is at most 12 N: of a value that more have, a page is soon met
    while walking through all. To walk to twenty takes 20 N / n steps, and three times as many where the most
    is hidden; to gather takes n.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._asks, self._newest = 0, -1
        self._many: dict[str, int] = {}
        self._last = database.compiled(select(func.coalesce(func.max(resource.c.vid), literal_column("0"))))
        self._of_type = database.compiled(_count(of_type=True))
        self._of_all = database.compiled(_count(of_type=False))

    def few(self, type_: str, *, hidden: bool = False) -> int:
        """How many facts are few among the resources of a type (empty: all), where most may be `hidden`."""
        if self._asks % _ASKED_AGAIN == 0:
            self._look_for_growth()
        self._asks += 1
        if type_ not in self._many:
            self._many[type_] = self._counted(type_)
        return max(_FEWEST, isqrt(_OFTEN * self._many[type_] * (_HIDDEN if hidden else 1)))

    def _look_for_growth(self) -> None:
        newest = int(self._database.rows(self._last, {})[0][0])
        if newest > self._newest * _GROWN or self._newest < 0:
            self._newest = newest
            self._many.clear()

    def _counted(self, type_: str) -> int:
        asked, values = (self._of_type, named([type_])) if type_ else (self._of_all, {})
        return int(self._database.rows(asked, values)[0][0])


def _count(*, of_type: bool) -> Select[Any]:
    """Current versions, up to so many that it still takes some hundredths of a second."""
    binds = Binds()
    wanted = [resource.c.type == binds.text("")] if of_type else []
    one = select(resource.c.type).where(resource.c.current == literal_column("1"), *wanted)
    return select(func.count()).select_from(one.limit(literal_column(str(_MOST))).subquery())

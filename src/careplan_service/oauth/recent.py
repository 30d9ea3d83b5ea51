"""What a register says of an id, asked for at most once a second: each request needs it.

What is taken away there stops working within that second.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

Found = TypeVar("Found")
_RECHECK = 1.0
_MOST = 10_000


class Recent(Generic[Found]):
    """Looks up by id; the same object is given as long as nothing changed, so `is` tells a change.

    `now` gives seconds. Of more than ten thousand ids all are forgotten: others may choose them.
    """

    def __init__(self, find: Callable[[str], Found], now: Callable[[], float]) -> None:
        self._find, self._now = find, now
        self._asked: dict[str, tuple[float, Found]] = {}

    def get(self, id_: str) -> Found:
        """What was found within the last second."""
        now = self._now()
        known = self._asked.get(id_)
        if known is not None and now - known[0] < _RECHECK:
            return known[1]
        current = self._find(id_)
        found = known[1] if known is not None and known[1] == current else current
        if id_ not in self._asked and len(self._asked) >= _MOST:
            self._asked.clear()
        self._asked[id_] = (now, found)
        return found

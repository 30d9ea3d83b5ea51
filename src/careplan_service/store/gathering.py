"""Work that is done once for all who want it at the same time: a commit, a flush to disk."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")


class _Waiting(Generic[Item]):
    """An item on its way; the gate opens when it is done, has failed, or is to lead the next batch."""

    __slots__ = ("error", "gate", "item", "leads", "settled")

    def __init__(self, item: Item) -> None:
        self.item = item
        self.gate = threading.Lock()
        self.gate.acquire()
        self.leads = False
        self.settled = False
        self.error: BaseException | None = None


class Gathering(Generic[Item]):
    """Carries items out in batches: one thread does it for all that wait, then the next one leads."""

    def __init__(self, carry_out: Callable[[Sequence[Item]], None]) -> None:
        self._carry_out = carry_out
        self._waiting: list[_Waiting[Item]] = []
        self._guard = threading.Lock()
        self._led = False

    def add(self, item: Item) -> BaseException | None:
        """Have the item carried out, beginning after this call; gives what it failed with.

        Nobody waits longer than for one batch in progress and one more.
        """
        mine = _Waiting(item)
        with self._guard:
            self._waiting.append(mine)
            mine.leads, self._led = not self._led, True
        if not mine.leads:
            mine.gate.acquire()
        if not mine.settled:
            self._lead()
        return mine.error

    def _lead(self) -> None:
        """Carry out all that wait, this thread's own item among them, and hand the lead on."""
        with self._guard:
            batch, self._waiting = self._waiting, []
        error = self._tried(batch)
        for waiting in batch:
            waiting.error, waiting.settled = error, True
        with self._guard:
            following = self._waiting[0] if self._waiting else None
            self._led = following is not None
        if following is not None:
            following.gate.release()
        for waiting in batch:
            if not waiting.leads:
                waiting.gate.release()

    def _tried(self, batch: Sequence[_Waiting[Item]]) -> BaseException | None:
        try:
            self._carry_out([waiting.item for waiting in batch])
        except Exception as failure:  # every waiter must hear of it, whatever it was
            return failure
        return None

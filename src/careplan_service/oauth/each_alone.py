"""A lock for each name, so that who waits for one slow server holds up nobody who asks another.

https://docs.python.org/3/library/threading.html#lock-objects
"""

from __future__ import annotations

import threading


class EachAlone:
    """Locks by name; for names that are registered or set, since none is ever forgotten."""

    def __init__(self) -> None:
        self._locks: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()

    def of(self, name: str) -> threading.Lock:
        """The one lock of that name."""
        with self._lock:
            return self._locks.setdefault(name, threading.Lock())

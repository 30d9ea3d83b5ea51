"""Who is told when what it received is shared no longer. docs/adr/0019"""

from __future__ import annotations

from careplan_service.access.caller import Caller

_TOLD = frozenset({"partner", "app"})
"""The kinds to which what was deleted looks as if it had never been, so that nothing else would tell them."""


def receiver_of(caller: Caller) -> str:
    """Under which name its receipts stand; empty for those who keep none: staff, clients, relatives, viewers.

    It is that of the client alone, of a person with the patient in context: what one received tells no
    other one anything.
    """
    return caller.owner if caller.kind in _TOLD and caller.viewer is None else ""

"""Plans are read and written with what agencies added to the catalogue. docs/plans.md"""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask, g, request

from careplan_service.interventions.added import Added, forget, tell

_PLANS = "/plans"


def register(app: Flask, recent: Callable[[], Added]) -> None:
    """Have requests for plans know what was added; `recent` gives it."""

    @app.before_request
    def told() -> None:
        if request.path.startswith(_PLANS):
            g.added = tell(recent())

    @app.teardown_request
    def forgotten(_: BaseException | None) -> None:
        if token := g.pop("added", None):
            forget(token)

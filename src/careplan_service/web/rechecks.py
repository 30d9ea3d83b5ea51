"""Rechecks: a share of the answers is judged twice before it leaves, and one that differs is withheld.

https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from prometheus_client import CollectorRegistry, Counter

from careplan_service.access.consent.rules import Door
from careplan_service.errors import Drift, TooLarge
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.recheck import CHECKED, differing
from careplan_service.interactions.records import Stored
from careplan_service.log import log


class Rechecks:
    """`share` of the answers, 0 to 1, chosen by `chance`, which gives numbers from 0 up to 1."""

    def __init__(
        self, share: float, chance: Callable[[], float], door: Callable[[], Door], registry: CollectorRegistry
    ) -> None:
        self._share, self._chance, self._door = share, chance, door
        self._counted = Counter(
            "careplan_consent_rechecks", "Pages judged twice, by outcome.", ("outcome",), registry=registry
        )
        for outcome in ("same", "drift", "skipped"):
            self._counted.labels(outcome)

    def wants(self, desk: Desk) -> bool:
        """Whether this request is one of the share."""
        return self._share > 0 and desk.interaction in CHECKED and self._chance() < self._share

    def __call__(self, desk: Desk, page: Sequence[Stored]) -> None:
        """Judge what is about to leave. Raises Drift (500), and tells the log, where it differs."""
        try:
            found = differing(desk, page, self._door())
        except TooLarge as error:
            self._counted.labels("skipped").inc()
            log().warning("consent_recheck_skipped", interaction=desk.interaction, why=error.text)
            return
        self._counted.labels("drift" if found else "same").inc()
        if found:
            self._tell(desk, found)
            raise Drift(
                "two checks of the consents disagree, so nothing is shown; the operator has been told"
            )

    def _tell(self, desk: Desk, found: Sequence[Stored]) -> None:
        shown = [
            {"version": f"{one.type}/{one.id}/_history/{one.version}", "because": one.because or "none"}
            for one in found
        ]
        log().error(
            "consent_drift", interaction=desk.interaction, client=desk.caller.client_id,
            request=desk.request_id, at=desk.now, shown_in_sql_hidden_in_python=shown,
        )  # fmt: skip

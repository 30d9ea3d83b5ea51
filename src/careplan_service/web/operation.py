"""Operation: is it alive, is it ready, how busy is it. https://prometheus.io/docs/instrumenting/exposition_formats/"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import orjson
from flask import Blueprint, Response, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, generate_latest

# A method is what the sender wrote: every new one would be a time series of its own.
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def operation_blueprint(not_ready: Callable[[], str | None], registry: CollectorRegistry) -> Blueprint:
    """`/health/live`, `/health/ready` and `/metrics`; none of them tells of any client."""
    routes = Blueprint("operation", __name__)
    answered = Counter(
        "careplan_responses", "Responses by method and status class.", ("method", "status"), registry=registry
    )

    @cache
    def series(method: str, hundreds: int) -> Counter:
        return answered.labels(method, f"{hundreds}xx")

    def counted(method: str, hundreds: int) -> Counter:
        return series(method if method in _METHODS else "other", hundreds)

    @routes.after_app_request
    def count(response: Response) -> Response:
        counted(request.method, response.status_code // 100).inc()
        return response

    @routes.get("/health/live")
    def live() -> Response:
        return _json({"status": "live"}, 200)

    @routes.get("/health/ready")
    def ready() -> Response:
        reason = not_ready()
        return (
            _json({"status": "not ready", "reason": reason}, 503)
            if reason
            else _json({"status": "ready"}, 200)
        )

    @routes.get("/metrics")
    def metrics() -> Response:
        return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)

    return routes


def _json(document: dict[str, str], status: int) -> Response:
    return Response(orjson.dumps(document), status, content_type="application/json")

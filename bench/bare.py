"""The yardstick: one Flask route that answers with a constant goal, served as `careplan serve` serves.

https://github.com/emmett-framework/granian
"""

from __future__ import annotations

import sys
from random import Random
from typing import Any

import orjson
from flask import Flask, Response

from bench.asks import BARE_PATH
from bench.records import goal

_BODY = orjson.dumps(goal(Random(0), "g0", "Patient/p0", "active", "food-insecurity", sensitive=False))

app = Flask("bare", static_folder=None)


@app.get(BARE_PATH)
def constant() -> Response:
    """A goal of the usual size."""
    return Response(_BODY, content_type="application/fhir+json; charset=utf-8")


def serve(application: str, port: int, workers: int) -> None:
    """Serve on 127.0.0.1 with the threads of `careplan serve`."""
    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    from careplan_service.cli.serve import THREADS

    server: Any = Granian(
        application,
        address="127.0.0.1",
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=THREADS,
        log_level=LogLevels.warning,
        backpressure=128,
    )
    server.serve()


if __name__ == "__main__":
    serve("bench.bare:app", int(sys.argv[1]), int(sys.argv[2]))

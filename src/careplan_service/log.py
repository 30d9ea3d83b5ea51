"""Logs: one JSON line each, without query strings or bodies, which are as sensitive as the data."""

from __future__ import annotations

import logging
import sys
from functools import cache
from typing import Any

_chosen = {"level": "info"}


def configure_log(level: str) -> None:
    """Log from `level` on to standard error."""
    _chosen["level"] = level
    _logger.cache_clear()


def log() -> Any:
    """The service's logger."""
    return _logger()


@cache
def _logger() -> Any:
    # Loaded with the first line that is logged: a start without trouble needs none.
    import structlog
    from structlog.tracebacks import ExceptionDictTransformer

    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            # Local variables hold clients' data.
            structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False)),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, _chosen["level"].upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    return structlog.get_logger("careplan")

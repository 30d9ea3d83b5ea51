"""Options that several commands have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click


def database_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--database-url`, which wins over `CAREPLAN_DATABASE_URL`."""
    return click.option("--database-url", help="Database, instead of CAREPLAN_DATABASE_URL.")(command)

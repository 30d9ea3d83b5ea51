"""A leaflet as one HTML file: nothing that runs, nothing from elsewhere, readable on a phone and on paper.

https://www.w3.org/TR/WCAG22/ and https://www.w3.org/TR/CSP3/#grammardef-hash-source
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from importlib.resources import files
from itertools import groupby

from jinja2 import Environment, Template
from markupsafe import Markup

from careplan_service.interventions.printing.leaflet import Leaflet, Line

_FILES = files("careplan_service.web") / "pages" / "print"


def html_of(leaflet: Leaflet, *, large: bool) -> str:
    """The page; with `large` in letters of 18 points and more."""
    return _template().render(leaflet=leaflet, large=large, css=Markup(_css()))  # noqa: S704 (our own file)


@cache
def policy() -> str:
    """The Content-Security-Policy of the page: its own style, named by its hash, and nothing else."""
    digest = b64encode(sha256(_css().encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


@cache
def _css() -> str:
    return (_FILES / "page.css").read_text("utf-8")


@cache
def _template() -> Template:
    environment = Environment(autoescape=True)
    environment.filters["groupby_run"] = _runs
    return environment.from_string((_FILES / "plan.html").read_text("utf-8"))


def _runs(lines: Sequence[Line]) -> list[tuple[bool, list[Line]]]:
    """The lines in runs of items of a list and of others."""
    return [(items, list(run)) for items, run in groupby(lines, key=lambda line: line.item)]

"""What is said of a plan that was not made here, or not only: how its values were found, what has no words.

https://hl7.org/fhir/R4/careplan.html
"""

from __future__ import annotations

from dataclasses import dataclass

KNOWN, INFERRED, MAPPED, NOT_MAPPED = "known", "inferred", "mapped-by-agency", "not-mapped"
"""How a value was found: as it stands, by the catalogue or a default, by `terminology map`, not at all."""
HOWS = (KNOWN, INFERRED, MAPPED, NOT_MAPPED)


@dataclass(frozen=True)
class Mark:
    """How a value of the plan was found: `field` is its path in the plan, `how` and `by` what it was found.

    `said` is all that stands at `path` of `resource`; `relation` says how the value is to that.
    """

    field: str
    how: str
    by: str
    resource: str
    path: str
    said: str
    relation: str | None = None


@dataclass(frozen=True)
class Beyond:
    """An element that has no place in the plan's words: where it stands, and all of it as a text."""

    resource: str
    path: str
    text: str

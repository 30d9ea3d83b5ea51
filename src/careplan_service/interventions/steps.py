"""Who may do which step of the work with a plan: `data/steps.csv`. What is not in the table nobody may do.

NASW Code of Ethics 1.03 (informed consent) and 1.17 (termination):
https://www.socialworkers.org/About/Ethics/Code-of-Ethics
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from careplan_service.interventions.catalogue import rows

ROLES = frozenset({"worker", "supervisor", "client", "representative", "partner"})


@dataclass(frozen=True)
class Permitted:
    """Whose step it is, and the sentence for everybody else."""

    who: frozenset[str]
    sentence: str


@cache
def steps() -> Mapping[str, Permitted]:
    """The table by step."""
    return {
        row["step"]: Permitted(frozenset(row["who"].split()), row["sentence"]) for row in rows("steps.csv")
    }

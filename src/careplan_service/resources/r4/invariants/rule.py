"""One invariant of FHIR R4: its key, where it holds, how to see that it is broken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from careplan_service.resources.r4.invariants.reading import Node


@dataclass(frozen=True, slots=True)
class Invariant:
    """`broken` looks at one object of one of the `shapes` and never raises.

    `text` says what to do; `at` is the FHIRPath step below the object where the fault lies.
    """

    key: str
    shapes: frozenset[str]
    broken: Callable[[Node], bool]
    text: str
    at: str = ""


def invariant(key: str, shapes: str, broken: Callable[[Node], bool], text: str, at: str = "") -> Invariant:
    """A row of the table; `shapes` are names separated by blanks."""
    return Invariant(key, frozenset(shapes.split()), broken, f"{text} ({key})", f".{at}" if at else "")

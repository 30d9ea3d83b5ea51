"""A fault while its place is only known from inside."""

from __future__ import annotations

from collections.abc import Iterable

Finding = tuple[str, str, str]
"""FHIR issue code, sentence, FHIRPath below the object looked at (`.detail.status`, empty for itself)."""

_LONGEST_STEP = 64


def below(step: str, findings: Iterable[Finding]) -> list[Finding]:
    """The findings as seen from one step further out."""
    return [(code, text, step + path) for code, text, path in findings]


def step(name: object) -> str:
    """The FHIRPath step to a property; none where the sender's name could not stand in a path."""
    usable = isinstance(name, str) and name.isascii() and name.isidentifier() and len(name) <= _LONGEST_STEP
    return f".{name}" if usable else ""

"""What is said of an extension and of its parts. https://hl7.org/fhir/R4/extensibility.html"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Part:
    """A part of an extension: `types` are those of its value, `parts` are inside it, `many` may be there."""

    name: str
    about: str
    types: tuple[str, ...] = ()
    many: bool = False
    parts: tuple[Part, ...] = field(default=())


@dataclass(frozen=True)
class Extension:
    """One extension: where it stands, what it says; `codes` is the code system of its value."""

    name: str
    contexts: tuple[str, ...]
    about: str
    types: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
    codes: str = ""
    many: bool = False

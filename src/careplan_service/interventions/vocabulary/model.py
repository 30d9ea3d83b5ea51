"""What a vocabulary consists of: code systems, value sets and concept maps, as values.

https://hl7.org/fhir/R4/codesystem.html https://hl7.org/fhir/R4/valueset.html
https://hl7.org/fhir/R4/conceptmap.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

CONVERSE = {"wider": "narrower", "narrower": "wider", "subsumes": "specializes", "specializes": "subsumes"}
"""How a relation reads from the other side; all others read the same."""
NO_MATCH = frozenset({"unmatched", "disjoint"})


@dataclass(frozen=True)
class Concept:
    """A code with its name; `parent` is the code above it, `spellings` are other ways to write it."""

    code: str
    display: str
    definition: str = ""
    parent: str = ""
    spellings: tuple[str, ...] = ()


@dataclass(frozen=True)
class CodeSystem:
    """A list of concepts; `ours` tells whether this service defines it or only knows what is in it."""

    id: str
    url: str
    name: str
    title: str
    about: str
    concepts: tuple[Concept, ...]
    version: str
    ours: bool = True

    @cached_property
    def by_code(self) -> Mapping[str, Concept]:
        """Its concepts."""
        return {concept.code: concept for concept in self.concepts}


@dataclass(frozen=True)
class Coded:
    """A code of a system with its display text."""

    system: str
    code: str
    display: str

    @property
    def key(self) -> tuple[str, str]:
        """What it is found by."""
        return self.system, self.code

    @property
    def coding(self) -> dict[str, str]:
        """As a FHIR Coding."""
        return {"system": self.system, "code": self.code, "display": self.display}


@dataclass(frozen=True)
class ValueSet:
    """Codes to choose from, of one or several systems."""

    id: str
    url: str
    name: str
    title: str
    about: str
    members: tuple[Coded, ...]
    version: str
    ours: bool = True

    @cached_property
    def by_key(self) -> Mapping[tuple[str, str], Coded]:
        """Its members."""
        return {member.key: member for member in self.members}


@dataclass(frozen=True)
class Link:
    """What `source` is in another system; `target` is None where there is nothing, `reason` says why.

    `equivalence` tells how the target is to the source (`wider`: it means more), `evidence` is the public
    source in which the target was found with that meaning.
    """

    source: Coded
    target: Coded | None
    equivalence: str
    reason: str = ""
    evidence: str = ""
    target_system: str = ""


@dataclass(frozen=True)
class ConceptMap:
    """Links from one vocabulary into others."""

    id: str
    url: str
    name: str
    title: str
    about: str
    links: tuple[Link, ...]
    version: str


@dataclass(frozen=True)
class Valid:
    """From and until when a code may be used; None where it has no such end."""

    since: date | None = None
    until: date | None = None

    def on(self, day: date) -> bool:
        """Whether the code may be used on that day."""
        return (self.since is None or self.since <= day) and (self.until is None or day <= self.until)


ALWAYS = Valid()

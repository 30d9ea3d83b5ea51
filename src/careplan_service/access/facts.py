"""Facts: the few values of a resource version that searches and rules look at, extracted once, at write."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from careplan_service.access.instants import BEGINNING, END

OTHER_PATIENT = "~patient"
"""The parameter under which further patients of a version stand among its facts."""


UNDATED = (BEGINNING - 1, END + 1)
"""The dates of a version that states none: inside no period, and no period is sure to miss it."""


class Fact(NamedTuple):
    """One searchable value: `param` is `Goal.category`, or `Goal.category:text` for what stands beside it.

    `value` and `system` are a token's code and system, a reference's `Type/id`, a string's
    normalised and exact text, or a uri. `lo` and `hi` are a date's range in microseconds UTC, a
    quantity's as ordered images of its numbers, or a position; 0 for everything else.
    """

    param: str
    value: str = ""
    system: str = ""
    lo: int = 0
    hi: int = 0


@dataclass(frozen=True)
class Labels:
    """What `meta.security` says: confidentiality rank, sensitivity codes, purpose tags, Part 2."""

    rank: int
    sensitivities: frozenset[str] = frozenset()
    purposes: frozenset[str] = frozenset()
    part2: bool = False


@dataclass(frozen=True)
class Facts:
    """All that is known about one version outside its bytes.

    `patient` is `Patient/x` or empty when the subject is no patient; `other_patients` are further
    patients the resource names; `primary` the codings that say what it is about, `codes` every
    coding in it, both as `system|code`.

    `dated` reaches from its first clinical date to its last (microseconds UTC). `marks` say what it has
    to do with others: `self Goal/1`, `refers CarePlan/2`, `author Practitioner/3`, `informant Patient/4`,
    `custodian Organization/5` (`custodian` alone where it names none).
    """

    type: str
    patient: str
    other_patients: frozenset[str]
    labels: Labels
    primary: frozenset[str]
    codes: frozenset[str]
    profiles: frozenset[str]
    rows: tuple[Fact, ...]
    dated: tuple[int, int] = UNDATED
    marks: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Record:
    """One version as a decision sees it: its facts, when and by whom it was stored, and what is around it.

    `around` are marks that other current resources give it: `within CarePlan/2` for one that refers to
    it, `attested Practitioner/3` for an agent of a Provenance.
    """

    facts: Facts
    updated: int = 0
    contributor: str = ""
    around: frozenset[str] = frozenset()

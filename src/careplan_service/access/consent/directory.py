"""Directory: who belongs to whom, from the custodian's own records, as edges that a decision follows.

https://hl7.org/fhir/R4/group.html, careteam.html, practitionerrole.html, relatedperson.html
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from careplan_service.access.instants import BEGINNING, END, as_datetime, microseconds

MEMBER, HELD, PART, REPRESENTS, PARENT, MERGED = "member", "held", "part", "represents", "parent", "merged"
BARRED = "barred"
ACTING = "acting "
STATING = frozenset(
    "Organization Practitioner PractitionerRole RelatedPerson Patient Group CareTeam Device".split()
)
"""The types that state edges."""
MAJORITY = 18
"""Years of age."""


@dataclass(frozen=True)
class Edge:
    """From `member` to `key` (`Practitioner/a` to `Group/g`) from `lo` to `hi`, microseconds UTC, inclusive.

    `member` edges count in permits and denies, `held` and `part` (roles of a person, organisations above)
    in denies only; `represents` and `parent` lead from a RelatedPerson to the patient, `merged` from one
    record of a patient to another. With `within` it holds for who acts for that organisation. `barred` leads
    from an alleged abuser, by reference and by identifier, to the patient to be kept safe.
    """

    member: str
    key: str
    kind: str = MEMBER
    within: str = ""
    lo: int = BEGINNING
    hi: int = END


@dataclass(frozen=True)
class Directory:
    """Edges by their members, and when the patients come of age, in microseconds UTC."""

    edges: Mapping[str, Sequence[Edge]] = field(default_factory=dict)
    majorities: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, edges: Iterable[Edge], majorities: Mapping[str, int] | None = None) -> Directory:
        """A directory of any edges."""
        by_member: dict[str, list[Edge]] = {}
        for edge in edges:
            by_member.setdefault(edge.member, []).append(edge)
        return cls(by_member, majorities or {})

    def keys(
        self, start: Iterable[str], kinds: Collection[str], within: Collection[str], now: int
    ) -> frozenset[str]:
        """Whatever can be reached over edges of the kinds at the moment, the start among it."""
        found = set(start)
        waiting = list(found)
        while waiting:
            for edge in self.edges.get(waiting.pop(), ()):
                holds = edge.lo <= now <= edge.hi and (not edge.within or edge.within in within)
                if edge.kind in kinds and holds and edge.key not in found:
                    found.add(edge.key)
                    waiting.append(edge.key)
        return frozenset(found)

    def represents(self, relative: str, patient: str, at: int) -> bool:
        """Whether the relative's authority to act for the patient is on record for the moment."""
        return not self._is_barred(relative, patient) and any(
            edge.key == patient
            and edge.lo <= at <= edge.hi
            and (edge.kind == REPRESENTS or (edge.kind == PARENT and at < self.majority(patient)))
            for edge in self.edges.get(relative, ())
        )

    def _is_barred(self, relative: str, patient: str) -> bool:
        return any(edge.kind == BARRED and edge.key == patient for edge in self.edges.get(relative, ()))

    def majority(self, patient: str) -> int:
        """The moment the patient comes of age; long ago where the birth date is not known."""
        return self.majorities.get(patient, BEGINNING)

    def lapses(self, guardian: str, patient: str, signed: int, *, authority: bool) -> int:
        """The last moment that a representative's consent permits anything.

        What was signed for a minor ends with majority. Where nothing is known it never permits, nor does
        what an alleged abuser signed.
        """
        if patient not in self.majorities or (authority and not self.represents(guardian, patient, signed)):
            return BEGINNING
        if self._is_barred(guardian, patient):
            return BEGINNING
        majority = self.majority(patient)
        return majority - 1 if signed < majority else END

    def merged(self, patient: str) -> frozenset[str]:
        """The other records of the same person."""
        return self.keys({patient}, {MERGED}, (), 0) - {patient}


NOBODY = Directory()


def majority_of(birth: int) -> int:
    """The moment somebody born at a moment comes of age, both in microseconds UTC."""
    born = as_datetime(birth)
    day = 28 if (born.month, born.day) == (2, 29) else born.day
    return microseconds(datetime(born.year + MAJORITY, born.month, day, tzinfo=UTC))

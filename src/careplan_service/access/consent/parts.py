"""Part: the dimensions that one provision states, each read narrowly for a permit and widely for a deny.

https://hl7.org/fhir/R4/consent-definitions.html#Consent.provision
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

from careplan_service.access.consent.terminology import RESTRICTED


@dataclass(frozen=True)
class Reach:
    """What a list names: what a permit needs (`narrow`), and what a deny counts (`wide`)."""

    narrow: frozenset[str]
    wide: frozenset[str]


@dataclass(frozen=True)
class LabelReach:
    """How far a list of security labels reaches: a permit up to `high`, a deny from `low` on.

    Both are None when the list names no confidentiality; `narrow` and `wide` are the covered
    sensitivity codes for a permit and for a deny; `part2` whether Part 2 data is named.
    """

    low: int | None
    high: int | None
    narrow: frozenset[str]
    wide: frozenset[str]
    part2: bool

    @property
    def ceiling(self) -> int:
        """The highest confidentiality a permit of named sensitivities reaches."""
        return RESTRICTED if self.high is None else max(self.high, RESTRICTED)


@dataclass(frozen=True)
class Part:
    """The dimensions one provision states; None where it states nothing.

    `deny` tells which reading applies. `actors` are recipients; `authors`, `informants`, `custodians`
    and `data` are marks of the data (`access/facts.py`), `dates` its period in microseconds UTC.
    """

    actors: Reach | None = None
    purposes: frozenset[str] | None = None
    classes: frozenset[str] | None = None
    codes: frozenset[str] | None = None
    labels: LabelReach | None = None
    actions: Reach | None = None
    authors: Reach | None = None
    informants: Reach | None = None
    custodians: Reach | None = None
    data: Reach | None = None
    dates: tuple[int, int] | None = None
    deny: bool = False

    @property
    def actor_keys(self) -> frozenset[str]:
        """The actors that count: a role we do not know never helps a permit, and always counts in a deny."""
        return self.keys(self.actors)

    def keys(self, reach: Reach | None) -> frozenset[str]:
        """What of a reach counts in this part."""
        if reach is None:
            return frozenset()
        return reach.wide if self.deny else reach.narrow

    @property
    def marked(self) -> Mapping[str, frozenset[str]]:
        """The stated dimensions that look at marks of the data, with the marks that will do."""
        stated = {name: getattr(self, f"{name}s" if name != "data" else name) for name in MARKED}
        return {name: self.keys(reach) for name, reach in stated.items() if reach is not None}

    def without(self, other: Part) -> Part:
        """This part less every dimension that `other` states itself."""
        stated = {
            f.name: None for f in fields(other) if f.name != "deny" and getattr(other, f.name) is not None
        }
        return replace(self, **stated) if stated else self  # type: ignore[arg-type]

    @property
    def states_anything(self) -> bool:
        """Whether any dimension is stated."""
        return any(getattr(self, f.name) is not None for f in fields(self) if f.name != "deny")


MARKED = ("author", "informant", "custodian", "data")
"""The dimensions that look at marks of the data."""

"""Glass: a practitioner's claim of an emergency with one patient, which opens her record for a while.

R4 has the purposes of use and no protocol (https://hl7.org/fhir/R4/v3/PurposeOfUse/vs.html); that a
restriction gives way in an emergency and no further use is asked for is 45 CFR 164.522(a)(1)(iii) and (iv):
https://www.ecfr.gov/current/title-45/section-164.522
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

LOOKING = frozenset({"read", "vread", "search-type", "search-system", "search-compartment", "everything"})
"""The interactions that an open glass counts for: no write, no history, no export, no other operation."""

REFUSED, CONSENT_ONLY, POLICY = "off", "consent-only", "policy"
"""Whether the glass can be broken, and whether more is opened than what consents permit in emergencies."""


@dataclass(frozen=True)
class Glass:
    """One that is open to the caller: whose record (`Patient/ann`), for `BTG` or `ETREAT`, until when.

    `until` is microseconds UTC, exclusive. With `overrides` only the denies that name emergencies hold.
    """

    id: str
    patient: str
    purpose: str
    until: int
    overrides: bool = False


@dataclass(frozen=True)
class Claim:
    """A broken glass as it is kept: who, at which client, why, and what became of it.

    `named` is how the patient was named; `patient` is empty where no one patient answers to that.
    Moments are microseconds UTC, 0 for what has not been.
    """

    id: str
    client: str
    person: str
    organization: str
    named: str
    patient: str
    purpose: str
    reason: str
    opened: int
    until: int
    ended: int = 0
    ended_by: str = ""
    reviewed: int = 0
    reviewer: str = ""
    outcome: str = ""

    @property
    def line(self) -> str:
        """What stands in the audit log of it: the glass, and whose record."""
        return f"{self.id} {self.patient}"


class Glasses(Protocol):
    """Broken glasses, as they are kept."""

    def open_to(self, client: str, person: str, organization: str, now: int) -> Sequence[Claim]:
        """Those that are open to a person at a client at a moment."""

    def count(self, person: str, since: int) -> int:
        """How many a person has broken since a moment, at any client."""

    def add(self, claim: Claim) -> None:
        """Keep one, inside a transaction."""

"""Choices: what R4 leaves open about consents, as this product decides it or as the sources say.

https://hl7.org/fhir/R4/consent.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Choices:
    """The choices of docs/consent.md.

    `open_recipient`: a permit that names nobody is for everybody. `ceiling`: one that names no label
    reaches at most N. `part2_named`: data under 42 CFR Part 2 needs a permit that lists such a code.
    `both_ways`: `related` also means what refers to it. `exceptions_replace`: a permit below a permit
    replaces what it states. `parts_follow`: a permit to an organisation is one to its parts.
    `break_glass` is `consent-only`, or `policy` where an emergency overrides denies that do not name
    it. `export_collects`: an export needs `collect`, too. `authority`: a representative's consent
    counts only if the authority at signing is on record.
    """

    open_recipient: bool = False
    ceiling: bool = True
    part2_named: bool = True
    both_ways: bool = False
    exceptions_replace: bool = True
    parts_follow: bool = False
    break_glass: str = "consent-only"
    export_collects: bool = False
    authority: bool = True


STRICT = Choices()
SPEC = Choices(open_recipient=True, ceiling=False, part2_named=False, both_ways=True, authority=False)
PROFILES: Mapping[str, Choices] = {"strict": STRICT, "spec": SPEC}

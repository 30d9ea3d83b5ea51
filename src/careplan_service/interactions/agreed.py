"""Stored Consents as rules, and stored versions as the rules see them: for what judges in plain Python.

https://hl7.org/fhir/R4/consent.html
"""

from __future__ import annotations

from dataclasses import replace

from careplan_service.access.consent.decision import Compiled
from careplan_service.access.consent.rules import Door, rules_of
from careplan_service.access.holds import Version
from careplan_service.interactions.desk import Stored
from careplan_service.resources import r4
from careplan_service.resources.registry import SERVED


def compiled(stored: Stored, door: Door) -> Compiled:
    """The rules of one version of a Consent; what cannot be enforced denies what it may concern."""
    rules = rules_of(r4.parse(stored.body), replace(door, keep=True))
    return Compiled(rules, f"Consent/{stored.id}", stored.version)


def version_of(stored: Stored, door: Door) -> Version:
    """The version as the rules see it while it is the current one."""
    facts = SERVED[stored.type].facts(r4.parse(stored.body), door.base_url)
    return Version(facts, stored.id, stored.updated, stored.contributor)

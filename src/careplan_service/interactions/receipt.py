"""The receiver of a referral answers it: it sets the state of its own Task, which the sender made.

https://hl7.org/fhir/us/sdoh-clinicalcare/StructureDefinition-SDOHCC-TaskForReferralManagement.html

The consent must open the Task to it as for any update. What else stands in the Task is the sender's, and it
stays the sender's contribution.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from careplan_service.access.filters import EVERYTHING
from careplan_service.errors import Fault, Forbidden
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.records import Stored
from careplan_service.interventions.steps import steps
from careplan_service.resources import r4

_ITS_OWN = frozenset(
    "status statusReason businessStatus output executionPeriod note lastModified meta text".split()
)
_STATES = frozenset({"accepted", "rejected", "on-hold", "in-progress", "completed", "failed"})
"""What a receiver may say; to withdraw, to send and to undo are the sender's."""


def answers_referral(desk: Desk, before: Stored) -> bool:
    """Whether the caller is a partner that the Task was given to, by its organisation or a role there."""
    if before.type != "Task" or before.deleted or desk.caller.kind != "partner":
        return False
    owner = str(r4.parse(before.body).get("owner", {}).get("reference", ""))
    type_, _, id_ = owner.partition("/")
    if type_ == "PractitionerRole":
        role = desk.records.current(type_, id_, EVERYTHING)
        held = r4.parse(role.body).get("organization", {}) if role and not role.deleted else {}
        owner = str(held.get("reference", ""))
    return owner == desk.caller.organization


def require_its_own(before: Stored, after: Mapping[str, Any]) -> None:
    """Raise Forbidden (403) where more than its own part of the Task is changed."""
    stood = r4.parse(before.body)
    names = (stood.keys() | after.keys()) - _ITS_OWN - {"id"}
    changed = sorted(name for name in names if stood.get(name) != after.get(name))
    if stood.get("status") != after.get("status") and after.get("status") not in _STATES:
        changed.append("status")
    if changed:
        sentence = steps()["receipt"].sentence
        faults = [
            Fault("forbidden", f"`{name}` is not yours to set; {sentence}", f"Task.{name}")
            for name in changed
        ]
        raise Forbidden(faults[0].text, faults=faults)

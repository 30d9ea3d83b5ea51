"""What became of a plan over time, in the practitioner's words: each version, why, and what was other.

https://hl7.org/fhir/R4/provenance.html
"""

from __future__ import annotations

from typing import Any

from careplan_service.access.filters import Has
from careplan_service.access.instants import instant
from careplan_service.errors import Malformed
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.read import read
from careplan_service.interactions.records import Page, Stored
from careplan_service.interactions.staff import require_staff
from careplan_service.interventions.provenances import Changed, changed_of
from careplan_service.interventions.wording import Difference, folded
from careplan_service.resources import r4

MOST = 500
"""Versions that are told, the newest first."""


def plan_history(desk: Desk, id_: str) -> list[dict[str, Any]]:
    """Every version of the plan, the newest first: when, of which sort, why, agreed or not, what was other.

    A version without words of its own was written as FHIR. Raises NotFound and Forbidden.
    """
    require_staff(desk)
    read(desk, "CarePlan", id_)
    explained = _explained(desk, id_)
    versions = desk.records.versions("CarePlan", id_, desk.sees("r", "CarePlan"), Page(limit=MOST))
    return [_told(stored, explained.get(stored.version)) for stored in desk.show_all(versions)]


def plan_differences(desk: Desk, id_: str, lo: int, hi: int) -> list[dict[str, Any]]:
    """What is other in version `hi` than in version `lo`, by what was recorded at each change between."""
    require_staff(desk)
    newest = read(desk, "CarePlan", id_).version
    if not 1 <= lo <= hi <= newest:
        raise Malformed(f"`from` and `to` are versions from 1 to {newest}, the earlier one first")
    explained = _explained(desk, id_)
    steps = [list(explained[n].differences) for n in range(lo + 1, hi + 1) if n in explained]
    return [_difference(one) for one in folded(steps)]


def _explained(desk: Desk, id_: str) -> dict[int, Changed]:
    """The changes that were recorded, by the version that they made."""
    about = Has("Provenance.target", f"CarePlan/{id_}")
    found: dict[int, Changed] = {}
    for stored in desk.show_all(desk.find("r", "Provenance", about, Page(limit=MOST))):
        document = r4.parse(stored.body)
        target = document["target"][0]["reference"]
        of, _, version = target.partition("/_history/")
        if of == f"CarePlan/{id_}" and version.isdecimal() and stored.contributor == desk.caller.contributor:
            found[int(version)] = changed_of(document)
    return found


def _told(stored: Stored, changed: Changed | None) -> dict[str, Any]:
    told: dict[str, Any] = {"version": stored.version, "at": instant(stored.updated)}
    if changed is None:
        return {**told, "change": "made" if stored.version == 1 else "changed as FHIR"}
    return {
        **told,
        "change": changed.sort,
        **({"reason": changed.reason} if changed.reason else {}),
        **({"agreement": changed.agreement} if changed.agreement else {}),
        "differences": [_difference(one) for one in changed.differences],
    }


def _difference(one: Difference) -> dict[str, Any]:
    values = {"before": one.before, "after": one.after}
    return {"what": one.what, **{name: value for name, value in values.items() if value is not None}}

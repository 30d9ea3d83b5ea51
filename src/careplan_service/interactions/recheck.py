"""The last look before bytes leave: the plain evaluator judges once more what SQL let through.

It judges the documents by the Consents as they are stored, so a fault in the statements, in the rows made of
Consents, or in the facts kept of a version shows. https://hl7.org/fhir/R4/consent.html
"""

from __future__ import annotations

from collections.abc import Sequence

from careplan_service.access.consent.rules import Door
from careplan_service.access.filters import EVERYTHING, any_of
from careplan_service.access.glass import LOOKING
from careplan_service.access.holds import holds
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.records import Stored
from careplan_service.interactions.standing import as_judged, standing
from careplan_service.resources.registry import SERVED

CHECKED = LOOKING | {"history-instance", "history-type", "history-system"}
"""The interactions whose answers are looked at; what a write answers with is the caller's own."""


def differing(desk: Desk, page: Sequence[Stored], door: Door) -> list[Stored]:
    """Those of the versions that are about to leave and that the plain evaluator would hide.

    Ask in the snapshot that found them. Raises TooLarge where too much would have to be looked at.
    """
    records, base_url = desk.records, desk.policy.base_url
    judged = [one for one in page if one.type in SERVED]
    newest = _newest(desk, judged) if desk.interaction not in LOOKING - {"vread"} else {}
    pairs = [(one, newest.get((one.type, one.id), one)) for one in judged]
    everything = list(dict.fromkeys(one for pair in pairs for one in pair))
    versions = {
        one: as_judged(records, one, base_url, current=newest.get((one.type, one.id), one) == one)
        for one in everything
    }
    world = standing(records, desk.caller, list(versions.values()), everything, door)
    views = {
        type_: any_of(*(desk.sees(letter, type_) for letter in "rs" if desk.caller.allows(letter, type_)))
        for type_ in {one.type for one in judged}
    }
    return [
        one
        for one, current in pairs
        if not all(holds(views[one.type], versions[each], world) for each in (one, current))
    ]


def _newest(desk: Desk, page: Sequence[Stored]) -> dict[tuple[str, str], Stored]:
    """The current version of each: a past one is shown only where that one may be seen."""
    keys = {(one.type, one.id) for one in page}
    found = {key: desk.records.current(*key, EVERYTHING) for key in keys}
    same = {(one.type, one.id, one.version): one for one in page}
    return {key: same.get((*key, one.version), one) for key, one in found.items() if one is not None}

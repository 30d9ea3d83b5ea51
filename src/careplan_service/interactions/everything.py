"""$everything: a client's whole record, or a care plan with all that it refers to.

https://hl7.org/fhir/R4/patient-operation-everything.html
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from careplan_service.access import instants
from careplan_service.access.filters import EVERYTHING, Filter, Has, Is, Not, Updated, Within, all_of, any_of
from careplan_service.errors import Malformed, TooLarge
from careplan_service.interactions.compartment import BESIDE, MEMBERS, of_patient
from careplan_service.interactions.controls import PRESENTATION, count_of, moment_of, require_once, types_of
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.includes import ANYTHING, Include, beside, include_of
from careplan_service.interactions.read import absent, read
from careplan_service.interactions.records import Cursor, Page, Stored
from careplan_service.interactions.search import COUNTED, Found
from careplan_service.resources.literals import REFERS
from careplan_service.resources.naming import named_in

_CARE_DATES = {
    "CarePlan": "date",
    "CareTeam": "date",
    "Condition": "onset-date",
    "Consent": "date",
    "DocumentReference": "date",
    "Encounter": "date",
    "EpisodeOfCare": "date",
    "Goal": "start-date",
    "Observation": "date",
    "Procedure": "date",
    "QuestionnaireResponse": "authored",
    "ServiceRequest": "authored",
    "Task": "authored-on",
}
"""The search parameter that says when the care was given or planned."""


def plan_everything(desk: Desk, id_: str) -> Found:
    """A CarePlan and whatever it refers to, and what that refers to. Raises as `read`."""
    plan = read(desk, "CarePlan", id_)
    found = beside(desk, [plan], [replace(_OUTWARD, iterate=True)])
    return Found((plan,), tuple(desk.show_all(found)), 1, None)


def patient_everything(desk: Desk, id_: str, pairs: Sequence[tuple[str, str]], after: Cursor | None) -> Found:
    """A patient's record, and the people and places it names. Raises NotFound when nothing may be seen."""
    asked, page = _asked(pairs, Page(limit=COUNTED, after=after))
    types = types_of(pairs) or MEMBERS
    seen = desk.sees_any("r", (type_ for type_ in MEMBERS if type_ in types))
    wanted = all_of(of_patient(id_), asked, seen)
    found = desk.records.find("", wanted, replace(page, limit=page.limit + 1))
    if not found and after is None and (asked == EVERYTHING or not _known(desk, id_)):
        raise absent()
    shown = tuple(desk.show_all(found[: page.limit]))
    more = len(found) > page.limit
    included = _outside(desk, shown)
    total = None if more or after is not None else len(found)
    return Found(shown, included, total, Cursor((), shown[-1].origin) if more and shown else None)


def _known(desk: Desk, id_: str) -> bool:
    wanted = all_of(of_patient(id_), desk.sees_any("r", MEMBERS))
    return bool(desk.records.find("", wanted, Page(limit=1)))


def _outside(desk: Desk, shown: Sequence[Stored]) -> tuple[Stored, ...]:
    """Only what belongs to nobody: a household or a relative leads to other people's records."""
    most = desk.policy.most_included
    named = (named_in(one.body, desk.policy.base_url).beside for one in shown)
    found = desk.records.named(frozenset[str]().union(*named), desk.sees_any("r", BESIDE))
    found.sort(key=lambda one: one.origin)
    if len(found) > most:
        raise TooLarge(f"this page names more than {most} further resources; ask for a smaller `_count`")
    return tuple(desk.show_all(found))


_OUTWARD = Include((*include_of("_include", ANYTHING).params, REFERS))
"""Every reference, also those that no search parameter covers (`CarePlan.activity.detail.goal`)."""

_TAKEN = frozenset({"start", "end", "_since", "_type", "_count"})


def _asked(pairs: Sequence[tuple[str, str]], page: Page) -> tuple[Filter, Page]:
    given = {name: text for name, text in pairs if name not in PRESENTATION}
    require_once(name for name, _ in pairs)
    for name in given:
        if name not in _TAKEN:
            raise Malformed(f"`$everything` does not take `{name}`; it has {', '.join(sorted(_TAKEN))}")
    conditions: list[Filter] = []
    if "_since" in given:
        lo, hi = moment_of("_since", given["_since"])
        conditions.append(Updated("ge", lo, hi))
    if "start" in given or "end" in given:
        lo = moment_of("start", given["start"])[0] if "start" in given else instants.BEGINNING
        hi = moment_of("end", given["end"])[1] if "end" in given else instants.END
        conditions.append(_cared(lo, hi))
    if "_count" in given:
        page = replace(page, limit=count_of(given["_count"]))
    return all_of(*conditions), page


def _cared(lo: int, hi: int) -> Filter:
    """Care that touches lo..hi, and what has no date of care."""
    params = [(type_, f"{type_}.{name}") for type_, name in _CARE_DATES.items()]
    undated = [Is("type", type_) for type_ in MEMBERS if type_ not in _CARE_DATES]
    dated = [
        all_of(Is("type", type_), any_of(Within(param, "ap", lo, hi), Not(Has(param))))
        for type_, param in params
    ]
    return any_of(*undated, *dated)

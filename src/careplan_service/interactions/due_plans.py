"""Which plans have something that is overdue or due soon: their review, a goal, an objective.

https://hl7.org/fhir/R4/search.html#date
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from operator import ge, le, lt
from typing import Any

from careplan_service.access.filters import Filter, Has, Link, Linked, all_of, any_of
from careplan_service.access.instants import as_datetime
from careplan_service.errors import Malformed
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.records import Cursor, Page, Stored
from careplan_service.interactions.staff import require_staff
from careplan_service.interventions.canonical import extension_value, sw
from careplan_service.interventions.evaluation import SOON
from careplan_service.resources import r4
from careplan_service.resources.registry import SERVED

_GOALS = "CarePlan.goal"
_MOST_GOALS = 2000
_OPEN = ("draft", "active", "on-hold")
_WHEN: Mapping[str, Callable[[date], tuple[str, ...]]] = {
    "overdue": lambda today: (f"lt{today}",),
    "soon": lambda today: (f"ge{today}", f"le{today + SOON}"),
}


def due_plans(
    desk: Desk, when: str, count: int, after: Cursor | None
) -> tuple[list[dict[str, Any]], Cursor | None]:
    """A page of the open plans with something due, each with what it is, and where the next page begins.

    Raises Malformed for another `when` than `overdue` and `soon`, and Forbidden.
    """
    require_staff(desk)
    if when not in _WHEN:
        raise Malformed(f"`due` takes {' or '.join(f'`{one}`' for one in _WHEN)}")
    ranges = _WHEN[when](as_datetime(desk.now).date())
    reviews, goals = (
        _within(desk, "CarePlan", "review-date", ranges),
        _within(desk, "Goal", "due-date", ranges),
    )
    seen = desk.sees("s", "Goal")
    is_open = any_of(*(Has("CarePlan.status", status) for status in _OPEN))
    late = any_of(reviews, Linked((Link(_GOALS, "Goal", seen),), goals))
    found = desk.find("s", "CarePlan", all_of(is_open, late), Page(limit=count + 1, after=after))
    page = found[:count]
    late_goals = desk.records.referenced(page, (_GOALS,), all_of(goals, seen), _MOST_GOALS) if page else []
    shown = desk.show_all([*page, *late_goals])
    days = {f"Goal/{one.id}": _due_goal(r4.parse(one.body)) for one in shown[len(page) :]}
    told = [_told(one, days, ranges) for one in shown[: len(page)]]
    more = len(found) > count and page
    return told, Cursor(page[-1].keys, page[-1].origin) if more else None


def _within(desk: Desk, type_: str, name: str, ranges: Sequence[str]) -> Filter:
    param = SERVED[type_].by_name[name]
    return all_of(*(param.asked(type_, "", text, desk.policy.base_url) for text in ranges))


def _due_goal(goal: Mapping[str, Any]) -> dict[str, str]:
    number = str(extension_value(goal, sw("number")) or "")
    targets = [one for one in goal["target"] if "dueDate" in one]
    # what is mirrored from an objective is the objective's
    days = [one["dueDate"] for one in targets if extension_value(one, sw("number")) is None]
    return {
        "what": f"{'objective' if '.' in number else 'goal'} {number}".strip(),
        "due": min(days or [one["dueDate"] for one in targets]),
    }


def _told(stored: Stored, days: Mapping[str, dict[str, str]], ranges: Sequence[str]) -> dict[str, Any]:
    care_plan = r4.parse(stored.body)
    named = [one.get("reference", "") for one in care_plan.get("goal", ())]
    late = [days[ref] for ref in named if ref in days]
    review = extension_value(care_plan, sw("review-date"))
    if review and _holds(review, ranges):
        late.append({"what": "review", "due": review})
    number = next((one.get("value") for one in care_plan.get("identifier", ())), None)
    told = {"id": stored.id, "number": number, "title": care_plan.get("title")}
    return {
        **{name: value for name, value in told.items() if value},
        "due": sorted(late, key=lambda one: one["due"]),
    }


def _holds(day: str, ranges: Sequence[str]) -> bool:
    tests: Mapping[str, Callable[[str, str], bool]] = {"lt": lt, "ge": ge, "le": le}
    return all(tests[text[:2]](day, text[2:]) for text in ranges)

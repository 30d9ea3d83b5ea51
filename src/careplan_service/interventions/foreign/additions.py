"""What others changed in a plan that was made here: what they added, and states that they set.

https://hl7.org/fhir/R4/careplan.html

The plan is read from our own codes and extensions; what else stands in its CarePlan and its Goals is theirs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from careplan_service.interventions.canonical import (
    BASE,
    GOAL_ACCEPTANCE,
    GOAL_RELATIONSHIP,
    extension_value,
    sw,
)
from careplan_service.interventions.episodes import is_ours, tells
from careplan_service.interventions.foreign.marks import INFERRED, Beyond, Mark
from careplan_service.interventions.foreign.place import Place, Sheet, left_over
from careplan_service.interventions.foreign.readable import readable
from careplan_service.interventions.foreign.reading import Reading
from careplan_service.interventions.foreign.states import with_unsaid
from careplan_service.interventions.plan import Plan
from careplan_service.interventions.reading import is_numbered
from careplan_service.interventions.reading_goals import milestone_of
from careplan_service.interventions.strategies import REQUEST_STATUS
from careplan_service.interventions.terms import ACTIVITY_STATES, GOAL_STATES, PLAN_STATES, PRIORITIES, Terms

_CARE_PLAN = (
    "meta", "language", "text", "status", "intent", "replaces", "title", "subject", "period", "created",
    "author", "careTeam", "addresses",
)  # fmt: skip
_GOAL = (
    "meta", "language", "text", "lifecycleStatus", "category", "description", "subject", "startDate",
    "expressedBy", "addresses",
)  # fmt: skip
_CODED: Mapping[str, frozenset[str]] = {
    "priority": frozenset(term.fhir for term in PRIORITIES.by_code.values()),
    "achievementStatus": frozenset(
        code for term in GOAL_STATES.by_code.values() for code in term.fhir.split()[1:]
    ),
}
"""What of a Goal is read from its code, and only where there is nothing else."""
_DETAIL = (
    "extension", "code", "status", "description", "goal", "scheduledTiming", "location", "performer",
)  # fmt: skip
_BASE = f"{BASE}/"
_OURS = (GOAL_ACCEPTANCE, GOAL_RELATIONSHIP)
_CATEGORIES = frozenset({"734163000", "assess-plan", "sdoh"})
_INFORMATION = ("assessment", "review", "closing", "screening")


def parts(plan: Plan) -> Mapping[str, str]:
    """The path of each goal, objective and strategy of a plan by its number."""
    found: dict[str, str] = {}
    for i, goal in enumerate(plan.goals):
        found[goal.number] = f"goals[{i}]"
        for j, step in enumerate(goal.objectives):
            found[step.number] = f"goals[{i}].objectives[{j}]"
            for k, act in enumerate(step.strategies):
                found[act.number] = f"goals[{i}].objectives[{j}].strategies[{k}]"
    return found


def additions(
    body: Mapping[str, Any], resources: Mapping[str, Mapping[str, Any]], plan: Plan
) -> tuple[list[Mark], list[Beyond]]:
    """Marks of the states that others set, and what they added to the CarePlan and its Goals."""
    reading = Reading(resources)
    sheet = Sheet(f"CarePlan/{body.get('id', '')}", body)
    known = parts(plan)
    _say_care_plan(sheet.whole, known, reading)
    _say_case(sheet.whole, plan, reading)
    _mark_state("status", PLAN_STATES, sheet.whole, sheet.whole.at("status"), reading)
    sheets = [sheet]
    for ref in sheet.whole.each("goal"):
        goal = reading.follow(ref)
        if goal is not None and goal.at("resourceType").value == "Goal":
            _say_goal(goal, known, reading)
            sheets.append(goal.sheet)
    return reading.marks, [one for each in sheets for one in beyond(each, reading)]


def beyond(sheet: Sheet, reading: Reading) -> Iterator[Beyond]:
    """What was not put into words of a document."""
    tell = reading.tell(sheet)
    for place in left_over(sheet):
        yield Beyond(sheet.ref, place.where, readable(place.value, tell))


def _say_care_plan(care_plan: Place, known: Mapping[str, str], reading: Reading) -> None:
    care_plan.say_each(*_CARE_PLAN)
    _say_ours(care_plan)
    care_plan.at("identifier", 0).say()
    for category in care_plan.each("category"):
        if _CATEGORIES & {coding.at("code").text for coding in category.each("coding")}:
            category.say()
    for ref in care_plan.each("goal"):
        goal = reading.follow(ref)
        if goal is not None and _number(goal) in known:
            ref.say()
    for ref in care_plan.each("supportingInfo"):
        found = reading.follow(ref)
        is_read = found is not None and (
            found.at("resourceType").value == "Condition" or _has(found, _INFORMATION)
        )
        if is_read:
            ref.say()
    for activity in care_plan.each("activity"):
        _say_activity(activity, known, reading)


def _say_case(care_plan: Place, plan: Plan, reading: Reading) -> None:
    """An EpisodeOfCare is in words if it tells the case of the plan; that of one client may say otherwise."""
    for ref in care_plan.each("supportingInfo"):
        found = reading.follow(ref)
        is_episode = found is not None and found.at("resourceType").value == "EpisodeOfCare"
        if found is not None and is_episode and is_ours(found.value) and tells(found.value, plan.case):
            ref.say()


def _say_activity(activity: Place, known: Mapping[str, str], reading: Reading) -> None:
    for one in activity.each("outcomeReference"):
        if _is_ours(one, reading):
            one.say()
    number = _number(activity)
    is_referral = extension_value(activity.value, sw("referral")) is not None
    if is_referral:
        activity.at("outcomeReference", 0).say()
    is_contacts = extension_value(activity.value, sw("contacts")) is not None
    if number not in known and not is_referral and not is_contacts:
        return
    activity.say_each("id", "reference")
    _say_ours(activity)
    _mark_request(activity, known, reading)
    detail = activity.at("detail")
    if detail and number in known:
        detail.say_each(*_DETAIL)
        _mark_state(f"{known[number]}.status", ACTIVITY_STATES, detail, detail.at("status"), reading)


def _mark_request(activity: Place, known: Mapping[str, str], reading: Reading) -> None:
    """Mark the state of a strategy that others carry out, as its ServiceRequest says it."""
    request, number = reading.follow(activity.at("reference")), _number(activity)
    if request is not None and number in known:
        status = request.at("status")
        own = extension_value(request.value, sw("state"))
        fits = own in ACTIVITY_STATES.by_code and REQUEST_STATUS[ACTIVITY_STATES.fhir(own)]
        if {status.text, {"draft": "active"}.get(status.text)}.isdisjoint({fits}):
            _mark_state(f"{known[number]}.status", ACTIVITY_STATES, request, status, reading)


def _is_ours(outcome: Place, reading: Reading) -> bool:
    found = reading.follow(outcome)
    return found is not None and _has(found, ("session", "referral", "state"))


def _say_goal(goal: Place, known: Mapping[str, str], reading: Reading) -> None:
    number = _number(goal)
    if number not in known:
        return  # theirs, all of it
    goal.say_each(*_GOAL)
    for name, known_codes in _CODED.items():
        _say_code(goal.at(name), known_codes)
    _say_ours(goal)
    goal.at("identifier", 0).say()
    own = 0
    for target in goal.each("target"):
        if is_numbered(target.value):
            target.say()
        elif not own:
            own += 1
            aim = (n for n in target.value if n == "measure" or n.startswith("detail"))
            target.say_each("extension", "dueDate", *(aim if milestone_of(goal.value) else ()))
    for one in goal.each("outcomeReference"):
        if _is_ours(one, reading):
            one.say()
    codes = [coding.at("code").text for coding in goal.each("achievementStatus", "coding")][:1]
    fhir = " ".join([goal.at("lifecycleStatus").text, *codes])
    _mark_state(f"{known[number]}.status", GOAL_STATES, goal, goal.at("lifecycleStatus"), reading, fhir)


def _say_code(concept: Place, known: frozenset[str]) -> None:
    """A concept was said whole if one code that we know is all there is of it."""
    codings = concept.each("coding")
    if [one.at("code").text in known for one in codings] == [True] and not concept.at("text"):
        concept.say()


def _mark_state(
    field: str, terms: Terms, holder: Place, status: Place, reading: Reading, fhir: str = ""
) -> None:
    """Mark a state that says something else than the one that we wrote beside it."""
    own = extension_value(holder.value, sw("state"))
    if own in terms.by_code and terms.fhir(own) != (fhir or status.text):
        was = with_unsaid(f"the code, which was set over FHIR; it was `{own}`", fhir or status.text)
        mark = Mark(field, INFERRED, was, status.sheet.ref, status.where, fhir or status.text)
        reading.marks.append(mark)


def _say_ours(of: Place) -> None:
    for one in of.each("extension"):
        url = str(one.value.get("url", "")) if isinstance(one.value, dict) else ""
        if url.startswith(_BASE) or url in _OURS:
            one.say()
    for one in of.each("note"):
        if extension_value(one.value, sw("note-kind")) is not None:
            one.say()


def _has(of: Place, names: tuple[str, ...]) -> bool:
    return any(extension_value(of.value, sw(name)) is not None for name in names)


def _number(of: Place) -> str:
    return str(extension_value(of.value, sw("number")) or "")

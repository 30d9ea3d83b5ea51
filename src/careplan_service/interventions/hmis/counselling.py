"""The counselling columns of Exit.csv, from the sessions, plans and referrals of one stay.

https://www.hudexchange.info/programs/hmis/hmis-data-and-technical-standards/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from careplan_service.interventions.canonical import extension_value, extension_values, sw
from careplan_service.interventions.catalogue import kind_in, rows

COLUMNS: Mapping[str, str] = {
    "individual-counselling": "IndividualCounseling",
    "family-therapy": "FamilyCounseling",
    "group-therapy": "GroupCounseling",
}
"""The kinds of intervention that are counselling, each with its column."""
_OPEN = frozenset({"draft", "active", "on-hold"})
_PLANNED = frozenset({"plan", "directive", "order", "original-order", "filler-order", "instance-order"})
_NOT_MEANT = frozenset({"cancelled", "entered-in-error"})

Document = Mapping[str, Any]


@dataclass(frozen=True)
class Stay:
    """One enrollment and what is on record beside it; `encounters` by reference, dates as `2024-05-31`."""

    patient: str
    start: str
    end: str
    procedures: Sequence[Document] = ()
    encounters: Mapping[str, Document] | None = None
    plans: Sequence[Document] = ()
    requests: Sequence[Document] = ()


def counselling(stay: Stay) -> dict[str, str]:
    """The columns by name; empty where nothing here tells anything of the work with this client."""
    plans = [plan for plan in stay.plans if _overlaps(plan, stay)]
    if not (plans or any(_during(one, stay) for one in stay.procedures if _is_session(one))):
        return {}
    held = list(_held(stay))
    kinds = {kind for kind, _ in held}
    return {
        "CounselingReceived": _flag(bool(held)),
        **{column: _flag(kind in kinds) for kind, column in COLUMNS.items()},
        "SessionCountAtExit": str(len({session for _, session in held})),
        "PostExitCounselingPlan": _flag(any(_goes_on(one, stay) for one in stay.requests)),
        "SessionsInPlan": str(sum(_planned(plan) for plan in plans)),
    }


def exit_reason(plans: Sequence[Document]) -> str | None:
    """CMExitReason by the state that the plan ended in, the last of several; None while all are open."""
    ended = [
        (str(plan.get("period", {}).get("end", "")), code)
        for plan in plans
        if (code := _reasons().get(str(extension_value(plan, sw("state"))))) is not None
    ]
    return max(ended)[1] if ended else None


@cache
def _reasons() -> Mapping[str, str]:
    return {row["state"]: row["code"] for row in rows("hmis_exit_reasons.csv")}


def _flag(holds: bool) -> str:
    return "1" if holds else "0"


def _kind(concept: Document | None) -> str | None:
    kind = kind_in((concept or {}).get("coding", ()))
    return kind if kind in COLUMNS else None


def _is_session(procedure: Document) -> bool:
    return extension_value(procedure, sw("session")) is not None


def _held(stay: Stay) -> Iterator[tuple[str, str]]:
    """The counselling sessions that the client came to: the kind, and what counts as one session."""
    for procedure in stay.procedures:
        kind = _kind(procedure.get("code"))
        if kind is None or procedure.get("status") != "completed" or not _during(procedure, stay):
            continue
        ref = str(procedure.get("encounter", {}).get("reference", ""))
        encounter = (stay.encounters or {}).get(ref)
        if encounter is None:
            yield kind, f"Procedure/{procedure.get('id')}"
        elif encounter.get("status") == "finished" and _came(encounter, stay.patient):
            yield kind, ref


def _during(procedure: Document, stay: Stay) -> bool:
    period = procedure.get("performedPeriod", {})
    day = str(period.get("start") or procedure.get("performedDateTime") or "")[:10]
    return stay.start <= day <= stay.end


def _came(encounter: Document, patient: str) -> bool:
    """Whether the client was there; where no attendance was taken, who it is about was."""
    taken = {
        str((extension_value({"extension": parts}, "who") or {}).get("reference")): extension_value(
            {"extension": parts}, "state"
        )
        for parts in extension_values(encounter, sw("attendance"))
    }
    return not taken or taken.get(patient) == "attended"


def _overlaps(plan: Document, stay: Stay) -> bool:
    period = plan.get("period", {})
    start, end = str(period.get("start", ""))[:10], str(period.get("end", "9999"))[:10]
    return plan.get("status") not in _NOT_MEANT and start <= stay.end and end >= stay.start


def _planned(plan: Document) -> int:
    details = [activity.get("detail", {}) for activity in plan.get("activity", ())]
    return sum(
        int(one.get("scheduledTiming", {}).get("repeat", {}).get("count", 0))
        for one in details
        if _kind(one.get("code")) and one.get("status") not in _NOT_MEANT
    )


def _goes_on(request: Document, stay: Stay) -> bool:
    """Whether a request for counselling is still open when the client leaves."""
    ends = str(request.get("occurrencePeriod", {}).get("end") or request.get("occurrenceDateTime") or "9999")
    meant = request.get("status") in _OPEN and request.get("intent") in _PLANNED
    return meant and ends[:10] > stay.end and _kind(request.get("code")) is not None

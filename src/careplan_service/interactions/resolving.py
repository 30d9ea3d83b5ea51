"""What the conditions of a transaction find, put into its drafts. https://hl7.org/fhir/R4/http.html#trules

Every search is the caller's own: what is hidden is not found, as if it were not there.
"""

from __future__ import annotations

from collections.abc import Sequence

from careplan_service.access.consent.rules import Door
from careplan_service.errors import Fault, Invalid, PreconditionFailed, Problem
from careplan_service.interactions.conditional import condition_of, only_match
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.drafts import Draft
from careplan_service.interactions.entries import placing
from careplan_service.interactions.read import absent
from careplan_service.resources.literals import places
from careplan_service.resources.r4.wording import quoted
from careplan_service.resources.registry import SERVED


def resolve_conditions(desk: Desk, drafts: Sequence[Draft], door: Door) -> None:
    """Find what each condition matches, and let every link to the entry lead there.

    Raises PreconditionFailed (412) for several matches, NotFound where one is needed and there is none,
    Invalid when a resource would be touched twice.
    """
    keys: dict[str, str] = {}
    for draft in (draft for draft in drafts if draft.condition):
        with placing(draft.entry.where):
            made = draft.key
            assert draft.condition is not None
            draft.found = only_match(desk, draft.condition)
            if draft.found is not None:
                draft.id = draft.found.id
                keys[made] = draft.key
            elif draft.entry.method in ("PATCH", "DELETE"):
                raise absent()
    if not any(draft.condition for draft in drafts):
        return
    _require_once(drafts)
    if keys:
        for draft in drafts:
            draft.exchange(keys, door)


def _require_once(drafts: Sequence[Draft]) -> None:
    """R4: identities found must not overlap; and what two entries would both make is one resource."""
    touched: set[str] = set()
    for draft in drafts:
        creates = draft.condition and draft.found is None
        unchanged = draft.entry.method == "POST" and draft.found is not None
        names = [draft.condition.name if creates and draft.condition else "", "" if unchanged else draft.key]
        for name in names:
            if name and name in touched:
                text = f"`{name}` stands in this transaction twice"
                raise Invalid(text, faults=[Fault("invalid", text, draft.entry.where)])
            touched.add(name)


def resolve_references(desk: Desk, drafts: Sequence[Draft], door: Door) -> None:
    """Put what each conditional reference finds in its place.

    Raises Invalid (422) naming those that find nothing, PreconditionFailed (412) those that find several.
    """
    keys: dict[str, str] = {}
    faults: list[Fault] = []
    several = False
    for literal, made in {pair for draft in drafts for pair in draft.searches.items()}:
        type_, _, query = literal.partition("?")
        if type_ not in SERVED:
            faults.append(_fault("not-found", literal, "finds nothing", drafts))
            continue
        try:
            found = only_match(desk, condition_of(desk, SERVED[type_], query))
        except PreconditionFailed:
            several = True
            faults.append(_fault("multiple-matches", literal, "finds several", drafts))
            continue
        except Problem as problem:
            with placing(_where(literal, drafts)):
                raise problem
        if found is None:
            faults.append(_fault("not-found", literal, "finds nothing", drafts))
        else:
            keys[made] = f"{type_}/{found.id}"
    if faults:
        kind = PreconditionFailed if several else Invalid
        raise kind("a conditional reference must find one resource", faults=faults)
    for draft in drafts:
        draft.exchange(keys, door)


def _fault(code: str, literal: str, what: str, drafts: Sequence[Draft]) -> Fault:
    text = f"the reference {quoted(literal)} {what}; it must find one resource"
    return Fault(code, text, _where(literal, drafts))


def _where(literal: str, drafts: Sequence[Draft]) -> str:
    """The first place where it stands."""
    draft = next(draft for draft in drafts if literal in draft.searches)
    where = f"{draft.entry.where}.resource"
    found = places(draft.admitted.document, {draft.searches[literal]}) if draft.admitted else iter(())
    place, _ = next(found, ("", ""))
    return f"{where}.{place.partition('.')[2]}" if place else where

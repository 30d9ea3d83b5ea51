"""What a caller may see: token scope, own contribution and consent as one Filter.

The order of gates is that of docs/consent-in-detail.md; whatever reads a resource goes through `view_for`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache

from careplan_service.access.caller import Caller
from careplan_service.access.compartment import IN_NONE, within
from careplan_service.access.consent.terminology import purpose_and_ancestors
from careplan_service.access.facts import OTHER_PATIENT
from careplan_service.access.filters import (
    EVERYTHING,
    NOTHING,
    Consented,
    Filter,
    Has,
    Is,
    Not,
    Represented,
    all_of,
    any_of,
)
from careplan_service.access.moments import timeless
from careplan_service.errors import OutOfScope

_VERBS = {"c": "create", "r": "read", "u": "update", "d": "delete", "s": "search"}
ALWAYS_OURS = frozenset({"Consent"})
"""What the custodian's staff see whatever a client denies."""
TOLD_OF = frozenset({"Consent"})
"""What partners are told the sense of and do not read."""


def require_scope(caller: Caller, letter: str, resource_type: str) -> None:
    """Raise OutOfScope (403) when the token grants the interaction on no resource of the type."""
    if not caller.allows(letter, resource_type):
        in_none = letter in "cud" and resource_type in IN_NONE
        context = "user" if in_none and caller.is_person else caller.context
        raise _out_of_scope(context, letter, resource_type)


def require_administrator(caller: Caller, letter: str, resource_type: str) -> None:
    """Raise Forbidden (403), as for a type out of scope, unless a custodian's system may see all of the type.

    For what no consent is about: the log of all clients. A scope with a query opens none of it.
    """
    if not administers(caller, letter, resource_type):
        raise _out_of_scope(caller.context, letter, resource_type)


def administers(caller: Caller, letter: str, resource_type: str) -> bool:
    """Whether a custodian's system has a letter for all of a type (`*`: of all types), bound by no query."""
    openings = caller.openings(letter, resource_type)
    return caller.is_agency and not caller.is_person and not all(one.query for one in openings)


def _out_of_scope(context: str, letter: str, resource_type: str) -> OutOfScope:
    wanted = f"{context}/{resource_type}.{letter}"
    text = f"this token does not allow to {_VERBS[letter]} {resource_type}; ask for `{wanted}`"
    return OutOfScope(text, scope=wanted)


def view_for(caller: Caller, letter: str, resource_type: str, now: int) -> Filter:
    """The versions of one type that the caller may see, as one predicate.

    Raises OutOfScope when the type or the interaction is out of the token's scope; everything
    finer is hidden rather than refused: what its scopes do not open is left to `Desk.sees`.
    """
    require_scope(caller, letter, resource_type)
    return _own_view(caller, resource_type, now, _ACTIONS.get(letter, "access"))


def known_to(caller: Caller, resource_type: str, now: int) -> Filter:
    """The versions of one type that the caller may know of, whatever its token is for.

    For what a write refers to, and for what refers to it; nothing of these versions is shown. An app
    that is bound to one patient learns nothing of others here, though the person at it might.
    """
    return _known_to(caller, now, resource_type)


def known_to_any(caller: Caller, types: Iterable[str], now: int) -> Filter:
    """`known_to` of several types."""
    return _known_to_any(caller, now, tuple(types))


@timeless
def _known_to(caller: Caller, now: int, resource_type: str) -> Filter:
    view = _own_view(caller, resource_type, now, "access")
    if caller.reaches_beyond(resource_type):
        return view
    return all_of(view, within(caller.patient, resource_type))


@timeless
def _known_to_any(caller: Caller, now: int, types: tuple[str, ...]) -> Filter:
    return of_types((type_, _known_to(caller, now, type_)) for type_ in types)


def shared_with(caller: Caller, resource_type: str, now: int) -> Filter:
    """The versions of one type that a caller may have, whatever its token is for: a narrower token takes
    back nothing of what it received.
    """
    return _own_view(caller, resource_type, now, "access")


def permitted_to(caller: Caller, now: int) -> Filter:
    """What consents permit a partner to read, its own contribution aside."""
    told = (~Is("type", one) for one in sorted(TOLD_OF))
    return all_of(_consented(caller, now, "access"), *told, *_not_barred(caller))


def writable(caller: Caller) -> Filter:
    """What a caller may store, as far as that hangs on who it is.

    Patients write about themselves, relatives about the patient in context: others are none of theirs.
    """
    if caller.kind not in _WRITABLE:
        return NOTHING
    return all_of(_WRITABLE[caller.kind](caller), *_not_barred(caller))


def of_types(views: Iterable[tuple[str, Filter]]) -> Filter:
    """The views of several types as one; types seen alike are named together."""
    by_view: dict[Filter, list[Filter]] = {}
    for type_, view in views:
        by_view.setdefault(view, []).append(Is("type", type_))
    return any_of(*(all_of(any_of(*types), view) for view, types in by_view.items()))


def _own_view(caller: Caller, resource_type: str, now: int, action: str) -> Filter:
    """What it may see if its token is for all; nothing for a kind that nobody knows."""
    if caller.kind not in _VIEWS:
        return NOTHING
    view = _VIEWS[caller.kind](caller, resource_type, now, _consented(caller, now, action))
    if action == "access":
        view = any_of(view, *_in_emergency(caller, now))
    return all_of(view, *_not_barred(caller))


def _of_staff(caller: Caller, resource_type: str, now: int, opened: Filter) -> Filter:
    # The custodian must always find the consents it has to keep, also the one that shuts it out.
    return EVERYTHING if resource_type in ALWAYS_OURS else opened


def _of_partner(caller: Caller, resource_type: str, now: int, opened: Filter) -> Filter:
    # To a partner what was deleted looks as if it had never been. A Consent tells whom else the client lets
    # in and keeps out: a partner has the ones it filed itself, and `$my-access` for what it is permitted.
    opened = NOTHING if resource_type in TOLD_OF else opened
    return all_of(_LIVING, any_of(_contributed(caller), opened))


def _of_patient(caller: Caller, resource_type: str, now: int, opened: Filter) -> Filter:
    """Her own record, which no consent of hers closes to her."""
    hers = any_of(Is("others", "0"), Is("contributor", caller.contributor))
    return all_of(_about(caller.fhir_user), _LIVING, _CURRENT, hers)


def _of_relative(caller: Caller, resource_type: str, now: int, opened: Filter) -> Filter:
    """A representative sees the patient's record as it is now; others are recipients like any."""
    seen = [_contributed(caller), opened, all_of(Represented(caller.fhir_user, now), _CURRENT)]
    type_, _, id_ = caller.fhir_user.partition("/")
    if resource_type == type_:
        seen.append(all_of(Is("id", id_), _CURRENT))
    return all_of(_LIVING, any_of(*seen))


_LIVING, _CURRENT = Is("deleted", "0"), Is("current", "1")
_ACTIONS: Mapping[str, str] = {"u": "correct", "d": "correct"}
"""What a consent must allow for a letter; https://terminology.hl7.org/CodeSystem-consentaction.html"""
_VIEWS: Mapping[str, Callable[[Caller, str, int, Filter], Filter]] = {
    "agency": _of_staff,
    "partner": _of_partner,
    "app": _of_partner,
    "patient": _of_patient,
    "related": _of_relative,
}
_WRITABLE: Mapping[str, Callable[[Caller], Filter]] = {
    "agency": lambda caller: EVERYTHING,
    "partner": lambda caller: EVERYTHING,
    "app": lambda caller: EVERYTHING,
    "patient": lambda caller: _about(caller.fhir_user),
    "related": lambda caller: _about(caller.patient),
}


def _about(patient: str) -> Filter:
    return Is("patient", patient) if patient else NOTHING


def _not_barred(caller: Caller) -> Iterator[Filter]:
    """Before every other gate: nothing of those whom the person is alleged to have harmed."""
    for patient in caller.barred:
        yield Not(any_of(_about(patient), Has(OTHER_PATIENT, patient)))


def _contributed(caller: Caller) -> Filter:
    return all_of(Is("contributor", caller.contributor), _CURRENT)


def _consented(caller: Caller, now: int, action: str) -> Filter:
    return all_of(*(_asked(caller, purpose, now, action) for purpose in caller.purposes or ("",)))


def _asked(caller: Caller, purpose: str, now: int, action: str) -> Consented:
    return _question(caller.actors, caller.also, purpose, now, action, workforce=caller.is_agency)


@lru_cache(maxsize=64)  # a request asks for many types at one moment
def _question(
    actors: tuple[str, ...], also: tuple[str, ...], purpose: str, now: int, action: str, *, workforce: bool
) -> Consented:
    return Consented(
        actors=actors,
        purpose=purpose_and_ancestors(purpose) if purpose else (),
        now=now,
        workforce=workforce,
        action=action,
        also=also,
    )


def _in_emergency(caller: Caller, now: int) -> Iterator[Filter]:
    """What broken glasses open: of one patient each, as it is now, and nothing that is another's as well."""
    for glass in caller.glasses:
        if now < glass.until:
            asked = replace(_asked(caller, glass.purpose, now, "access"), emergency=glass.overrides)
            yield all_of(_about(glass.patient), Is("others", "0"), _LIVING, _CURRENT, asked)

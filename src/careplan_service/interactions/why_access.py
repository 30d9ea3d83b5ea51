"""$why-access: who may see a resource and by which rule of which Consent, told to its owner only.

To all others the answer is the one for what is not there. https://hl7.org/fhir/R4/security.html#AccessDenied
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from careplan_service.access.caller import Caller
from careplan_service.access.consent.decide import Decision
from careplan_service.access.consent.rules import Door
from careplan_service.access.filters import Filter
from careplan_service.access.holds import World, holds
from careplan_service.access.view import TOLD_OF
from careplan_service.errors import OutOfScope, Problem
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.granular import opened
from careplan_service.interactions.leaving import seen_of
from careplan_service.interactions.read import absent, gone
from careplan_service.interactions.records import Stored
from careplan_service.interactions.vread import number_of
from careplan_service.interactions.weighing import Weighing, require_consents

OUT_OF_SCOPE = "OUT-OF-SCOPE"
"""The reason where the scopes of a client close what no rule has to decide about any more."""
REDACTED = "REDACTED"
"""The obligation to take references out. https://terminology.hl7.org/CodeSystem-v3-ObservationValue.html"""

_OWNERS = frozenset({"agency", "patient", "related"})


@dataclass(frozen=True)
class Why:
    """The answer for one version (`Goal/1/_history/2`) and one caller.

    `found` is what holds; where `scope` says that scopes close the version, `apart` is what the rules would
    say. `rule` are the words of the deciding rule that may be told, `redacted` the references that are
    taken out of what leaves.
    """

    version: str
    caller: Caller
    found: Decision
    rule: str = ""
    scope: str = ""
    apart: Decision | None = None
    redacted: tuple[str, ...] = ()


def require_owner(desk: Desk) -> None:
    """Raise NotFound (404) for who has no record to keep: a partner is not told even of what it sees."""
    if desk.caller.kind not in _OWNERS:
        raise absent()


def as_caller(desk: Desk, caller: Caller) -> Desk:
    """A desk of somebody else at the same moment; nothing of what it asks leaves the service."""
    return Desk(caller, desk.records, desk.now, "", desk.new_id, policy=desk.policy)


def why_access(desk: Desk, type_: str, id_: str, version: str, door: Door, partner: Caller | None) -> Why:
    """Why a partner (None: who asks) may see a resource or not; with `version` one of its versions.

    Raises NotFound for what who asks may not see or does not keep, Gone when it is deleted, OutOfScope
    where the token does not open the type or the Consents.
    """
    seen = desk.sees("r", type_)
    require_consents(desk)
    with desk.records.snapshot():
        weighing = Weighing(desk, door)
        stored, newest = _versions(desk, type_, id_, version, seen)
        if desk.caller.kind == "related" and not weighing.represents(stored.patient):
            raise absent()
        _note(desk, stored)
        return explained(desk, weighing, partner or desk.caller, stored, newest)


def explained(
    desk: Desk,
    weighing: Weighing,
    caller: Caller,
    stored: Stored,
    newest: Stored | None = None,
    *,
    letter: str = "r",
) -> Why:
    """Why the caller may see a version or not; `newest` is the current one where it is not.

    `letter` says by what: `r` to read, `s` to search.
    """
    name = f"{stored.type}/{stored.id}/_history/{stored.version}"
    found = weighing.decision(caller, stored, newest)
    rule = weighing.words(found)
    if caller is desk.caller:
        return Why(name, caller, found, rule)
    scope = closed(desk, weighing, caller, stored, letter)
    apart = found if scope else None
    found = Decision("deny", OUT_OF_SCOPE) if scope else found
    if desk.caller.is_agency:
        _require_agreeing(as_caller(desk, caller), letter, stored, newest, permitted=found.permitted)
    redacted = _redacted(desk, caller, stored) if found.permitted else None
    if redacted is not None:
        found = replace(found, obligations=(*found.obligations, REDACTED))
    return Why(name, caller, found, rule, scope, apart, redacted or ())


def closed(desk: Desk, weighing: Weighing, caller: Caller, stored: Stored, letter: str) -> str:
    """How a caller's scopes, or what it is, close a version; empty where they open it."""
    type_ = stored.type
    if caller.kind == "partner" and type_ in TOLD_OF and stored.contributor != caller.contributor:
        return f"partners do not read a {type_} that they did not file; `$my-access` tells what it gives them"
    if not caller.allows(letter, type_):
        return f"its scopes ({caller.scopes or 'none'}) do not open {type_}"
    if holds(opened(caller, letter, type_, desk.policy.base_url), weighing.version_of(stored), World({})):
        return ""
    return f"of {type_} its scopes ({caller.scopes}) open only a part, and this is not in it"


def _versions(desk: Desk, type_: str, id_: str, version: str, seen: Filter) -> tuple[Stored, Stored | None]:
    """The version asked about, and the current one where that is another."""
    newest = desk.records.current(type_, id_, seen)
    if newest is None:
        raise absent()
    if not version:
        if newest.deleted:
            raise gone(type_, id_)
        return newest, None
    stored = desk.records.version(type_, id_, number_of(version), seen)
    if stored is None:
        raise absent()
    if stored.deleted:
        raise gone(type_, id_)
    return stored, None if stored.version == newest.version else newest


def _note(desk: Desk, stored: Stored) -> None:
    """Whose record was asked about, for the log; nothing of it leaves."""
    if stored.patient:
        desk.patients[stored.patient] = None
    if stored.others:
        desk.several.append(stored.vid)


def _require_agreeing(
    other: Desk, letter: str, stored: Stored, newest: Stored | None, *, permitted: bool
) -> None:
    """Raise a Problem (500) where the predicate, which is what counts, says otherwise."""
    try:
        seen = other.sees(letter, stored.type)
    except OutOfScope:
        shown = False
    else:
        records = other.records
        if newest is None:
            shown = records.glance(stored.type, stored.id, seen) is not None
        else:
            shown = records.version(stored.type, stored.id, stored.version, seen) is not None
    if shown != permitted:
        raise Problem("the rules on file are not those of the Consents; run `careplan db reindex`, ask again")


def _redacted(desk: Desk, caller: Caller, stored: Stored) -> tuple[str, ...] | None:
    """What a caller's copy lacks, as far as it is in that of who asks; None where it gets the whole.

    A representative is not told: who else sees what hangs on Consents that it may not see.
    """
    if desk.caller.kind == "related":
        return None
    taken_out = seen_of(as_caller(desk, caller), stored).taken_out
    return tuple(sorted(taken_out - seen_of(desk, stored).taken_out)) if taken_out else None

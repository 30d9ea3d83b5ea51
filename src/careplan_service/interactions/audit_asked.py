"""A search of AuditEvents as a question about the columns of the log.

https://hl7.org/fhir/R4/auditevent.html#search
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any as Anything

from careplan_service.access import filters as f
from careplan_service.access.filters import (
    EVERYTHING,
    NOTHING,
    Filter,
    Is,
    Not,
    Reads,
    Within,
    all_of,
    any_of,
)
from careplan_service.access.instants import BEGINNING
from careplan_service.errors import Malformed
from careplan_service.interactions.audit_event import URI
from careplan_service.interactions.audit_kinds import KINDS, OWN, Code, Kind, kind_of
from careplan_service.interactions.audit_log import AuditLog

_ID = re.compile(r"([0-9]{1,18})-([0-9]{1,9})")
_CONSENT = re.compile(r"Consent/[A-Za-z0-9\-.]{1,64}")
_STATUSES = {"0": (0, 399), "4": (400, 499), "8": (500, 999)}
_OTHER = "other"
_BESIDE = (":text", "patient:identifier")
"""What may stand beside codes and references and does not: they have no display, patients no identifier."""
_PLACES = {"shown": "\n", "because": "#"}
"""The columns that name versions, and what stands behind one there."""


@dataclass(frozen=True)
class Asking:
    """What a search is translated with."""

    log: AuditLog
    base_url: str

    def columns(self, wanted: Filter) -> Filter:
        """The question about the columns. Raises Malformed (400) for what is not offered on AuditEvent.

        `Is`, `Updated` and `Within` are about a column, `Reads` (`contains`) about its lines, which
        begin and end with a line feed.
        """
        translate = _BY_KIND.get(type(wanted))
        if translate is None:
            raise Malformed("AuditEvents are searched by their own parameters only, without chains or words")
        return translate(self, wanted)


def _is(asking: Asking, wanted: f.Is) -> Filter:
    if wanted.column != "id":
        return wanted
    found = _ID.fullmatch(wanted.value)
    return all_of(Is("entry", str(int(found[1]))), Is("n", str(int(found[2])))) if found else NOTHING


def _has(asking: Asking, wanted: f.Has) -> Filter:
    if wanted.param.endswith(_BESIDE):
        return NOTHING
    translate = _PARAMS.get(wanted.param.removeprefix("AuditEvent."))
    if translate is None:
        raise _not_offered(wanted.param)
    return translate(asking, wanted)


def _within(asking: Asking, wanted: f.Within) -> Filter:
    if wanted.param != "AuditEvent.date":
        raise _not_offered(wanted.param)
    return f.Updated(wanted.prefix, wanted.lo, wanted.hi)


def _reads(asking: Asking, wanted: f.Reads) -> Filter:
    if wanted.param.endswith(_BESIDE):
        return NOTHING
    if wanted.param != "AuditEvent.policy" or wanted.how != "starts":
        raise _not_offered(wanted.param)
    return _policies(asking, wanted.text, "")


def _not_offered(param: str) -> Malformed:
    return Malformed(f"`{param.removeprefix('AuditEvent.')}` is not offered on AuditEvent, or not like that")


def _interactions(holds: Callable[[Kind], bool]) -> Filter:
    """The rows of some kinds of interaction; what is in no table is of one kind."""
    named = [Is("interaction", name) for name, kind in KINDS.items() if holds(kind)]
    others = [Not(any_of(*(Is("interaction", name) for name in KINDS)))] if holds(kind_of(_OTHER)) else []
    return any_of(*named, *others)


def _means(wanted: f.Has, code: Code | None) -> bool:
    return code is not None and wanted.value in (None, code.code) and wanted.system in (None, code.system)


def _action(asking: Asking, wanted: f.Has) -> Filter:
    system = "http://hl7.org/fhir/audit-event-action"
    return _interactions(lambda kind: _means(wanted, Code(system, kind.action)))


def _type(asking: Asking, wanted: f.Has) -> Filter:
    return _interactions(lambda kind: _means(wanted, kind.type))


def _subtype(asking: Asking, wanted: f.Has) -> Filter:
    own: Filter = NOTHING
    if wanted.system in (None, OWN):
        own = EVERYTHING if wanted.value is None else Is("interaction", wanted.value)
    return any_of(own, _interactions(lambda kind: _means(wanted, kind.subtype)))


def _outcome(asking: Asking, wanted: f.Has) -> Filter:
    system = "http://hl7.org/fhir/audit-event-outcome"
    spans = [span for code, span in _STATUSES.items() if _means(wanted, Code(system, code))]
    return any_of(*(Within("status", "eq", lo, hi) for lo, hi in spans))


def _date(asking: Asking, wanted: f.Has) -> Filter:
    return f.Updated("ge", BEGINNING, BEGINNING)


def _agent(asking: Asking, wanted: f.Has) -> Filter:
    if wanted.value is None:
        return any_of(Not(Is("organization", "")), Reads("client", "contains", " "))
    return any_of(Is("organization", wanted.value), Reads("client", "contains", f" {wanted.value}\n"))


def _agent_identifier(asking: Asking, wanted: f.Has) -> Filter:
    if _means(wanted, Code(URI, asking.base_url)):
        return EVERYTHING
    if wanted.system not in (None, asking.base_url):
        return NOTHING
    if wanted.value is None:
        return EVERYTHING
    return any_of(Is("client", wanted.value), Reads("client", "contains", f"\n{wanted.value} "))


def _entity(asking: Asking, wanted: f.Has) -> Filter:
    if wanted.value is None:
        return any_of(*(Not(Is(column, "")) for column in ("patient", "shown", "because")))
    versions = asking.log.whose([wanted.value])
    groups: dict[frozenset[str], list[str]] = {}
    for version, patients in versions.items():
        groups.setdefault(patients, []).append(version)
    found: list[Filter] = [Is("patient", wanted.value)]
    if len(groups) <= 1:
        found.append(_named(f"{wanted.value}/_history/", next(iter(groups), frozenset()), whole=False))
    else:
        found += [
            _named(version, patients, whole=True) for patients, those in groups.items() for version in those
        ]
    return any_of(*found)


def _named(text: str, patients: frozenset[str], *, whole: bool) -> Filter:
    """A version is named there, in the event of a patient that it concerns."""
    where = (Reads(column, "contains", f"\n{text}{end if whole else ''}") for column, end in _PLACES.items())
    return all_of(any_of(*where), _concerned(patients))


def _concerned(patients: frozenset[str]) -> Filter:
    if not patients:
        return EVERYTHING
    return any_of(Is("patient", ""), *(Is("patient", one) for one in sorted(patients)))


def _entity_identifier(asking: Asking, wanted: f.Has) -> Filter:
    if wanted.system:
        return NOTHING
    if wanted.value is None:
        return any_of(Not(Is("request_id", "")), Not(Is("glass", "")))
    return any_of(Is("request_id", wanted.value), Reads("glass", "contains", f"\n{wanted.value} "))


def _policy(asking: Asking, wanted: f.Has) -> Filter:
    if wanted.value is None:
        return Not(Is("because", ""))
    return _policies(asking, wanted.value, "\n")


def _policies(asking: Asking, url: str, end: str) -> Filter:
    """The consent rule of that address decided, or one whose address begins like that."""
    own = f"{asking.base_url}/fhir/"
    rule = url.removeprefix(own)
    consent = _CONSENT.match(rule)
    if not url.startswith(own) or consent is None:
        return NOTHING
    versions = asking.log.whose([consent[0]])
    named = (
        all_of(Reads("because", "contains", f"\n{version}#"), _concerned(patients))
        for version, patients in versions.items()
    )
    return all_of(Reads("because", "contains", f"\n{rule}{end}"), any_of(*named))


_PARAMS: Mapping[str, Callable[[Asking, f.Has], Filter]] = {
    "action": _action,
    "agent": _agent,
    "agent:identifier": _agent_identifier,
    "date": _date,
    "entity": _entity,
    "entity:identifier": _entity_identifier,
    "outcome": _outcome,
    "policy": _policy,
    "subtype": _subtype,
    "type": _type,
}
_BY_KIND: Mapping[type, Callable[[Asking, Anything], Filter]] = {
    f.All: lambda asking, wanted: all_of(*(asking.columns(part) for part in wanted.parts)),
    f.Any: lambda asking, wanted: any_of(*(asking.columns(part) for part in wanted.parts)),
    f.Not: lambda asking, wanted: Not(asking.columns(wanted.part)),
    f.Is: _is,
    f.Has: _has,
    f.Within: _within,
    f.Reads: _reads,
    f.Updated: lambda asking, wanted: wanted,
}

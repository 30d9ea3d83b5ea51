"""Whom a client's Consents name as recipients at this moment, by name, and until when: for people to read.

https://hl7.org/fhir/R4/consent-definitions.html#Consent.provision.actor (what they open: why_access.py)
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import date
from typing import Any

from careplan_service.access.consent.rules import Door, Rule
from careplan_service.access.filters import Is, any_of
from careplan_service.access.instants import END, as_datetime
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.file_consent import active_consents, stored_rules
from careplan_service.interactions.records import Page
from careplan_service.interventions.printing.content import Release
from careplan_service.resources import r4

_NAMED = ("Organization", "Practitioner")
_MOST = 1000
_NARROWING = ("purposes", "classes", "codes", "labels", "actions", "dates", "marked")

Hides = Callable[[Mapping[str, Any]], bool]


def releases(desk: Desk, patient: str, door: Door, hides: Hides) -> Iterator[Release]:
    """Each recipient once, in the order of names; without Consents and recipients that `hides` holds for.

    Nothing for a caller whose scopes open no Consent. Who is denied everything is no recipient.
    """
    if not patient.startswith("Patient/") or not desk.caller.allows("r", "Consent"):
        return
    stored = desk.show_all(active_consents(desk, patient))
    told = [rule for one in stored if not hides(r4.parse(one.body)) for rule in stored_rules(one, door)]
    every = [rule for one in stored for rule in stored_rules(one, door)]
    denied = {who for rule in every if _holds(rule, desk) and _is_whole_deny(rule) for who in _actors(rule)}
    until: dict[str, int] = {}
    for rule in told:
        for who in _actors(rule) if _holds(rule, desk) and not rule.deny else ():
            until[who] = max(until.get(who, 0), rule.valid_to)
    named = names(desk, until.keys() - denied, hides)
    yield from (Release(named[who], _last_day(until[who])) for who in sorted(named, key=named.__getitem__))


def names(desk: Desk, references: Collection[str], hides: Hides) -> dict[str, str]:
    """The names of organisations and practitioners that the caller sees and `hides` does not hold for."""
    named: dict[str, str] = {}
    for type_ in _NAMED:
        ids = sorted(ref.removeprefix(f"{type_}/") for ref in references if ref.startswith(f"{type_}/"))
        if not ids or not desk.caller.allows("r", type_):
            continue
        wanted = any_of(*(Is("id", id_) for id_ in ids))
        for stored in desk.show_all(desk.find("r", type_, wanted, Page(limit=_MOST))):
            document = r4.parse(stored.body)
            if name_of(document) and not hides(document):
                named[f"{type_}/{stored.id}"] = name_of(document)
    return named


def name_of(document: Mapping[str, Any]) -> str:
    """The name of an Organization or a Practitioner; empty where it has none."""
    name = document.get("name", "")
    if isinstance(name, str):
        return name
    told: Mapping[str, Any] = next(iter(name), {})
    parts = [*told.get("given", ()), *([told["family"]] if "family" in told else [])]
    return str(told.get("text") or " ".join(parts))


def _holds(rule: Rule, desk: Desk) -> bool:
    return rule.valid_from <= desk.now <= rule.valid_to


def _actors(rule: Rule) -> frozenset[str]:
    stated = [part.actor_keys for part in rule.parts if part.actors is not None]
    return frozenset.intersection(*stated) if stated else frozenset()


def _is_whole_deny(rule: Rule) -> bool:
    return rule.deny and not any(getattr(part, name) for part in rule.parts for name in _NARROWING)


def _last_day(until: int) -> date | None:
    return None if until >= END else as_datetime(until).date()

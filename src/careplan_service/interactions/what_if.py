"""$what-if: what partners would see more or less of, over all clients, after a change of policy or labels.

The change is made as it would be made, the one predicate is asked as each partner, and all of it is undone.
https://hl7.org/fhir/R4/operations.html and docs/adr/0018
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from careplan_service.access.consent.choices import Choices
from careplan_service.access.consent.rules import Door, Rule, rules_of
from careplan_service.access.filters import EVERYTHING, Has, all_of
from careplan_service.access.view import require_administrator
from careplan_service.errors import TooLarge
from careplan_service.interactions.admission import Admitted
from careplan_service.interactions.changed_policy import PARAMETERS, Change, Labelling, WhatIf, what_if_of
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.parameters import parts_of
from careplan_service.interactions.partner_eyes import Clients, Eyes, among, eyes_of, heads, let_in, named
from careplan_service.interactions.records import Page, Stored
from careplan_service.interactions.undone import undone
from careplan_service.resources import r4
from careplan_service.resources.patching import document as documents

MOST_SEEN, MOST_CONSENTS, MOST_LABELLED, MOST_PARTNERS = 20_000, 2_000, 1_000, 25
"""How much of each one question looks at: of what partners see, all of them together."""


class Difference(NamedTuple):
    """What one partner would see that it does not see now, and the other way round, as references."""

    eyes: Eyes
    gained: frozenset[str]
    lost: frozenset[str]


@dataclass(frozen=True)
class Found:
    """The answer: for each partner the difference; how many Consents were read anew, how many relabelled.

    `count` is how many references of each type are to be listed.
    """

    differences: tuple[Difference, ...]
    judged: int
    labelled: int
    count: int


class _Planned(NamedTuple):
    """What is to be written: Consents with their rules, and versions with the labels they would have."""

    consents: Sequence[tuple[Stored, Sequence[Rule]]]
    labelled: Sequence[tuple[Stored, Admitted]]


def what_if(desk: Desk, body: bytes, clients: Clients, door: Door) -> Found:
    """What each partner would gain and lose over all clients.

    For administrators, who may look through partners' eyes anyhow. Raises Forbidden for all others,
    Malformed (400) for what cannot be read, TooLarge (413) beyond what one question looks at.
    """
    for letter in "rs":
        require_administrator(desk.caller, letter, "*")
    asked = what_if_of(desk, parts_of(body, PARAMETERS), door.choices)
    desk.also_asked(asked.change.names)
    eyes = _eyes(desk, asked, clients)
    planned = _planned(desk, asked.change, door)
    # A label decides about its own resource only; choices about whatever a partner sees.
    some = None if asked.change.choices else named(stored for stored, _ in planned.labelled)
    before = _seen(desk, eyes, some)
    with undone(desk.records) as changes:
        for consent, rules in planned.consents:
            changes.judge_anew(consent, rules)
        for stored, admitted in planned.labelled:
            desk.put(changes, admitted.write(stored.id, "PATCH", door.base_url), stored)
        after = _seen(desk, [_changed(one, asked.change.choices) for one in eyes], some)
    differences = tuple(
        Difference(one, now - then, then - now) for one, then, now in zip(eyes, before, after, strict=True)
    )
    return Found(differences, len(planned.consents), len(planned.labelled), asked.count)


def _eyes(desk: Desk, asked: WhatIf, clients: Clients) -> list[Eyes]:
    names = asked.partners or let_in(clients)
    if len(names) > MOST_PARTNERS:
        raise TooLarge(f"{len(names)} partners are more than the {MOST_PARTNERS} of one question; name some")
    return [eyes_of(desk, name, asked.purpose, clients) for name in names]


def _changed(eyes: Eyes, choices: Choices | None) -> Eyes:
    return eyes if choices is None else replace(eyes, parts_follow=choices.parts_follow)


def _seen(desk: Desk, eyes: Sequence[Eyes], some: Collection[str] | None) -> list[frozenset[str]]:
    """What each partner sees of some resources, or of all."""
    if some is not None:
        return [among(desk, one, some) for one in eyes]
    left, found = MOST_SEEN, list[frozenset[str]]()
    for one in eyes:
        try:
            found.append(frozenset(named(heads(desk, one, EVERYTHING, left))))
        except TooLarge:
            text = f"partners see more than the {MOST_SEEN} resources of one question; name one partner"
            raise TooLarge(text) from None
        left -= len(found[-1])
    return found


def _planned(desk: Desk, change: Change, door: Door) -> _Planned:
    consents: list[tuple[Stored, Sequence[Rule]]] = []
    if change.choices is not None:
        anew = replace(door, choices=change.choices, keep=True)
        active = desk.find("r", "Consent", Has("Consent.status", "active"), Page(MOST_CONSENTS + 1))
        _bounded(active, MOST_CONSENTS, "active Consents")
        consents = [(one, rules_of(r4.parse(one.body), anew)) for one in active]
    choices = door.choices if change.choices is None else change.choices
    kept = replace(door, choices=choices, keep=True)
    return _Planned(consents, [*_labelled(desk, change.labellings, kept).values()])


def _labelled(
    desk: Desk, labellings: Sequence[Labelling], door: Door
) -> Mapping[str, tuple[Stored, Admitted]]:
    """What the labellings change, by reference, one after the other."""
    found: dict[str, tuple[Stored, Admitted]] = {}
    for one in labellings:
        type_ = one.about.spec.name
        matching = desk.records.find(
            type_, all_of(one.about.about, desk.sees("s", type_)), Page(MOST_LABELLED + 1)
        )
        _bounded(matching, MOST_LABELLED, f"{type_} to label")
        for stored in matching:
            reference = f"{type_}/{stored.id}"
            before = found[reference][1].document if reference in found else r4.parse(stored.body)
            after = _relabelled(before, one)
            if after != before:
                data = documents.written(after).encode()
                rules = rules_of(after, door) if type_ == "Consent" else ()
                found[reference] = (stored, Admitted(one.about.spec, data, after, rules))
    return found


def _relabelled(document: dict[str, Any], labelling: Labelling) -> dict[str, Any]:
    meta, coding = document.get("meta", {}), labelling.coding
    held = meta.get("security", [])
    others = [one for one in held if any(one.get(name) != coding[name] for name in coding)]
    if labelling.adds:
        others = held if len(others) < len(held) else [*held, dict(coding)]
    rest = {name: value for name, value in meta.items() if name != "security"}
    return {**document, "meta": {**rest, **({"security": others} if others else {})}}


def _bounded(found: Sequence[Stored], most: int, what: str) -> None:
    if len(found) > most:
        raise TooLarge(f"there are more than {most} {what}; ask for less")

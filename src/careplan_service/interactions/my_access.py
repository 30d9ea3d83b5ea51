"""$my-access: what a partner is permitted now, in permits that open something to it.

Everything told follows from what the caller can see and from the permits that open it, so nothing hidden is
told: neither a deny, nor a permit that a deny outweighs, nor a client of whom nothing is seen. docs/adr/0019
https://hl7.org/fhir/R4/consent-definitions.html#Consent.provision
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from careplan_service.access.consent.terminology import RANK
from careplan_service.access.filters import Filter, all_of
from careplan_service.access.instants import END, instant
from careplan_service.access.receiver import receiver_of
from careplan_service.access.view import of_types, permitted_to
from careplan_service.errors import Forbidden
from careplan_service.interactions.desk import Desk
from careplan_service.resources.registry import SERVED

_LETTERS = {rank: code for code, rank in RANK.items()}


class Terms(NamedTuple):
    """What permits say besides whom they name; an empty list names nothing, so everything.

    `codes` are `system|code`, `profiles` canonical addresses, `rank` the highest confidentiality.
    """

    codes: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()
    purposes: tuple[str, ...] = ()
    sensitivities: tuple[str, ...] = ()
    rank: int = RANK["N"]
    part2: bool = False


class Opening(NamedTuple):
    """A permit that opens something of a type to the caller, of a client, until a moment (inclusive)."""

    type: str
    patient: str
    until: int
    terms: Terms


@dataclass
class Reached:
    """The clients whose permits of the same terms open a type, each with the latest moment of them."""

    until: dict[str, int] = field(default_factory=dict)

    def add(self, opening: Opening) -> None:
        """Count the client; of several permits the one that holds longest counts."""
        self.until[opening.patient] = max(opening.until, self.until.get(opening.patient, 0))


def my_access(desk: Desk) -> dict[str, Any]:
    """The answer as Parameters. Raises Forbidden for all that are no partner."""
    caller = desk.caller
    if not receiver_of(caller):
        raise Forbidden("what permits open is told to partners; staff and clients need none")
    openings = desk.records.openings(_opened(desk))
    reached: dict[tuple[str, Terms], Reached] = {}
    for one in openings:
        reached.setdefault((one.type, one.terms), Reached()).add(one)
    parameters = [
        {"name": "organization", "valueReference": {"reference": caller.organization}},
        {"name": "at", "valueInstant": instant(desk.now)},
        *({"name": "purpose", "valueCode": purpose} for purpose in caller.purposes),
        {"name": "clients", "valueInteger": len({one.patient for one in openings})},
        *(_permitted(type_, terms, clients) for (type_, terms), clients in sorted_by_terms(reached)),
    ]
    return {"resourceType": "Parameters", "parameter": parameters}


def sorted_by_terms(
    reached: Mapping[tuple[str, Terms], Reached],
) -> Iterable[tuple[tuple[str, Terms], Reached]]:
    """In an order that does not tell which permit came first."""
    return sorted(reached.items(), key=lambda item: item[0])


def _opened(desk: Desk) -> Filter:
    """What the caller sees by consent and by its scopes, be it only by searching."""
    views = []
    for type_ in SERVED:
        for letter in "rs":
            if desk.caller.allows(letter, type_):
                seen = desk.sees(letter, type_)
                views.append((type_, all_of(seen, permitted_to(desk.caller, desk.now))))
                break
    return of_types(views)


def _permitted(type_: str, terms: Terms, reached: Reached) -> dict[str, Any]:
    ends = sorted(reached.until.values())
    parts: list[dict[str, Any]] = [{"name": "type", "valueCode": type_}]
    parts += [{"name": "code", "valueCoding": _coding(code)} for code in terms.codes]
    parts += [{"name": "profile", "valueCanonical": profile} for profile in terms.profiles]
    parts += [{"name": "purpose", "valueCode": code} for code in terms.purposes]
    parts += [{"name": "confidentiality", "valueCode": _LETTERS[terms.rank]}]
    parts += [{"name": "sensitivity", "valueCode": code} for code in terms.sensitivities]
    parts += [{"name": "part2", "valueBoolean": True}] if terms.part2 else []
    parts += [{"name": "clients", "valueInteger": len(ends)}]
    parts += [{"name": "firstEnd", "valueInstant": instant(ends[0])}] if ends[0] < END else []
    parts += [{"name": "lastEnd", "valueInstant": instant(ends[-1])}] if ends[-1] < END else []
    return {"name": "permitted", "part": parts}


def _coding(code: str) -> dict[str, str]:
    system, _, value = code.rpartition("|")
    return {"system": system, "code": value} if system else {"code": value}

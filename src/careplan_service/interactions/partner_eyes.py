"""What a partner sees, asked for somebody else: by the one predicate, at a desk that leaves no audit row.

As with https://hl7.org/fhir/R4/security.html#audit who asks is told apart from for whom it is answered.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from careplan_service.access.caller import Caller
from careplan_service.access.clients import Client
from careplan_service.access.consent.recipients import local, local_reference
from careplan_service.access.filters import All, Consented, Filter, Not, all_of, any_of
from careplan_service.access.filters import Any as AnyOf
from careplan_service.access.partners import is_partner, partner_named
from careplan_service.access.scope_text import parse_scopes
from careplan_service.errors import Malformed, TooLarge
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.leaving import leaving
from careplan_service.interactions.parameters import Parts, references
from careplan_service.interactions.records import Page, Stored
from careplan_service.resources.registry import SERVED

Clients = Callable[[], Sequence[Client]]
"""The register of clients."""

_EVERYTHING = parse_scopes("system/*.rs")
_WORDS = ("valueString", "valueCode", "valueId")
_NAME = "name the partner as its client or as `Organization/food-bank`"


@dataclass(frozen=True)
class Eyes:
    """A partner as it is asked for: its client (empty for an organisation) and the purpose it acts for.

    `parts_follow` is the choice of that name (`access/consent/choices.py`) for what is asked.
    """

    caller: Caller
    parts_follow: bool = False

    @property
    def name(self) -> str:
        """Its client, or the organisation where none is named."""
        return self.caller.client_id or self.caller.organization

    @property
    def asked(self) -> str:
        """For the audit row."""
        return f"partner={self.name} purpose={self.purpose}"

    @property
    def purpose(self) -> str:
        """The purpose of use; empty when none is asserted."""
        return " ".join(self.caller.purposes)

    def told(self) -> list[dict[str, Any]]:
        """As the first parameters of an answer."""
        client, purpose = self.caller.client_id, self.purpose
        return [
            {"name": "partner", "valueReference": {"reference": self.caller.organization}},
            *([{"name": "client", "valueString": client}] if client else []),
            *([{"name": "purpose", "valueCode": purpose}] if purpose else []),
        ]


def partner_in(parts: Parts) -> str:
    """The one `partner` of Parameters: a text or a reference. Raises Malformed (400)."""
    given = partners_in(parts)
    if len(given) != 1:
        raise Malformed(f"`Parameters` hold one `partner`: {_NAME}", expression="Parameters.parameter")
    return given[0]


def partners_in(parts: Parts) -> tuple[str, ...]:
    """Every `partner` of Parameters, each once. Raises Malformed (400)."""
    return tuple(dict.fromkeys(_named(part) for part in parts if part.get("name") == "partner"))


def _named(part: Mapping[str, Any]) -> str:
    text = next((part[name] for name in _WORDS if name in part), None)
    found = references([part], "partner")[0] if text is None else text
    if not isinstance(found, str) or not found:
        raise Malformed(f"`partner` is empty; {_NAME}", expression="Parameters.parameter")
    return found


def let_in(clients: Clients) -> list[str]:
    """The ids of the partners' clients that may call."""
    return sorted(one.id for one in clients() if is_partner(one))


def eyes_of(desk: Desk, partner: str, purpose: str, clients: Clients) -> Eyes:
    """The partner that `food-bank` or `Organization/food-bank` names, for a purpose.

    As `partner_named`; an organisation that has no client yet is asked for as if it had all scopes. Only
    staff names clients. Raises Malformed (400).
    """
    registered = clients()
    reference = local(partner, desk.policy.base_url)
    if local_reference(reference, "Organization"):
        if not any(is_partner(one) and one.organization == reference for one in registered):
            return Eyes(Caller("", "partner", reference, (purpose,) if purpose else (), _EVERYTHING))
    elif not desk.caller.is_agency:
        raise Malformed("name the partner as `Organization/food-bank`", expression="Parameters.parameter")
    return Eyes(partner_named(partner, purpose, registered, desk.policy.base_url))


def heads(desk: Desk, eyes: Eyes, about: Filter, most: int) -> list[Stored]:
    """The current versions that the partner sees, without their bytes. Raises TooLarge above `most`."""
    found = desk.records.heads("", all_of(about, _view(desk, eyes)), Page(most + 1))
    return _within(found, most)


def pages(desk: Desk, eyes: Eyes, about: Filter, most: int) -> list[Stored]:
    """The current versions as they would leave for the partner. Raises TooLarge above `most`."""
    found = desk.records.find("", all_of(about, _view(desk, eyes)), Page(most + 1))
    return leaving(_at(desk, eyes), _within(found, most))


def among(desk: Desk, eyes: Eyes, references: Collection[str]) -> frozenset[str]:
    """Those of the references (`Goal/1`) that the partner sees."""
    return desk.records.among(references, _view(desk, eyes))


def own_heads(desk: Desk, about: Filter, most: int) -> list[Stored]:
    """The current versions that the caller itself sees: nothing else is told to it of what partners see."""
    found = desk.records.heads("", all_of(about, desk.sees_any("r", SERVED)), Page(most + 1))
    return _within(found, most)


def named(found: Iterable[Stored]) -> set[str]:
    """Their references (`Goal/1`)."""
    return {f"{one.type}/{one.id}" for one in found}


def _at(desk: Desk, eyes: Eyes) -> Desk:
    return Desk(
        caller=eyes.caller,
        records=desk.records,
        now=desk.now,
        asked="",
        new_id=desk.new_id,
        policy=desk.policy,
    )


def _view(desk: Desk, eyes: Eyes) -> Filter:
    """What it may read or find: nobody's scopes have to be alike for both."""
    at = _at(desk, eyes)
    view = any_of(*dict.fromkeys(at.sees_any(letter, SERVED) for letter in "rs"))
    return _followed(view) if eyes.parts_follow else view


def _followed(view: Filter) -> Filter:
    """The view where what is permitted to an organisation is permitted to its parts."""
    if isinstance(view, All | AnyOf):
        return replace(view, parts=tuple(_followed(part) for part in view.parts))
    if isinstance(view, Not):
        return Not(_followed(view.part))
    return replace(view, parts_follow=True) if isinstance(view, Consented) else view


def _within(found: list[Stored], most: int) -> list[Stored]:
    if len(found) > most:
        raise TooLarge(f"more than {most} resources would have to be looked at")
    return found

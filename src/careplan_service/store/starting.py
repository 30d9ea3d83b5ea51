"""Where a statement starts that tells of many versions, and whether these are counted unasked."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import ColumnElement

from careplan_service.access.filters import Consented, Filter
from careplan_service.store.asking import first_consented
from careplan_service.store.bind import Binds
from careplan_service.store.database import Database
from careplan_service.store.leads import Leads, few_leads
from careplan_service.store.reaching import partner_of, reach, reach_values
from careplan_service.store.tables import resource

ANYWHERE = "any"
_WALKED = 3000  # resources, to count unasked
_JUDGED = 300  # facts; what more lead to is not all judged, unasked


class Start(NamedTuple):
    """`few`, `reach`, `any` or the number of a conjunct; at which facts, how many; whose reach."""

    at: str | int
    lead: tuple[Filter, ...] = ()
    many: int = 0
    partner: tuple[Consented, str] | None = None

    @property
    def is_gathered(self) -> bool:
        """Whether what may be found is brought together before the first is told."""
        return self.at not in ("few", ANYWHERE)

    def reached(self, type_: str, binds: Binds, within: str) -> list[ColumnElement[bool]]:
        """The condition on `resource` that it is within the reach, where it starts there."""
        return [reach(*self.partner, type_, resource, binds, within)] if self.partner else []

    def values(self, type_: str) -> list[str]:
        """What `reached` binds itself."""
        return reach_values(self.partner, type_) if self.partner else []


class Starts:
    """Chooses where statements start."""

    def __init__(self, database: Database) -> None:
        self._leads = Leads(database)
        self.forget = self._leads.forget

    def of(self, type_: str, wanted: Filter, *, whole: bool = False) -> Start:
        """At the patient or id, at rare facts, at a partner's reach, anywhere.

        What is asked for as a `whole` is never walked for where a partner's reach says where it is.
        """
        fixed = few_leads(wanted)
        if fixed is not None:
            return Start("few", fixed)
        partner = partner_of(wanted)
        best = self._leads.best(type_, wanted, hidden=partner is not None)
        if best is not None and not (partner and self._leads.is_nearer(partner[0], best[-1])):
            return Start(*best)
        reached = partner and (whole or best is not None or self._leads.is_rare(partner[0]))
        return Start("reach", partner=partner) if reached else Start(ANYWHERE)

    def is_much_to_count(self, type_: str, wanted: Filter, start: Start) -> bool:
        """Whether nothing is counted unasked.

        To a partner neither how rare a fact is nor how large a type may show by that: hidden rows count
        there. How many permits name it is no secret to it.
        """
        asked = first_consented(wanted)
        if asked is not None:
            return few_leads(wanted) is None and not self._leads.few_patients(asked)
        is_much = start.at == ANYWHERE or start.many > _JUDGED
        return is_much and self._leads.more_than(_WALKED, type_)

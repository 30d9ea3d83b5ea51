"""Which permits open something: the rules on the frontier of what a caller sees, and what they say.

https://hl7.org/fhir/R4/consent-definitions.html#Consent.provision
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import ColumnElement, Select, case, literal_column, select

from careplan_service.access.consent.terminology import NORMAL, VERY_RESTRICTED
from careplan_service.access.filters import All, Consented, Filter
from careplan_service.access.filters import Any as AnyOf
from careplan_service.interactions.my_access import Opening, Terms
from careplan_service.store.asking import Asking
from careplan_service.store.bind import Binds, Values
from careplan_service.store.consent_sql import opening
from careplan_service.store.database import Database
from careplan_service.store.lists import is_among, listed
from careplan_service.store.reaching import partner_of, reach, reach_values
from careplan_service.store.shapes import shape
from careplan_service.store.tables import consent_key, consent_part, consent_rule, resource

_UNTIL: ColumnElement[int] = case(
    (consent_rule.c.guardian == literal_column("''"), consent_rule.c.valid_to),
    (consent_rule.c.lapses < consent_rule.c.valid_to, consent_rule.c.lapses),
    else_=consent_rule.c.valid_to,
)
_PERMITS: Select[Any] = (
    select(resource.c.type, consent_rule.c.patient, _UNTIL, consent_rule.c.body, consent_rule.c.labelled)
    .select_from(resource.join(consent_rule, consent_rule.c.patient == resource.c.patient))
    .where(resource.c.current == 1, resource.c.deleted == 0)
    .distinct()
)
_LABELS = ("any_label", "high", "ceiling", "narrow", "part2")
_TOLD = ("class", "code", "narrow")


class Openings:
    """Asks for permits that open something."""

    def __init__(self, database: Database, asking: Asking) -> None:
        self._sqlite, self._asking = database.is_sqlite, asking

    def of(self, seen: Filter) -> list[Opening]:
        """The permits that open some current version for which `seen` holds, by type and client."""
        found = {row for asked in _questions(seen) for row in self._permits(asked, seen)}
        if not found:
            return []
        bodies = listed(sorted({row[3] for row in found}))
        labels, keys = self._labels(bodies), self._keys(bodies)
        return [
            Opening(type_, patient, until, _terms(keys.get(body, {}), labels.get(body, []), labelled))
            for type_, patient, until, body, labelled in found
        ]

    def _permits(self, asked: Consented, seen: Filter) -> list[Any]:
        values = Values()
        partner = partner_of(seen)
        form = ("openings", shape(seen, values), shape(asked, values), partner is not None)
        if partner:
            values += reach_values(partner, "")

        def build(binds: Binds) -> Select[Any]:
            query = _PERMITS.where(self._asking.clause(seen, resource, binds))
            query = query.where(opening(asked, resource, consent_rule, binds, self._asking.within))
            return (
                query.where(reach(*partner, "", resource, binds, self._asking.within)) if partner else query
            )

        return self._asking.tuples(form, build, values)

    def _labels(self, bodies: str) -> dict[int, list[Any]]:
        """What the permitting parts of each rule say of labels."""
        columns = (consent_part.c.rule, *(consent_part.c[name] for name in _LABELS))
        found: dict[int, list[Any]] = {}
        for rule, *labels in self._of_rules(select(*columns), bodies):
            found.setdefault(rule, []).append(labels)
        return found

    def _keys(self, bodies: str) -> dict[int, dict[str, set[str]]]:
        """The keys of the permitting parts of each rule, by dimension."""
        query = select(consent_part.c.rule, consent_key.c.dimension, consent_key.c.key)
        query = query.join(consent_key, consent_key.c.part == consent_part.c.part)
        dimensions: list[ColumnElement[str]] = [literal_column(f"'{name}'") for name in _TOLD]
        query = query.where(consent_key.c.dimension.in_(dimensions))
        found: dict[int, dict[str, set[str]]] = {}
        for rule, dimension, key in self._of_rules(query, bodies):
            found.setdefault(rule, {}).setdefault(dimension, set()).add(key.strip("\n"))
        for rule, purposes in self._of_rules(select(consent_part.c.rule, consent_part.c.purposes), bodies):
            found.setdefault(rule, {}).setdefault("purpose", set()).update(purposes.split())
        return found

    def _of_rules(self, query: Select[Any], bodies: str) -> list[Any]:
        """Rows of parts that permit: what an exception excludes is not told."""

        def build(binds: Binds) -> Select[Any]:
            among = is_among(consent_part.c.rule, binds, sqlite=self._sqlite, numbers=True)
            return query.where(among, consent_part.c.deny == literal_column("0"))

        form = ("parts", *(str(column) for column in query.selected_columns))
        return self._asking.tuples(form, build, [bodies])


def _terms(keys: dict[str, set[str]], labels: Iterable[list[int]], labelled: int) -> Terms:
    classes = keys.get("class", set())
    profiles = {one for one in classes if "/" in one}
    stated = [one for one in labels if not one[0]]
    return Terms(
        codes=tuple(sorted(keys.get("code", ()))),
        profiles=tuple(sorted(profiles)) if profiles == classes else (),
        purposes=tuple(sorted(keys.get("purpose", ()))),
        sensitivities=tuple(sorted(keys.get("narrow", ()))),
        rank=_rank([one[1:] for one in stated], labelled),
        part2=any(part2 for *_, part2 in stated),
    )


def _rank(stated: list[list[int]], labelled: int) -> int:
    """The highest confidentiality that is reached; without a label that is normal, unless all is open."""
    if not stated:
        return VERY_RESTRICTED if labelled else NORMAL
    return min(ceiling if narrow else max(high, 0) for high, ceiling, narrow, _ in stated)


def _questions(seen: Filter) -> Iterator[Consented]:
    """The consent questions of a Filter, each once."""
    return iter(dict.fromkeys(_consented(seen)))


def _consented(seen: Filter) -> Iterator[Consented]:
    if isinstance(seen, Consented):
        yield seen
    elif isinstance(seen, All | AnyOf):
        for part in seen.parts:
            yield from _consented(part)

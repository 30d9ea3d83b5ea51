"""Which versions a partner got as redacted copies at a moment gone by: what `leaving.py` does, as of then.

docs/adr/0016 and docs/adr/0031
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Set

from careplan_service.access.filters import EVERYTHING
from careplan_service.access.holds import Version
from careplan_service.errors import TooLarge
from careplan_service.interactions.leaving import named_beside
from careplan_service.interactions.records import Page, Records, Span, Stored
from careplan_service.interactions.withheld import labelled_as
from careplan_service.resources import r4
from careplan_service.resources.inline_labels import labelled_in

MOST = 1000
"""Resources beyond one record that those in it name."""


def beyond(records: Records, standing: Iterable[Stored], at: int, base_url: str) -> list[Stored]:
    """What else the versions named that stood then, whoever may see it: nothing of it is shown.

    Raises TooLarge for more than MOST.
    """
    page = list(standing)
    here = {f"{one.type}/{one.id}" for one in page}
    named = sorted({name for one in page for name in named_beside(one, base_url)} - here)
    if len(named) > MOST:
        raise TooLarge(f"more than {MOST} resources of other records would have to be looked at")
    found = [one for name in named for one in _then(records, name, at)]
    return [one for one in found if not one.deleted]


def seen_in_part(
    stored: Stored, version: Version, opened: Set[str], judge: Callable[[Version], bool], base_url: str
) -> bool:
    """Whether it lacked something: it named what was not `opened`, or an element had labels that were closed.

    `judge` tells whether the partner could see a version then. Who wrote one has it whole: do not ask.
    """
    if named_beside(stored, base_url) - opened:
        return True
    return not all(judge(one) for one in _by_elements(stored, version))


def _by_elements(stored: Stored, version: Version) -> Iterator[Version]:
    document = r4.parse(stored.body)
    whole = document.get("meta", {}).get("security", ())
    for one in labelled_in(document):
        yield labelled_as(version, [*whole, *one.labels])


def _then(records: Records, name: str, at: int) -> list[Stored]:
    type_, _, id_ = name.partition("/")
    return records.versions(type_, id_, EVERYTHING, Page(1), Span(lo=at, hi=at))

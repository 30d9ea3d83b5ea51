"""Elements with labels of their own that the caller may not have: judged as the resource would be with them.

https://build.fhir.org/ig/HL7/fhir-security-label-ds4p/inline_security_labels.html

The plain evaluator judges: such elements are few, and the statements know whole resources only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from careplan_service.access.filters import EVERYTHING, Has, any_of
from careplan_service.access.glass import LOOKING
from careplan_service.access.holds import holds
from careplan_service.access.labels import labels_in
from careplan_service.access.raised import key_of
from careplan_service.access.view import shared_with
from careplan_service.errors import TooLarge
from careplan_service.interactions.records import Page
from careplan_service.interactions.standing import MOST, as_judged, standing
from careplan_service.resources import r4
from careplan_service.resources.inline_labels import PROCESS, Codings, Element, elements_of, labelled_in

if TYPE_CHECKING:
    from careplan_service.access.holds import Version
    from careplan_service.interactions.desk import Desk
    from careplan_service.interactions.records import Stored

_TAG = PROCESS.encode()
_Key = frozenset[tuple[str, str]]
_CURRENT_ONLY = (LOOKING - {"vread"}) | {
    *("create", "update", "patch", "delete"),
    *("submit-plan", "read-plan", "change-plan", "print-plan"),
}
"""What shows no version but the current one."""


@dataclass(frozen=True)
class Withheld:
    """What goes from a version: elements by their labels, and by their paths what was labelled later."""

    labels: frozenset[_Key] = frozenset()
    paths: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.labels or self.paths)

    def elements(self, document: Mapping[str, Any]) -> list[Element]:
        """Those elements of the parsed document."""
        return [
            one
            for one in (elements_of(document) if self else ())
            if one.path in self.paths or (one.labels and _key(one.labels) in self.labels)
        ]


NOTHING = Withheld()


def withheld(desk: Desk, page: Sequence[Stored]) -> dict[Stored, Withheld]:
    """What the caller may not have of the versions that lack something. Who wrote one knows what it says."""
    later = _labelled_later(desk, page)
    own = None if desk.caller.is_agency else desk.caller.contributor
    lacking: dict[Stored, Withheld] = {}
    for one in page:
        versions = later.get(f"{one.type}/{one.id}", ()) if later else ()
        if (versions or _TAG in one.body) and one.contributor != own:
            lacking[one] = _of(desk, one, versions)
    return {one: taken for one, taken in lacking.items() if taken}


def _of(desk: Desk, stored: Stored, versions: Sequence[Stored]) -> Withheld:
    own = _refused(desk, stored) if _TAG in stored.body else {}
    after = [one for one in versions if one.version > stored.version and _TAG in one.body]
    paths = frozenset(path for one in after for some in _refused(desk, one).values() for path in some)
    return Withheld(frozenset(own), paths)


def _refused(desk: Desk, stored: Stored) -> dict[_Key, set[str]]:
    """The paths of elements by their labels, for labels under which the caller may not have the version."""
    document = r4.parse(stored.body)
    by_labels: dict[_Key, tuple[Codings, set[str]]] = {}
    for one in labelled_in(document):
        by_labels.setdefault(_key(one.labels), (one.labels, set()))[1].add(one.path)
    whole = document.get("meta", {}).get("security", ())
    return {
        key: paths
        for key, (labels, paths) in by_labels.items()
        if not _may_have(desk, stored, [*whole, *labels])
    }


def _may_have(desk: Desk, stored: Stored, security: Codings) -> bool:
    door = desk.policy.door
    version = labelled_as(as_judged(desk.records, stored, door.base_url), security)
    try:
        world = standing(desk.records, desk.caller, [version], [stored], door)
    except TooLarge:
        return False
    return holds(shared_with(desk.caller, stored.type, desk.now), version, world)


def labelled_as(version: Version, security: Codings) -> Version:
    """The version as it would be with these labels."""
    return replace(version, facts=replace(version.facts, labels=labels_in(security)))


def _labelled_later(desk: Desk, page: Sequence[Stored]) -> dict[str, list[Stored]]:
    """All versions of what has had labels within, of a page that may hold past ones: the tag stays."""
    if desk.interaction in _CURRENT_ONLY or not page:
        return {}
    keys = {f"{one.type}/{one.id}": (one.type, one.id) for one in page}
    types = sorted({one.type for one in page})
    labelled = desk.records.among(keys, any_of(*(Has(f"{type_}._security", PROCESS) for type_ in types)))
    return {name: desk.records.versions(*keys[name], EVERYTHING, Page(MOST)) for name in sorted(labelled)}


def _key(labels: Codings) -> _Key:
    return frozenset(map(key_of, labels))

"""A Filter in plain Python: the slow, obvious twin of `store/sql.py`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any as Anything

from careplan_service.access import filters as f
from careplan_service.access.consent.decision import Consents, permits
from careplan_service.access.consent.directory import NOBODY, Directory
from careplan_service.access.consent.matching import ADOLESCENT
from careplan_service.access.facts import OTHER_PATIENT, Facts, Record


@dataclass(frozen=True)
class Version:
    """One stored version as the filters see it; `updated` is microseconds UTC, `text` its document."""

    facts: Facts
    id: str
    updated: int
    contributor: str
    current: int = 1
    deleted: int = 0
    text: str = ""
    narrative: str = ""

    @property
    def type(self) -> str:
        """The resource type."""
        return self.facts.type

    @property
    def patient(self) -> str:
        """Whose record it is."""
        return self.facts.patient

    @property
    def others(self) -> int:
        """How many further patients it names."""
        return len(self.facts.other_patients)


@dataclass(frozen=True)
class World:
    """What a filter may look at besides the version itself: consents, directory, whatever links lead to."""

    consents: Consents
    versions: tuple[Version, ...] = ()
    directory: Directory = field(default_factory=lambda: NOBODY)

    @cached_property
    def _referring(self) -> Mapping[str, list[Version]]:
        """The current resources by what they refer to."""
        found: dict[str, list[Version]] = {}
        for version in self.versions:
            for mark in version.facts.marks if version.current and not version.deleted else ():
                if mark.startswith("refers "):
                    found.setdefault(mark.removeprefix("refers "), []).append(version)
        return found

    def record(self, version: Version) -> Record:
        """The version with what is around it."""
        beside = self._referring.get(f"{version.type}/{version.id}", ())
        around = {f"within {one.type}/{one.id}" for one in beside}
        around.update(
            mark.replace("author ", "attested ", 1)
            for one in beside
            if one.type == "Provenance"
            for mark in one.facts.marks
            if mark.startswith("author ")
        )
        return Record(version.facts, version.updated, version.contributor, frozenset(around))


def holds(wanted: f.Filter, version: Version, world: World) -> bool:
    """Whether the version answers the question."""
    return _BY_KIND[type(wanted)](wanted, version, world)


def compare(prefix: str, lo: int, hi: int, target_lo: int, target_hi: int) -> bool:
    """A FHIR date prefix: the search value lo..hi against the stored range, all inclusive."""
    return _PREFIXES[prefix](lo, hi, target_lo, target_hi)


_PREFIXES: Mapping[str, Callable[[int, int, int, int], bool]] = {
    "eq": lambda lo, hi, a, b: lo <= a and b <= hi,
    "ne": lambda lo, hi, a, b: not (lo <= a and b <= hi),
    "gt": lambda lo, hi, a, b: b > hi,
    "lt": lambda lo, hi, a, b: a < lo,
    "ge": lambda lo, hi, a, b: b > hi or (lo <= a and b <= hi),
    "le": lambda lo, hi, a, b: a < lo or (lo <= a and b <= hi),
    "sa": lambda lo, hi, a, b: a > hi,
    "eb": lambda lo, hi, a, b: b < lo,
    "ap": lambda lo, hi, a, b: a <= hi and b >= lo,
}


def _has(wanted: f.Has, version: Version, world: World) -> bool:
    if wanted.param == OTHER_PATIENT:
        return bool(version.facts.other_patients & {wanted.value})
    return any(
        row.param == wanted.param
        and wanted.value in (None, row.value)
        and wanted.system in (None, row.system)
        for row in version.facts.rows
    )


_TEXT: Mapping[str, Callable[[str, str, str], bool]] = {
    "starts": lambda text, value, exact: value.startswith(text),
    "contains": lambda text, value, exact: text in value,
    "exact": lambda text, value, exact: text == exact,
}


def _reads(wanted: f.Reads, version: Version, world: World) -> bool:
    return any(
        row.param == wanted.param and _TEXT[wanted.how](wanted.text, row.value, row.system)
        for row in version.facts.rows
    )


def _within(wanted: f.Within, version: Version, world: World) -> bool:
    return any(
        row.param == wanted.param
        and row.hi != 0
        and wanted.value in (None, row.value)
        and wanted.system in (None, row.system)
        and compare(wanted.prefix, wanted.lo, wanted.hi, row.lo, row.hi)
        for row in version.facts.rows
    )


def _is(wanted: f.Is, version: Version, world: World) -> bool:
    return str(getattr(version, wanted.column)) == wanted.value


def _linked(wanted: f.Linked, version: Version, world: World) -> bool:
    if not wanted.links:
        return holds(wanted.part, version, world)
    link, rest = wanted.links[0], f.Linked(wanted.links[1:], wanted.part)
    return any(
        other.current
        and not other.deleted
        and other.type == link.type
        and (_refers(link, other, version) if link.reverse else _refers(link, version, other))
        and holds(link.seen, other, world)
        and _linked(rest, other, world)
        for other in world.versions
    )


def _refers(link: f.Link, source: Version, target: Version) -> bool:
    reference = f"{target.type}/{target.id}"
    if link.column:
        return source.facts.patient == reference
    return any(row.param == link.param and row.value == reference for row in source.facts.rows)


_LOWER = {ord(upper): upper.lower() for upper in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}


def lower(text: str) -> str:
    """The text with ASCII letters in lower case: what both databases do alike."""
    return text.translate(_LOWER)


def _mentions(wanted: f.Mentions, version: Version, world: World) -> bool:
    return wanted.word in lower(version.narrative if wanted.narrative else version.text)


def _represented(wanted: f.Represented, version: Version, world: World) -> bool:
    return (
        version.patient != ""
        and version.others == 0
        and ADOLESCENT not in version.facts.labels.sensitivities
        and world.directory.represents(wanted.relative, version.patient, wanted.now)
    )


_BY_KIND: Mapping[type, Callable[[Anything, Version, World], bool]] = {
    f.All: lambda wanted, v, w: all(holds(part, v, w) for part in wanted.parts),
    f.Any: lambda wanted, v, w: any(holds(part, v, w) for part in wanted.parts),
    f.Not: lambda wanted, v, w: not holds(wanted.part, v, w),
    f.Is: _is,
    f.Has: _has,
    f.Reads: _reads,
    f.Within: _within,
    f.Updated: lambda wanted, v, w: compare(wanted.prefix, wanted.lo, wanted.hi, v.updated, v.updated),
    f.Linked: _linked,
    f.Mentions: _mentions,
    f.Consented: lambda wanted, v, w: permits(wanted, w.record(v), w.consents, w.directory),
    f.Represented: _represented,
}

"""Filter: a question about facts. What is asked and what may be seen are the same kind of value.

A search query becomes a Filter, token scope and consent become a Filter, and the store is asked
`asked & visible` once. `store/sql.py` says each Filter in SQL; `holds.py` says it in plain Python.
"""

from __future__ import annotations

from dataclasses import dataclass


class Filter:
    """A question that holds for a resource version or does not; combine with `&`, `|`, `~`."""

    __slots__ = ()

    def __and__(self, other: Filter) -> Filter:
        return all_of(self, other)

    def __or__(self, other: Filter) -> Filter:
        return any_of(self, other)

    def __invert__(self) -> Filter:
        return Not(self)


@dataclass(frozen=True)
class All(Filter):
    """Every part holds; with no part, everything."""

    parts: tuple[Filter, ...]


@dataclass(frozen=True)
class Any(Filter):
    """Some part holds; with no part, nothing."""

    parts: tuple[Filter, ...]


@dataclass(frozen=True)
class Not(Filter):
    """The part does not hold."""

    part: Filter


EVERYTHING = All(())
NOTHING = Any(())


@dataclass(frozen=True)
class Is(Filter):
    """A column of the version has the value: `id`, `patient`, `contributor`.

    `others` is how many further patients the version names.
    """

    column: str
    value: str


@dataclass(frozen=True)
class Has(Filter):
    """Some fact of the parameter has the value and the system; None means any."""

    param: str
    value: str | None = None
    system: str | None = None


@dataclass(frozen=True)
class Reads(Filter):
    """Some text of the parameter `starts`, `contains` or is `exact`ly the (normalised) text."""

    param: str
    how: str
    text: str


@dataclass(frozen=True)
class Within(Filter):
    """Some range of the parameter stands to lo..hi as the FHIR prefix says; None means any value, any system.

    A row whose `hi` is 0 has no range.

    Dates are microseconds UTC, quantities the ordered 64-bit image of their number
    (`resources/quantities.py`), where `value` and `system` say the unit.
    https://hl7.org/fhir/R4/search.html#prefix
    """

    param: str
    prefix: str
    lo: int
    hi: int
    value: str | None = None
    system: str | None = None


@dataclass(frozen=True)
class Updated(Filter):
    """`meta.lastUpdated` stands to lo..hi as the FHIR prefix says."""

    prefix: str
    lo: int
    hi: int


@dataclass(frozen=True)
class Link:
    """One step from a resource to another: to the `type` it refers to by `param`, or with `reverse` from it.

    `seen` is what the caller may see of the type stepped to, so that no step passes through what is
    hidden. `column` names the column that holds the reference where it is no fact; `source` the type
    that is referred to, for a step in reverse.
    """

    param: str
    type: str
    seen: Filter
    column: str = ""
    reverse: bool = False
    source: str = ""


@dataclass(frozen=True)
class Linked(Filter):
    """The part holds for some living resource at the end of the links. Chained search and `_has`.

    https://hl7.org/fhir/R4/search.html#chaining
    """

    links: tuple[Link, ...]
    part: Filter


@dataclass(frozen=True)
class Mentions(Filter):
    """The word stands in the document as stored, or only in its `narrative`; ASCII case does not count."""

    word: str
    narrative: bool = False


@dataclass(frozen=True)
class Consented(Filter):
    """The consents of every patient named permit one purpose to one recipient at one moment.

    `actors` are who asks (`Organization/x`, `Practitioner/y`; what they belong to follows from the
    directory) and `also` who is concerned by denies only; `purpose` is the asserted code with its
    ancestors (empty: none asserted), `now` microseconds UTC, `action` a code of `consentaction`. With
    `workforce` the default is to permit (tenant policy for a custodian's own staff) and only a deny
    hides; in an `emergency` only a deny that names emergencies does. With `parts_follow` what is
    permitted to an organisation is permitted to its parts.
    """

    actors: tuple[str, ...]
    purpose: tuple[str, ...]
    now: int
    workforce: bool = False
    action: str = "access"
    also: tuple[str, ...] = ()
    parts_follow: bool = False
    emergency: bool = False


@dataclass(frozen=True)
class Represented(Filter):
    """The version is about one patient for whom the relative may act at the moment, and not for her alone.

    What is labelled adolescent-sensitive (ADOL) is not the representative's to see.
    """

    relative: str
    now: int


def all_of(*parts: Filter) -> Filter:
    """The conjunction, flattened; `NOTHING` swallows the rest."""
    flat: list[Filter] = []
    for part in parts:
        flat.extend(part.parts if isinstance(part, All) else (part,))
    if NOTHING in flat:
        return NOTHING
    return flat[0] if len(flat) == 1 else All(tuple(flat))


def any_of(*parts: Filter) -> Filter:
    """The disjunction, flattened; `EVERYTHING` swallows the rest."""
    flat: list[Filter] = []
    for part in parts:
        flat.extend(part.parts if isinstance(part, Any) else (part,))
    if EVERYTHING in flat:
        return EVERYTHING
    return flat[0] if len(flat) == 1 else Any(tuple(flat))

"""The elements that a path finds in a resource. https://hl7.org/fhir/R4/fhirpath.html"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from careplan_service.errors import Invalid
from careplan_service.resources.patching import kinds
from careplan_service.resources.patching.path import Item, Literal, Member, OfType, Step, Where, steps
from careplan_service.resources.patching.places import Inner, Node, Place, pairs
from careplan_service.resources.r4.wording import quoted

MOST_ELEMENTS = 100_000
"""Elements that the paths of one patch may look at, all together."""


class Finder:
    """Finds elements in one document, as it is at the moment, and counts how many it looked at."""

    def __init__(self, document: Node) -> None:
        self.root = Place(document)
        self.looked_at = 0

    def one(self, path: str) -> Place:
        """The only element that the path finds. Raises `Invalid` where it finds none or several."""
        found = self.all(path)
        if not found:
            raise Invalid(f"{quoted(path)} finds nothing in the resource")
        if len(found) > 1:
            raise Invalid(f"{quoted(path)} finds {len(found)} elements: name one with [n] or where(...)")
        return found[0]

    def all(self, path: str) -> list[Place]:
        """Every element that the path finds. Raises `Invalid` for a path that cannot be read."""
        return self._walk(self._below(path))

    def collection(self, path: str) -> tuple[Place, str]:
        """The element that holds a list, which may be absent, and the FHIRPath name of the list."""
        found_steps = self._below(path)
        last = found_steps[-1] if found_steps else None
        if not isinstance(last, Member):
            raise Invalid(f"{quoted(path)} names no list: end it with the name of the list")
        found = self._walk(found_steps[:-1])
        if len(found) != 1:
            raise Invalid(f"the element around {quoted(path)} must be there once, not {len(found)} times")
        return found[0], last.name

    def _below(self, path: str) -> tuple[Step, ...]:
        """The steps without the name of the resource's type, which may stand first."""
        found = steps(path)
        return found[1:] if found[0] == Member(self.root.holder["resourceType"]) else found

    def _walk(self, path: Iterable[Step], start: Place | None = None) -> list[Place]:
        found = [start or self.root]
        for step in path:
            found = list(self._step(step, found))
        return found

    def _step(self, step: Step, found: list[Place]) -> Iterator[Place]:
        if isinstance(step, Item):
            return iter(found[step.index :][:1])
        if isinstance(step, OfType):
            return (place for place in found if _is_of(place, step.name))
        if isinstance(step, Where):
            return (place for place in found if self._holds(step, place))
        return (inner for place in found for inner in self._members(place, step.name))

    def _holds(self, where: Where, place: Place) -> bool:
        return all(_equal(self._walk(path, place), literal) for path, literal in where.criteria)

    def _members(self, place: Place, name: str) -> Iterator[Place]:
        names = kinds.named(place.shape.name, name)
        # Contained resources are of several types, and not all have every element.
        if not names and not (isinstance(place, Inner) and place.key == "contained"):
            raise Invalid(f"{quoted(name)} is no element of {place.shape.name}")
        holder, elements = place.inside, place.shape.elements
        for key, kind in names.items():
            for index in range(len(pairs(holder, key, elements[key].many))):
                self.looked_at += 1
                if self.looked_at > MOST_ELEMENTS:
                    raise Invalid(f"the paths look at more than {MOST_ELEMENTS} elements: divide the patch")
                yield Inner(holder, place, key, index, kind, elements[key])


def _is_of(place: Place, kind: str) -> bool:
    return kind == place.inside.get("resourceType") or (isinstance(place, Inner) and kind == place.kind)


def _equal(found: list[Place], literal: Literal) -> bool:
    """FHIRPath's `=`: one value that is the same; true and false are no numbers."""
    if len(found) != 1:
        return False
    value: Any = found[0].pair[0]
    if isinstance(literal, Decimal):
        return isinstance(value, int | Decimal) and type(value) is not bool and value == literal
    return type(value) is type(literal) and bool(value == literal)

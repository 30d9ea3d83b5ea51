"""Where the elements of a resource stand, and how they are put there. https://hl7.org/fhir/R4/json.html

A primitive and the object with its extensions beside it (`birthDate`, `_birthDate`) are one element here: a
pair of the two, of which one may be None.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from careplan_service.resources.patching import kinds
from careplan_service.resources.r4.tables import SHAPES, Element, Shape

Node = dict[str, Any]
Pair = tuple[Any, Any]
"""The value of an element and the object beside it."""


@dataclass(frozen=True)
class Place:
    """The resource itself, and what elements inside are reached from."""

    holder: Node

    @property
    def pair(self) -> Pair:
        """What stands here now."""
        return self.holder, None

    @property
    def shape(self) -> Shape:
        """What elements can be inside."""
        return SHAPES[self.holder["resourceType"]]

    @property
    def inside(self) -> Node:
        """The object that holds the elements inside; an empty one where there is none."""
        value, beside = self.pair
        node = value if type(value) is dict else beside
        return node if type(node) is dict else {}

    def opened(self) -> Node:
        """The same object, ready to be filled."""
        return self.holder

    def emptied(self) -> None:
        """Told by an element inside that it was the last one."""


@dataclass(frozen=True)
class Inner(Place):
    """One element: the member `key` of the object `holder`, with its `index` in it where it repeats."""

    parent: Place
    key: str
    index: int
    kind: str
    element: Element

    @property
    def pair(self) -> Pair:
        value, beside = self.holder.get(self.key), self.holder.get(f"_{self.key}")
        return (_item(value, self.index), _item(beside, self.index)) if self.element.many else (value, beside)

    @property
    def shape(self) -> Shape:
        return kinds.shape_of(self.element, self.pair[0])

    def opened(self) -> Node:
        """Puts an object beside a primitive that has none yet."""
        value, beside = self.pair
        if type(value) is not dict and beside is None:
            self.put((value, {}))
        return self.inside

    def put(self, *new: Pair) -> None:
        """Replaces the element by the pairs; none removes it, and every object that it leaves empty."""
        found = pairs(self.holder, self.key, self.element.many)
        found[self.index : self.index + 1] = new
        store(self.holder, self.key, found, self.element.many)
        if not self.holder:
            self.parent.emptied()

    def emptied(self) -> None:
        """Empty objects do not exist in FHIR: goes too, unless it is a primitive with a value."""
        value, beside = (None if part == {} else part for part in self.pair)
        self.put(*([] if value is None and beside is None else [(value, beside)]))

    def rename(self, key: str) -> None:
        """Gives a choice element another type, where it stands: `valueString` becomes `valueQuantity`."""
        names = {self.key: key, f"_{self.key}": f"_{key}"}
        members = [(names.get(name, name), value) for name, value in self.holder.items()]
        self.holder.clear()
        self.holder.update(members)


def _item(values: Any, index: int) -> Any:
    return values[index] if type(values) is list and index < len(values) else None


def pairs(holder: Node, key: str, many: bool) -> list[Pair]:
    """What stands under a name: at most one pair for an element that does not repeat."""
    value, beside = holder.get(key), holder.get(f"_{key}")
    if not many:
        return [(value, beside)] if value is not None or beside is not None else []
    values, besides = (part if type(part) is list else [] for part in (value, beside))
    count = max(len(values), len(besides))
    padded = [part + [None] * (count - len(part)) for part in (values, besides)]
    return list(zip(*padded, strict=True))


def store(holder: Node, key: str, found: list[Pair], many: bool) -> None:
    """Writes the pairs back, without the lists or members that would hold nothing."""
    for name, parts in ((key, [value for value, _ in found]), (f"_{key}", [beside for _, beside in found])):
        if all(part is None for part in parts):
            holder.pop(name, None)
        else:
            holder[name] = parts if many else parts[0]

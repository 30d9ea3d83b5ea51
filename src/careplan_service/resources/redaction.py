"""Copies of resources without what somebody may not see of them. https://hl7.org/fhir/R4/security.html#labels

That are references to what is hidden, and elements with a label of their own. A Reference goes whole, with
its display and identifier: either may be all there is to hide. What is left is valid FHIR: with a required
reference goes the element around it, and where that may not go the reference is masked. What a copy lost is
remembered, so that a patch of the copy can be carried out on the original.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from careplan_service.errors import Conflict
from careplan_service.resources.r4.tables import SHAPES, Shape

Node = dict[str, Any]
Hides = Callable[[str], bool]
"""Whether a text names a resource that may not be seen."""

REDACTED: Mapping[str, str] = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue",
    "code": "REDACTED",
}
SUBJECTS = frozenset({"subject", "patient", "for"})
"""The elements at the top that say whose record it is: they stay, or nobody could tell whose copy it is."""

_MASKED = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
# What is about its reference says nothing that may be told without it.
_ABOUT: Mapping[str, frozenset[str]] = {"CarePlan.activity": frozenset({"reference"})}
# Searches look at what stands beside the reference, or the rest would say something else without it.
_STAYS = frozenset(
    {
        "Provenance.agent",
        "Group.characteristic",
        "DocumentReference.relatesTo",
        "Consent.provision.actor",
        "Consent.provision.data",
    }
)
_EMPTY: frozenset[str] = frozenset()
_NEVER_NAMES = frozenset({"resourceType", "id", "div", "display", "text"})


class Spot(NamedTuple):
    """Where an element of a parsed document stands: the `id()` of what is around it, name and index."""

    holder: int
    name: str
    at: int | None


@dataclass(frozen=True)
class _Cut:
    """What an object lost: a member, or the item of a list behind `behind`; `masked` stands in for it."""

    holder: Node
    key: str
    value: Any
    index: int | None = None
    behind: Any = None
    masked: Any = None


@dataclass
class Redaction:
    """A document that is changed in place: `document` is what may be seen of it, without the `spots`."""

    document: Node
    hides: Hides
    spots: frozenset[Spot] = frozenset()
    _cuts: list[_Cut] = field(default_factory=list)

    def __post_init__(self) -> None:
        mentioned = set(_local_literals(self.document)) if "contained" in self.document else set()
        self._waiting: dict[tuple[int, str], set[int | None]] = {}
        for spot in self.spots:
            self._waiting.setdefault((spot.holder, spot.name), set()).add(spot.at)
        shape = SHAPES[self.document["resourceType"]]
        self._object(self.document, shape, at_top=True)
        if self._cuts:
            if mentioned:
                self._orphans(mentioned)
            for node in (self.document, *self.document.get("contained", ())):
                if "text" in node:
                    self._drop(node, "text")
            self._tag()

    @property
    def is_whole(self) -> bool:
        """Whether nothing had to go."""
        return not self._cuts

    @property
    def is_masked(self) -> bool:
        """Whether something stands for what could not go."""
        return any(cut.masked is not None for cut in self._cuts)

    def undone(self, changed: Node) -> Node:
        """The changed copy with everything in its place again that went.

        Raises Conflict (409) where a change removed or filled the place of what the caller does not see.
        """
        self._untag(changed)
        reachable = set(_objects(changed))
        for cut in reversed(self._cuts):
            if id(cut.holder) not in reachable or not _put_back(cut):
                raise Conflict("this change touches what you do not see of the resource; leave that element")
            reachable |= set(_objects(cut.value))
        return changed

    def _object(self, node: Node, shape: Shape | None, *, at_top: bool = False) -> bool:
        """Take out what is hidden; True when the object itself has to go."""
        if self._is_hidden(node.get("reference")) and not at_top:
            return True
        before = len(self._cuts)
        for name in list(node):
            if name in node and not (at_top and name in SUBJECTS) and self._member(node, name, shape):
                return True
        if len(self._cuts) == before or shape is None:
            return False
        unfit = not node.keys() - {"id"} or any(rule.broken(node) for rule in shape.invariants)
        return unfit and not at_top

    def _member(self, node: Node, name: str, shape: Shape | None) -> bool:
        """Take out what is hidden of one member; True when the object around it has to go with it."""
        value = node[name]
        if not self._waiting and not self._names_hidden(value):
            return False
        inner = _shape_of(shape, name)
        spots = self._spots(node, name)
        if None in spots:
            return self._lost(node, name.removeprefix("_"), shape)
        if not isinstance(value, list):
            return self._goes(value, name, inner) and self._lost(node, name, shape)
        gone = [i for i, item in enumerate(value) if i in spots or self._goes(item, name, inner)]
        if len(gone) == len(value) and gone:
            return self._lost(node, name, shape)
        self._items(node, name, gone)
        return False

    def _spots(self, node: Node, name: str) -> set[int | None]:
        """What has to go of a member, told once: a value and what is beside it, under `_name`, are one."""
        own = name.removeprefix("_")
        if self._waiting and (own == name or own not in node):
            return self._waiting.pop((id(node), own), set())
        return set()

    def _goes(self, value: Any, name: str, shape: Shape | None) -> bool:
        if isinstance(value, dict):
            return self._object(value, SHAPES.get(value.get("resourceType", ""), shape))
        return name not in _NEVER_NAMES and self._is_hidden(value)

    def _names_hidden(self, value: Any) -> bool:
        """Whether any text within is hidden: most members hold none, and need no further look."""
        hides, waiting = self.hides, [value]
        while waiting:
            held = waiting.pop()
            if type(held) is str:
                if hides(held):
                    return True
            elif type(held) is dict:
                waiting.extend(held.values())
            elif type(held) is list:
                waiting.extend(held)
        return False

    def _is_hidden(self, value: Any) -> bool:
        return isinstance(value, str) and self.hides(value)

    def _lost(self, node: Node, name: str, shape: Shape | None) -> bool:
        """A whole member has to go, or the object around it, or it is masked where neither may."""
        if shape is not None and name in _ABOUT.get(shape.name, _EMPTY):
            return True
        if shape is not None and any(name in keys for _, keys in shape.required):
            if "resourceType" not in node and shape.name not in _STAYS:
                return True
            self._mask(node, name)
            return False
        self._drop(node, name)
        return False

    def _drop(self, node: Node, name: str) -> None:
        for key in (name, f"_{name}"):
            if key in node:
                self._cuts.append(_Cut(node, key, node.pop(key)))

    def _mask(self, node: Node, name: str) -> None:
        masked: Any = {"extension": [{"url": _MASKED, "valueCode": "masked"}]}
        held = node[name]
        masked = [masked] if isinstance(held, list) else masked
        self._cuts.append(_Cut(node, name, held, masked=masked))
        node[name] = masked

    def _items(self, node: Node, name: str, gone: Sequence[int]) -> None:
        for key in (name, f"_{name}"):
            values = node.get(key)
            if not isinstance(values, list):
                continue
            behind = None
            for i, item in enumerate(values):
                if i in gone:
                    self._cuts.append(_Cut(node, key, item, i, behind))
                else:
                    behind = item
            node[key] = [item for i, item in enumerate(values) if i not in gone]

    def _orphans(self, mentioned: set[str]) -> None:
        """What is contained and was referred to from what went, goes too (dom-3)."""
        while True:
            inside = self.document.get("contained", [])
            left = set(_local_literals(self.document))
            gone = [i for i, one in enumerate(inside) if f"#{one.get('id')}" in mentioned - left]
            if not gone:
                return
            if len(gone) == len(inside):
                self._drop(self.document, "contained")
                return
            self._items(self.document, "contained", gone)

    def _tag(self) -> None:
        meta = self.document.setdefault("meta", {})
        meta["security"] = [*meta.get("security", ()), dict(REDACTED)]

    def _untag(self, changed: Node) -> None:
        meta = changed.get("meta")
        if not isinstance(meta, dict) or not isinstance(meta.get("security"), list):
            return
        meta["security"] = [one for one in meta["security"] if one != REDACTED]
        if not meta["security"]:
            del meta["security"]


def is_redacted(document: Mapping[str, Any]) -> bool:
    """Whether the document says of itself that it is a redacted copy."""
    security = document.get("meta", {}).get("security", ())
    return any({"system": one.get("system"), "code": one.get("code")} == REDACTED for one in security)


def _put_back(cut: _Cut) -> bool:
    """Whether what went could take its place again."""
    holder, key = cut.holder, cut.key
    if cut.masked is not None:
        if holder.get(key) != cut.masked:
            return False
        holder[key] = cut.value
        return True
    if cut.index is None:
        return holder.setdefault(key, cut.value) is cut.value
    items = holder.setdefault(key, [])
    if not isinstance(items, list):
        return False
    after = next((i for i, item in enumerate(items) if item is cut.behind), None)
    items.insert(min(cut.index, len(items)) if after is None else after + 1, cut.value)
    return True


def _shape_of(shape: Shape | None, name: str) -> Shape | None:
    element = shape.elements.get(name) if shape else None
    return element.shape if element else None


def _objects(value: Any) -> Iterator[int]:
    if isinstance(value, dict):
        yield id(value)
        for inner in value.values():
            yield from _objects(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _objects(inner)


def _local_literals(value: Any) -> Iterator[str]:
    """The references to what is contained."""
    if isinstance(value, dict):
        literal = value.get("reference")
        if isinstance(literal, str) and literal.startswith("#"):
            yield literal
        for inner in value.values():
            yield from _local_literals(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _local_literals(inner)

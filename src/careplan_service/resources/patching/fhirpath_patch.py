"""FHIRPath Patch: operations in a Parameters resource. https://hl7.org/fhir/R4/fhirpatch.html"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from careplan_service.errors import Invalid
from careplan_service.resources.patching import kinds
from careplan_service.resources.patching.document import read
from careplan_service.resources.patching.finder import Finder
from careplan_service.resources.patching.operations import Operation, operations
from careplan_service.resources.patching.places import Inner, Node, Place, pairs, store
from careplan_service.resources.patching.values import add, typed
from careplan_service.resources.r4.wording import quoted


def changed(document: Node, patch: bytes) -> Node:
    """The resource after the operations in the bytes; it is changed in place.

    Raises `Malformed` for what is no Parameters resource with operations, `Invalid` for the first operation
    that cannot be applied.
    """
    finder = Finder(document)
    for operation in operations(read(patch)):
        try:
            _APPLY[operation.type](finder, operation)
        except Invalid as error:
            raise Invalid(f"{operation.at}: {error.text}", expression=operation.at) from None
    return document


def _add(finder: Finder, operation: Operation) -> None:
    target = finder.one(operation.path)
    shape = target.shape
    add(target.opened(), shape, operation.name, operation.value)


def _insert(finder: Finder, operation: Operation) -> None:
    holder, key = _list(finder, operation)
    found = pairs(holder.inside, key, many=True)
    _, pair = typed(holder.shape, key, operation.value)
    found.insert(_index(operation.index, "index", len(found)), pair)
    store(holder.opened(), key, found, many=True)


def _delete(finder: Finder, operation: Operation) -> None:
    """Deleting what is not there is no error."""
    if finder.all(operation.path):
        _element(finder, operation).put()


def _replace(finder: Finder, operation: Operation) -> None:
    """Replaces the whole element: what stands beside a primitive goes, too."""
    place = _element(finder, operation)
    key, pair = typed(place.parent.shape, place.element.path, operation.value)
    place.put(pair)
    if key != place.key:
        place.rename(key)


def _move(finder: Finder, operation: Operation) -> None:
    holder, key = _list(finder, operation)
    found = pairs(holder.inside, key, many=True)
    last = len(found) - 1
    moved = found.pop(_index(operation.source, "source", last))
    found.insert(_index(operation.destination, "destination", last), moved)
    store(holder.inside, key, found, many=True)


def _element(finder: Finder, operation: Operation) -> Inner:
    place = finder.one(operation.path)
    if not isinstance(place, Inner):
        raise Invalid("the path must name an element, not the whole resource")
    return place


def _list(finder: Finder, operation: Operation) -> tuple[Place, str]:
    """The element around the list that the path names, and the name of the list."""
    holder, name = finder.collection(operation.path)
    element = holder.shape.elements.get(name)
    if element is None or not element.many or name not in kinds.named(holder.shape.name, name):
        raise Invalid(f"{quoted(operation.path)} names no element that repeats")
    return holder, name


def _index(index: int, name: str, last: int) -> int:
    if not 0 <= index <= last:
        raise Invalid(f"`{name}` must be from 0 to {last}, not {index}")
    return index


_APPLY: Mapping[str, Callable[[Finder, Operation], None]] = {
    "add": _add,
    "insert": _insert,
    "delete": _delete,
    "replace": _replace,
    "move": _move,
}

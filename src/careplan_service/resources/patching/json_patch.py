"""JSON Patch: a list of operations on JSON. https://www.rfc-editor.org/rfc/rfc6902"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import jsonpatch
from jsonpointer import JsonPointer, JsonPointerException

from careplan_service.errors import Fault, Invalid, Malformed
from careplan_service.resources.patching.document import read_list, written
from careplan_service.resources.r4.wording import quoted

MOST_OPERATIONS = 500
"""Operations that one patch may have."""

LARGEST_COPIES = 1024 * 1024
"""Characters that the `copy` operations of one patch may add up to: each could double the document."""

_MEMBERS: Mapping[str, tuple[str, ...]] = {
    "add": ("path", "value"),
    "remove": ("path",),
    "replace": ("path", "value"),
    "move": ("from", "path"),
    "copy": ("from", "path"),
    "test": ("path", "value"),
}
"""What each operation must say, RFC 6902 section 4; other members are ignored."""

_Operation = dict[str, Any]


def changed(document: Any, patch: bytes) -> Any:
    """The document (any JSON value) after the JSON Patch in the bytes; it is changed in place.

    Raises `Malformed` with every operation that is none, `Invalid` for the first that cannot be applied.
    """
    return applied(document, read_list(patch))


def applied(document: Any, operations: list[Any]) -> Any:
    """The same for operations that were read."""
    if len(operations) > MOST_OPERATIONS:
        raise Malformed(f"the patch has {len(operations)} operations: send at most {MOST_OPERATIONS}")
    faults = [fault for index, operation in enumerate(operations) for fault in _faults(index, operation)]
    if faults:
        raise Malformed("not a JSON Patch", faults=faults)
    copied = 0
    for index, operation in enumerate(operations):
        if operation["op"] == "copy":
            copied += len(written(JsonPointer(operation["from"]).resolve(document, None)))
            if copied > LARGEST_COPIES:
                raise _failure(index, f"copies more than {LARGEST_COPIES} characters: send the values")
        document = _step(document, operation, index)
    return document


def _faults(index: int, operation: Any) -> Iterator[Fault]:
    """What keeps a member of the list from being an operation."""
    at = f"patch[{index}]"
    if type(operation) is not dict:
        yield Fault("structure", f"an operation is an object, not {quoted(operation)}", at)
        return
    name = operation.get("op")
    if type(name) is not str or name not in _MEMBERS:
        yield Fault("value", f"`op` must be one of {', '.join(_MEMBERS)}, not {quoted(name)}", at)
        return
    for member in _MEMBERS[name]:
        if member not in operation:
            yield Fault("required", f"`{name}` needs `{member}`", at)
        elif member != "value" and not _is_pointer(operation[member]):
            wanted = "a JSON Pointer such as `/name/0/given`"
            yield Fault("value", f"`{member}` must be {wanted}, not {quoted(operation[member])}", at)


def _is_pointer(value: Any) -> bool:
    try:
        return type(value) is str and JsonPointer(value) is not None
    except JsonPointerException:
        return False


def _step(document: Any, operation: _Operation, index: int) -> Any:
    try:
        return jsonpatch.JsonPatch([operation]).apply(document, in_place=True)
    except jsonpatch.JsonPatchTestFailed:
        raise _failure(index, f"{quoted(operation['path'])} does not have the value tested for") from None
    except (jsonpatch.JsonPatchException, JsonPointerException):
        members = [name for name in _MEMBERS[operation["op"]] if name != "value"]
        paths = " to ".join(quoted(operation[name]) for name in members)
        raise _failure(index, f"cannot {operation['op']} {paths}: no such place in the resource") from None


def _failure(index: int, text: str) -> Invalid:
    return Invalid(f"patch[{index}]: {text}", expression=f"patch[{index}]")

"""The operations of a FHIRPath Patch, read from a Parameters resource. https://hl7.org/fhir/R4/fhirpatch.html"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from careplan_service.errors import Fault, Malformed
from careplan_service.resources.patching.json_patch import MOST_OPERATIONS
from careplan_service.resources.r4.wording import quoted

_NEEDS: Mapping[str, tuple[str, ...]] = {
    "add": ("path", "name", "value"),
    "insert": ("path", "index", "value"),
    "delete": ("path",),
    "replace": ("path", "value"),
    "move": ("path", "source", "destination"),
}
"""The parts that each type of operation has."""

_SENT_AS: Mapping[str, tuple[str, type]] = {
    "type": ("valueCode", str),
    "path": ("valueString", str),
    "name": ("valueString", str),
    "index": ("valueInteger", int),
    "source": ("valueInteger", int),
    "destination": ("valueInteger", int),
}

_Part = dict[str, Any]


@dataclass(frozen=True)
class Operation:
    """One operation; `at` is its place in the Parameters, `value` the part that carries the value."""

    at: str
    type: str
    path: str
    name: str = ""
    index: int = 0
    source: int = 0
    destination: int = 0
    value: _Part = field(default_factory=dict)


def operations(parameters: dict[str, Any]) -> list[Operation]:
    """The operations in their order. Raises `Malformed` with everything that is wrong with them."""
    if parameters.get("resourceType") != "Parameters":
        sent = quoted(parameters.get("resourceType"))
        raise Malformed(f"a FHIRPath Patch is a Parameters resource, not {sent}", expression="Parameters")
    given = parameters.get("parameter", [])
    if type(given) is not list:
        raise Malformed("`parameter` may repeat: send a list", expression="Parameters.parameter")
    if len(given) > MOST_OPERATIONS:
        raise Malformed(f"the patch has {len(given)} operations: send at most {MOST_OPERATIONS}")
    faults = [fault for index, item in enumerate(given) for fault in _faults(_at(index), item)]
    if faults:
        raise Malformed("not a FHIRPath Patch", faults=faults)
    return [Operation(at=_at(index), **_read(item["part"])) for index, item in enumerate(given)]


def _at(index: int) -> str:
    return f"Parameters.parameter[{index}]"


def _read(parts: list[_Part]) -> dict[str, Any]:
    """The fields of an operation; the part of the value stays as it is."""
    named = {part["name"]: part for part in parts}
    return {name: part[_SENT_AS[name][0]] if name in _SENT_AS else part for name, part in named.items()}


def _faults(at: str, item: Any) -> Iterator[Fault]:
    """What keeps a parameter from being an operation."""
    if type(item) is not dict or item.get("name") != "operation":
        yield Fault("structure", "a parameter of a FHIRPath Patch is an object with the name `operation`", at)
        return
    unreadable = list(_structure_faults(f"{at}.part", item.get("part")))
    yield from unreadable or _part_faults(at, item["part"])


def _structure_faults(at: str, parts: Any) -> Iterator[Fault]:
    """Parts are lists of objects with names, however deep."""
    if type(parts) is not list or not parts:
        yield Fault("structure", "`part` is a list of objects with names", at)
        return
    for index, part in enumerate(parts):
        if type(part) is not dict or type(part.get("name")) is not str:
            yield Fault("structure", "a part is an object with a `name`", f"{at}[{index}]")
        elif "part" in part:
            yield from _structure_faults(f"{at}[{index}].part", part["part"])


def _part_faults(at: str, parts: list[_Part]) -> Iterator[Fault]:
    named = {part["name"]: part for part in parts}
    kind = named.get("type", {}).get("valueCode")
    if type(kind) is not str or kind not in _NEEDS:
        yield Fault("value", f"`type` must be a `valueCode` of {', '.join(_NEEDS)}, not {quoted(kind)}", at)
        return
    for name in _NEEDS[kind]:
        if name not in named:
            yield Fault("required", f"`{kind}` needs the part `{name}`", at)
    for index, part in enumerate(parts):
        yield from _one_part_faults(f"{at}.part[{index}]", part, kind, named[part["name"]] is not part)


def _one_part_faults(at: str, part: _Part, kind: str, again: bool) -> Iterator[Fault]:
    name = part["name"]
    if name not in ("type", *_NEEDS[kind]):
        yield Fault("structure", f"`{kind}` has no part {quoted(name)}", at)
    elif again:
        yield Fault("structure", f"{quoted(name)} stands twice: keep one", at)
    elif name in _SENT_AS and type(part.get(_SENT_AS[name][0])) is not _SENT_AS[name][1]:
        yield Fault("value", f"`{name}` is sent as `{_SENT_AS[name][0]}`", at)

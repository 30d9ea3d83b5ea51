"""Reading an object that may still be malformed: what is not there or of the wrong kind reads as absent.

The invariants look at every object, also at those the walk finds fault with, and must never raise.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

Node = Mapping[str, Any]


def given(node: Node, *names: str) -> bool:
    """True when any of the elements is there, with a value or only with an extension."""
    return any(name in node or "_" + name in node for name in names)


def given_choice(node: Node, stem: str) -> bool:
    """True when `stem[x]` is there with any type."""
    return any(key.removeprefix("_").startswith(stem) for key in node if type(key) is str)


def text(node: Node, name: str) -> str:
    """The element as text, or the empty string."""
    value = node.get(name)
    return value if type(value) is str else ""


def number(node: Node, name: str) -> Decimal | None:
    """The element as a number, or None."""
    value = node.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    exact = Decimal(value)
    return exact if exact.is_finite() else None


def child(node: Node, name: str) -> Node:
    """The element as an object, or an empty one."""
    value = node.get(name)
    return value if type(value) is dict else {}


def children(node: Node, name: str) -> list[Node]:
    """The objects in the list under the name."""
    value = node.get(name)
    return [item for item in value if type(item) is dict] if type(value) is list else []


def count(node: Node, name: str) -> int:
    """How many times a repeating element is there."""
    value = node.get(name)
    return len(value) if type(value) is list else 0


def has_coding(concept: Node, system: str, codes: frozenset[str]) -> bool:
    """True when a CodeableConcept carries one of the codes of the system."""
    return any(text(c, "system") == system and text(c, "code") in codes for c in children(concept, "coding"))

"""Explanations as the tests read them: the Parameters of an answer by their names."""

from __future__ import annotations

from typing import Any

from builders import Answer

Document = dict[str, Any]


def value(part: Document) -> Any:
    """What a parameter says: a text, a number, the reference, or its parts."""
    if "part" in part:
        return by_name(part["part"])
    (held,) = (held for name, held in part.items() if name.startswith("value"))
    return held["reference"] if isinstance(held, dict) else held


def by_name(parts: list[Document]) -> dict[str, list[Any]]:
    """The values by their names, in their order."""
    found: dict[str, list[Any]] = {}
    for part in parts:
        found.setdefault(part["name"], []).append(value(part))
    return found


def told(answer: Answer) -> dict[str, list[Any]]:
    """The values of an answer, which must have succeeded."""
    assert answer.status == 200, answer.body
    return by_name(answer.json["parameter"])


def one(answer: Answer, name: str) -> Any:
    """The only value of that name; None where there is none."""
    (found,) = told(answer).get(name, [None])
    return found

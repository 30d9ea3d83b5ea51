"""Values on their way into a statement: named `p0`, `p1`, ... in the order they are met."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import TypeVar, cast

from sqlalchemy import BigInteger, BindParameter, Text, bindparam

Made = TypeVar("Made")


class Values(list[str | int]):
    """The values of one statement in the order of its binds; `known` are the questions bound already."""

    def __init__(self, values: Iterable[str | int] = ()) -> None:
        super().__init__(values)
        self.known: dict[Hashable, int] = {}


class Binds:
    """Collects values; a statement of the same shape takes other values under the same names.

    Facts are looked up for each version found; only those of `lead` are where the statement starts.
    """

    def __init__(self, lead: Sequence[object] = ()) -> None:
        self.values: list[str | int] = []
        self._lead = lead
        self._made: dict[Hashable, object] = {}

    def once(self, question: Hashable, make: Callable[[], Made]) -> Made:
        """What is made of a question's binds: by the first who asks it in the statement, for all others."""
        if question not in self._made:
            self._made[question] = make()
        return cast(Made, self._made[question])

    def leads(self, wanted: object) -> bool:
        """Whether the statement starts from the facts this Filter asks for."""
        return wanted in self._lead

    def text(self, value: str) -> BindParameter[str]:
        """A text parameter."""
        self.values.append(value)
        return bindparam(f"p{len(self.values) - 1}", value, type_=Text)

    def number(self, value: int) -> BindParameter[int]:
        """A 64-bit integer parameter."""
        self.values.append(value)
        return bindparam(f"p{len(self.values) - 1}", value, type_=BigInteger)


def named(values: Sequence[str | int]) -> dict[str, str | int]:
    """The values under the names `Binds` gave them."""
    return {f"p{i}": value for i, value in enumerate(values)}


def fence(key: str) -> str:
    """A key as it stands in a set kept as text: between line feeds, which no code contains."""
    return f"\n{key}\n"


def fenced_set(keys: Iterable[str]) -> str:
    """A set of keys as text; empty for the empty set."""
    held = sorted(key for key in keys if "\n" not in key)
    return fence("\n".join(held)) if held else ""

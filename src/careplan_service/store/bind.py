"""Values on their way into a statement: named `p0`, `p1`, ... in the order they are met."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import BigInteger, BindParameter, Text, bindparam


class Binds:
    """Collects values; a statement of the same shape takes other values under the same names.

    Facts are looked up for each version found; only those of `lead` are where the statement starts.
    """

    def __init__(self, lead: Sequence[object] = ()) -> None:
        self.values: list[str | int] = []
        self._lead = lead

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


def named(values: list[str | int]) -> dict[str, str | int]:
    """The values under the names `Binds` gave them."""
    return {f"p{i}": value for i, value in enumerate(values)}


def fence(key: str) -> str:
    """A key as it stands in a set kept as text: between line feeds, which no code contains."""
    return f"\n{key}\n"


def fenced_set(keys: Iterable[str]) -> str:
    """A set of keys as text; empty for the empty set."""
    held = sorted(key for key in keys if "\n" not in key)
    return fence("\n".join(held)) if held else ""

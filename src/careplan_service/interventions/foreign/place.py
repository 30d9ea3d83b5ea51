"""A place in a document that is being read, and what of the document was put into words so far.

https://hl7.org/fhir/R4/fhirpath.html#simple

What is not put into words is left over, and `left_over` lists it: so nothing is lost for want of a reader.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

Steps = tuple[str | int, ...]
_SERVERS: frozenset[Steps] = frozenset(
    {("resourceType",), ("id",), ("meta", "versionId"), ("meta", "lastUpdated")}
)
"""What the server puts in, or says elsewhere in its answer."""


@dataclass
class Sheet:
    """A document by its reference `Type/id`, and the places of it that were said."""

    ref: str
    body: Mapping[str, Any]
    said: set[Steps] = field(default_factory=lambda: set(_SERVERS))

    @property
    def whole(self) -> Place:
        """The document itself."""
        return Place(self, (), self.body)


class Place(NamedTuple):
    """An element of a document; `value` is None where there is none."""

    sheet: Sheet
    steps: Steps
    value: Any

    def at(self, *steps: str | int) -> Place:
        """The element further down."""
        value = self.value
        for step in steps:
            if isinstance(value, dict):
                value = value.get(step)
            else:
                is_there = isinstance(value, list) and isinstance(step, int) and step < len(value)
                value = value[step] if is_there else None
        return Place(self.sheet, (*self.steps, *steps), value)

    def each(self, *steps: str | int) -> list[Place]:
        """The items of a list further down, without those that are null."""
        found = self.at(*steps)
        items = found.value if isinstance(found.value, list) else []
        sheet, above = found.sheet, found.steps
        return [Place(sheet, (*above, i), item) for i, item in enumerate(items) if item is not None]

    def __bool__(self) -> bool:
        return self.value is not None

    @property
    def text(self) -> str:
        """The text that stands there, or an empty one."""
        return self.value if isinstance(self.value, str) else ""

    def say(self) -> None:
        """This element, with all that is in it, was put into words."""
        self.sheet.said.add(self.steps)

    def say_each(self, *names: str) -> None:
        """So were these elements of it."""
        self.sheet.said.update((*self.steps, name) for name in names)

    def say_if(self, word: str) -> None:
        """It was, if it is this word."""
        if self.value == word:
            self.say()

    def word(self) -> str:
        """The text that stands there, which is put into words as it is."""
        if self.text:
            self.say()
        return self.text

    @property
    def where(self) -> str:
        """As a FHIRPath: `CarePlan.activity[0].detail`."""
        steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.steps)
        return self.sheet.ref.partition("/")[0] + "".join(steps)


def left_over(sheet: Sheet) -> list[Place]:
    """The places of a document that were not put into words, each as far up as nothing in it was."""
    above = {steps[:end] for steps in sheet.said if len(steps) > 1 for end in range(1, len(steps))}
    left: list[Place] = []
    waiting: list[tuple[Steps, Any]] = [
        ((name,), value) for name, value in reversed(list(sheet.body.items()))
    ]
    while waiting:
        steps, value = waiting.pop()
        if value is None or value == {} or steps in sheet.said:
            continue
        if isinstance(value, list):
            waiting += [((*steps, i), item) for i, item in reversed(list(enumerate(value)))]
        elif steps in above and isinstance(value, dict):
            waiting += [((*steps, name), inner) for name, inner in reversed(value.items())]
        else:
            left.append(Place(sheet, steps, value))
    return left

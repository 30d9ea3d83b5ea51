"""What is printed, before it is HTML or PDF: headings and lines, each a text of its own.

https://www.w3.org/TR/WCAG22/#info-and-relationships
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """One text, with a `label` before it (`By when`) if it answers a question; an `item` is one of a list."""

    text: str
    label: str = ""
    item: bool = False


@dataclass(frozen=True)
class Section:
    """A heading with what stands below it; the headings of goals are `quoted`: the client's own words."""

    title: str
    lines: tuple[Line, ...] = ()
    parts: tuple[Section, ...] = ()
    quoted: bool = False


@dataclass(frozen=True)
class Leaflet:
    """A whole print: `language` is its tag, `foot` the last line, `page` the text with its number."""

    language: str
    title: str
    about: str
    sections: tuple[Section, ...]
    foot: str
    page: str

    def texts(self) -> Iterator[str]:
        """Every text in it."""
        yield from (self.title, self.about, self.foot, self.page)
        for section in self.sections:
            yield from _texts(section)


def _texts(section: Section) -> Iterator[str]:
    yield section.title
    for line in section.lines:
        yield from (line.label, line.text)
    for part in section.parts:
        yield from _texts(part)

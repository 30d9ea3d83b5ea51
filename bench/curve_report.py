"""The growth curve as Markdown tables and as a picture. https://www.w3.org/TR/SVG11/"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import TypeVar

from bench.questions import QUESTIONS, Question

T = TypeVar("T")

_LEFT, _WIDE, _GAP, _TOP, _ROW = 210, 190, 26, 74, 19
_COLOURS = ("#7fb3d5", "#1f618d", "#b03a2e", "#512e5f")
"""By size, the smallest first."""
_FROM, _TO = 0.5, 10_000.0
"""Milliseconds at the ends of the axis."""


@dataclass(frozen=True)
class Point:
    """One search of one caller at one size; times in milliseconds, `wrong` if there was no good answer."""

    database: str
    size: int
    caller: str
    question: Question
    hits: int = 0
    p50: float = 0.0
    p95: float = 0.0
    wrong: bool = False


def markdown(points: Sequence[Point]) -> str:
    """A table for each database; a cell is `median / p95` in milliseconds."""
    lines: list[str] = []
    for database in _each(point.database for point in points):
        here = [point for point in points if point.database == database]
        columns = list(_each((point.caller, point.size) for point in here))
        columns.sort(key=lambda column: [one.caller for one in here].index(column[0]))
        lines += [f"### {database}", ""]
        lines.append(
            " | ".join(["| search", *(f"{caller} {size:,}" for caller, size in columns), ""]).rstrip()
        )
        lines.append("|---" + "|---:" * len(columns) + "|")
        for question in QUESTIONS:
            cells = {(one.caller, one.size): one for one in here if one.question == question}
            said = [_cell(cells[column]) for column in columns if column in cells]
            lines.append(f"| {question.kind} | {' | '.join(said)} |")
        lines.append("")
    return "\n".join(lines)


def _cell(point: Point) -> str:
    return "no answer" if point.wrong else f"{point.p50:.1f} / {point.p95:.1f}"


def drawn_picture(points: Sequence[Point]) -> str:
    """A panel for each database and caller, a line for each search, a dot for each size."""
    panels = list(_each((point.database, point.caller) for point in points))
    sizes = sorted({point.size for point in points})
    wide = _LEFT + len(panels) * (_WIDE + _GAP)
    high = _TOP + len(QUESTIONS) * _ROW + 34
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" font-family="sans-serif"'
        f' font-size="11"><title>Median time of a search while the data grows</title>'
        f'<rect width="{wide}" height="{high}" fill="#fff"/>'
    ]
    for place, size in enumerate(sizes):
        x = _LEFT + place * 150
        parts.append(f'<circle cx="{x}" cy="18" r="4.5" fill="{_COLOURS[place]}"/>')
        parts.append(f'<text x="{x + 9}" y="22">{size:,} resources</text>')
    for row, question in enumerate(QUESTIONS):
        y = _TOP + row * _ROW + 4
        parts.append(f'<text x="{_LEFT - 12}" y="{y}" text-anchor="end">{escape(question.kind)}</text>')
    for place, panel in enumerate(panels):
        here = [point for point in points if (point.database, point.caller) == panel]
        parts += _panel(_LEFT + place * (_WIDE + _GAP), f"{panel[0]}, {panel[1]}", here, sizes)
    return "\n".join([*parts, "</svg>", ""])


def _panel(left: int, title: str, points: Sequence[Point], sizes: Sequence[int]) -> Iterator[str]:
    bottom = _TOP + len(QUESTIONS) * _ROW - 6
    yield f'<text x="{left}" y="46" font-weight="bold">{escape(title)}</text>'
    for tick in (1, 10, 100, 1000, 10_000):
        x = left + _across(tick)
        yield f'<line x1="{x:.1f}" y1="{_TOP - 12}" x2="{x:.1f}" y2="{bottom}" stroke="#ddd"/>'
        told = f"{tick} ms" if tick < 1000 else f"{tick // 1000} s"
        yield f'<text x="{x:.1f}" y="{bottom + 16}" text-anchor="middle" fill="#666">{told}</text>'
    for row, question in enumerate(QUESTIONS):
        found = [point for point in points if point.question == question and not point.wrong]
        y = _TOP + row * _ROW
        across = [left + _across(point.p50) for point in found]
        if across:
            yield f'<line x1="{min(across):.1f}" y1="{y}" x2="{max(across):.1f}" y2="{y}" stroke="#aaa"/>'
        for x, point in zip(across, found, strict=True):
            colour = _COLOURS[sizes.index(point.size)]
            yield f'<circle cx="{x:.1f}" cy="{y}" r="4.5" fill="{colour}"/>'


def _across(milliseconds: float) -> float:
    """Where a time stands on the axis, which is logarithmic."""
    share = math.log(max(milliseconds, _FROM) / _FROM) / math.log(_TO / _FROM)
    return min(share, 1.0) * _WIDE


def _each(found: Iterable[T]) -> Iterator[T]:
    return iter(dict.fromkeys(found))

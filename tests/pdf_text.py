"""The text of a PDF as a reader finds it: the glyphs of each page by the font's own table of letters.

ISO 32000-1, 9.10: https://www.iso.org/standard/51502.html Only what fpdf2 writes is understood.
"""

from __future__ import annotations

import re
import zlib
from typing import NamedTuple

_OBJECT = re.compile(rb"(\d+) 0 obj\n(.*?)\nendobj", re.S)
_STREAM = re.compile(rb"stream\n(.*)\nendstream", re.S)
_SHOWN = re.compile(
    rb"/F(\d+) ([\d.]+) Tf|([-\d.]+) ([-\d.]+) Td|\(((?:\\.|[^\\()])*)\) Tj"
    rb"|/(\w+) <</MCID \d+>> BDC|/(Artifact) BMC",
    re.S,
)
_ESCAPES = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}


class Run(NamedTuple):
    """Letters of one font at one place (points from the lower left), inside a tag."""

    page: int
    tag: str
    x: float
    y: float
    size: float
    font: str
    text: str


def runs_of(data: bytes) -> list[Run]:
    """Everything that is drawn, in the order of the file."""
    objects = {int(number): body for number, body in _OBJECT.findall(data)}
    fonts = {name: _letters(objects, ref) for body in objects.values() for name, ref in _named(body)}
    pages = [body for body in objects.values() if b"/Type /Page\n" in body]
    runs: list[Run] = []
    for number, page in enumerate(pages, 1):
        contents = re.search(rb"/Contents (\d+) 0 R", page)
        assert contents
        runs += _drawn(_stream(objects[int(contents[1])]), number, fonts)
    return runs


def text_of(data: bytes) -> str:
    """The words of all pages, joined by spaces."""
    return " ".join(run.text.strip() for run in runs_of(data))


def _drawn(stream: bytes, page: int, fonts: dict[str, dict[int, str]]) -> list[Run]:
    runs, font, size, x, y, tag = [], "", 0.0, 0.0, 0.0, ""
    for name, points, left, up, shown, opened, artifact in _SHOWN.findall(stream):
        if name:
            font, size = name.decode(), float(points)
        elif left:
            x, y = float(left), float(up)
        elif opened or artifact:
            tag = (opened or artifact).decode()
        else:
            codes = re.sub(rb"\\(.)", lambda one: _ESCAPES.get(one[1], one[1]), shown, flags=re.S)
            letters = (int.from_bytes(codes[i : i + 2]) for i in range(0, len(codes), 2))
            runs.append(Run(page, tag, x, y, size, font, "".join(fonts[font][code] for code in letters)))
    return runs


def _named(body: bytes) -> list[tuple[str, int]]:
    fonts = re.search(rb"/Font <<(.*?)>>", body, re.S)
    found = re.findall(rb"/F(\d+) (\d+) 0 R", fonts[1]) if fonts else []
    return [(name.decode(), int(ref)) for name, ref in found]


def _letters(objects: dict[int, bytes], ref: int) -> dict[int, str]:
    table = re.search(rb"/ToUnicode (\d+) 0 R", objects[ref])
    assert table, "a font without a table of its letters cannot be read aloud"
    stream = _stream(objects[int(table[1])])
    pairs = re.findall(rb"<([0-9A-Fa-f]+)> <([0-9A-Fa-f]+)>\n", stream)
    return {int(code, 16): bytes.fromhex(text.decode()).decode("utf-16-be") for code, text in pairs}


def _stream(body: bytes) -> bytes:
    found = _STREAM.search(body)
    assert found
    return zlib.decompress(found[1]) if b"/FlateDecode" in body else found[1]

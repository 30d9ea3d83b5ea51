"""Sheets of a PDF that text flows onto, tagged so that it can be read aloud in order.

ISO 32000-1, 14.8: https://www.iso.org/standard/51502.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from importlib.resources import as_file

from fpdf import FPDF
from fpdf.prefs import ViewerPreferences

from careplan_service.web.printing.letters import FONTS, NAMES, drawn

WIDTH, HEIGHT, MARGIN = 210.0, 279.4, 20.0
"""Millimetres: as wide as A4 and as high as Letter, so that both take it without making it smaller."""

_POINT = 25.4 / 72
Word = tuple[str, bool]


@dataclass(frozen=True)
class Style:
    """How a block is set: its tag, size and the space before it in points, whether bold, whether listed."""

    tag: str
    size: float
    before: float
    bold: bool = False
    bullet: bool = False

    @property
    def indent(self) -> float:
        """How far in it begins, in millimetres; a bullet hangs out on the left."""
        return self.size * _POINT * 1.5 if self.bullet else 0.0


class Sheets:
    """A PDF under way; `page` gives the words at the foot of a page, by its number."""

    def __init__(
        self, language: str, title: str, day: date, page: Callable[[int], str], small: float
    ) -> None:
        pdf = FPDF(unit="mm", format=(WIDTH, HEIGHT))
        pdf.set_auto_page_break(False)
        pdf.set_margin(MARGIN)
        pdf.c_margin = 0
        pdf.set_lang(language)
        pdf.set_title(title)
        pdf.set_creation_date(datetime(day.year, day.month, day.day, tzinfo=UTC))
        pdf.viewer_preferences = ViewerPreferences(display_doc_title=True)
        for style, name in NAMES.items():
            with as_file(FONTS / name) as path:
                pdf.add_font("DejaVu", style, path)
        self._pdf, self._page, self._small = pdf, page, small
        self._widths: dict[tuple[str, bool, float], float] = {}
        self._marked = 0
        self._turn()

    def block(self, style: Style, words: Sequence[Word], together: float = 0.0) -> None:
        """A heading or paragraph, some words bold; `together` millimetres of what follows stay with it."""
        lines = list(self._lines(words, style))
        height = style.size * _POINT * 1.45
        self._y += style.before * _POINT
        if self._y + height + together > self._bottom:
            self._turn()
        self._open(style.tag)
        if style.bullet:
            self._pdf.set_font("DejaVu", "", style.size)
            self._pdf.text(MARGIN + style.indent * 0.4, self._y + height * 0.75, "•")
        for line in lines:
            if self._y + height > self._bottom:
                self._close()
                self._turn()
                self._open(style.tag)
            self._draw(line, style, self._y + height * 0.75)
            self._y += height
        self._close()

    def output(self) -> bytes:
        """The file: the same bytes for the same text, language, title and day."""
        return bytes(self._pdf.output())

    @property
    def _bottom(self) -> float:
        return HEIGHT - MARGIN - self._small * _POINT

    def _turn(self) -> None:
        """A new page, with its number outside the text that is read aloud."""
        pdf = self._pdf
        pdf.add_page()
        self._y, self._marked = MARGIN, 0
        pdf._out("/Artifact BMC")
        pdf.set_font("DejaVu", "", self._small)
        pdf.text(MARGIN, HEIGHT - MARGIN / 2, drawn(self._page(pdf.page)))
        pdf._out("EMC")

    def _open(self, tag: str) -> None:
        self._pdf._add_marked_content(struct_type=f"/{tag}", mcid=self._marked)
        self._pdf._out(f"/{tag} <</MCID {self._marked}>> BDC")
        self._marked += 1

    def _close(self) -> None:
        self._pdf._out("EMC")

    def _draw(self, line: Sequence[Word], style: Style, baseline: float) -> None:
        x = MARGIN + style.indent
        for text, bold in _runs(line):
            self._pdf.set_font("DejaVu", "B" if bold else "", style.size)
            self._pdf.text(x, baseline, text)
            x += self._width(text, bold, style.size)

    def _width(self, text: str, bold: bool, size: float) -> float:
        key = (text, bold, size)
        if key not in self._widths:
            self._pdf.set_font("DejaVu", "B" if bold else "", size)
            self._widths[key] = self._pdf.get_string_width(text)
        return self._widths[key]

    def _lines(self, words: Sequence[Word], style: Style) -> Iterator[list[Word]]:
        room = WIDTH - 2 * MARGIN - style.indent
        line: list[Word] = []
        used = 0.0
        for text, bold in self._pieces(words, style, room):
            width = self._width(text, bold, style.size)
            space = self._width(" ", bold, style.size) if line else 0.0
            if line and used + space + width > room:
                yield line
                line, used, space = [], 0.0, 0.0
            line.append((text, bold))
            used += space + width
        if line:
            yield line

    def _pieces(self, words: Sequence[Word], style: Style, room: float) -> Iterator[Word]:
        """The words, those that are longer than a line in pieces that are not."""
        for word, bold in words:
            rest = word
            while rest:
                end = len(rest)
                while end > 1 and self._width(rest[:end], bold, style.size) > room:
                    end -= 1
                yield rest[:end], bold
                rest = rest[end:]


def words_of(text: str, *, bold: bool = False) -> list[Word]:
    """The words of a text."""
    return [(word, bold) for word in drawn(text).split(" ") if word]


def _runs(line: Sequence[Word]) -> list[Word]:
    """The words of a line joined by spaces, as far as they are alike."""
    runs: list[Word] = []
    for i, (word, bold) in enumerate(line):
        text = f"{word} " if i + 1 < len(line) else word
        if runs and runs[-1][1] == bold:
            runs[-1] = (runs[-1][0] + text, bold)
        else:
            runs.append((text, bold))
    return runs

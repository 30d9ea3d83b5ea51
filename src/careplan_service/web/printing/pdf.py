"""A leaflet as a PDF: with its own letters, tagged, with language and title; the same bytes each time.

https://py-pdf.github.io/fpdf2/ docs/adr/0028
"""

from __future__ import annotations

from datetime import date

from careplan_service.errors import NotAcceptable
from careplan_service.interventions.printing.leaflet import Leaflet, Section
from careplan_service.web.printing.letters import missing
from careplan_service.web.printing.sheets import Sheets, Style, words_of

_BODY, _LARGE = 12.0, 18.0
_DEEPEST = 4


def pdf_of(leaflet: Leaflet, day: date, *, large: bool) -> bytes:
    """The file as of a day; with `large` in letters of 18 points and more, else of 12 and more.

    Raises NotAcceptable (406) for letters that the font has not.
    """
    if unknown := missing(leaflet.texts()):
        raise NotAcceptable(
            f"the letters of the PDF have no `{unknown}`; print the page (`.html`), which a browser can draw"
        )
    return _Setting(leaflet, day, _LARGE if large else _BODY).output()


class _Setting:
    """One leaflet being set in letters of a size."""

    def __init__(self, leaflet: Leaflet, day: date, body: float) -> None:
        self._body = body
        page = leaflet.page
        self._sheets = Sheets(leaflet.language, leaflet.title, day, lambda n: page.format(page=n), body)
        self._sheets.block(Style("H1", body * 1.7, 0, bold=True), words_of(leaflet.title, bold=True))
        if leaflet.about:
            self._sheets.block(Style("P", body * 1.1, body * 0.2), words_of(leaflet.about))
        for section in leaflet.sections:
            self._section(section, 2)
        self._sheets.block(Style("P", body, body * 2), words_of(leaflet.foot))

    def output(self) -> bytes:
        return self._sheets.output()

    def _section(self, section: Section, level: int) -> None:
        body = self._body
        size = body * {2: 1.35, 3: 1.15}.get(level, 1.0)
        style = Style(f"H{min(level, _DEEPEST)}", size, body * (1.6 if level == 2 else 1.0), bold=True)
        title = f"“{section.title}”" if section.quoted else section.title
        self._sheets.block(style, words_of(title, bold=True), together=body)
        for line in section.lines:
            label = words_of(f"{line.label}:", bold=True) if line.label else []
            if line.item:
                self._sheets.block(Style("P", body, body * 0.35, bullet=True), [*label, *words_of(line.text)])
            else:
                self._sheets.block(Style("P", body, body * 0.25), [*label, *words_of(line.text)])
        for part in section.parts:
            self._section(part, level + 1)

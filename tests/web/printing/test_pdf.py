"""The PDF of a leaflet: readable aloud, in large letters, the same bytes each time."""

from __future__ import annotations

import re
from datetime import date
from importlib.resources import as_file

import pytest
from fontTools.ttLib import TTFont

from careplan_service.errors import NotAcceptable
from careplan_service.interventions.printing.leaflet import Leaflet, Line, Section
from careplan_service.web.printing import sheets
from careplan_service.web.printing.letters import FONTS, NAMES, missing
from careplan_service.web.printing.pdf import pdf_of
from pdf_text import Run, runs_of, text_of

DAY = date(2025, 1, 20)
POINTS = 72 / 25.4


def a_leaflet(*lines: Line, language: str = "en") -> Leaflet:
    goal = Section("I want to stay in my flat.", lines, quoted=True)
    return Leaflet(
        language, "My plan", "Keep the flat", (Section("My goals", parts=(goal,)),), "Short.", "P {page}"
    )


def long_leaflet() -> Leaflet:
    return a_leaflet(*(Line(f"Step {i} " + "and so on " * (i % 40), item=i % 3 == 0) for i in range(200)))


def test_the_same_leaflet_gives_the_same_bytes_and_another_day_others() -> None:
    first = pdf_of(long_leaflet(), DAY, large=False)
    assert first == pdf_of(long_leaflet(), DAY, large=False)
    assert first != pdf_of(long_leaflet(), date(2025, 1, 21), large=False)


def test_it_is_tagged_and_tells_its_language_and_title() -> None:
    data = pdf_of(
        a_leaflet(Line("weekly", "How often"), Line("a step", item=True), language="es"), DAY, large=False
    )
    for mark in (b"/Lang (es)", b"/MarkInfo <</Marked true>>", b"/StructTreeRoot", b"/DisplayDocTitle true"):
        assert mark in data
    assert b"/Title" in data
    told = {run.tag: run.text for run in runs_of(data)}
    assert told.keys() == {"H1", "H2", "H3", "P", "Artifact"}
    assert (told["H1"], told["H2"], told["Artifact"]) == ("My plan", "My goals", "P 1")
    elements = re.findall(rb"/S /(\w+)", data)
    assert elements.count(b"H1") == elements.count(b"H2") == elements.count(b"H3") == 1
    assert elements.count(b"P") == 4


@pytest.mark.parametrize(("large", "least"), [(False, 12), (True, 18)])
def test_letters_are_large_enough_and_nothing_is_off_the_sheet(large: bool, least: int) -> None:
    runs = runs_of(pdf_of(long_leaflet(), DAY, large=large))
    assert min(run.size for run in runs) == least
    low, high = sheets.MARGIN * POINTS, (sheets.HEIGHT - sheets.MARGIN) * POINTS
    text = [run for run in runs if run.tag != "Artifact"]
    assert all(low <= run.y <= high for run in text)
    for run in text:
        assert low - 1 <= run.x
        assert run.x + _width(run) <= (sheets.WIDTH - sheets.MARGIN) * POINTS + 1
    assert {run.page for run in runs} == set(range(1, runs[-1].page + 1))
    for page in {run.page for run in runs}:
        ups = [run.y for run in text if run.page == page]
        assert ups == sorted(ups, reverse=True)


def _width(run: Run) -> float:
    bold = run.font == "2"
    with as_file(FONTS / NAMES["B" if bold else ""]) as path, TTFont(path, lazy=True) as font:
        names, metrics = font.getBestCmap(), font["hmtx"]
        units = sum(metrics[names[ord(one)]][0] for one in run.text.rstrip())
        return float(units * run.size / font["head"].unitsPerEm)


def test_nothing_is_lost_at_the_ends_of_lines_and_pages() -> None:
    words = " ".join(f"w{i}" for i in range(3000))
    leaflet = a_leaflet(Line(words), Line("x" * 500), Line("   \n  two\tlines \n"))
    text = " ".join(run.text.strip() for run in runs_of(pdf_of(leaflet, DAY, large=True)) if run.tag == "P")
    assert words in text
    assert text.replace(" ", "").count("x" * 500) == 1
    assert "two lines" in text


def test_latin_greek_and_cyrillic_are_drawn_and_other_letters_are_told() -> None:
    drawn = "Ångström Łódź Đặng Ñandú Ξενοφών Київ Ђорђе €—…„“ e\u0301"
    assert text_of(pdf_of(a_leaflet(Line(drawn)), DAY, large=False)).count(
        "Ångström Łódź Đặng Ñandú Ξενοφών Київ Ђорђе"
    )
    assert missing(["\u200bshy\u00ad\u202etext"]) == ""
    with pytest.raises(NotAcceptable, match="`अ`"):
        pdf_of(a_leaflet(Line("अ")), DAY, large=False)


def test_the_fonts_come_with_their_licence_and_are_small() -> None:
    assert sum((FONTS / name).stat().st_size for name in NAMES.values()) < 1_000_000  # type: ignore[attr-defined]
    licence = (FONTS / "LICENSE.txt").read_text()
    assert "Bitstream Vera" in licence
    assert "Tavmjong Bah" in licence

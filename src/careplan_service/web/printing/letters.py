"""Which letters the font of a PDF has, and a text in those: what it cannot draw is told, never dropped.

https://www.unicode.org/reports/tr15/ https://learn.microsoft.com/en-us/typography/opentype/spec/cmap
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import cache
from importlib.resources import as_file, files

from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

FONTS = files("careplan_service.web") / "printing" / "fonts"
NAMES = {"": "DejaVuSans.ttf", "B": "DejaVuSans-Bold.ttf"}
_SHOWN = 20


def drawn(text: str) -> str:
    """The text as it is drawn: composed, on one line, without what has no shape of its own."""
    composed = unicodedata.normalize("NFC", text)
    return " ".join("".join(one for one in composed if not _is_shapeless(one)).split())


def missing(texts: Iterable[str]) -> str:
    """The letters that the font does not have, each once, the first 20 of them."""
    wanted = dict.fromkeys(one for text in texts for one in drawn(text))
    return "".join(one for one in wanted if ord(one) not in _letters())[:_SHOWN]


def _is_shapeless(one: str) -> bool:
    variant = "\ufe00" <= one <= "\ufe0f"
    return variant or (unicodedata.category(one) in ("Cf", "Cc") and not one.isspace())


@cache
def _letters() -> frozenset[int]:
    found = []
    for name in NAMES.values():
        with as_file(FONTS / name) as path, TTFont(path, lazy=True) as font:
            found.append(frozenset(font.getBestCmap()))
    return frozenset.intersection(*found)

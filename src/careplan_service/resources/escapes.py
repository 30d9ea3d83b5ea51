"""Values of a search query taken apart at `,` `|` and `$`. https://hl7.org/fhir/R4/search.html#escaping"""

from __future__ import annotations

import re

_BETWEEN_COMMAS = re.compile(r"(?:[^,\\]|\\.|\\\Z)+", re.DOTALL)
_PARTS = {
    mark: re.compile(rf"((?:[^{mark}\\]|\\.|\\\Z)*)(?:{re.escape(mark)}|\Z)", re.DOTALL) for mark in "|$"
}


def split_values(text: str) -> list[str]:
    """The alternatives of `a,b\\,c`: split at commas that no backslash escapes, still escaped."""
    return _BETWEEN_COMMAS.findall(text) or [text]


def unescaped(text: str) -> str:
    """The text without its escapes: `\\,` `\\|` `\\$` `\\\\`."""
    return re.sub(r"\\([,|$\\])", r"\1", text) if "\\" in text else text


def parts_of(text: str, mark: str, most: int) -> list[str]:
    """The parts between the marks `|` or `$`, still escaped; the last of `most` takes what is left."""
    parts: list[str] = []
    at = 0
    while len(parts) < most - 1:
        found = _PARTS[mark].match(text, at)
        assert found is not None
        if found.end(1) == len(text):
            break
        parts.append(found[1])
        at = found.end()
    return [*parts, text[at:]]


def unescaped_parts(text: str, mark: str, most: int) -> list[str]:
    """The same without their escapes."""
    return [unescaped(part) for part in parts_of(text, mark, most)]

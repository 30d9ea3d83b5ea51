"""Reading our own pages: quoted words, fenced blocks, tables and links of Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_QUOTED = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


class Block(NamedTuple):
    """A fenced block: what stands after the fence, its text, and what follows it up to the next heading."""

    info: str
    text: str
    after: str


def quoted(page: str) -> list[str]:
    """Every word in backticks outside of fenced blocks."""
    return _QUOTED.findall(_FENCE.sub("", page))


def blocks(page: str, info: str) -> list[Block]:
    """The fenced blocks whose fence says `info`, or begins with it and a blank."""
    found = []
    for fence in _FENCE.finditer(page):
        if fence[1] == info or fence[1].startswith(f"{info} "):
            following = re.split(r"^```|^#", page[fence.end() + 1 :], maxsplit=1, flags=re.MULTILINE)[0]
            found.append(Block(fence[1], fence[2], following))
    return found


def rows(text: str) -> Iterator[list[str]]:
    """The cells of each row of the tables in a text, without the heads."""
    lines = text.splitlines()
    for number, line in enumerate(lines):
        is_head = number + 1 < len(lines) and lines[number + 1].startswith("|---")
        if line.startswith("|") and not line.startswith("|---") and not is_head:
            yield [cell.strip() for cell in line.strip().strip("|").split("|")]


def links(page: str) -> list[str]:
    """Where links outside of fenced blocks lead."""
    return _LINK.findall(_FENCE.sub("", page))


def anchors(page: str) -> set[str]:
    """The anchors of the headings, as GitHub makes them."""
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in _HEADING.findall(page)}

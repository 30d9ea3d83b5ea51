"""How much of a text the facts keep, so that any of them fits into an index of the database."""

from __future__ import annotations

from hashlib import sha256

from careplan_service.access.facts import Fact

# PostgreSQL takes 2704 bytes into an entry of an index; two texts stand there, and what they belong to.
_MOST = 1200
_SURELY_SHORT = _MOST // 4


def shortened(row: Fact) -> Fact:
    """The row with its texts as they are kept."""
    if len(row.value) <= _SURELY_SHORT and len(row.system) <= _SURELY_SHORT:
        return row
    return row._replace(value=kept(row.value), system=kept(row.system))


def cut(text: str, most: int = _MOST) -> str:
    """The beginning of a text: at most `most` bytes of UTF-8."""
    if len(text) <= _SURELY_SHORT:
        return text
    return text.encode(errors="replace")[:most].decode(errors="ignore")


def kept(text: str) -> str:
    """The text, or if it is long one of 1200 bytes that only the same text has."""
    if len(text) <= _SURELY_SHORT or len(whole := text.encode(errors="replace")) <= _MOST:
        return text
    return f"{cut(text, _MOST - 65)}#{sha256(whole).hexdigest()}"

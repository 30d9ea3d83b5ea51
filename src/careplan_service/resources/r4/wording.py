"""How a fault repeats what the sender wrote: short, on one line, safe to send back."""

from __future__ import annotations

from typing import Any

LONGEST_QUOTE = 60
"""Characters of the sender's input that a sentence repeats at most."""

_WORDS: dict[Any, str] = {True: "`true`", False: "`false`", None: "`null`"}


def quoted(value: object) -> str:
    """The value in backticks, cut to `LONGEST_QUOTE` characters, without control characters or backticks."""
    if value is None or isinstance(value, bool):
        return _WORDS[value]
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, int) and abs(value) >= 10**20:
        return "a number of more than 20 digits"
    text = str(value)
    short = text if len(text) <= LONGEST_QUOTE else text[:LONGEST_QUOTE] + "..."
    return "`" + "".join(sign if sign.isprintable() and sign != "`" else "?" for sign in short) + "`"

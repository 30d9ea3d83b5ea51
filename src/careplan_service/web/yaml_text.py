"""JSON-like values as YAML text, the same text for the same value. https://yaml.org/spec/1.2.2/

Enough YAML for a document of our own: block style, one line for each scalar, each list of scalars and
each reference (`$ref`); strings in JSON quotes unless they are plain words. Characters beyond
the basic plane (emoji) are not provided for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

# Readers of YAML 1.1 take these words for something else than text.
_NOT_TEXT = frozenset("y n yes no on off true false null nan inf".split())
_PLAIN = re.compile(r"\$?[A-Za-z][A-Za-z0-9-]*")


def yaml_text(value: Mapping[str, Any]) -> str:
    """The document as YAML; keys keep their order, empty objects and lists are written as in JSON."""
    return "".join(f"{line}\n" for line in _lines(value))


def _lines(value: Any) -> Iterator[str]:
    if _on_one_line(value):
        yield _scalar(value)
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _under(f"{_scalar(key)}:", inner)
    else:
        for inner in value:
            first, *rest = _lines(inner)
            yield f"- {first}"
            yield from (f"  {line}" for line in rest)


def _under(head: str, value: Any) -> Iterator[str]:
    if _on_one_line(value):
        yield f"{head} {_scalar(value)}"
    else:
        yield head
        yield from (f"  {line}" for line in _lines(value))


def _on_one_line(value: Any) -> bool:
    if isinstance(value, Mapping):
        return not value or (value.keys() == {"$ref"} and isinstance(value["$ref"], str))
    return not _is_list(value) or not any(isinstance(inner, Mapping) or _is_list(inner) for inner in value)


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _scalar(value: Any) -> str:
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _NOT_TEXT:
        return value
    if isinstance(value, Mapping):
        return f"{{$ref: {_scalar(value['$ref'])}}}" if value else "{}"
    if _is_list(value):
        return f"[{', '.join(map(_scalar, value))}]"
    # ASCII only: YAML knows line ends and unprintable characters that JSON leaves as they are.
    return json.dumps(value)

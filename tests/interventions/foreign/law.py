"""The law of completeness: every value of a CarePlan and its Goals is told, wherever it was made."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from typing import Any

_SERVERS = re.compile(r"\w+\.(resourceType|id|meta\.versionId|meta\.lastUpdated)|.*\.resourceType")
"""What the server puts in, or what the reference of a part says."""


def untold(documents: list[dict[str, Any]], told: dict[str, Any]) -> list[str]:
    """The values of documents that a told plan (as JSON) has nowhere: `path = value`, [] if all are there.

    A value is told where a mark or an element without words covers its path and has its text, where a word
    of the plan is the value, or where a part was read from what it refers to.
    """
    covered = [(one["resource"], one["path"], one["said"]) for one in told.get("marks", ())]
    covered += [(one["resource"], one["path"], one["text"]) for one in told.get("not_in_words", ())]
    words = {value for _, value in leaves("", {n: v for n, v in told.items() if n != "not_in_words"})}
    members = told.get("client_system", {}).get("members", ())
    words |= {" ".join(one[name] for name in ("given", "family") if name in one) for one in members}
    missing = []
    for document in documents:
        ref = f"{document['resourceType']}/{document['id']}"
        for path, value in leaves(document["resourceType"], document):
            if not _SERVERS.fullmatch(path) and not _is_told(ref, path, value, covered, words):
                missing.append(f"{ref}: {path} = {value}")
    return missing


def _is_told(ref: str, path: str, value: str, covered: list[tuple[str, str, str]], words: set[str]) -> bool:
    if value in words or f"not to be done: {value}" in words:
        return True
    if path.endswith((".contained", "].id")) and f"#{value}" in words:
        return True
    if value == "no" and path.endswith("doNotPerform"):
        return True
    if value.startswith("<div"):
        value = " ".join(unescape(re.sub(r"<[^>]*>", " ", value)).split())
    return any(
        of == ref and (path == place or path.startswith((f"{place}.", f"{place}["))) and value in text
        for of, place, text in covered
    )


def leaves(path: str, node: Any) -> Iterator[tuple[str, str]]:
    """Every value that is no object and no list, as text, with its path."""
    if isinstance(node, dict):
        for name, value in node.items():
            yield from leaves(f"{path}.{name}", value)
    elif isinstance(node, list):
        for i, value in enumerate(node):
            yield from leaves(f"{path}[{i}]", value)
    elif node is not None:
        yield path, {True: "yes", False: "no"}[node] if isinstance(node, bool) else str(node)

"""Which definitions there are: reading and searching what the vocabulary is made into.

https://hl7.org/fhir/R4/terminologies-systems.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from careplan_service.errors import Malformed, NotFound, shown
from careplan_service.interactions.controls import count_of, require_once
from careplan_service.interventions.vocabulary import Vocabulary

Document = Mapping[str, Any]
PARAMETERS: Mapping[str, tuple[str, str]] = {
    "_id": ("token", "the logical id"),
    "url": ("uri", "the canonical address; `url|version` asks for one version"),
    "name": ("string", "how the name begins; case does not count"),
    "version": ("token", "the version"),
}
"""What definitions are searched by, with kind and explanation."""

_Canonical = TypeVar("_Canonical")


def read_definition(words: Vocabulary, type_: str, id_: str) -> Document:
    """The definition of that id. Raises NotFound (404)."""
    found = words.resources[type_].get(id_)
    if found is None:
        raise NotFound(f"`{type_}/{shown(id_)}` is not here")
    return found


def search_definitions(
    words: Vocabulary, type_: str, pairs: Iterable[tuple[str, str]]
) -> tuple[list[Document], int]:
    """Those that match, as many as `_count` allows, and the number of all. Raises Malformed (400)."""
    asked = list(pairs)
    require_once(name for name, _ in asked if name == "_count")
    found: list[Document] = list(words.resources[type_].values())
    most = len(found)
    for name, text in asked:
        if name == "_count":
            most = count_of(text)
        elif name in _MATCHES:
            found = [one for one in found if any(_MATCHES[name](one, value) for value in text.split(","))]
        else:
            told = f"`{shown(name)}` is no search parameter here; {type_} has {', '.join(PARAMETERS)}, _count"
            raise Malformed(told, expression=shown(name))
    return found[:most], len(found)


def _of_url(one: Document, text: str) -> bool:
    url, _, version = text.partition("|")
    return one["url"] == url and version in ("", one["version"])


_MATCHES: Mapping[str, Callable[[Document, str], bool]] = {
    "_id": lambda one, text: one["id"] == text,
    "url": _of_url,
    "name": lambda one, text: one["name"].casefold().startswith(text.casefold()),
    "version": lambda one, text: one["version"] == text.removeprefix("|"),
}


def known(listed: Mapping[str, _Canonical], canonical: str, name: str) -> _Canonical:
    """The code system, value set or map of an address, with or without `|version`.

    Raises Malformed (400) when none is named, NotFound (404) when it is not here; `name` is the parameter.
    """
    url, _, version = canonical.partition("|")
    if not url:
        raise Malformed(f"`{name}` is missing: name what is asked about", expression=name)
    found: Any = listed.get(url)
    if found is None or version not in ("", found.version):
        raise NotFound(f"`{name}` is `{shown(canonical)}`, which is not known here", expression=name)
    return found  # type: ignore[no-any-return]

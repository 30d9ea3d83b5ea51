"""Reference parameters: what a resource points to. https://hl7.org/fhir/R4/search.html#reference"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from careplan_service.access.consent.dimensions import local
from careplan_service.access.facts import Fact
from careplan_service.access.filters import Filter, Has, Is, any_of
from careplan_service.errors import Malformed
from careplan_service.resources import extract, tokens
from careplan_service.resources.escapes import unescaped
from careplan_service.resources.kept import kept
from careplan_service.resources.r4.facts import RESOURCE_TYPES

if TYPE_CHECKING:
    from careplan_service.resources.params import SearchParam

ANY_TYPE = "[type]"
"""Stands for the modifiers of a reference that may point to any type."""
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_TYPED = re.compile(r"(?:^|/)([A-Z][A-Za-z]+)/[A-Za-z0-9\-.]{1,64}\Z")


def rows(param: SearchParam, name: str, value: Any, base_url: str) -> Iterator[Fact]:
    """The literal references, and beside them the identifiers of logical ones."""
    if not param.column:
        for reference in extract.references(value, base_url):
            if _is_meant(param, value, reference):
                yield Fact(name, reference)
    identifier = value.get("identifier") if isinstance(value, dict) else None
    if identifier and (not param.targets or value.get("type") in (None, *param.targets)):
        for code, system in extract.token_pairs(identifier, ""):
            yield Fact(f"{name}:identifier", code, system)


def _is_meant(param: SearchParam, value: Any, reference: str) -> bool:
    """Whether the type named is a target: an element may take more types than the parameter is about."""
    typed = _TYPED.search(reference) if param.targets and isinstance(value, dict) else None
    return typed is None or typed[1] in param.targets


def candidates(param: SearchParam, text: str, base_url: str, type_: str = "") -> list[str]:
    """The references meant by `Type/id`, an id or an address, of one type if given. Raises Malformed."""
    reference = local(unescaped(text), base_url)
    if _ID.fullmatch(reference):
        kinds = (type_,) if type_ else param.targets
        if not kinds:
            raise Malformed(f"`{param.name}` may point to any type; write `Type/{text}`, not the id alone")
        return [f"{kind}/{reference}" for kind in kinds]
    if type_ and (found := _TYPED.search(reference)) is not None and found[1] != type_:
        raise Malformed(f"`{param.name}:{type_}={text}` names another type than `{type_}`")
    if "/" not in reference and ":" not in reference:
        raise Malformed(f"`{param.name}={text[:200]}` is no reference; write `Type/id`, an id or an address")
    return [reference]


def _asked(type_: str) -> Callable[[SearchParam, str, str, str], Filter]:
    def asked(param: SearchParam, name: str, text: str, base_url: str) -> Filter:
        wanted = candidates(param, text, base_url, type_)
        return any_of(*(Is(param.column, one) if param.column else Has(name, kept(one)) for one in wanted))

    return asked


def _identified(param: SearchParam, name: str, text: str, base_url: str) -> Filter:
    return tokens.asked(param, f"{name}:identifier", text, base_url)


def questions_of(param: SearchParam) -> Mapping[str, Callable[[SearchParam, str, str, str], Filter]]:
    """What may be asked of a parameter: its own types are modifiers; without any, all of R4's."""
    types = param.targets or sorted(RESOURCE_TYPES)
    return {"": _asked(""), "identifier": _identified, **{type_: _asked(type_) for type_ in types}}

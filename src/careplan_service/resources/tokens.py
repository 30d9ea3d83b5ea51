"""Token parameters: codes, identifiers, contact points. https://hl7.org/fhir/R4/search.html#token"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from careplan_service.access.facts import Fact
from careplan_service.access.filters import Filter, Has, Reads, any_of
from careplan_service.errors import Malformed
from careplan_service.resources import extract, hierarchies
from careplan_service.resources.escapes import unescaped, unescaped_parts
from careplan_service.resources.kept import cut, kept
from careplan_service.resources.valuesets import VALUE_SETS

if TYPE_CHECKING:
    from careplan_service.resources.params import SearchParam


def rows(param: SearchParam, name: str, value: Any, base_url: str) -> list[Fact]:
    """The codes, and beside them what they are called and the types of identifiers."""
    found = [Fact(name, code, system) for code, system in extract.token_pairs(value, param.system)]
    if isinstance(value, dict):
        found += [Fact(f"{name}:text", cut(extract.normalised(text))) for text in extract.labels_at(value)]
        found += [Fact(f"{name}:of-type", held, kind) for held, kind in extract.identifier_types(value)]
    return found


def asked(param: SearchParam, name: str, text: str, base_url: str) -> Filter:
    """`code`, `system|code`, `system|` or `|code`."""
    parts = unescaped_parts(text, "|", 2)
    if len(parts) == 1:
        return Has(name, kept(parts[0]))
    system, code = parts
    if not system and not code:
        raise Malformed(f"`{param.name}={text}` names neither system nor code")
    return Has(name, kept(code) if code else None, kept(system))


def _words(param: SearchParam, name: str, text: str, base_url: str) -> Filter:
    """Texts, or words of them, that begin like this."""
    wanted = extract.normalised(unescaped(text))
    if not wanted:
        raise Malformed(f"`{param.name}:text` has no word to look for; give the beginning of one")
    return Reads(f"{name}:text", "starts", cut(wanted)) | Reads(f"{name}:text", "contains", f" {wanted}")


def _of_type(param: SearchParam, name: str, text: str, base_url: str) -> Filter:
    parts = unescaped_parts(text, "|", 3)
    if len(parts) < 3 or not all(parts):
        raise Malformed(f"`{param.name}:of-type` takes `system|code|value`: the type's coding and the value")
    system, code, value = parts
    return Has(f"{name}:of-type", kept(value), kept(f"{system}|{code}"))


def _in(param: SearchParam, name: str, text: str, base_url: str) -> Filter:
    url = unescaped(text)
    found = VALUE_SETS.get(url.partition("|")[0])
    if found is None:
        known = ", ".join(sorted(VALUE_SETS))
        raise Malformed(f"`{param.name}:in`: value set `{url[:200]}` is not known; known are {known}")
    return any_of(*(Has(name, code, system) for system, code in sorted(found)))


def _by_hierarchy(
    which: Callable[[str, str], frozenset[str]], modifier: str
) -> Callable[[SearchParam, str, str, str], Filter]:
    def asked(param: SearchParam, name: str, text: str, base_url: str) -> Filter:
        parts = unescaped_parts(text, "|", 2)
        try:
            system, code = parts
            codes = which(system, code)
        except (ValueError, KeyError):
            known = ", ".join(sorted(hierarchies.BELOW))
            told = f"`{param.name}:{modifier}` takes `system|code` with a code that has a known place in"
            raise Malformed(f"{told} {known}; not `{text[:200]}`") from None
        return any_of(*(Has(name, one, system) for one in sorted(codes)))

    return asked


_QUESTIONS: Mapping[str, Callable[[SearchParam, str, str, str], Filter]] = {
    "": asked,
    "text": _words,
    "in": _in,
    "above": _by_hierarchy(hierarchies.above, "above"),
    "below": _by_hierarchy(hierarchies.below, "below"),
}
_OF_IDENTIFIERS = {**_QUESTIONS, "of-type": _of_type}
_IDENTIFIERS = frozenset({"identifier", "masterIdentifier", "groupIdentifier", "requisition"})


def questions_of(param: SearchParam) -> Mapping[str, Callable[[SearchParam, str, str, str], Filter]]:
    """What may be asked of a parameter; of identifiers their type as well."""
    return _OF_IDENTIFIERS if _IDENTIFIERS.intersection(param.paths) else _QUESTIONS

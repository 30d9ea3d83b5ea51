"""The conditions of a search: each name of a parameter, chain or `_has` becomes a Filter.

Every step to another resource carries what the caller may see of it, so that no search finds what
it may not show. https://hl7.org/fhir/R4/search.html#chaining
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from careplan_service.access.filters import Filter, Has, Is, Link, Linked, Mentions, Updated, all_of, any_of
from careplan_service.access.holds import lower
from careplan_service.errors import Forbidden, Malformed, NotImplementedHere
from careplan_service.interactions.as_seen import Eyes, as_seen, require_whole
from careplan_service.interactions.policy import Policy
from careplan_service.resources.inline_labels import PROCESS
from careplan_service.resources.params import SearchParam, span_asked, split_values, unescaped
from careplan_service.resources.registry import SERVED
from careplan_service.resources.spec import ResourceSpec

MOST_LINKS = 10
"""Steps of one chain."""

_HAS = "_has:"
_NOT_OFFERED = {
    "_list": "the type List is not served here; search by `_id`",
    "_query": "no named queries are offered here",
}


class Unknown(Malformed):
    """A parameter that the type does not have: refused, or left out for whoever asked for lenience."""


@dataclass(frozen=True)
class Asker:
    """Who asks: `seen` gives what the caller may see of a type, or raises Forbidden; `policy` its bounds.

    `eyes` say what it sees of references; None where nobody asks (a scope).
    """

    base_url: str
    seen: Callable[[str], Filter]
    policy: Policy = Policy()  # noqa: RUF009 (frozen)
    eyes: Eyes | None = None


def condition(asker: Asker, spec: ResourceSpec, name: str, text: str) -> Filter:
    """One parameter of a search as a Filter. Raises Unknown, Malformed (400) or Forbidden (403)."""
    found = _condition(asker, spec, name, text)
    if isinstance(found, Linked) and len(found.links) > MOST_LINKS:
        raise Malformed(f"`{name}` has {len(found.links)} links; a chain has at most {MOST_LINKS}")
    return found


def _condition(asker: Asker, spec: ResourceSpec, name: str, text: str) -> Filter:
    if name.count(".") + name.count(_HAS) > MOST_LINKS:
        raise Malformed(f"a chain has at most {MOST_LINKS} links")
    if name.startswith(_HAS):
        return _reverse(asker, spec, name, text)
    head, dot, rest = name.partition(".")
    if dot:
        return _chained(asker, spec, head, rest, text)
    plain, colon, modifier = name.partition(":")
    if plain in _NOT_OFFERED:
        raise NotImplementedHere(f"`{plain}` is not offered: {_NOT_OFFERED[plain]}")
    if plain in COMMON and not colon:
        if plain in _IN_DOCUMENTS:
            require_whole(asker.eyes, plain)
            # Which of its words has a label of its own is not known where words are looked for.
            return COMMON[plain](text) & ~Has(f"{spec.name}._security", PROCESS)
        return COMMON[plain](text)
    param = param_of(spec, plain, whole=name, bare=colon != "" and not modifier)
    asked = param.asked(spec.name, modifier, text, asker.base_url)
    return as_seen(asker.eyes, param, modifier, asked) if asker.eyes else asked


def param_of(spec: ResourceSpec, name: str, *, whole: str = "", bare: bool = False) -> SearchParam:
    """The search parameter of that name. Raises Unknown (400) naming those there are."""
    param = spec.by_name.get(name)
    if param is None or bare:
        known = ", ".join(sorted([*spec.by_name, *COMMON, "_filter"]))
        raise Unknown(f"unknown search parameter `{whole or name}`; {spec.name} has {known}")
    return param


def _chained(asker: Asker, spec: ResourceSpec, head: str, rest: str, text: str) -> Filter:
    name, colon, kind = head.partition(":")
    param = _reference(spec, name, head)
    types = [kind] if colon else _targets(param, rest)
    if colon and (kind not in SERVED or (param.targets and kind not in param.targets)):
        raise Malformed(f"`{head}.{rest}`: `{name}` of {spec.name} does not point to `{kind}`")
    return _somewhere(
        asker,
        types,
        lambda type_, seen: _joined(
            Link(f"{spec.name}.{name}", type_, seen, param.column),
            _condition(asker, SERVED[type_], rest, text),
        ),
        asked=f"{head}.{rest}",
    )


def _reverse(asker: Asker, spec: ResourceSpec, name: str, text: str) -> Filter:
    parts = name.split(":", 3)
    if len(parts) < 4 or parts[1] not in SERVED:
        raise Malformed(f"`{name}` cannot be read; write `_has:Type:reference:parameter` with a served type")
    source = SERVED[parts[1]]
    param = _reference(source, parts[2], name)
    if param.targets and spec.name not in param.targets:
        raise Malformed(f"`{name}`: `{parts[2]}` of {source.name} does not point to {spec.name}")
    link = Link(
        f"{source.name}.{param.name}", source.name, asker.seen(source.name), param.column, True, spec.name
    )
    return _joined(link, _condition(asker, source, parts[3], text))


def _reference(spec: ResourceSpec, name: str, whole: str) -> SearchParam:
    param = param_of(spec, name, whole=whole)
    if param.kind != "reference":
        raise Malformed(
            f"`{whole}`: `{name}` of {spec.name} is no reference, so nothing can be asked behind it"
        )
    return param


def _targets(param: SearchParam, rest: str) -> list[str]:
    """The served types that the reference may point to and that have the parameter asked behind it."""
    first = rest.partition(".")[0].partition(":")[0]
    types = [type_ for type_ in param.targets or SERVED if type_ in SERVED]
    return [t for t in types if first in SERVED[t].by_name or first in COMMON or first == "_has"]


def _somewhere(
    asker: Asker,
    types: Iterable[str],
    made: Callable[[str, Filter], Filter],
    asked: str,
) -> Filter:
    """The condition for each type it may be about; of a type left open, those the caller may search."""
    found, refused, unread = [], None, None
    for type_ in types:
        try:
            found.append(made(type_, asker.seen(type_)))
        except Forbidden as problem:
            refused = problem
        except Malformed as problem:
            unread = problem
    if found:
        return any_of(*found)
    if refused or unread:
        raise refused or unread or AssertionError
    raise Unknown(f"unknown search parameter `{asked}`; no type that it may point to has it")


def _joined(link: Link, part: Filter) -> Filter:
    """The link before what is asked behind it; chains become one flat list of links."""
    if isinstance(part, Linked):
        return Linked((link, *part.links), part.part)
    return Linked((link,), part)


def _id(text: str) -> Filter:
    if not text:
        raise Malformed("search parameter `_id` has no value; leave it out or give one")
    return any_of(*(Is("id", one) for one in split_values(text)))


def _last_updated(text: str) -> Filter:
    return any_of(*(Updated(*span_asked("_lastUpdated", one)) for one in split_values(text)))


def _words(name: str, text: str, *, narrative: bool) -> Filter:
    def all_words(one: str) -> Filter:
        words = lower(unescaped(one)).split()
        if not words:
            raise Malformed(f"search parameter `{name}` has no value; leave it out or give one")
        return all_of(*(Mentions(word, narrative) for word in words))

    return any_of(*(all_words(one) for one in split_values(text)))


COMMON: Mapping[str, Callable[[str], Filter]] = {
    "_id": _id,
    "_lastUpdated": _last_updated,
    "_text": lambda text: _words("_text", text, narrative=True),
    "_content": lambda text: _words("_content", text, narrative=False),
}
"""What every type has besides its search parameters."""

_IN_DOCUMENTS = frozenset({"_text", "_content"})

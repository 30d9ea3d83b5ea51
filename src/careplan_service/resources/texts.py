"""String and uri parameters. https://hl7.org/fhir/R4/search.html#string https://hl7.org/fhir/R4/search.html#uri"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from careplan_service.access.facts import Fact
from careplan_service.access.filters import Filter, Has, Reads, all_of, any_of
from careplan_service.errors import Malformed
from careplan_service.resources import extract
from careplan_service.resources.escapes import unescaped
from careplan_service.resources.kept import cut, kept
from careplan_service.resources.sounds import sounds

if TYPE_CHECKING:
    from careplan_service.resources.params import SearchParam

_MOST_SEGMENTS = 50


def string_rows(param: SearchParam, name: str, value: Any, base_url: str) -> Iterator[Fact]:
    """Each text made comparable, and as it is."""
    for text in extract.texts(value):
        yield Fact(name, cut(extract.normalised(text)), text)


def phonetic_rows(param: SearchParam, name: str, value: Any, base_url: str) -> Iterator[Fact]:
    """The sound of each word."""
    for text in extract.texts(value):
        for sound in sounds(text):
            yield Fact(name, sound)


def uri_rows(param: SearchParam, name: str, value: Any, base_url: str) -> Iterator[Fact]:
    """The address; a canonical with a version also without it, where that is asked for."""
    if isinstance(value, str):
        yield Fact(name, value)
        if param.form == "canonical" and "|" in value:
            yield Fact(name, value.split("|", 1)[0])


def _starts(param: SearchParam, name: str, text: str, base_url: str) -> Filter:
    return Reads(name, "starts", cut(extract.normalised(unescaped(text))))


def _contains(param: SearchParam, name: str, text: str, base_url: str) -> Filter:
    return Reads(name, "contains", extract.normalised(unescaped(text)))


def _exact(param: SearchParam, name: str, text: str, base_url: str) -> Filter:
    return Reads(name, "exact", kept(unescaped(text)))


def _sounds(param: SearchParam, name: str, text: str, base_url: str) -> Filter:
    wanted = sounds(unescaped(text))
    if not wanted:
        raise Malformed(f"`{param.name}` has no word to listen to; give a name or a part of one")
    return all_of(*(Has(name, sound) for sound in wanted))


def _is(param: SearchParam, name: str, text: str, base_url: str) -> Filter:
    return Has(name, kept(unescaped(text)))


def _below(param: SearchParam, name: str, text: str, base_url: str) -> Filter:
    url = _url(param, text)
    return any_of(Has(name, kept(url)), Reads(name, "starts", cut(f"{url}/")))


def _above(param: SearchParam, name: str, text: str, base_url: str) -> Filter:
    scheme, _, rest = _url(param, text).partition("://")
    segments = rest.split("/")
    if len(segments) > _MOST_SEGMENTS:
        raise Malformed(f"`{param.name}:above` takes a url of at most {_MOST_SEGMENTS} segments")
    urls = [f"{scheme}://" + "/".join(segments[:n]) for n in range(1, len(segments) + 1)]
    return any_of(*(Has(name, kept(url + end)) for url in urls for end in ("", "/")))


def _url(param: SearchParam, text: str) -> str:
    url = unescaped(text)
    if "://" not in url:
        told = f"`{param.name}` takes a url with `:above` and `:below`, which follow its path"
        raise Malformed(f"{told}; `{text[:200]}` is none")
    return url.rstrip("/")


STRING: Mapping[str, Callable[[SearchParam, str, str, str], Filter]] = {
    "": _starts,
    "exact": _exact,
    "contains": _contains,
}
PHONETIC: Mapping[str, Callable[[SearchParam, str, str, str], Filter]] = {"": _sounds}
URI: Mapping[str, Callable[[SearchParam, str, str, str], Filter]] = {
    "": _is,
    "above": _above,
    "below": _below,
}

"""Composite parameters: two values of one element. https://hl7.org/fhir/R4/search.html#composite

A row has the code under `value`, once as `system|code` and once as `code`, and under `system` or in
the range what the second component is; so values of two elements are never mixed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from careplan_service.access.facts import Fact
from careplan_service.access.filters import Filter, Has, Reads, Within, any_of
from careplan_service.errors import Malformed
from careplan_service.resources import extract, quantities
from careplan_service.resources.escapes import parts_of, unescaped, unescaped_parts
from careplan_service.resources.kept import cut, kept
from careplan_service.resources.pointers import candidates
from careplan_service.resources.ranges import quantity_asked, span_asked

if TYPE_CHECKING:
    from careplan_service.resources.params import SearchParam

_PARTED = "\x1f"  # between a code and a text in one column; neither holds it


def rows(param: SearchParam, name: str, element: Any, base_url: str) -> Iterator[Fact]:
    """One row for each form of each pair of values."""
    first, second = param.components
    forms = [form for value in first.values(element) for form in _forms(first, value)]
    if forms:
        for value in second.values(element):
            for form in forms:
                yield from _ROWS[second.kind](second, name, kept(form), value, base_url)


def _forms(param: SearchParam, value: Any) -> Iterator[str]:
    for code, system in extract.token_pairs(value, param.system):
        yield f"{system}|{code}"
        yield code


def _token_rows(second: SearchParam, name: str, form: str, value: Any, base_url: str) -> Iterator[Fact]:
    for other in _forms(second, value):
        yield Fact(name, form, other)


def _date_rows(second: SearchParam, name: str, form: str, value: Any, base_url: str) -> Iterator[Fact]:
    for lo, hi in extract.spans(value):
        yield Fact(name, form, "", lo, hi)


def _string_rows(second: SearchParam, name: str, form: str, value: Any, base_url: str) -> Iterator[Fact]:
    for text in extract.texts(value):
        yield Fact(name, cut(f"{form}{_PARTED}{extract.normalised(text)}"))


def _quantity_rows(second: SearchParam, name: str, form: str, value: Any, base_url: str) -> Iterator[Fact]:
    for where, unit, lo, hi in quantities.spans(value):
        yield Fact(name + where, form, unit, lo, hi)


def _reference_rows(second: SearchParam, name: str, form: str, value: Any, base_url: str) -> Iterator[Fact]:
    for reference in extract.references(value, base_url):
        yield Fact(name, form, reference)


def asked(param: SearchParam, name: str, text: str, base_url: str) -> Filter:
    """`code$value`. Raises Malformed."""
    parts = parts_of(text, "$", 2)
    first, second = param.components
    if len(parts) != 2 or not all(parts):
        wanted = f"{first.kind}${second.kind}"
        raise Malformed(f"`{param.name}={text[:200]}` is not two values with a `$` between; write {wanted}")
    return _ASKED[second.kind](second, param.name, name, _form(param.name, parts[0]), parts[1], base_url)


def _form(called: str, text: str) -> str:
    parts = unescaped_parts(text, "|", 2)
    if not parts[-1]:
        raise Malformed(f"`{called}` takes `code`, `system|code` or `|code`, not `{text[:200]}`")
    return kept("|".join(parts))


def _token(second: SearchParam, called: str, name: str, form: str, text: str, base_url: str) -> Filter:
    return Has(name, form, _form(called, text))


def _date(second: SearchParam, called: str, name: str, form: str, text: str, base_url: str) -> Filter:
    return Within(name, *span_asked(called, unescaped(text)), form)


def _string(second: SearchParam, called: str, name: str, form: str, text: str, base_url: str) -> Filter:
    return Reads(name, "starts", cut(f"{form}{_PARTED}{extract.normalised(unescaped(text))}"))


def _quantity(second: SearchParam, called: str, name: str, form: str, text: str, base_url: str) -> Filter:
    where, unit, prefix, lo, hi = quantity_asked(called, text)
    return Within(name + where, prefix, lo, hi, form, None if unit is None else kept(unit))


def _reference(second: SearchParam, called: str, name: str, form: str, text: str, base_url: str) -> Filter:
    return any_of(*(Has(name, form, kept(one)) for one in candidates(second, text, base_url)))


_ROWS: Mapping[str, Callable[[SearchParam, str, str, Any, str], Iterator[Fact]]] = {
    "token": _token_rows,
    "date": _date_rows,
    "string": _string_rows,
    "quantity": _quantity_rows,
    "reference": _reference_rows,
}
_ASKED: Mapping[str, Callable[[SearchParam, str, str, str, str, str], Filter]] = {
    "token": _token,
    "date": _date,
    "string": _string,
    "quantity": _quantity,
    "reference": _reference,
}

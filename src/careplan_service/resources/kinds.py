"""Every kind of search parameter: the rows of a value, and what may be asked with which modifier.

https://hl7.org/fhir/R4/search.html#ptypes
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from careplan_service.access.facts import Fact
from careplan_service.access.filters import Filter
from careplan_service.resources import composites, pointers, ranges, texts, tokens

if TYPE_CHECKING:
    from careplan_service.resources.params import SearchParam

Question = Callable[["SearchParam", str, str, str], Filter]
"""Makes the Filter of (parameter, name of its facts, one escaped value, base url); raises Malformed."""


@dataclass(frozen=True)
class Kind:
    """One way of searching.

    `negations` are modifiers that say the contrary of another one; a value without a row of its own
    may have one `beside`, under the parameter's name followed by that.
    """

    rows: Callable[[SearchParam, str, Any, str], Iterable[Fact]]
    questions: Callable[[SearchParam], Mapping[str, Question]]
    negations: Mapping[str, str] = field(default_factory=dict)
    beside: tuple[str, ...] = ()


def _kind(
    rows: Callable[[SearchParam, str, Any, str], Iterable[Fact]], questions: Mapping[str, Question]
) -> Kind:
    return Kind(rows, lambda param: questions)


KINDS: Mapping[str, Kind] = {
    "token": Kind(tokens.rows, tokens.questions_of, {"not": "", "not-in": "in"}, (":text",)),
    "reference": Kind(pointers.rows, pointers.questions_of, beside=(":identifier",)),
    "date": _kind(ranges.date_rows, {"": ranges.date}),
    "string": _kind(texts.string_rows, texts.STRING),
    "phonetic": _kind(texts.phonetic_rows, texts.PHONETIC),
    "uri": _kind(texts.uri_rows, texts.URI),
    "canonical": _kind(texts.uri_rows, texts.URI),
    "quantity": _kind(ranges.quantity_rows, {"": ranges.quantity}),
    "position": _kind(ranges.position_rows, {"": ranges.near}),
    "composite": _kind(composites.rows, {"": composites.asked}),
}
"""By the parameter's `form`, or its `kind` where it has no form of its own."""

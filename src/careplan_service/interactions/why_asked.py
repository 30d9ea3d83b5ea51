"""What is asked of `$why-access` and `$explain-search`, and by whom nothing is asked.

https://hl7.org/fhir/R4/operations.html#request
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from careplan_service.access.caller import Caller
from careplan_service.access.clients import Client
from careplan_service.access.partners import partner_named
from careplan_service.errors import Malformed
from careplan_service.interactions.controls import PRESENTATION, require_once
from careplan_service.interactions.desk import Desk

Pairs = Sequence[tuple[str, str]]


def given_in(pairs: Pairs, operation: str, taken: Iterable[str]) -> Mapping[str, str]:
    """The parameters of an operation, each once. Raises Malformed (400) for one that it does not have."""
    require_once(name for name, _ in pairs)
    given = {name: text for name, text in pairs if name not in PRESENTATION}
    for name in given:
        if name not in taken:
            raise Malformed(f"`{operation}` does not take `{name}`; it has {', '.join(sorted(taken))}")
    return given


def partner_in(
    desk: Desk, given: Mapping[str, str], clients: Callable[[], Iterable[Client]]
) -> Caller | None:
    """The partner that `partner` and `purpose` name; None where there is none. Raises Malformed (400)."""
    if "partner" in given:
        return partner_named(given["partner"], given.get("purpose", ""), clients(), desk.policy.base_url)
    if "purpose" in given:
        raise Malformed("`purpose` is that of a `partner`; name one")
    return None

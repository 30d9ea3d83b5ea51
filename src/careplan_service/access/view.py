"""What a caller may see: token scope, own contribution and consent as one Filter.

The order of gates is that of docs/consent.md; whatever reads a resource goes through `view_for`.
"""

from __future__ import annotations

from collections.abc import Iterable

from careplan_service.access.caller import Caller
from careplan_service.access.consent.terminology import purpose_and_ancestors
from careplan_service.access.filters import EVERYTHING, Consented, Filter, Is, all_of, any_of
from careplan_service.errors import Forbidden

_VERBS = {"c": "create", "r": "read", "u": "update", "d": "delete", "s": "search"}
_ALWAYS_OURS = frozenset({"Consent"})


def require_scope(caller: Caller, letter: str, resource_type: str) -> None:
    """Raise Forbidden (403) when the token grants the interaction on no resource of the type."""
    if not caller.scopes.allows(letter, resource_type):
        wanted = f"system/{resource_type}.{letter}"
        raise Forbidden(f"this token does not allow to {_VERBS[letter]} {resource_type}; ask for `{wanted}`")


def view_for(caller: Caller, letter: str, resource_type: str, now: int) -> Filter:
    """The versions of one type that the caller may see, as one predicate.

    Raises Forbidden when the type or the interaction is out of the token's scope; everything
    finer is hidden rather than refused.
    """
    require_scope(caller, letter, resource_type)
    return known_to(caller, resource_type, now)


def known_to(caller: Caller, resource_type: str, now: int) -> Filter:
    """The versions of one type that the caller may know of, whatever its token is for.

    For what a write refers to, and for what refers to it; nothing of these versions is shown.
    """
    if caller.is_agency:
        # The custodian must always find the consents it has to keep, also the one that shuts it out.
        return EVERYTHING if resource_type in _ALWAYS_OURS else _consented(caller, now)
    own = all_of(Is("contributor", caller.organization), Is("current", "1"))
    # To a partner what was deleted looks as if it had never been.
    return all_of(Is("deleted", "0"), any_of(own, _consented(caller, now)))


def of_types(views: Iterable[tuple[str, Filter]]) -> Filter:
    """The views of several types as one; types seen alike are named together."""
    by_view: dict[Filter, list[Filter]] = {}
    for type_, view in views:
        by_view.setdefault(view, []).append(Is("type", type_))
    return any_of(*(all_of(any_of(*types), view) for view, types in by_view.items()))


def _consented(caller: Caller, now: int) -> Filter:
    asserted = caller.purposes or ("",)
    return all_of(
        *(
            Consented(
                actors=(caller.organization,),
                purpose=purpose_and_ancestors(purpose) if purpose else (),
                now=now,
                workforce=caller.is_agency,
            )
            for purpose in asserted
        )
    )

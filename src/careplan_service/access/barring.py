"""Who is kept from a client's record whatever any consent says: an alleged abuser.

The custodian's staff say so on the RelatedPerson, by the extension `sw-alleged-abuser`.
https://hl7.org/fhir/R4/relatedperson.html
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from careplan_service.access.caller import Caller
from careplan_service.access.consent.directory import ACTING, BARRED, MERGED, Directory, Edge

ALLEGED_ABUSER = "https://careplan-service.org/fhir/StructureDefinition/sw-alleged-abuser"
KEPT_FROM = "https://careplan-service.org/fhir/StructureDefinition/sw-kept-from"
"""Further patients of the same household, besides the one whose relative it is."""
_IDENTIFIER = "identifier "


def alleged(relative: Mapping[str, Any]) -> bool | None:
    """What a RelatedPerson says: True for an alleged abuser, False for one no more, None for nothing."""
    said = relative.get("extension")
    for one in said if isinstance(said, list) else ():
        if isinstance(one, Mapping) and one.get("url") == ALLEGED_ABUSER:
            return one.get("valueBoolean") is not False
    return None


def kept_from(relative: Mapping[str, Any]) -> list[Any]:
    """The references of a RelatedPerson to the patients from whom an alleged abuser is kept."""
    said = relative.get("extension")
    further = [one.get("valueReference") for one in said or () if one.get("url") == KEPT_FROM]
    return [relative.get("patient"), *further]


def barred_from(caller: Caller, edges: Callable[[Collection[str]], Iterable[Edge]]) -> tuple[str, ...]:
    """The patients (`Patient/ann`) whose records the person who signed in is kept from, in all their records.

    `edges` gives those that lead from some members. People are known by their reference and by the
    identifiers that the custodian's own records give them, in a role by those of who has it.
    """
    if not caller.is_person:
        return ()
    acting = ACTING + caller.fhir_user
    leading = list(edges({caller.fhir_user, acting}))
    if behind := {edge.key for edge in leading if edge.member == acting} - {caller.fhir_user}:
        leading += edges(behind)
    if keys := {edge.key for edge in leading if edge.key.startswith(_IDENTIFIER)}:
        leading += edges(keys)
    return _with_other_records({edge.key for edge in leading if edge.kind == BARRED}, edges)


def _with_other_records(
    patients: set[str], edges: Callable[[Collection[str]], Iterable[Edge]]
) -> tuple[str, ...]:
    waiting = patients
    while waiting:
        merged = Directory.of(edges(waiting)).keys(waiting, {MERGED}, (), 0)
        waiting = set(merged) - patients
        patients = patients | merged
    return tuple(sorted(patients))

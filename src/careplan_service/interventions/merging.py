"""A change of a document we wrote, carried over to the document as it stands: what others put there stays.

https://hl7.org/fhir/R4/http.html#update
"""

from __future__ import annotations

from typing import Any

from careplan_service.interventions.canonical import BASE, Document

_ABSENT = object()


def merged(stored: Document, before: Document, after: Document) -> Document:
    """`stored` with what is other in `after` than in `before`, element by element.

    An element that did not change is left as it stands; of a list that did, what is not ours stays at its
    end. A concept has one code of each of our systems.
    """
    names = dict.fromkeys([*stored, *after])
    made = {name: _element(stored, before, after, name) for name in names}
    return {name: value for name, value in made.items() if value is not _ABSENT}


def _element(stored: Document, before: Document, after: Document, name: str) -> Any:
    stands, was, now = (one.get(name, _ABSENT) for one in (stored, before, after))
    if was == now:
        return stands
    if isinstance(stands, list) and _is_list(was) and _is_list(now):
        told = {one["system"] for one in _items(now) if _is_our_code(one)}
        foreign = [
            one
            for one in stands
            if one not in _items(was) and not (_is_our_code(one) and one["system"] in told)
        ]
        return [*_items(now), *foreign] or _ABSENT
    if isinstance(stands, dict) and isinstance(now, dict):
        return merged(stands, was if isinstance(was, dict) else {}, now) or _ABSENT
    return now


def _is_list(value: Any) -> bool:
    return value is _ABSENT or isinstance(value, list)


def _is_our_code(value: Any) -> bool:
    return isinstance(value, dict) and str(value.get("system", "")).startswith(f"{BASE}/CodeSystem/")


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []

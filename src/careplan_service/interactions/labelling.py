"""Labels at every write: what the rules call for is set, and what stands on record stays.

https://hl7.org/fhir/R4/security-labels.html and docs/practice.md

A stock EHR sends a resource back without labels that it does not know. It is not refused for that: the
higher label is kept, and the answer shows it. Labels are lowered by `$meta-delete` with a reason, or by an
adjustment of the plan that names `sensitivity`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from careplan_service.access.filters import EVERYTHING
from careplan_service.access.raised import raised
from careplan_service.errors import Conflict, Fault
from careplan_service.interactions.admission import Admitted
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.records import Stored
from careplan_service.interventions.canonical import BASE
from careplan_service.interventions.sensitivity import found_in, security
from careplan_service.resources import r4
from careplan_service.resources.inline_labels import unlabelled_anew
from careplan_service.resources.splice import secured

_OWN = f"{BASE}/StructureDefinition/sw-"
Security = Sequence[Mapping[str, Any]]


def labelled(desk: Desk, admitted: Admitted, before: Stored | None, *, lower: bool = False) -> Admitted:
    """The resource with the labels that it must have where it stands; with `lower` those of before may go.

    Raises Conflict (409) where an element would lose its own label: nobody can tell where that belongs now.
    """
    earlier = _earlier(desk, before)
    sent = admitted.document.get("meta", {}).get("security", [])
    wanted = sent if lower else raised(earlier.get("meta", {}).get("security", []), sent)
    if born_here(admitted.document) or born_here(earlier):
        wanted = raised(called_for(admitted.document), wanted)
    found = admitted if wanted == sent else with_security(admitted, wanted)
    _require_labels_within(earlier, found.document)
    return found


def _require_labels_within(earlier: Mapping[str, Any], document: Mapping[str, Any]) -> None:
    for path, code in unlabelled_anew(earlier, document):
        text = (
            f"`{path}` is labelled `{code}` and was sent without: send the label, or label the whole resource"
        )
        raise Conflict(text, faults=[Fault("conflict", text, path)])


def called_for(document: Mapping[str, Any]) -> Security:
    """The labels that the rules set for what a document says; none where it says nothing sensitive."""
    found = found_in({name: value for name, value in document.items() if name != "meta"})
    return security(found) if found else []


def with_security(admitted: Admitted, wanted: Security) -> Admitted:
    """The same resource with other labels; every other byte stays as it was sent."""
    document = admitted.document
    meta = {**document.get("meta", {}), "security": [dict(one) for one in wanted]}
    data = secured(admitted.data, document, wanted)
    return replace(admitted, data=data, document={**document, "meta": meta})


def born_here(document: Mapping[str, Any]) -> bool:
    """Whether it was made of a plan: it has extensions of this project."""
    return any(url.startswith(_OWN) for url in _urls(document.get("extension")))


def _urls(extensions: Any) -> Iterator[str]:
    for one in extensions or ():
        yield str(one.get("url", ""))


def _earlier(desk: Desk, before: Stored | None) -> Mapping[str, Any]:
    """What stood there last; a deletion has no labels of its own, and takes none away."""
    if before is not None and before.deleted:
        before = desk.records.version(before.type, before.id, before.version - 1, EVERYTHING)
    return r4.parse_stored(before.body) if before is not None and before.body else {}

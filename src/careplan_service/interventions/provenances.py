"""Why a plan was changed, by whom, and whether the client agreed: a Provenance for each change.

https://hl7.org/fhir/R4/provenance.html

It has the labels of the CarePlan before and after: what is other tells as much as the plan.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from careplan_service.interventions import canonical
from careplan_service.interventions.canonical import (
    Document,
    concept,
    element,
    extension,
    extension_value,
    extension_values,
    reference,
    sw,
)
from careplan_service.interventions.sensitivity import label_displays, security
from careplan_service.interventions.wording import Difference

_OPERATION = "http://terminology.hl7.org/CodeSystem/v3-DataOperation"
_AUTHOR = concept("http://terminology.hl7.org/CodeSystem/provenance-participant-type", "author", "Author")


@dataclass(frozen=True)
class Changed:
    """One change of a plan: of which sort, why, with what agreement (`status`, `date` ...), and what."""

    sort: str
    reason: str | None
    agreement: Mapping[str, Any] | None
    differences: tuple[Difference, ...]


def provenance(
    changed: Changed, *, id_: str, target: str, subject: str, who: str, recorded: str, labels: Iterable[str]
) -> Document:
    """The Provenance of a change: `target` is the version of the CarePlan that it made."""
    known = label_displays()
    agreed = [
        part for name, told in (changed.agreement or {}).items() for part in extension(name, valueString=told)
    ]
    about = [reference(target), *([reference(subject)] if subject.startswith("Patient/") else [])]
    return {
        "resourceType": "Provenance",
        "id": id_,
        "meta": {"security": security(label for label in labels if label in known)},
        **element(
            extension=[
                *extension(sw("change"), valueCode=changed.sort),
                *extension(sw("agreement"), extension=agreed),
                *(part for one in changed.differences for part in _difference(one)),
            ],
            target=about,
            recorded=recorded,
            reason=[{"text": changed.reason}] if changed.reason else [],
            activity=concept(_OPERATION, "UPDATE", "revise"),
            agent=[{"type": _AUTHOR, "who": reference(who)}],
        ),
    }


def _difference(one: Difference) -> list[Document]:
    parts = [
        *extension("what", valueString=one.what),
        *extension("before", valueString=_written(one.before)),
        *extension("after", valueString=_written(one.after)),
    ]
    return extension(sw("difference"), extension=parts)


def _written(value: Any) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False)


def changed_of(document: Mapping[str, Any]) -> Changed:
    """The change that a Provenance tells."""
    agreed = extension_value(document, sw("agreement"))
    told = {part["url"]: part["valueString"] for part in agreed or ()}
    differences = [{"extension": parts} for parts in extension_values(document, sw("difference"))]
    return Changed(
        sort=str(extension_value(document, sw("change"))),
        reason=next((one["text"] for one in document.get("reason", ())), None),
        agreement=told or None,
        differences=tuple(map(_read, differences)),
    )


def _read(part: Document) -> Difference:
    values = [extension_value(part, name) for name in ("before", "after")]
    before, after = (None if value is None else json.loads(value) for value in values)
    return Difference(extension_value(part, "what"), before, after)


def labels_of(document: Mapping[str, Any]) -> set[str]:
    """The sensitivity labels of a document."""
    told = document.get("meta", {}).get("security", ())
    return {one["code"] for one in told if one.get("system") == canonical.ACT_CODE}

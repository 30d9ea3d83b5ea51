"""A response that was amended after it was extracted: what came of it is corrected, or marked as an error.

https://hl7.org/fhir/R4/questionnaireresponse-definitions.html#QuestionnaireResponse.status

What others added to the resources stays, labels are never lowered, and a concern that somebody has looked at
(its `verificationStatus` is no longer `unconfirmed`) is left to them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from careplan_service.interventions.canonical import Document, concept
from careplan_service.interventions.screening.observations import IDENTIFIER, VERIFIED

_SAID = (
    "valueCodeableConcept", "valueInteger", "valueString", "dataAbsentReason", "interpretation",
    "effectiveDateTime", "hasMember", "derivedFrom",
)  # fmt: skip
_ERROR = "entered-in-error"
Stored = Mapping[str, Any]


def amended(bundle: Document, stored: Mapping[str, Stored]) -> Document:
    """The transaction of a response of which there is something on record: `stored` by its identifiers."""
    known = {one["fullUrl"]: _reference(stored[key]) for key, one in _keyed(bundle) if key in stored}
    entries = []
    for entry in _linked(bundle["entry"], known):
        here = stored.get(key_of(entry["resource"]) or "")
        entries.append(entry if here is None else _again(entry, here))
    said = {key for key, _ in _keyed(bundle)}
    entries += [_put(_withdrawn(one)) for key, one in stored.items() if key not in said and _is_open(one)]
    return {**bundle, "entry": entries}


def key_of(resource: Mapping[str, Any]) -> str | None:
    """By what a resource that came of a response is found again."""
    named = resource.get("identifier", ())
    found = [one.get("value") for one in named if isinstance(one, dict) and one.get("system") == IDENTIFIER]
    return found[0] if found else None


def _keyed(bundle: Document) -> Iterator[tuple[str, Document]]:
    for entry in bundle["entry"]:
        key = key_of(entry["resource"])
        if key is not None:
            yield key, entry


def _again(entry: Document, here: Stored) -> Document:
    """The entry, or an update of what is on record where that says something else."""
    new = entry["resource"]
    if new["resourceType"] == "Condition":
        taken_back = _verified(here) == _ERROR
        return _put({**here, **_only(new, ("clinicalStatus", "verificationStatus"))}) if taken_back else entry
    if _only(new, _SAID) == _only(here, _SAID) and here.get("status") != _ERROR:
        return entry
    left = {name: value for name, value in here.items() if name not in _SAID}
    labels = [*here["meta"].get("security", ()), *new["meta"]["security"]]
    security = [one for n, one in enumerate(labels) if one not in labels[:n]]
    if any(one["code"] == "R" for one in security):
        security = [one for one in security if one["code"] != "N"]
    meta = {**here["meta"], "security": security}
    return _put({**left, **_only(new, (*_SAID, "category")), "meta": meta, "status": "corrected"})


def _only(resource: Mapping[str, Any], names: tuple[str, ...]) -> Document:
    return {name: resource[name] for name in names if name in resource}


def _is_open(resource: Stored) -> bool:
    if resource["resourceType"] == "Condition":
        return _verified(resource) == "unconfirmed"
    return bool(resource.get("status") != _ERROR)


def _withdrawn(resource: Stored) -> Document:
    if resource["resourceType"] == "Observation":
        return {**resource, "status": _ERROR}
    left = {name: value for name, value in resource.items() if name != "clinicalStatus"}
    return {**left, "verificationStatus": concept(VERIFIED, _ERROR, "Entered in Error")}


def _verified(resource: Stored) -> str:
    codings = resource.get("verificationStatus", {}).get("coding", ())
    return next((str(one.get("code")) for one in codings), "")


def _put(resource: Stored) -> Document:
    version = resource["meta"]["versionId"]
    reference = _reference(resource)
    return {
        "resource": dict(resource),
        "request": {"method": "PUT", "url": reference, "ifMatch": f'W/"{version}"'},
    }


def _reference(resource: Stored) -> str:
    return f"{resource['resourceType']}/{resource['id']}"


def _linked(part: Any, known: Mapping[str, str]) -> Any:
    """The same with the references of what is on record."""
    if isinstance(part, dict):
        return {
            name: known.get(value, value) if name == "reference" else _linked(value, known)
            for name, value in part.items()
        }
    return [_linked(one, known) for one in part] if isinstance(part, list) else part

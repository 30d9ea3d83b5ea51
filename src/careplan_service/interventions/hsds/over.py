"""A document of a directory written over the one on record: what others put there stays, labels only rise.

https://hl7.org/fhir/R4/http.html#update
"""

from __future__ import annotations

from typing import Any

from careplan_service.interventions.canonical import BASE, CONFIDENTIALITY, Document

OWNED = {
    "Organization": ("active", "name", "alias", "telecom", "partOf", "contact"),
    "Location": ("status", "name", "alias", "description", "type", "telecom", "address", "position",
                 "hoursOfOperation"),
    "HealthcareService": ("active", "providedBy", "type", "location", "name", "comment", "extraDetails",
                          "telecom", "coverageArea", "serviceProvisionCode", "eligibility", "program",
                          "communication", "availableTime"),
}  # fmt: skip
"""Elements that are the directory's: it says them whole, and what it does not say is not there."""
_LEVELS = ("U", "L", "M", "N", "R", "V")


def written_over(stands: Document, document: Document) -> Document:
    """`stands` with what the directory says in `document`."""
    owned = OWNED[stands["resourceType"]]
    made = {name: value for name, value in stands.items() if name not in owned or name in document}
    made |= {name: document[name] for name in owned if name in document}
    made["identifier"] = _with(stands.get("identifier", []), document["identifier"])
    made["meta"] = {**stands.get("meta", {}), "security": _raised(stands, document)}
    foreign = [one for one in stands.get("extension", ()) if not str(one.get("url", "")).startswith(BASE)]
    extensions = [*foreign, *document.get("extension", ())]
    made.pop("extension", None)
    return {**made, "extension": extensions} if extensions else made


def _with(stands: list[Any], ours: list[Any]) -> list[Any]:
    """Identifiers of a system that we say are ours; others stay where they are."""
    systems = {one.get("system") for one in ours}
    return [*ours, *(one for one in stands if one.get("system") not in systems)]


def _raised(stands: Document, document: Document) -> list[Any]:
    before = stands.get("meta", {}).get("security", [])
    after = document["meta"]["security"]
    coded = {(one.get("system"), one.get("code")) for one in after}
    kept = [one for one in before if (one.get("system"), one.get("code")) not in coded]
    both = [*after, *kept]
    levels = [one for one in both if one.get("system") == CONFIDENTIALITY]
    highest = max(levels, key=lambda one: _LEVELS.index(one["code"]) if one.get("code") in _LEVELS else -1)
    labels = [one for one in both if one.get("system") != CONFIDENTIALITY]
    return [highest, *sorted(labels, key=lambda one: (str(one.get("system")), str(one.get("code"))))]

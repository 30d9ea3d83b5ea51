"""What a consent rule asks of data besides codes and labels: its dates, authors, and what it refers to.

https://hl7.org/fhir/R4/consent-definitions.html#Consent.provision.data
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from careplan_service.access.compartment import IN_NONE
from careplan_service.access.consent.directory import majority_of
from careplan_service.access.consent.recipients import local
from careplan_service.access.facts import UNDATED, Fact
from careplan_service.resources.extract import Path, spans, values_at

WITHIN = "~within"
"""The parameter under which the targets of a current version stand, with the marks that it gives them."""

MAJORITY = "~majority"
"""The parameter under which the moment stands from which a patient is of age."""

_AUTHORS: tuple[Path, ...] = (
    *(("author",), ("recorder",), ("asserter",), ("expressedBy",), ("requester",)),
    *(("performer",), ("performer", "actor")),
)
_ORDERED = frozenset({"ServiceRequest", "Task"})  # their performer is who should do it, and wrote nothing
_INFORMANTS: tuple[Path, ...] = (("informationSource",), ("source",), ("asserter",), ("expressedBy",))
_CUSTODIANS: tuple[Path, ...] = (("custodian",), ("managingOrganization",))
_AGENTS: tuple[Path, ...] = (("agent", "who"),)
_DATED = frozenset(
    "startDate statusDate date period recordedDate recorded issued authoredOn authored created"
    " executionPeriod".split()
)
_DATED_AS = ("onset", "abatement", "effective", "occurrence", "occurred", "performed")
"""Elements that are dates, and those that are dates of several types (`onset[x]`)."""


def dated(document: Mapping[str, Any]) -> tuple[int, int]:
    """From the first clinical date of a document to its last, in microseconds UTC; UNDATED without one."""
    found = [
        span
        for name in document
        if name in _DATED or name.startswith(_DATED_AS)
        for value in values_at(document, (name,))
        for span in spans(value)
    ]
    return (min(lo for lo, _ in found), max(hi for _, hi in found)) if found else UNDATED


def marks(document: Mapping[str, Any], literals: Iterable[str], base_url: str) -> frozenset[str]:
    """What a document has to do with others: see `Facts.marks`. `literals` are its references."""
    type_ = str(document.get("resourceType", ""))
    authors = [name for name in _AUTHORS if type_ not in _ORDERED or name[0] != "performer"]
    named = {
        "author": _named(document, _AGENTS if type_ == "Provenance" else authors, base_url),
        "informant": _named(document, _INFORMANTS, base_url),
        "custodian": _named(document, _CUSTODIANS, base_url),
    }
    found = {f"{mark} {key}" for mark, keys in named.items() for key in keys}
    found.update(f"refers {key}" for key in _targets(literals, base_url))
    if not named["custodian"]:
        found.add("custodian")
    return frozenset({*found, f"self {type_}/{document.get('id', '')}"})


def decisive(document: Mapping[str, Any], marked: Iterable[str]) -> Iterator[Fact]:
    """The facts that no search asks for: what it refers to, and from when on a patient is of age.

    No consent decides about what stands in nobody's record, so nothing is kept of references to that.
    """
    given = around_of(document, marked)
    for target in sorted(mark.removeprefix("refers ") for mark in marked if mark.startswith("refers ")):
        if target.partition("/")[0] not in IN_NONE:
            yield from (Fact(WITHIN, target, f"\n{one}\n") for one in given)
    if document.get("resourceType") == "Patient":
        for lo, _ in spans(document.get("birthDate")):
            yield Fact(MAJORITY, lo=majority_of(lo), hi=1)


def around_of(document: Mapping[str, Any], marked: Iterable[str]) -> list[str]:
    """The marks a document gives what it refers to: to be referred to by it, and an author it attests."""
    given = [f"within {document.get('resourceType', '')}/{document.get('id', '')}"]
    if document.get("resourceType") == "Provenance":
        authors = sorted(mark for mark in marked if mark.startswith("author "))
        given += [mark.replace("author ", "attested ", 1) for mark in authors]
    return given


def _named(document: Mapping[str, Any], paths: Iterable[Path], base_url: str) -> set[str]:
    return {
        local(value["reference"], base_url)
        for path in paths
        if path[0] in document
        for value in values_at(document, path)
        if isinstance(value, dict) and isinstance(value.get("reference"), str)
    }


def _targets(literals: Iterable[str], base_url: str) -> set[str]:
    """All it refers to on this server, but patients: through a subject everything would be related."""
    found = (local(literal, base_url) for literal in literals)
    return {key for key in found if key.count("/") == 1 and ":" not in key and not key.startswith("Patient/")}

"""The profiles that what our words become claims in `meta.profile`: those that it keeps to, and no other.

https://hl7.org/fhir/R4/resource.html#Meta https://hl7.org/fhir/us/core/STU6.1/
https://hl7.org/fhir/us/sdoh-clinicalcare/

`check_profile` knows no value set that is told by a hierarchy of SNOMED CT and does not follow references, so
the table says for these what must be there besides. SNOMED CT, ICD-10-CM and HCPCS: see `catalogue`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from careplan_service.interventions.canonical import (
    HCPCS,
    ICD_10_CM,
    PERTAINS_TO_GOAL,
    SNOMED,
    Document,
    extension_values,
)
from careplan_service.resources.profiles import check_profile

US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition"
SDOHCC = "http://hl7.org/fhir/us/sdoh-clinicalcare/StructureDefinition"

Claimed = Mapping[str, Iterable[str]]
"""What the documents of a plan that are written already claim, by reference."""


class Candidate(NamedTuple):
    """A profile that documents of a type may keep to, and in words which of them do not.

    `coded`: `code` must be in one of these systems. `needs`: goals and requests that are referred to must
    claim this profile themselves.
    """

    profile: str
    without: str
    coded: frozenset[str] = frozenset()
    needs: str = ""


_GOAL = f"{SDOHCC}/SDOHCC-Goal"
_REQUEST = f"{SDOHCC}/SDOHCC-ServiceRequest"
_FINDINGS, _PROCEDURES = frozenset({SNOMED, ICD_10_CM}), frozenset({SNOMED, HCPCS})
_OF_GROUP = "of a group, a community or an organisation"
_UNCODED = "of a kind that has no SNOMED CT code"

CANDIDATES: Mapping[str, tuple[Candidate, ...]] = {
    "CarePlan": (Candidate(f"{US_CORE}/us-core-careplan", _OF_GROUP),),
    "Goal": (Candidate(f"{US_CORE}/us-core-goal", _OF_GROUP), Candidate(_GOAL, _OF_GROUP)),
    "Condition": (
        Candidate(
            f"{SDOHCC}/SDOHCC-Condition",
            f"{_OF_GROUP}; without a code: nobody picked one, and the domain has none for it",
            coded=_FINDINGS,
        ),
    ),
    "ServiceRequest": (
        Candidate(_REQUEST, f"{_UNCODED}; for a goal {_OF_GROUP}", coded=_PROCEDURES, needs=_GOAL),
    ),
    "Task": (
        Candidate(
            f"{SDOHCC}/SDOHCC-TaskForReferralManagement",
            "whose request does not claim its profile; whose worker has no agency: a Practitioner may not be "
            "the requester",
            needs=_REQUEST,
        ),
    ),
    "Procedure": (
        Candidate(f"{SDOHCC}/SDOHCC-Procedure", f"{_UNCODED}; {_OF_GROUP}", coded=_PROCEDURES, needs=_GOAL),
    ),
    "Observation": (
        Candidate(
            f"{SDOHCC}/SDOHCC-ObservationScreeningResponse",
            f"of a review, which is no answer to a screening; {_OF_GROUP}",
        ),
    ),
    "Consent": (
        Candidate(f"{SDOHCC}/SDOHCC-Consent", "to service or research: the profile is about sharing alone"),
    ),
}
"""By resource type; a type that is not here claims nothing."""


def claims(document: Document, others: Claimed) -> list[str]:
    """What the document keeps to, by canonical address without a version."""
    candidates = CANDIDATES.get(document["resourceType"], ())
    return [one.profile for one in candidates if _is_met(document, one, others)]


def with_true_claims(document: Document, before: Document) -> Document:
    """A document that others wrote in as well, without profiles that are claimed anew and not kept to."""
    meta = document.get("meta", {})
    stood = before.get("meta", {}).get("profile", ())
    told = [one for one in meta.get("profile", ()) if one in stood or not check_profile(document, one)]
    if told == meta.get("profile", []):
        return document
    kept = {name: value for name, value in meta.items() if name != "profile"}
    return {**document, "meta": {**kept, **({"profile": told} if told else {})}}


def _is_met(document: Document, one: Candidate, others: Claimed) -> bool:
    if one.coded and one.coded.isdisjoint(_systems(document)):
        return False
    if one.needs and not all(one.needs in others.get(ref, ()) for ref in _referred(document)):
        return False
    return not check_profile(document, one.profile)


def _systems(document: Document) -> set[str]:
    return {coding["system"] for coding in document["code"].get("coding", ())}


def _referred(document: Document) -> list[str]:
    """The goals and the request of the plan that a document is about."""
    about: list[Any] = extension_values(document, PERTAINS_TO_GOAL)
    if "focus" in document:
        about.append(document["focus"])
    return [one["reference"] for one in about]

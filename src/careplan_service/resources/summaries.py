"""Which elements a summary has and which modify the meaning of the rest. https://hl7.org/fhir/R4/search.html#summary

The flags Σ and ?! of the served types, of elements at the top only, `value[x]` as `value`. All modifiers are
summary elements too and are marked with `!`.
"""

from __future__ import annotations

from collections.abc import Mapping

from careplan_service.resources.r4.facts import FACTS

_MARKED: Mapping[str, str] = {
    "CarePlan": (
        "identifier instantiatesCanonical instantiatesUri basedOn replaces partOf status! "
        "intent! category title description subject encounter period created author addresses"
    ),
    "Goal": (
        "lifecycleStatus! achievementStatus category priority description subject start "
        "statusDate expressedBy"
    ),
    "Consent": (
        "identifier status! scope! category patient dateTime performer organization source "
        "policyRule verification provision"
    ),
    "Patient": (
        "identifier active! name telecom gender birthDate deceased! address managingOrganization link!"
    ),
    "RelatedPerson": "identifier active! patient relationship name telecom gender birthDate address",
    "Practitioner": "identifier active name telecom address gender birthDate",
    "PractitionerRole": (
        "identifier active period practitioner organization code specialty location telecom"
    ),
    "Organization": "identifier active! type name partOf",
    "HealthcareService": (
        "identifier active! providedBy category type specialty location name comment photo"
    ),
    "Location": (
        "identifier status! operationalStatus name description mode type physicalType managingOrganization"
    ),
    "CareTeam": "identifier status! category name subject encounter period managingOrganization",
    "Group": "identifier active type actual code name quantity managingEntity",
    "Condition": (
        "identifier clinicalStatus! verificationStatus! code bodySite subject encounter onset "
        "recordedDate recorder asserter"
    ),
    "Observation": (
        "identifier basedOn partOf status! code subject focus encounter effective issued "
        "performer value hasMember derivedFrom component"
    ),
    "Encounter": (
        "identifier status! class type serviceType subject episodeOfCare participant "
        "appointment reasonCode reasonReference diagnosis"
    ),
    "EpisodeOfCare": "status! type diagnosis patient managingOrganization period",
    "ServiceRequest": (
        "identifier instantiatesCanonical instantiatesUri basedOn replaces requisition "
        "status! intent! category priority doNotPerform! code orderDetail quantity subject "
        "encounter occurrence asNeeded authoredOn requester performerType performer "
        "locationCode locationReference reasonCode reasonReference specimen bodySite "
        "patientInstruction"
    ),
    "Procedure": (
        "identifier instantiatesCanonical instantiatesUri basedOn partOf status! statusReason "
        "category code subject encounter performed recorder asserter performer location "
        "reasonCode reasonReference bodySite outcome"
    ),
    "Task": (
        "instantiatesCanonical instantiatesUri basedOn groupIdentifier partOf status! "
        "statusReason businessStatus intent code description focus for encounter "
        "executionPeriod lastModified requester owner location"
    ),
    "Questionnaire": (
        "url identifier version name title status! experimental subjectType date publisher "
        "contact useContext jurisdiction effectivePeriod code"
    ),
    "QuestionnaireResponse": (
        "identifier basedOn partOf questionnaire status! subject encounter authored author source"
    ),
    "DocumentReference": (
        "masterIdentifier identifier status! docStatus type category subject date author "
        "relatesTo description securityLabel content context"
    ),
    "Provenance": "target recorded",
}

_ALWAYS = frozenset({"resourceType", "id", "meta", "implicitRules", "modifierExtension"})


def _marked(type_: str) -> list[str]:
    return _MARKED[type_].split()


def _stem(name: str) -> str:
    return name.removesuffix("[x]")


SUMMARY: Mapping[str, frozenset[str]] = {
    type_: frozenset(name.removesuffix("!") for name in _marked(type_)) for type_ in _MARKED
}

NEEDED: Mapping[str, frozenset[str]] = {
    type_: _ALWAYS
    | {name.removesuffix("!") for name in _marked(type_) if name.endswith("!")}
    | {_stem(name) for name, fact in FACTS["shapes"][type_]["elements"].items() if fact.get("min")}
    for type_ in _MARKED
}
"""What no reduced resource is without: its identity, mandatory elements and modifiers."""

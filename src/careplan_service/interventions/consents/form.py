"""What a person consented to, as the agency's form has it: values, and the words that they are taken from.

https://hl7.org/fhir/R4/consent.html ; NASW Code of Ethics 1.03 says what a form must make clear:
https://www.socialworkers.org/About/Ethics/Code-of-Ethics

Purposes are codes of v3-ActReason: https://terminology.hl7.org/CodeSystem-v3-ActReason.html
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from careplan_service.interventions.terms import Term, Terms

KINDS = Terms(
    Term("service", "treatment", ("consent to service", "treatment")),
    Term("release", "patient-privacy", ("release of information", "roi", "sharing")),
    Term("research", "research", ("evaluation",)),
)
"""What is consented to; `fhir` is the scope of the Consent."""
CAPACITIES = Terms(
    Term("self"),
    Term("parent"),
    Term("guardian", spellings=("legal guardian",)),
    Term("power-of-attorney", spellings=("attorney", "health care proxy")),
    Term("other-representative", spellings=("representative",)),
)
GIVEN = Terms(
    Term("written", spellings=("in writing", "signed", "paper", "signature")),
    Term("verbal", spellings=("oral", "spoken", "by word")),
    Term("electronic", spellings=("online", "e-signature", "portal")),
)
REDISCLOSURE = Terms(
    Term("not-allowed", spellings=("no", "prohibited")),
    Term("with-new-consent", spellings=("with consent",)),
    Term("as-law-allows", spellings=("yes", "allowed")),
)
PURPOSES = Terms(
    Term("coordination", "COC", ("coordination of care", "care coordination")),
    Term("treatment", "TREAT"),
    Term("care-management", "CAREMGT", ("case management",)),
    Term("emergency", "ETREAT", ("emergency treatment",)),
    Term("eligibility", "ELIGDTRM", ("eligibility determination",)),
    Term("enrolment", "ENROLLM", ("enrollment",)),
    Term("payment", "HPAYMT"),
    Term("operations", "HOPERAT"),
    Term("quality", "HQUALIMP", ("quality improvement",)),
    Term("funder-report", "HPRGRP", ("program reporting", "programme reporting")),
    Term("outcomes", "HOUTCOMS", ("outcome measurement",)),
    Term("legal", "HLEGAL"),
    Term("public-health", "PUBHLTH"),
    Term("research", "HRESCH"),
    Term("client-request", "PATRQT", ("at the client's request",)),
    Term("family-request", "FAMRQT"),
    Term("support-network", "SUPNWK"),
)
"""`fhir` is the purpose of use."""
DATA = Terms(
    Term("person", "Patient", ("name and contact",)),
    Term("relatives", "RelatedPerson"),
    Term("plan", "CarePlan", ("plans",)),
    Term("goals", "Goal"),
    Term("needs", "Condition", ("strengths", "needs and strengths")),
    Term("assessments", "QuestionnaireResponse"),
    Term("findings", "Observation", ("screening", "reviews")),
    Term("sessions", "Encounter Procedure", ("contacts",)),
    Term("notes", "DocumentReference", ("documents",)),
    Term("referrals", "ServiceRequest Task"),
    Term("case", "EpisodeOfCare", ("enrolment", "enrollment")),
    Term("team", "CareTeam"),
)
"""Classes of data; `fhir` are the resource types. Forms are signed in these words: no meaning changes."""
STATES = ("signed", "expired", "withdrawn", "superseded")
"""What becomes of a consent; `superseded` is one that ended without a withdrawal."""
WIDE = ("recipients", "purposes", "data", "domains", "domains_excluded", "sensitive", "sensitive_excluded")
"""What a form says of sharing, which a consent to service has nothing of."""


@dataclass(frozen=True)
class ConsentForm:
    """One form. People and agencies are references (`Patient/ann`), domains and labels the plan's own words.

    `agency` is who may disclose; `signer` signed in this `capacity`, the person herself where it is not said.
    `domains` and `sensitive` are what may be shared, the `excluded` what may not; without `data` every class
    may, without `domains` every domain, without `sensitive` nothing that is labelled.
    """

    kind: str
    person: str
    given: str
    date: datetime.date
    expires: datetime.date
    agency: str
    number: str | None = None
    signer: str | None = None
    capacity: str | None = None
    language: str | None = None
    interpreter: bool | None = None
    recipients: tuple[str, ...] = ()
    purposes: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    domains_excluded: tuple[str, ...] = ()
    sensitive: tuple[str, ...] = ()
    sensitive_excluded: tuple[str, ...] = ()
    redisclosure: str | None = None
    limits_explained: bool | None = None
    copy_given: bool | None = None
    comment: str | None = None


@dataclass(frozen=True)
class Withdrawal:
    """That what was consented to is so no longer: since when, who said so, and why."""

    date: datetime.date
    by: str
    reason: str | None = None

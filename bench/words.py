"""Codes and phrases that made-up records are written with. https://hl7.org/fhir/R4/terminologies.html"""

from __future__ import annotations

from typing import Any

Document = dict[str, Any]

CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
ACT_REASON = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
CONSENT_SCOPE = "http://terminology.hl7.org/CodeSystem/consentscope"
PARTICIPATION = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
DOMAIN = "http://hl7.org/fhir/us/sdoh-clinicalcare/CodeSystem/SDOHCC-CodeSystemTemporaryCodes"
SNOMED = "http://snomed.info/sct"

CATEGORIES = (
    "housing-instability",
    "food-insecurity",
    "transportation-insecurity",
    "financial-insecurity",
    "employment-status",
    "social-connection",
)
LIFECYCLE = (
    "active", "completed", "planned", "accepted", "on-hold", "proposed", "cancelled", "rejected",
)  # fmt: skip
"""Goal.lifecycleStatus, the most frequent first."""
ACHIEVEMENT = ("in-progress", "improving", "no-change", "achieved", "sustaining")
ACTIVITY_STATUS = ("not-started", "scheduled", "in-progress", "completed", "on-hold")
CITIES = ("Riverton", "Lakeside", "Hillcrest", "Oakfield", "Fairview", "Millbrook")
FAMILIES = tuple("Abara Brandt Castillo Dvorak Eriksen Farouk Garcia Hoang Ivanov Jensen".split())
GIVEN = tuple("Ana Bilal Chloe Dinh Elif Femi Grace Hugo Ines Jamal".split())
STREETS = ("Mill Lane", "Station Road", "Church Street", "Park Avenue", "Harbour Way")

SENTENCES = (
    "The client prefers to be called in the afternoon and asks that no message is left with neighbours.",
    "A first visit took place at the office; the papers that are missing were listed and handed over.",
    "The landlord agreed to wait until the end of the month if half of the rent is paid by then.",
    "The food bank has a place in the weekly round; the parcel takes account of an allergy to nuts.",
    "Bus passes for four weeks were given out, and the way to the clinic was walked through once together.",
    "The application was sent and received; an answer is expected within six weeks at the latest.",
    "The client set this goal in their own words and wants to go through it again after a month.",
    "Next step: talk to the case worker of the partner organisation and agree who does what by when.",
)
DEEDS = (
    "Help to fill in the application for a housing voucher",
    "Accompany the client to the appointment at the housing office",
    "Arrange a weekly food parcel and review it after a month",
    "Make a budget together and list the debts that cannot wait",
    "Refer to the employment service and prepare the first talk",
    "Call the transport scheme and book the rides to the clinic",
    "Find a group nearby that meets in the evening and go there once together",
    "Review the plan with the client and the care team",
)


def coding(system: str, code: str, display: str | None = None) -> Document:
    """A Coding."""
    return {"system": system, "code": code} | ({"display": display} if display else {})


def concept(system: str, code: str, text: str | None = None) -> Document:
    """A CodeableConcept with one coding."""
    return {"coding": [coding(system, code)]} | ({"text": text} if text else {})


def reference(to: str, display: str | None = None) -> Document:
    """A Reference such as `Patient/p1`."""
    return {"reference": to} | ({"display": display} if display else {})

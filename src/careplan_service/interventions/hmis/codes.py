"""HMIS codes as they came, with what FHIR says of answers that are missing.

https://hl7.org/fhir/R4/codesystem-data-absent-reason.html

The lists are HUD's and are not served here: the system of a code says which column it stands in.
"""

from __future__ import annotations

from collections.abc import Mapping

from careplan_service.interventions.canonical import BASE, Document, extension, hmis, sw

ABSENT_URL = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
ABSENT = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
REASONS: Mapping[str, tuple[str, str]] = {
    "8": ("asked-unknown", "Asked But Unknown"),
    "9": ("asked-declined", "Asked But Declined"),
    "99": ("not-asked", "Not Asked"),
}
"""Client doesn't know, client prefers not to answer, data not collected."""


def coding(column: str, code: str) -> Document:
    """The code as it stands in a column."""
    return {"system": hmis(column), "code": code}


def kept(column: str, code: str | None) -> list[Document]:
    """The extension that keeps a code where FHIR has no element for it."""
    return extension(sw("hmis-code"), valueCoding=coding(column, code) if code else None)


def absent(code: str | None) -> list[Document]:
    """The extension of an element of a person that has no value: why.

    The code stays in the rows: in the person's own document it would tell everybody of HMIS.
    """
    return [{"url": ABSENT_URL, "valueCode": REASONS[code][0]}] if code and code in REASONS else []


def answer(column: str, code: str) -> Document:
    """`value[x]` or `dataAbsentReason` of an Observation: the code itself is in either."""
    own = coding(column, code)
    if code not in REASONS:
        return {"valueCodeableConcept": {"coding": [own]}}
    reason, display = REASONS[code]
    return {"dataAbsentReason": {"coding": [{"system": ABSENT, "code": reason, "display": display}, own]}}


def identifier_system(agency: str, column: str) -> str:
    """The system of an agency's identifiers of one column: `PersonalID` of `Organization/x`.

    It says nothing of HMIS, so that a person's document does not.
    """
    return f"{BASE}/identifier/{agency.partition('/')[2]}/{column}"

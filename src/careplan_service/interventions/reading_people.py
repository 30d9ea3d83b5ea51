"""Reads people back: the client system and the team of a plan.

https://hl7.org/fhir/R4/patient.html https://hl7.org/fhir/R4/careteam.html
"""

from __future__ import annotations

from typing import Any

from careplan_service.access.barring import alleged
from careplan_service.errors import Invalid
from careplan_service.interventions.canonical import (
    INTERPRETER_REQUIRED,
    extension_value,
    extension_values,
    sw,
)
from careplan_service.interventions.plan import (
    ClientSystem,
    EmergencyContact,
    Identifier,
    Member,
    Participant,
    Person,
)
from careplan_service.interventions.reading import Readings, Resource, day


def read_client_system(careplan: Resource, readings: Readings) -> ClientSystem:
    """The client system, from the CarePlan's extension and the documents of its members."""
    parts = extension_value(careplan, sw("client-system"))
    if parts is None:
        raise Invalid(
            f"the CarePlan has no extension `{sw('client-system')}`", expression="CarePlan.extension"
        )
    told = {"extension": parts}
    return ClientSystem(
        kind=extension_value(told, "kind"),
        name=extension_value(told, "name"),
        members=tuple(_member({"extension": part}, readings) for part in _members(parts, careplan, readings)),
        identifier=_identifier([extension_value(told, "identifier")]),
        size=extension_value(told, "size"),
        locality=extension_value(told, "locality"),
        description=extension_value(told, "description"),
        sensitivity=tuple(extension_values(told, sw("sensitivity"))),
    )


def _members(parts: list[Resource], careplan: Resource, readings: Readings) -> list[Any]:
    members = [part["extension"] for part in parts if part["url"] == "member"]
    for member in members:
        ref = extension_value({"extension": member}, "person")["reference"]
        readings.names[ref] = _name(readings.get(ref))
    readings.names[careplan["subject"]["reference"]] = "client"
    return members


def _name(document: Resource) -> str:
    name = document["name"][0]
    return " ".join([*name.get("given", ()), *([name["family"]] if "family" in name else [])])


def _member(told: Resource, readings: Readings) -> Member:
    ref = extension_value(told, "person")["reference"]
    document = readings.get(ref)
    name = document["name"][0]
    hidden = {point["system"]: point["value"] for point in extension_values(told, "contact")}
    shown = {point["system"]: point["value"] for point in document.get("telecom", ())}
    numbers = document.get("identifier", ())
    first = _identifier(numbers)
    address = extension_value(told, "address") or next(
        (one["text"] for one in document.get("address", ())), None
    )
    language: Resource = next((one["language"] for one in document.get("communication", ())), {})
    interpreter = INTERPRETER_REQUIRED if ref.startswith("Patient/") else sw("interpreter-required")
    person = Person(
        given=" ".join(name.get("given", ())) or None,
        family=name.get("family"),
        identifier=first,
        birth_date=day(document.get("birthDate")),
        gender=document.get("gender"),
        phone=hidden.get("phone") or shown.get("phone"),
        email=hidden.get("email") or shown.get("email"),
        address=address,
        language=language.get("text"),
        interpreter=extension_value(document, interpreter) is True,
        safe_contact=extension_value(told, "safe-contact"),
        address_confidential=extension_value(told, "confidential") is True,
        pronouns=extension_value(document, sw("pronouns")),
        identifiers=tuple(
            number for one in numbers if _stated(one) and (number := _identifier([one])) and number != first
        ),
        emergency_contact=_rung(extension_value(told, "emergency-contact"))
        or _rung(extension_value(document, sw("emergency-contact")))
        or next((_contact(one) for one in document.get("contact", ()) if _stated(one)), None),
        guardian=_guardian(extension_value(told, "guardian"), readings),
    )
    return Member(
        person,
        role=extension_value(told, "role"),
        client=ref.startswith("Patient/"),
        alleged_abuser=alleged(document),
        sensitivity=tuple(extension_values(told, sw("sensitivity"))),
    )


def _stated(part: Resource) -> bool:
    """Whether the plan says it, and not somebody else."""
    return extension_value(part, sw("stated")) is True


def _rung(parts: list[Resource] | None) -> EmergencyContact | None:
    told = {"extension": parts or []}
    names = ("name", "phone", "relationship")
    return EmergencyContact(*(extension_value(told, name) for name in names)) if parts else None


def _contact(contact: Resource) -> EmergencyContact:
    kinds = [one["text"] for one in contact.get("relationship", ()) if "coding" not in one]
    phones = [one["value"] for one in contact.get("telecom", ()) if one.get("system") == "phone"]
    return EmergencyContact(contact["name"]["text"], next(iter(phones), None), next(iter(kinds), None))


def _guardian(told: Any, readings: Readings) -> str | None:
    return readings.who(told["reference"]) if isinstance(told, dict) else told


def _identifier(of: Any) -> Identifier | None:
    found = next((one for one in of if one), None)
    return Identifier(found["system"], found["value"]) if found else None


def read_team(careplan: Resource, readings: Readings) -> tuple[Participant | None, tuple[Participant, ...]]:
    """The responsible worker and the participants, from the CareTeam."""
    worker, participants = None, []
    for ref in careplan.get("careTeam", ()):
        for part in readings.get(ref["reference"])["participant"]:
            one = _participant(part, readings)
            responsible = extension_value(part, sw("responsible")) is True
            readings.names[part["member"]["reference"]] = "worker" if responsible else one.label
            if responsible:
                worker = one
            else:
                participants.append(one)
    return worker, tuple(participants)


def _participant(part: Resource, readings: Readings) -> Participant:
    member = readings.get(part["member"]["reference"])
    person = agency = None
    if member["resourceType"] == "PractitionerRole":
        person = readings.get(member["practitioner"]["reference"])
        agency = readings.get(member["organization"]["reference"])
    elif member["resourceType"] == "Organization":
        agency = member
    else:
        person = member
    return Participant(
        role=part["role"][0]["text"],
        name=_practitioner_name(person) if person else None,
        agency=agency["name"] if agency else None,
        identifier=_identifier(person.get("identifier", ())) if person else None,
        agency_identifier=_identifier(agency.get("identifier", ())) if agency else None,
        sensitivity=tuple(extension_values(part, sw("sensitivity"))),
    )


def _practitioner_name(practitioner: Resource) -> str:
    name = practitioner["name"][0]
    return str(name.get("text") or _name(practitioner))

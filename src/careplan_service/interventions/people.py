"""The client system of a plan as Patient, RelatedPerson and Group.

https://hl7.org/fhir/R4/patient.html https://hl7.org/fhir/R4/group.html

What could lead somebody to a person in danger (safe-contact instruction, confidential address, every contact
detail in a plan that touches violence) is written into the CarePlan only, which carries the labels for it.
"""

from __future__ import annotations

import re

from careplan_service.interventions import canonical
from careplan_service.interventions.canonical import Document, concept, element, extension, reference, sw
from careplan_service.interventions.draft import Draft, identifier
from careplan_service.interventions.plan import EmergencyContact, Identifier, Member, Person
from careplan_service.interventions.sensitivity import ALLEGED, Labels, found_in, marked
from careplan_service.interventions.terms import CLIENT_SYSTEMS, normal

GROUP_CODE = "http://terminology.hl7.org/CodeSystem/group-code"

RELATIONSHIPS = {
    "spouse": ("SPS", "spouse"),
    "domestic partner": ("DOMPART", "domestic partner"),
    "parent": ("PRN", "parent"),
    "mother": ("MTH", "mother"),
    "father": ("FTH", "father"),
    "child": ("CHILD", "child"),
    "foster child": ("CHLDFOST", "foster child"),
    "sibling": ("SIB", "sibling"),
    "grandparent": ("GRPRN", "grandparent"),
    "guardian": ("GUARD", "guardian"),
    "friend": ("FRND", "unrelated friend"),
    "neighbour": ("NBOR", "neighbor"),
    "neighbor": ("NBOR", "neighbor"),
}
EMERGENCY = concept("http://terminology.hl7.org/CodeSystem/v2-0131", "C", "Emergency Contact")
STATED = extension(sw("stated"), valueBoolean=True)
"""What the plan says of a person, beside what others put into the same list."""
LANGUAGE_TAG = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?")


def relationship(text: str | None) -> list[Document]:
    """`RelatedPerson.relationship`."""
    if text is None:
        return []
    code, display = RELATIONSHIPS.get(normal(text), ("", ""))
    coding = concept(canonical.ROLE_CODE, code, display) if code else {}
    return [{**coding, "text": text}]


def in_danger(member: Member) -> bool:
    """Whether the plan says itself that finding this person is dangerous, or that the person is."""
    person = member.person
    told = person.address_confidential or person.safe_contact is not None
    return told or member.alleged_abuser is True


def contact_is_confidential(labels: Labels) -> bool:
    """Whether contact details must stay out of the documents of the people of a plan with these labels."""
    return "SDV" in labels


def name_members(draft: Draft) -> None:
    """Gives every member a reference, and the plan its subject: the index client, or else the Group."""
    system = draft.plan.client_system
    for i, member in enumerate(system.members):
        type_ = "Patient" if member.client else "RelatedPerson"
        known = draft.on_record(type_, member.person.identifier) if member.client else None
        draft.members.append(known or draft.reserve(type_, f"member {i}"))
        draft.who.setdefault(member.person.name, draft.members[-1])
    if system.kind != "individual":
        draft.group = draft.on_record("Group", system.identifier) or draft.reserve("Group", "client system")
    index = system.index_client
    draft.subject = draft.members[system.members.index(index)] if index else draft.group
    draft.who["client"] = draft.subject


def write_members(draft: Draft, labels: Labels) -> list[Document]:
    """Writes every member; gives the `member` parts of the CarePlan's `sw-client-system` extension.

    `labels` are those of the whole plan: they decide whether contact details may show.
    """
    members = draft.plan.client_system.members
    for member, target in zip(members, draft.members, strict=True):
        if target not in draft.known.values():
            _write_member(draft, member, target, labels)
    return [_member(draft, *both, labels) for both in zip(members, draft.members, strict=True)]


def _write_member(draft: Draft, member: Member, target: str, labels: Labels) -> None:
    content = _person(member.person, labels, target.partition("/")[0])
    if not member.client:
        content |= element(
            patient=reference(draft.subject),
            relationship=relationship(member.role),
            extension=[*content.get("extension", ()), *_barred(draft, member)],
        )
    own = found_in(content) | marked(member.sensitivity)
    draft.write(target, own | ALLEGED if member.alleged_abuser else own, **content)


def _barred(draft: Draft, member: Member) -> list[Document]:
    """Whether somebody is to be kept from the records of the clients, of all of them."""
    others = [one for one in draft.members if one.startswith("Patient/") and one != draft.subject]
    return [
        *extension(sw("alleged-abuser"), valueBoolean=member.alleged_abuser),
        *(
            part
            for one in others
            if member.alleged_abuser
            for part in extension(sw("kept-from"), valueReference=reference(one))
        ),
    ]


def _person(person: Person, labels: Labels, type_: str) -> Document:
    shown = Person() if contact_is_confidential(labels) else person
    interpreter = canonical.INTERPRETER_REQUIRED if type_ == "Patient" else sw("interpreter-required")
    language = element(
        coding=[{"system": "urn:ietf:bcp:47", "code": person.language}]
        if LANGUAGE_TAG.fullmatch(person.language or "")
        else [],
        text=person.language,
    )
    contact = shown.emergency_contact
    return element(
        extension=[
            *extension(interpreter, valueBoolean=True if person.interpreter else None),
            *extension(sw("pronouns"), valueString=person.pronouns),
            *(extension(sw("emergency-contact"), extension=_rung(contact)) if type_ != "Patient" else []),
        ],
        identifier=[*identifier(person.identifier), *map(_further, person.identifiers)],
        name=[element(family=person.family, given=[person.given] if person.given else [])],
        telecom=telecom(shown),
        gender=person.gender,
        birthDate=person.birth_date.isoformat() if person.birth_date else None,
        address=[{"text": shown.address}] if shown.address else [],
        contact=[_contact(contact)] if contact and type_ == "Patient" else [],
        communication=[{"language": language}] if language else [],
    )


def _further(of: Identifier) -> Document:
    return {"extension": STATED, "system": of.system, "value": of.value}


def _contact(contact: EmergencyContact) -> Document:
    """`Patient.contact`."""
    return element(
        extension=STATED,
        relationship=[EMERGENCY, *([{"text": contact.relationship}] if contact.relationship else [])],
        name={"text": contact.name},
        telecom=telecom(Person(phone=contact.phone)),
    )


def _rung(contact: EmergencyContact | None) -> list[Document]:
    """An emergency contact where there is no element for it."""
    if contact is None:
        return []
    return [
        *extension("name", valueString=contact.name),
        *extension("phone", valueString=contact.phone),
        *extension("relationship", valueString=contact.relationship),
    ]


def telecom(person: Person) -> list[Document]:
    """`telecom`: phone, then e-mail."""
    found = (("phone", person.phone), ("email", person.email))
    return [{"system": system, "value": value} for system, value in found if value]


def _guardian(draft: Draft, guardian: str | None) -> list[Document]:
    """Who decides for somebody: a member, or whoever the words say."""
    target = draft.who.get(guardian or "")
    if target in draft.members:
        return extension("guardian", valueReference=reference(target))
    return extension("guardian", valueString=guardian)


def _member(draft: Draft, member: Member, target: str, labels: Labels) -> Document:
    person = member.person
    hidden = person if contact_is_confidential(labels) else Person()
    parts = [
        *extension("person", valueReference=reference(target)),
        *extension("role", valueString=member.role),
        *extension("safe-contact", valueString=person.safe_contact),
        *extension("confidential", valueBoolean=True if person.address_confidential else None),
        *(part for point in telecom(hidden) for part in extension("contact", valueContactPoint=point)),
        *extension("address", valueString=hidden.address),
        *extension("emergency-contact", extension=_rung(hidden.emergency_contact)),
        *_guardian(draft, person.guardian),
        *marks(member.sensitivity),
    ]
    return {"url": "member", "extension": parts}


def marks(sensitivity: tuple[str, ...]) -> list[Document]:
    """The labels that a person set by hand, kept apart from those that the rules find."""
    return [part for mark in sensitivity for part in extension(sw("sensitivity"), valueCode=mark)]


def write_group(draft: Draft, labels: Labels) -> None:
    """Writes the Group of a client system that is more than one person.

    Membership of a group that was formed for the intervention tells why somebody is in it, so its Group has
    the `labels` of the whole plan.
    """
    system = draft.plan.client_system
    if system.kind == "individual" or draft.group in draft.known.values():
        return
    organisation = _write_client_organisation(draft) if system.kind == "organisation" else None
    code = CLIENT_SYSTEMS.fhir(system.kind)
    clients = [target for target in draft.members if target.startswith("Patient/")]
    content = element(
        identifier=identifier(system.identifier),
        active=True,
        type="person",
        code=concept(GROUP_CODE, code, code.capitalize()),
        name=system.name,
        quantity=system.size,
        managingEntity=reference(organisation),
        member=[{"entity": reference(client)} for client in clients],
    )
    # grp-1: only an actual group has members
    content["actual"] = bool(clients)
    own = found_in(content) | marked(system.sensitivity)
    draft.write(draft.group, own | labels if system.kind == "group" else own, **content)


def _write_client_organisation(draft: Draft) -> str:
    system = draft.plan.client_system
    known = draft.on_record("Organization", system.identifier)
    if known:
        return known
    content = element(identifier=identifier(system.identifier), active=True, name=system.name)
    labels = found_in(content) | marked(system.sensitivity)
    return draft.write(draft.reserve("Organization", "client system"), labels, **content)

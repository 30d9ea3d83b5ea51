"""Who a plan of others is about, who wrote it, and who takes part.

https://hl7.org/fhir/R4/careplan-definitions.html#CarePlan.subject https://hl7.org/fhir/R4/careteam.html
"""

from __future__ import annotations

from datetime import date

from careplan_service.interventions.foreign.marks import INFERRED, KNOWN
from careplan_service.interventions.foreign.place import Place
from careplan_service.interventions.foreign.reading import Reading, concept_text, name_text, title
from careplan_service.interventions.plan import ClientSystem, Identifier, Member, Participant, Person
from careplan_service.interventions.terms import CLIENT_SYSTEMS, GENDERS


def client_system(care_plan: Place, reading: Reading) -> ClientSystem:
    """The client system: a Patient is an individual, a Group what its code says."""
    subject = care_plan.at("subject")
    found = reading.follow(subject)
    ref = subject.at("reference").text
    reading.names[ref] = "client"
    if found is not None and found.at("resourceType").value == "Group":
        return _group(subject, found, reading)
    reading.mark("client_system.kind", subject.at("type"), KNOWN, "CarePlan.subject")
    if found is None:
        return ClientSystem("individual", members=_displayed(subject, reading))
    reading.came("client_system.members[0]", subject, found)
    member = Member(_person(found))
    subject.at("display").say_if(member.person.name)
    return ClientSystem("individual", members=(member,))


def _displayed(subject: Place, reading: Reading) -> tuple[Member, ...]:
    """Somebody of whom only a name is at hand."""
    if not subject.at("display"):
        return ()
    name = subject.at("display").text
    reading.mark(
        "client_system.members[0].given", subject.at("display"), INFERRED, "the name as it stands there"
    )
    if subject.at("reference"):
        reading.came("client_system.members[0]", subject)
    return (Member(Person(given=name)),)


def _group(subject: Place, group: Place, reading: Reading) -> ClientSystem:
    codes = {one.value for one in (coding.at("code") for coding in group.each("code", "coding"))}
    kind = next((t.code for t in CLIENT_SYSTEMS.by_code.values() if t.fhir and t.fhir in codes), None)
    kind = kind or CLIENT_SYSTEMS.code(concept_text(group.at("code").value)) or "group"
    reading.mark("client_system.kind", group.at("type"), INFERRED, "CarePlan.subject is a Group")
    reading.came("client_system", subject, group)
    members: list[Member] = []
    for entity in (one.at("entity") for one in group.each("member")):
        person = reading.follow(entity)
        if person is not None and person.at("resourceType").value == "Patient":
            reading.came(f"client_system.members[{len(members)}]", entity, person)
            members.append(Member(_person(person)))
            reading.names[entity.at("reference").text] = members[-1].person.name
    size = group.at("quantity").value
    name = group.at("name").text or concept_text(group.at("code").value)
    subject.at("display").say_if(name)
    identifier = _identifier(group)
    return ClientSystem(
        kind, name or None, tuple(members), identifier, size if isinstance(size, int) else None
    )


def _person(of: Place) -> Person:
    """A person as far as the resource says who it is; dates that are no days stay there."""
    name = of.at("name", 0)
    points = {point.at("system").text: point.at("value").text for point in reversed(of.each("telecom"))}
    given = " ".join(str(one) for one in name.at("given").value or ()) or None
    family = name.at("family").text or None
    born = of.at("birthDate").text
    gender = of.at("gender").text
    return Person(
        given=given if given or family else name_text(name.value) or title(of) or None,
        family=family,
        identifier=_identifier(of),
        birth_date=_day(born),
        gender=gender if gender in GENDERS.by_code else None,
        phone=points.get("phone") or None,
        email=points.get("email") or None,
        address=of.at("address", 0, "text").text or None,
        language=concept_text(of.at("communication", 0, "language").value) or None,
    )


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if len(text) == len("2025-01-31") else None


def _identifier(of: Place) -> Identifier | None:
    for one in of.each("identifier"):
        if one.at("system").text and one.at("value").text:
            return Identifier(one.at("system").text, one.at("value").text)
    return None


def team(care_plan: Place, reading: Reading) -> tuple[Participant | None, tuple[Participant, ...]]:
    """The worker, who is the author if that is a person, and everybody else who takes part."""
    worker = _author(care_plan.at("author"), reading)
    others: list[Participant] = []
    for n, ref in enumerate(care_plan.each("careTeam")):
        found = reading.follow(ref)
        if found is None:
            continue
        reading.came(f"team[{n}]", ref, found)
        for part in found.each("participant"):
            one = _participant(part, f"participants[{len(others)}]", reading)
            if one is not None:
                others.append(one)
    for ref in care_plan.each("contributor"):
        if reading.names.get(ref.at("reference").text) in ("client", "worker"):
            continue
        one = _somebody(ref, f"participants[{len(others)}]", "contributor", reading)
        if one is not None:
            others.append(one)
    return worker, tuple(others)


def _author(author: Place, reading: Reading) -> Participant | None:
    if not author or author.at("reference").text.partition("/")[0] in ("Organization", "CareTeam", "Patient"):
        return None
    worker = _somebody(author, "worker", "author", reading)
    if worker is not None and author.at("reference").text:
        reading.names[author.at("reference").text] = "worker"
    return worker


def _participant(part: Place, field: str, reading: Reading) -> Participant | None:
    member = part.at("member")
    if reading.names.get(member.at("reference").text) in ("client", "worker"):
        return None  # who is known already stays where it stands
    role = concept_text(part.at("role", 0).value)
    one = _somebody(member, field, role, reading)
    if one is not None and role:
        reading.mark(f"{field}.role", part.at("role", 0), KNOWN, "its text")
    return one


def _somebody(ref: Place, field: str, role: str, reading: Reading) -> Participant | None:
    """Whoever a Reference leads to, or only names."""
    found = reading.follow(ref)
    person, agency, name = found, None, ""
    if found is not None and found.at("resourceType").value == "PractitionerRole":
        person, agency = reading.follow(found.at("practitioner")), reading.follow(found.at("organization"))
        name = found.at("practitioner", "display").text
    elif found is not None and found.at("resourceType").value in ("Organization", "CareTeam"):
        person, agency = None, found
    if person is not None:
        name = name_text(person.at("name", 0).value) or title(person)
    named = agency.at("name").text if agency is not None else ""
    name = name or ("" if named else ref.at("display").text)
    if not name and not named:
        return None
    if ref.at("reference"):
        reading.came(field, ref, found)
        reading.names.setdefault(ref.at("reference").text, name or named)
    ref.at("display").say_if(name or named)
    return Participant(
        role=role,
        name=name or None,
        agency=named or None,
        identifier=_identifier(person) if person is not None else None,
        agency_identifier=_identifier(agency) if agency is not None else None,
    )

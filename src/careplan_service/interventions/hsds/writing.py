"""A directory of services as FHIR R4: HealthcareService, Organization, Location.

https://hl7.org/fhir/R4/healthcareservice.html

Where a service is that must not be found, its Location says nothing but that it is there: a refuge is
recognised by the triggers of `data/sensitivity.csv` in all that is said of it (`sensitivity.found_in`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from careplan_service.interventions.canonical import BASE, Document, element, extension, reference, sw
from careplan_service.interventions.hsds.elements import (
    address,
    area,
    costs,
    details,
    language,
    on_the_net,
    once,
    person,
    present,
    schedules,
    telecom,
    types,
)
from careplan_service.interventions.hsds.hours import hours
from careplan_service.interventions.hsds.reading import Directory
from careplan_service.interventions.hsds.tables import Record
from careplan_service.interventions.sensitivity import NONE, Labels, found_in, security
from careplan_service.interventions.writing_notes import ABSENT

HIDING: Labels = frozenset({"SDV", "LOCIS", "PATLOC"})
"""Labels that an address is not shown with."""
PROVIDER: Labels = frozenset({"SSP"})
TYPES = {"organization": "Organization", "location": "Location", "service": "HealthcareService"}


@dataclass
class Writer:
    """Writes the documents of a directory; `agency` is whose directory it is (`Organization/x`).

    `place` gives the reference of a record by kind and HSDS id. `hidden` and `provided` are the labels that
    locations and organizations have from the services there, by HSDS id.
    """

    directory: Directory
    agency: str
    place: Callable[[str, str], str | None]
    hidden: dict[str, Labels] = field(default_factory=dict)
    provided: dict[str, Labels] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for one in self.directory.locations.values():
            self.hide(one, found_in(_texts(one)))
        by_provider: dict[str, list[Labels]] = {}
        for service in self.directory.services.values():
            labels = self._of_service(service) & (HIDING | PROVIDER)
            for at in service.all("service_at_locations"):
                for location in at.all("location"):
                    self.hide(location, labels)
            for organization in service.all("organization"):
                by_provider.setdefault(organization.id, []).append(labels)
        for id_, all_of_it in by_provider.items():
            # who has other services as well does not become a secret by one of them
            self.provided[id_] = frozenset.intersection(*all_of_it)

    def hide(self, location: Record, labels: Labels) -> None:
        """Give a location labels besides those it has."""
        self.hidden[location.id] = self.hidden.get(location.id, NONE) | labels

    def _of_service(self, service: Record) -> Labels:
        return found_in(_texts(service)) | found_in(types(self.agency, service))

    def is_hidden(self, location: Record) -> bool:
        """Whether nobody may learn where it is."""
        return bool(self.hidden.get(location.id, NONE) & HIDING)

    def organization(self, record: Record) -> Document:
        """The Organization."""
        said = record.said
        taxes = [{"type": {"text": "tax id"}, "value": said["tax_id"]}] if "tax_id" in said else []
        return self._document(
            record,
            self.provided.get(record.id, NONE),
            identifier_too=taxes,
            active=True,
            name=said["name"],
            alias=[said["alternate_name"]] if "alternate_name" in said else [],
            telecom=[*telecom(record), *on_the_net(said, "email", "website", "uri")],
            partOf=reference(self.place("organization", said.get("parent_organization_id", ""))),
            contact=[
                element(
                    name=element(text=one.said.get("name")),
                    purpose=element(text=", ".join(present(one.said, "title", "department"))),
                    telecom=[*telecom(one), *on_the_net(one.said, "email")],
                )
                for one in record.all("contacts")
            ],
        )

    def location(self, record: Record) -> Document:
        """The Location: of a hidden one, that it is there."""
        said, labels = record.said, self.hidden.get(record.id, NONE)
        if self.is_hidden(record):
            masked = extension(ABSENT, valueCode="masked")
            return self._document(record, labels, status="active", address={"extension": masked})
        about = [
            said.get("description"),
            said.get("transportation") and f"How to get there: {said['transportation']}",
        ]
        position = {name: Decimal(said[name]) for name in ("longitude", "latitude") if name in said}
        kind = said.get("location_type", "physical")
        return self._document(
            record,
            labels,
            status="active",
            name=said.get("name"),
            alias=[said["alternate_name"]] if "alternate_name" in said else [],
            description="\n".join(text for text in about if text),
            type=[{"text": kind}] if kind != "physical" else [],
            telecom=telecom(record),
            address=address(record),
            position=position if len(position) == 2 else None,
            hoursOfOperation=[
                element(daysOfWeek=days, openingTime=opens, closingTime=closes)
                for days, opens, closes in hours(record.all("schedules"))
            ],
            extension=schedules(record),
        )

    def service(self, record: Record) -> Document:
        """The HealthcareService."""
        said = record.said
        contacts = record.all("contacts")
        places = [at.one("location") for at in record.all("service_at_locations")]
        ages = [f"from {said['minimum_age']}"] if "minimum_age" in said else []
        ages += [f"to {said['maximum_age']}"] if "maximum_age" in said else []
        eligible = element(code=element(text=" ".join(["age", *ages]) if ages else None),
                           comment=said.get("eligibility_description"))  # fmt: skip
        owner = record.one("organization")
        return self._document(
            record,
            self._of_service(record),
            active=said["status"].lower() == "active",
            providedBy=reference(self.place("organization", owner.id)) if owner else None,
            type=types(self.agency, record),
            location=[reference(ref) for one in places if one and (ref := self.place("location", one.id))],
            name=said["name"],
            comment=said.get("description"),
            extraDetails="\n\n".join([*details(said), *map(person, contacts)]),
            telecom=once(
                [
                    *telecom(record),
                    *on_the_net(said, "email", "url"),
                    *(one for at in record.all("service_at_locations") for one in telecom(at)),
                    *(one for who in contacts for one in telecom(who)),
                    *(one for who in contacts for one in on_the_net(who.said, "email")),
                ]
            ),
            coverageArea=[
                {"display": text} for one in record.all("service_areas") if (text := area(one.said))
            ],
            serviceProvisionCode=[{"text": said["fees_description"]}] if "fees_description" in said else [],
            eligibility=[eligible] if eligible else [],
            program=[{"text": one.said["name"]} for one in record.all("program")],
            communication=[language(one.said) for one in record.all("languages")],
            availableTime=[
                element(daysOfWeek=days, availableStartTime=opens, availableEndTime=closes)
                for days, opens, closes in hours(record.all("schedules"))
            ],
            extension=[
                *extension(sw("service-status"), valueCode=said["status"].lower().replace(" ", "-")),
                *costs(record),
                *(
                    part
                    for one in record.all("required_documents")
                    for part in extension(
                        sw("required-document"), valueString=" ".join(present(one.said, "document", "uri"))
                    )
                ),
                *schedules(record),
            ],
        )

    def _document(
        self, record: Record, labels: Labels, identifier_too: Iterable[Document] = (), **content: Any
    ) -> Document:
        said = element(**content)
        return {
            "resourceType": TYPES[record.kind],
            "meta": {"security": security(labels | found_in(said))},
            "identifier": [
                {"system": identifier_system(self.agency, record.kind), "value": record.id},
                *identifier_too,
            ],
            **said,
        }


def identifier_system(agency: str, kind: str) -> str:
    """Whose ids the services, organizations or locations of an agency's directory have."""
    return f"{BASE}/identifier/{agency.partition('/')[2]}/hsds-{kind}"


def _texts(record: Record) -> list[Any]:
    """All that is said of a record and in what it holds, but not of its provider and its places."""
    apart = ("organization", "location", "locations")
    inner = [_texts(one) for name, held in record.parts.items() if name not in apart for one in held]
    return [*record.said.values(), *inner]

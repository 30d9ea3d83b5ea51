"""The tables of HSDS 3.x that are taken: their fields, which must be there, and how they hang together.

http://docs.openreferral.org/en/latest/hsds/schema_reference.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple


class Link(NamedTuple):
    """A record that holds others: by name in JSON, by a key in CSV.

    Of `many` the key stands in the part's table, of one in the holder's.
    """

    holder: str
    name: str
    part: str
    key: str
    many: bool = True


LINKS = (
    Link("service", "organization", "organization", "organization_id", many=False),
    Link("service", "program", "program", "program_id", many=False),
    Link("service", "phones", "phone", "service_id"),
    Link("service", "schedules", "schedule", "service_id"),
    Link("service", "service_areas", "service_area", "service_id"),
    Link("service", "service_at_locations", "service_at_location", "service_id"),
    Link("service", "languages", "language", "service_id"),
    Link("service", "cost_options", "cost_option", "service_id"),
    Link("service", "required_documents", "required_document", "service_id"),
    Link("service", "contacts", "contact", "service_id"),
    Link("service", "attributes", "attribute", "link_id"),
    Link("service_at_location", "location", "location", "location_id", many=False),
    Link("service_at_location", "phones", "phone", "service_at_location_id"),
    Link("organization", "phones", "phone", "organization_id"),
    Link("organization", "contacts", "contact", "organization_id"),
    Link("organization", "locations", "location", "organization_id"),
    Link("location", "addresses", "address", "location_id"),
    Link("location", "phones", "phone", "location_id"),
    Link("location", "schedules", "schedule", "location_id"),
    Link("contact", "phones", "phone", "contact_id"),
    Link("attribute", "taxonomy_term", "taxonomy_term", "taxonomy_term_id", many=False),
)
OF: Mapping[str, tuple[Link, ...]] = {
    holder: tuple(link for link in LINKS if link.holder == holder) for holder, *_ in LINKS
}
"""The links of each holder."""

_SCHEDULE = (
    "valid_from valid_to dtstart timezone until count wkst freq interval byday byweekno bymonthday byyearday"
    " description opens_at closes_at schedule_link attending_type notes"
)
_COST = "valid_from valid_to option currency amount amount_description"
TAKEN: Mapping[str, frozenset[str]] = {
    kind: frozenset(names.split())
    for kind, names in {
        "service": "id name alternate_name description url email status interpretation_services"
        " application_process fees_description wait_time accreditations eligibility_description minimum_age"
        " maximum_age licenses alert",
        "organization": "id name alternate_name email website tax_id parent_organization_id uri",
        "location": "id location_type name alternate_name description transportation latitude longitude",
        "service_at_location": "id",
        "program": "id name",
        "phone": "id number extension type",
        "contact": "id name title department email",
        "address": "id attention address_1 address_2 city region state_province postal_code country"
        " address_type",
        "schedule": f"id {_SCHEDULE}",
        "service_area": "id name description",
        "language": "id name code",
        "cost_option": f"id {_COST}",
        "required_document": "id document uri",
        "attribute": "id value link_entity",
        "taxonomy_term": "id code name taxonomy taxonomy_detail term_uri",
    }.items()
}
"""Fields that become something here; what else is filled in is told, and stays behind."""
KEYS = frozenset(link.key for link in LINKS)
NEEDED: Mapping[str, tuple[str, ...]] = {
    "service": ("id", "name", "status"),
    "organization": ("id", "name"),
    "location": ("id",),
    "phone": ("number",),
    "program": ("name",),
    "taxonomy_term": ("name",),
    "required_document": ("document",),
}
PLURALS = {"address": "addresses"}
LATER = frozenset(
    {"accessibility", "funding", "meta_table_description", "metadata", "organization_identifier",
     "service_capacity", "taxonomy", "unit", "url"}
)  # fmt: skip
"""Tables of HSDS of which nothing is taken."""
STATUSES = ("active", "inactive", "defunct", "temporarily closed")
SCHEDULE, COST = tuple(_SCHEDULE.split()), tuple(_COST.split())
"""What a schedule and a cost option say, in the order of the standard."""


def file_of(kind: str) -> str:
    """The usual name of a table's file: `services.csv`."""
    return f"{PLURALS.get(kind, f'{kind}s')}.csv"


@dataclass(frozen=True)
class Record:
    """One record: its filled fields as text, the place that it has in the file, and the records it holds."""

    kind: str
    said: Mapping[str, str]
    place: str
    is_row: bool = False
    parts: dict[str, list[Record]] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """Its HSDS id, or nothing."""
        return self.said.get("id", "")

    def at(self, name: str) -> str:
        """Where a field of it stands."""
        return f'{self.place}, column "{name}"' if self.is_row else f"{self.place}.{name}"

    def one(self, name: str) -> Record | None:
        """The record that it holds under that name, if there is one."""
        return next(iter(self.parts.get(name, ())), None)

    def all(self, name: str) -> list[Record]:
        """The records that it holds under that name."""
        return self.parts.get(name, [])

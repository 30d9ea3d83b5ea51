"""An HSDS directory is read: compiled JSON or a folder of CSV files; faults by path, or by file and row.

http://docs.openreferral.org/en/latest/hsds/serialization.html
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from careplan_service.errors import Fault, Invalid
from careplan_service.interventions import csv_text
from careplan_service.interventions.file_text import json_in
from careplan_service.interventions.hsds.checks import faults_in
from careplan_service.interventions.hsds.tables import KEYS, LATER, LINKS, OF, TAKEN, Record, file_of
from careplan_service.interventions.intake_fields import did_you_mean, quoted

_LISTS = ("contents", "services")
_NOT_A_LIST = "write a list of services, or an object with `contents`"


@dataclass
class Directory:
    """What was read, by HSDS id and in order; what was filled in and is not taken, with how often."""

    services: dict[str, Record] = field(default_factory=dict)
    organizations: dict[str, Record] = field(default_factory=dict)
    locations: dict[str, Record] = field(default_factory=dict)
    left: Counter[str] = field(default_factory=Counter)
    faults: list[Fault] = field(default_factory=list)
    is_part: bool = False  # a page of more

    def require(self) -> None:
        """Raise Invalid with every fault, or where there is no service."""
        if not self.services and not self.faults:
            raise Invalid("the directory has no service: nothing was changed")
        if self.faults:
            text = f"the directory has {len(self.faults)} fault{'s' * (len(self.faults) > 1)}"
            raise Invalid(text, faults=self.faults)


def directory_from_json(data: bytes) -> Directory:
    """The services of a JSON file: a list, a page of the API with `contents`, or one service.

    Raises Invalid for what cannot be read, and with every fault, `expression` being `services[3].name`.
    """
    said = json_in(data, parse_float=str, parse_int=str)
    name = next((one for one in _LISTS if isinstance(said, Mapping) and one in said), "")
    listed = said[name] if name else [said] if isinstance(said, Mapping) else said
    if not isinstance(listed, list):
        raise Invalid(_NOT_A_LIST, expression=name or None)
    pages = said.get("total_pages") if isinstance(said, Mapping) else None
    found = Directory(is_part=pages not in (None, "", "0", "1"))
    for i, one in enumerate(listed):
        place = f"{name or 'services'}[{i}]"
        if isinstance(one, Mapping):
            _take(found, _record("service", one, place, found))
        else:
            found.faults.append(Fault("invalid", "write a service as an object with named fields", place))
    found.require()
    return found


def _record(kind: str, said: Mapping[str, Any], place: str, found: Directory) -> Record:
    links = {link.name: link for link in OF.get(kind, ())}
    record = Record(kind, {}, place, parts={})
    fields: dict[str, str] = {}
    for name, value in said.items():
        link = links.get(name)
        if link is not None and value:
            many = value if link.many and isinstance(value, list) else [value]
            for i, one in enumerate(many):
                inner = f"{place}.{name}[{i}]" if link.many else f"{place}.{name}"
                if isinstance(one, Mapping):
                    record.parts.setdefault(name, []).append(_record(link.part, one, inner, found))
                else:
                    found.faults.append(Fault("invalid", "write an object with named fields", inner))
        elif link is None and isinstance(value, list | Mapping):
            found.left[f"{kind}.{name}"] += bool(value)
        elif link is None and value is not None and (text := str(value).strip()):
            fields[name] = text
    return _filled(record, fields, found)


def _filled(record: Record, fields: Mapping[str, str], found: Directory) -> Record:
    whole = Record(record.kind, fields, record.place, record.is_row, record.parts)
    found.left.update(
        f"{record.kind}.{name}" for name in fields if name not in TAKEN[record.kind] and name not in KEYS
    )
    found.faults += faults_in(whole)
    return whole


def _take(found: Directory, service: Record) -> None:
    if service.id in found.services:
        where = found.services[service.id].place
        text = f"{quoted(service.id)} is the id of {where} too: ids are unique"
        found.faults.append(Fault("invalid", text, service.at("id")))
    found.services.setdefault(service.id, service)
    for organization in service.all("organization"):
        # a directory says it again with each service
        found.organizations.setdefault(organization.id, organization)
        for location in organization.all("locations"):
            found.locations.setdefault(location.id, location)
    for link in service.all("service_at_locations"):
        for location in link.all("location"):
            found.locations.setdefault(location.id, location)


def directory_from_csv(files: Mapping[str, bytes]) -> Directory:
    """The services of a folder: the bytes of its CSV files by name (`services.csv` or `service.csv`).

    Raises Invalid with every fault, `expression` being `services.csv: row 7, column "name"`.
    """
    found = Directory()
    tables = {kind: list(_rows(kind, files, found)) for kind in TAKEN}
    for name in files:
        kind = _kind_of(name)
        if kind in LATER or kind is None:
            near = get_close_matches(name, [file_of(one) for one in TAKEN], n=1, cutoff=0.75)
            hint = did_you_mean(near[0]) if near and near[0] not in files and kind is None else ""
            found.left[f"file {name}{hint}"] += 1
    by_id = {kind: _by_id(rows, found) for kind, rows in tables.items()}
    for link in LINKS:
        _join(link, tables, by_id, found)
    found.services = by_id["service"]
    found.organizations, found.locations = by_id["organization"], by_id["location"]
    found.require()
    return found


def _kind_of(name: str) -> str | None:
    return next((kind for kind in (*TAKEN, *LATER) if name.lower() in (f"{kind}.csv", file_of(kind))), None)


def _rows(kind: str, files: Mapping[str, bytes], found: Directory) -> Iterator[Record]:
    for file in (name for name in files if _kind_of(name) == kind):
        try:
            table = csv_text.table(files[file], [*TAKEN[kind], *KEYS])
        except Invalid as refused:
            if not any(byte not in b"\r\n\t ,;" for byte in files[file].removeprefix(b"\xef\xbb\xbf")):
                continue
            found.faults += [Fault("invalid", f.text, _within(file, f.expression)) for f in refused.faults]
            continue
        names = [csv_text.name(cell) for cell in table[0]]
        for twice in dict.fromkeys(name for name in names if name and names.count(name) > 1):
            text = f"column {quoted(twice)} comes twice: keep one"
            found.faults.append(Fault("invalid", text, f"{file}: row 1"))
        for number, row in enumerate(table[1:], 2):
            cells = {name: cell for name, cell in zip(names, row, strict=False) if cell and name}
            if cells:
                record = Record(kind, {}, f"{file}: row {number}", is_row=True, parts={})
                yield _filled(record, cells, found)
    if kind == "service" and not any(_kind_of(name) == kind for name in files):
        found.faults.append(Fault("invalid", "is missing: add the table of services", file_of(kind)))


def _within(file: str, place: str | None) -> str:
    return f"{file}: {place}" if place else file


def _by_id(rows: Iterable[Record], found: Directory) -> dict[str, Record]:
    listed: dict[str, Record] = {}
    for one in rows:
        first = listed.setdefault(one.id, one) if one.id else one
        if first is not one:
            text = f"{quoted(one.id)} stands in {first.place} too: ids are unique"
            found.faults.append(Fault("invalid", text, one.at("id")))
    return listed


def _join(link: Any, tables: Mapping[str, list[Record]], by_id: Any, found: Directory) -> None:
    keyed, other = (link.part, link.holder) if link.many else (link.holder, link.part)
    for record in tables[keyed]:
        key = record.said.get(link.key)
        if key is None or (keyed == "attribute" and record.said.get("link_entity", "service") != "service"):
            continue
        target = by_id[other].get(key)
        if target is None:
            text = f"{quoted(key)} is not in {file_of(other)}"
            found.faults.append(Fault("invalid", text, record.at(link.key)))
        elif link.many:
            target.parts.setdefault(link.name, []).append(record)
        else:
            record.parts[link.name] = [target]

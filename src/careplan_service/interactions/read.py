"""FHIR read. https://hl7.org/fhir/R4/http.html#read"""

from __future__ import annotations

from careplan_service.errors import Gone, NotFound
from careplan_service.interactions.desk import Desk, Stored


def read(desk: Desk, type_: str, id_: str) -> Stored:
    """The current version. Raises NotFound when absent or hidden, Gone when deleted."""
    found = desk.records.current(type_, id_, desk.sees("r", type_))
    if found is None:
        raise absent()
    if found.deleted:
        raise gone(type_, id_)
    return desk.show(found)


def absent() -> NotFound:
    """The one answer for what is not there and for what may not be known, the same to the byte."""
    return NotFound("no such resource was found; check the type, the id and the version")


def gone(type_: str, id_: str) -> Gone:
    """The answer for what the caller could see before it was deleted."""
    return Gone(f"`{type_}/{id_}` was deleted; its history is at `{type_}/{id_}/_history`")

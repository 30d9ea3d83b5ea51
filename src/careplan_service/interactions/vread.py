"""FHIR vread. https://hl7.org/fhir/R4/http.html#vread"""

from __future__ import annotations

from careplan_service.errors import Gone, NotFound
from careplan_service.interactions.desk import Desk, Stored


def vread(desk: Desk, type_: str, id_: str, version: str) -> Stored:
    """One version, judged by itself and by the current one.

    Raises NotFound when absent or hidden, Gone when it is the version that deleted.
    """
    number = int(version) if version.isdecimal() and len(version) < 10 else 0
    found = desk.records.version(type_, id_, number, desk.sees("r", type_))
    if found is None:
        raise NotFound(f"`{type_}/{id_}/_history/{version}` was not found")
    if found.deleted:
        raise Gone(f"version {version} of `{type_}/{id_}` is its deletion")
    return desk.show(found)

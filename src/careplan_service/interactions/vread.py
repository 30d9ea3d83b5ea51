"""FHIR vread. https://hl7.org/fhir/R4/http.html#vread"""

from __future__ import annotations

import re

from careplan_service.errors import Gone
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.read import absent
from careplan_service.interactions.records import Stored

_VERSION = re.compile(r"[1-9][0-9]{0,8}")


def vread(desk: Desk, type_: str, id_: str, version: str) -> Stored:
    """One version, judged by itself and by the current one.

    Raises NotFound when absent or hidden, Gone when it is the version that deleted.
    """
    found = desk.records.version(type_, id_, number_of(version), desk.sees("r", type_))
    if found is None:
        raise absent()
    if found.deleted:
        raise Gone(f"version {version} of `{type_}/{id_}` is its deletion")
    return desk.show(found)


def number_of(version: str) -> int:
    """The number that an address gives; 0, which no version has, for any other text."""
    return int(version) if _VERSION.fullmatch(version) else 0

"""$meta: the profiles, tags and security labels of a resource, a type or all.

https://hl7.org/fhir/R4/resource-operation-meta.html
"""

from __future__ import annotations

from typing import Any

from careplan_service.interactions.desk import Desk
from careplan_service.interactions.read import read
from careplan_service.interactions.vread import vread
from careplan_service.resources import r4
from careplan_service.resources.registry import SERVED

_LABELS = ("_profile", "_tag", "_security")


def meta_of(desk: Desk, type_: str, id_: str, version: str = "") -> dict[str, Any]:
    """The meta of one resource or version. Raises as `read` and `vread`."""
    stored = vread(desk, type_, id_, version) if version else read(desk, type_, id_)
    found: dict[str, Any] = r4.parse(stored.body)["meta"]
    return found


def meta_in_use(desk: Desk, type_: str) -> dict[str, Any]:
    """What the resources of a type (empty: of all) that the caller may see are labelled with."""
    types = [type_] if type_ else list(SERVED)
    seen = desk.sees("r", type_) if type_ else desk.sees_any("r", types)
    params = [f"{one}.{label}" for one in types for label in _LABELS]
    found: dict[str, list[Any]] = {"profile": [], "security": [], "tag": []}
    for param, value, system in desk.records.labels(type_, params, seen):
        label = param.rpartition("._")[2]
        coding = {"system": system, "code": value} if system else {"code": value}
        found[label].append(value if label == "profile" else coding)
    return {name: _distinct(held) for name, held in found.items() if held}


def _distinct(held: list[Any]) -> list[Any]:
    """Each once: several types have the same labels."""
    return [one for n, one in enumerate(held) if one not in held[:n]]

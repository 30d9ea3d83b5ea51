"""$validate: would this be taken here, and does it keep to a profile?

https://hl7.org/fhir/R4/resource-operation-validate.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from careplan_service.access.consent.rules import Door
from careplan_service.errors import Fault, Invalid, Malformed
from careplan_service.interactions.admission import admit, forbid_self_service, spec_of
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.parameters import one_resource, one_text
from careplan_service.interactions.read import read
from careplan_service.resources import r4
from careplan_service.resources.patching import document as documents
from careplan_service.resources.profiles import KNOWN, check_profile, known

MODES = ("create", "update", "delete", "profile")


@dataclass(frozen=True)
class Validation:
    """What is to be validated: the bytes of a resource (none for what is stored), and against what."""

    data: bytes | None
    mode: str = ""
    profiles: tuple[str, ...] = ()


def asked_of(body: bytes, query: Mapping[str, str]) -> Validation:
    """The resource or the Parameters of a request. Raises Malformed (400)."""
    sent = documents.read(body) if body else {}
    if sent.get("resourceType") != "Parameters":
        asked = [query["profile"]] if "profile" in query else []
        return _validation(body or None, query.get("mode", ""), asked)
    parts = [part for part in sent.get("parameter", ()) if isinstance(part, dict)]
    mode = one_text(parts, "mode", ("valueCode", "valueString")) or query.get("mode", "")
    profile = one_text(parts, "profile", ("valueUri", "valueCanonical", "valueString")) or query.get(
        "profile"
    )
    resource = one_resource(parts, "resource")
    data = None if resource is None else documents.written(resource).encode()
    return _validation(data, mode, [profile] if profile else [])


def _validation(data: bytes | None, mode: str, profiles: list[str]) -> Validation:
    if mode and mode not in MODES:
        raise Malformed(f"`mode` is `{mode}`; it takes {', '.join(MODES)}")
    return Validation(data, mode, tuple(profiles))


def validate(desk: Desk, type_: str, id_: str, asked: Validation, door: Door) -> list[Fault]:
    """What is wrong with it, or why it would be refused; empty when nothing is.

    Without a type the resource says its own. Raises Malformed (400) for what cannot be read, and as
    `read` for an id that is not there.
    """
    if asked.mode == "delete" or (asked.data is None and id_):
        stored = read(desk, type_, id_) if id_ else None
        if stored is None:
            raise Malformed("`mode=delete` is asked of an instance: `Type/id/$validate`")
        return [] if asked.mode == "delete" else _faults(desk, stored.body, type_, asked, door)
    if asked.data is None:
        raise Malformed("send the resource to validate, alone or as `resource` of `Parameters`")
    faults = _faults(desk, asked.data, type_, asked, door)
    return faults + _identity(asked, id_)


def _faults(desk: Desk, data: bytes, type_: str, asked: Validation, door: Door) -> list[Fault]:
    document = r4.parse(data)
    named = document.get("resourceType")
    spec = spec_of(type_ or str(named))
    faults: list[Fault] = []
    try:
        admitted = admit(spec, data, door)
        forbid_self_service(desk.caller, admitted.document)
    except Invalid as problem:
        faults += problem.faults
    claimed = document.get("meta", {}).get("profile", ()) if isinstance(document.get("meta"), dict) else ()
    for profile in dict.fromkeys([*asked.profiles, *(one for one in claimed if isinstance(one, str))]):
        if known(profile):
            faults += check_profile(document, profile)
        elif profile in asked.profiles:
            offered = ", ".join(sorted(one for one, its in KNOWN.items() if its.type == spec.name)) or "none"
            text = f"profile `{profile}` is not known here; of {spec.name} there is {offered}"
            faults.append(Fault("not-found", text, spec.name))
    return faults


def _identity(asked: Validation, id_: str) -> list[Fault]:
    document = r4.parse(asked.data or b"{}")
    given = document.get("id")
    if asked.mode == "update" and id_ and given != id_:
        text = f"the resource must have the id of the address, `{id_}`"
        return [Fault("invalid", text, f"{document.get('resourceType')}.id")]
    return []

"""A system of the agency prepares a launch: for which app, patient and, if wanted, person.

https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html#launch-app-ehr-launch and
https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html#fhircontext-exp
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Protocol
from urllib.parse import quote, urlencode

from careplan_service.access.clients import Client
from careplan_service.access.launches import LAUNCH_SECONDS, Launch
from careplan_service.errors import Fault, Forbidden, Gone, Invalid, NotFound, shown
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.read import read
from careplan_service.oauth.in_person import is_of
from careplan_service.oauth.people import FHIR_USER, folded, is_username
from careplan_service.resources.registry import SERVED

LAUNCH = "/oauth/launch"
"""Where launches are prepared."""

_BYTES = 32
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_REFERENCE = re.compile(r"([A-Z][A-Za-z]{1,63})/[A-Za-z0-9\-.]{1,64}")
_ABSOLUTE = re.compile(r"[a-z][a-z0-9+.-]*:[!-~]{1,500}")
_INTENT = re.compile(r"[ -~]{1,200}")
_MOST, _LONGEST = 20, 4000
_FIELDS = ("client_id", "user", "patient", "encounter", "fhirContext", "intent", "need_patient_banner")
_NAMED = ("client_id", "user", "patient", "encounter")
_ITEM = ("reference", "canonical", "identifier", "type", "role")
_ALONE = ("Patient", "Encounter")
"""They have fields of their own, and stand in `fhirContext` only in another role than `launch`."""

Faults = Iterator[tuple[str, str]]


class Launches(Protocol):
    """Where launches wait."""

    def add(self, launch: Launch, now: int) -> None:
        """Keep one."""


def digest_of(handle: str) -> str:
    """What is kept of a handle."""
    return sha256(handle.encode()).hexdigest()


@dataclass(frozen=True)
class Launching:
    """Prepares launches of the service at `base_url`; `now` gives seconds since the epoch."""

    base_url: str
    clients: Callable[[str], Client | None]
    launches: Launches
    now: Callable[[], float]

    def prepare(self, desk: Desk, sent: object) -> dict[str, Any]:
        """The answer with the handle to a JSON document with _FIELDS, asked by a system of the agency.

        Raises Forbidden for anybody else, Invalid with every fault found.
        """
        if not desk.caller.is_agency or desk.caller.fhir_user:
            raise Forbidden(
                "only a system of the agency prepares launches; use the token of an agency client"
            )
        if not isinstance(sent, dict):
            raise Invalid("send a JSON object with `client_id` and `patient`")
        named = (f"{name}={shown(str(sent[name]))}" for name in _NAMED if name in sent)
        desk.also_asked(" ".join(named))
        faults = [Fault("invalid", text, field) for field, text in [*_shape(sent), *self._about(desk, sent)]]
        if faults:
            raise Invalid("; ".join(fault.text for fault in faults), faults=faults)
        app = self.clients(sent["client_id"])
        handle, now = secrets.token_urlsafe(_BYTES), int(self.now())
        context = {
            n: sent[n] for n in ("encounter", "fhirContext", "intent", "need_patient_banner") if n in sent
        }
        user = str(sent.get("user", ""))
        launch = Launch(
            digest=digest_of(handle),
            client_id=sent["client_id"],
            user=user if FHIR_USER.fullmatch(user) else folded(user),
            patient=sent.get("patient", ""),
            context=json.dumps(context),
            expires=now + LAUNCH_SECONDS,
        )
        self.launches.add(launch, now)
        address = app.launch_uri if app else ""
        given = urlencode({"iss": f"{self.base_url}/fhir", "launch": handle}, quote_via=quote)
        url = f"{address}{'&' if '?' in address else '?'}{given}"
        return {"launch": handle, "launch_url": url, "expires_in": LAUNCH_SECONDS}

    def _about(self, desk: Desk, sent: Mapping[str, Any]) -> Faults:
        """Whether app and records are there; an absent record and a hidden one are told alike."""
        if isinstance(sent.get("client_id"), str):
            app = self.clients(sent["client_id"])
            if app is None or app.kind != "app" or not app.is_let_in or not app.launch_uri:
                text = f"client `{shown(sent['client_id'])}` is no app here with a registered launch URI"
                yield "client_id", text
        patient, encounter = sent.get("patient"), sent.get("encounter")
        if _is_id(patient) and _seen(desk, f"Patient/{patient}") is None:
            yield "patient", f"no patient `{patient}` was found"
        if _is_id(encounter) and not is_of(_seen(desk, f"Encounter/{encounter}"), str(patient or "")):
            yield "encounter", f"no encounter `{encounter}` of this patient was found"
        for n, item in enumerate(_items(sent)):
            reference = item.get("reference")
            if (
                isinstance(reference, str)
                and _REFERENCE.fullmatch(reference)
                and _seen(desk, reference) is None
            ):
                yield f"fhirContext[{n}].reference", f"`{reference}` was not found"


def _shape(sent: Mapping[str, Any]) -> Faults:
    for name in sorted(sent.keys() - set(_FIELDS)):
        yield shown(str(name)), f"unknown field `{shown(str(name))}`; use {', '.join(_FIELDS)}"
    if not isinstance(sent.get("client_id"), str):
        yield "client_id", "`client_id` is required: the id of a registered app"
    for name in ("patient", "encounter"):
        if name in sent and not _is_id(sent[name]):
            yield name, f"`{name}` is the plain id of a resource, such as `ann`"
    user = sent.get("user", "Patient/x")
    if not isinstance(user, str) or not (FHIR_USER.fullmatch(user) or is_username(folded(user))):
        yield "user", "`user` is a username, or a reference such as `Practitioner/dana`"
    if "intent" in sent and not (isinstance(sent["intent"], str) and _INTENT.fullmatch(sent["intent"])):
        yield "intent", "`intent` is a text of up to 200 printable ASCII characters"
    if not isinstance(sent.get("need_patient_banner", True), bool):
        yield "need_patient_banner", "`need_patient_banner` is true or false"
    listed = sent.get("fhirContext", [])
    if not isinstance(listed, list) or len(listed) > _MOST or len(json.dumps(listed, default=str)) > _LONGEST:
        yield "fhirContext", f"`fhirContext` is a list of up to {_MOST} objects and {_LONGEST} characters"
        return
    for n, item in enumerate(listed):
        yield from ((f"fhirContext[{n}]", text) for text in _item_faults(item))


def _item_faults(item: object) -> Iterator[str]:
    if not isinstance(item, dict) or not item.keys() & {"reference", "canonical", "identifier"}:
        yield "an item of `fhirContext` has a `reference`, `canonical` or `identifier`"
        return
    if unknown := sorted(str(name) for name in item.keys() - set(_ITEM)):
        yield f"unknown field `{shown(unknown[0])}`; use {', '.join(_ITEM)}"
    role = item.get("role", "launch")
    if role != "launch" and not (isinstance(role, str) and _ABSOLUTE.fullmatch(role)):
        yield "`role` is `launch` or an absolute URI"
    reference = item.get("reference", "Goal/x")
    found = _REFERENCE.fullmatch(reference) if isinstance(reference, str) else None
    type_ = found[1] if found else ""
    if type_ not in SERVED:
        yield "`reference` is a relative one to a type that is served here, such as `Goal/x`"
    if role == "launch" and {type_, item.get("type") if isinstance(item.get("type"), str) else ""} & {
        *_ALONE
    }:
        yield f"{' and '.join(_ALONE)} have fields of their own; give them another `role` here"
    canonical = item.get("canonical", "urn:x")
    if not (isinstance(canonical, str) and _ABSOLUTE.fullmatch(canonical)):
        yield "`canonical` is an absolute address"
    identifier = item.get("identifier", {"value": ""})
    if not isinstance(identifier, dict) or not _is_identifier(identifier):
        yield "`identifier` is an object with the texts `system` and `value`"
    if not (
        isinstance(item.get("type", "Goal"), str) and re.fullmatch("[A-Za-z]{1,64}", item.get("type", "Goal"))
    ):
        yield "`type` is the name of a resource type"


def _is_identifier(value: Mapping[str, Any]) -> bool:
    texts = {name: text for name, text in value.items() if isinstance(text, str)}
    return "value" in texts and texts.keys() == value.keys() and value.keys() <= {"system", "value", "use"}


def _items(sent: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    listed = sent.get("fhirContext")
    return [item for item in listed[:_MOST] if isinstance(item, dict)] if isinstance(listed, list) else []


def _is_id(value: object) -> bool:
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def _seen(desk: Desk, reference: str) -> dict[str, Any] | None:
    type_, _, id_ = reference.partition("/")
    if type_ not in SERVED:
        return None
    try:
        found: dict[str, Any] = json.loads(read(desk, type_, id_).body)
    except (NotFound, Gone):
        return None
    return found

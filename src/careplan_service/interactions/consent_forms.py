"""Consent forms in words: filed and withdrawn by the interactions of `$file-consent` and `$revoke-consent`.

https://hl7.org/fhir/R4/consent.html and docs/consent-forms.md
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from careplan_service.access.consent.rules import Door
from careplan_service.access.instants import as_datetime
from careplan_service.errors import Fault, Invalid, Problem
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.file_consent import Filing, file_consent, require_filing
from careplan_service.interactions.patch import Patch
from careplan_service.interactions.read import read
from careplan_service.interactions.records import Stored
from careplan_service.interactions.revoke_consent import Revocation, revoke_consent
from careplan_service.interventions.consents.form import ConsentForm, Withdrawal
from careplan_service.interventions.consents.schema import form_from_json, withdrawal_from_json
from careplan_service.interventions.consents.writing import consent_of, form_of, withdrawal_of, withdrawn
from careplan_service.interventions.intake_fields import quoted
from careplan_service.resources import r4

_FIELDS = (
    ("Consent.provision.actor", "recipients"),
    ("Consent.provision.purpose", "purposes"),
    ("Consent.provision.class", "data"),
    ("Consent.provision.code", "domains"),
    ("Consent.provision.securityLabel", "sensitive"),
    ("Consent.provision.provision", "domains_excluded"),
    ("Consent.provision.period", "expires"),
    ("Consent.patient", "person"),
    ("Consent.performer", "signer"),
    ("Consent.organization", "agency"),
    ("Consent.dateTime", "date"),
    ("Consent.identifier", "number"),
    ("Parameters", "replaces"),
)
"""Where in the form it is what a Consent is refused for."""


@dataclass(frozen=True)
class Told:
    """A form on record; its `state` is signed, expired, withdrawn or superseded."""

    form: ConsentForm
    stored: Stored
    state: str
    withdrawal: Withdrawal | None


def file_form(desk: Desk, sent: Any, door: Door) -> Told:
    """File the form; `replaces` beside its fields names the Consents that it ends, as `Consent/id`.

    Raises as `file_consent`, by the fields of the form.
    """
    require_filing(desk)
    form, replaces = _sent(desk, sent)
    if form.agency not in door.custodians:
        text = f"{quoted(form.agency)} keeps no records here, so nothing can be disclosed for it"
        raise Invalid(f"{text}: name the agency whose staff files the form", expression="agency")
    try:
        made = file_consent(desk, Filing(consent_of(form), None, replaces), door)
    except Problem as refused:
        raise _in_words(refused) from None
    return _told(desk, made[0].stored)


def read_form(desk: Desk, id_: str) -> Told:
    """The form of a Consent. Raises as `read`, and Invalid for a Consent that was made of none."""
    return _told(desk, read(desk, "Consent", id_))


def withdraw_form(desk: Desk, id_: str, sent: Any, door: Door) -> Told:
    """Withdraw a consent: it decides nothing from the next request on. Raises as `revoke_consent`."""
    require_filing(desk)
    withdrawal = withdrawal_from_json(sent)
    form = read_form(desk, id_).form
    operations = [
        {"op": "replace", "path": "/status", "value": "inactive"},
        {"op": "add", "path": "/extension/-", "value": withdrawn(withdrawal)},
    ]
    end = Patch("json-patch", json.dumps(operations).encode())
    made = revoke_consent(desk, Revocation(id_, form.person, None, end), door)
    return _told(desk, made[0].stored)


def _sent(desk: Desk, sent: Any) -> tuple[ConsentForm, tuple[str, ...]]:
    """The form, of the caller's own agency unless it names one, and what it replaces."""
    if not isinstance(sent, Mapping):
        raise Invalid("write the form as an object with named fields")
    replaces = sent.get("replaces") or []
    if not isinstance(replaces, list) or not all(isinstance(one, str) for one in replaces):
        raise Invalid("write a list of `Consent/id`", expression="replaces")
    rest = {name: value for name, value in sent.items() if name != "replaces"}
    return form_from_json({"agency": desk.caller.organization, **rest}), tuple(replaces)


def _told(desk: Desk, stored: Stored) -> Told:
    document = r4.parse(stored.body)
    form, withdrawal = form_of(document), withdrawal_of(document)
    return Told(form, stored, _state(document, form, withdrawal, desk), withdrawal)


def _state(document: Mapping[str, Any], form: ConsentForm, withdrawal: Withdrawal | None, desk: Desk) -> str:
    if document["status"] != "active":
        return "withdrawn" if withdrawal else "superseded"
    return "expired" if as_datetime(desk.now).date() > form.expires else "signed"


def _in_words(refused: Problem) -> Problem:
    faults = [replace(fault, expression=_field(fault)) for fault in refused.faults]
    return type(refused)(refused.text, faults=faults)


def _field(fault: Fault) -> str | None:
    found = fault.expression or ""
    return next((name for path, name in _FIELDS if found.startswith(path)), None)

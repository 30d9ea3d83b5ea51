"""A consent form becomes an R4 Consent, whose provision is computed from it and whose source is the form.

https://hl7.org/fhir/R4/consent.html https://build.fhir.org/ig/HL7/fhir-sdoh-clinicalcare/

The form is kept whole in the Consent itself: nobody but who may see the Consent sees it, and what decides is
computed again whenever the form is told, so that a form never says what is not enforced.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any

from careplan_service.errors import Invalid
from careplan_service.interventions import canonical
from careplan_service.interventions.canonical import (
    Document,
    concept,
    element,
    extension,
    extension_value,
    reference,
    sw,
)
from careplan_service.interventions.catalogue import domains
from careplan_service.interventions.claims import claims
from careplan_service.interventions.consents.form import DATA, KINDS, PURPOSES, ConsentForm, Withdrawal
from careplan_service.interventions.consents.schema import form_from_json, form_to_json, withdrawal_from_json
from careplan_service.interventions.draft import number_system
from careplan_service.interventions.sensitivity import found_in, label_displays, marked, security

SCOPE = "http://terminology.hl7.org/CodeSystem/consentscope"
ACTION = "http://terminology.hl7.org/CodeSystem/consentaction"
REASON = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
PARTICIPATION = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
RESOURCE_TYPES = "http://hl7.org/fhir/resource-types"
_OPT_IN = concept(canonical.ACT_CODE, "OPTIN", "opt-in")
_CATEGORIES = {
    "service": concept(canonical.LOINC, "59284-0", "Consent Document"),
    "release": concept(canonical.ACT_CODE, "IDSCL", "information disclosure"),
    "research": concept(canonical.ACT_CODE, "RESEARCH", "research information access"),
}
_SHARED = ("access", "disclose")
"""What recipients may do: a form lets nobody change a record."""
_DECIDING = (
    "scope", "patient", "performer", "dateTime", "organization", "sourceAttachment", "sourceReference",
    "policy", "policyRule", "verification", "provision", "modifierExtension",
)  # fmt: skip


def consent_of(form: ConsentForm) -> Document:
    """The active Consent of a form, without an id."""
    told = form_to_json(form)
    content = element(
        extension=extension(sw("consent-form"), valueCode=form.kind),
        identifier=_number(form),
        status="active",
        scope={"coding": [{"system": SCOPE, "code": KINDS.fhir(form.kind)}]},
        category=[_CATEGORIES[form.kind]],
        patient=reference(form.person),
        dateTime=form.date.isoformat(),
        performer=[reference(form.signer or form.person)],
        organization=[reference(form.agency)],
        sourceAttachment={"contentType": "application/json", "data": _sealed(told), "title": "Consent form"},
        policyRule=_OPT_IN,
        provision=_provision(form),
    )
    public = {name: value for name, value in content.items() if name != "sourceAttachment"}
    labels = found_in([public, told]) | marked(form.sensitive) | marked(form.sensitive_excluded)
    document = {"resourceType": "Consent", **content}
    return {**document, "meta": element(profile=claims(document, {}), security=security(labels))}


def _number(form: ConsentForm) -> list[Document]:
    if form.number is None:
        return []
    return [{"system": number_system(form.agency, "consent"), "value": form.number}]


def _sealed(told: Mapping[str, Any]) -> str:
    return base64.b64encode(json.dumps(told, ensure_ascii=False).encode()).decode()


def _provision(form: ConsentForm) -> Document:
    period = {"start": form.date.isoformat(), "end": form.expires.isoformat()}
    if form.kind == "service":
        return {"type": "permit", "period": period}
    return element(
        type="permit",
        period=period,
        actor=[_recipient(one) for one in form.recipients],
        action=[{"coding": [{"system": ACTION, "code": code}]} for code in _SHARED],
        securityLabel=_reached(form),
        purpose=[{"system": REASON, "code": PURPOSES.fhir(one)} for one in form.purposes],
        **{"class": [{"system": RESOURCE_TYPES, "code": type_} for type_ in types_of(form)]},
        code=[_domain(one) for one in form.domains],
        provision=[
            {"type": "deny", **stated}
            for stated in (
                {"code": [_domain(one) for one in form.domains_excluded]},
                {"securityLabel": [_label(one) for one in form.sensitive_excluded]},
            )
            if any(stated.values())
        ],
    )


def types_of(form: ConsentForm) -> list[str]:
    """The resource types of the classes of data."""
    return [type_ for one in form.data for type_ in DATA.fhir(one).split()]


def _recipient(one: str) -> Document:
    return {"role": concept(PARTICIPATION, "IRCP", "information recipient"), "reference": reference(one)}


def _reached(form: ConsentForm) -> list[Document]:
    """Ordinary data and what is named; without a name ordinary data only, which needs no label."""
    if not form.sensitive:
        return []
    ordinary = {"system": canonical.CONFIDENTIALITY, "code": "N", "display": "normal"}
    return [ordinary, *(_label(code) for code in sorted(marked(form.sensitive)))]


def _label(code: str) -> Document:
    return {"system": canonical.ACT_CODE, "code": code, "display": label_displays()[code]}


def _domain(code: str) -> Document:
    return {"coding": domains()[code].category["coding"][:1]}


def form_of(consent: Mapping[str, Any]) -> ConsentForm:
    """The form of a Consent that was made of one.

    Raises Invalid, with a sentence, for one that was not, and for one that decides something else by now.
    """
    where = f"read it at `/fhir/Consent/{consent.get('id', '')}`"
    if extension_value(consent, sw("consent-form")) is None:
        raise Invalid(f"this Consent was not made of a form here; {where}", expression="Consent")
    try:
        form = form_from_json(json.loads(base64.b64decode(consent["sourceAttachment"]["data"])))
    except (Invalid, LookupError, TypeError, ValueError, binascii.Error):
        raise Invalid(
            f"the form of this Consent cannot be read any more; {where}", expression="Consent"
        ) from None
    computed = consent_of(form)
    if other := next((name for name in _DECIDING if consent.get(name) != computed.get(name)), None):
        text = f"this Consent was changed over FHIR and says otherwise than its form; {where}"
        raise Invalid(text, expression=f"Consent.{other}")
    return form


def withdrawn(withdrawal: Withdrawal) -> Document:
    """The extension that tells a withdrawal."""
    parts = [
        *extension("date", valueDate=withdrawal.date.isoformat()),
        *extension("by", valueString=withdrawal.by),
        *extension("reason", valueString=withdrawal.reason),
    ]
    return {"url": sw("withdrawn"), "extension": parts}


def withdrawal_of(consent: Mapping[str, Any]) -> Withdrawal | None:
    """The withdrawal that a Consent tells, if it does."""
    told = extension_value(consent, sw("withdrawn"))
    if told is None:
        return None
    holder = {"extension": told}
    return withdrawal_from_json({name: extension_value(holder, name) for name in ("date", "by", "reason")})

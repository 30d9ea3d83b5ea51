"""An explanation in a sentence for people, and as Parameters for programs.

https://hl7.org/fhir/R4/parameters.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from careplan_service.access.caller import Caller
from careplan_service.access.consent.decide import Decision
from careplan_service.interactions.why_access import OUT_OF_SCOPE, REDACTED, Why

Part = dict[str, Any]

BECAUSE: Mapping[str, str] = {
    "SELF-ACCESS": "it is her own record",
    "PROXY-ACCESS": "who represents the client sees her record",
    "OWN-CONTRIBUTION": "it was written by the same, and that version is the current one",
    "STAFF-ACCESS": "the custodian's staff need no consent, and no deny of the client's concerns them here",
    "CONSENT-PERMIT": "{consent} permits it in `{path}`",
    "EXCEPTION-PERMIT": "the exception `{path}` of {consent} permits it",
    "BREAK-GLASS": "an emergency was declared, and no deny that holds in emergencies stands against it",
    "CONSENT-DENY": "{consent} denies it in `{path}`",
    "EXCEPTION-DENY": "the exception `{path}` of {consent} denies it",
    "DEFAULT-DENY": "no Consent permits it",
    "UNENFORCEABLE": "nobody can tell what {consent} means (`{path}`), so it denies what it may concern",
    "PURPOSE-TAG-ON-DATA": "the data is tagged with purposes of use that do not cover this one",
    "CURRENT-VERSION-HIDDEN": "a past version is shown with the current one only, and that is hidden",
    "NOT-PATIENT-DATA": "it is in no client's record, and no Consent opens such data",
    OUT_OF_SCOPE: "{scope}",
    REDACTED: "the search finds it only by something that is hidden from that partner",
}
"""Why, by reason; it ends a sentence."""

FAILS: Mapping[str, str] = {
    "period": "is not in force at this moment",
    "actor": "does not name who asks",
    "purpose": "is for other purposes of use",
    "action": "is for something else than looking",
    "class": "is about other types",
    "code": "is about something else",
    "securityLabel": "does not reach data with these labels",
    "dataPeriod": "is about data of another time",
    "data": "is about other records",
    "performer": "was given by somebody who cannot give it for this",
}
"""What a permit is that failed by a dimension; it follows its name."""


def sentence(why: Why) -> str:
    """`food-bank may not have Goal/1 for COC: Consent/2 (version 3) denies it in ...: deny ...`."""
    found, resource = why.found, why.version.partition("/_history/")[0]
    may = "may" if found.permitted else "may not"
    purposes = f" for {' and '.join(why.caller.purposes)}" if why.caller.purposes else ""
    said = f"{name_of(why.caller)} {may} have {resource}{purposes}: {because(found, why.scope)}"
    if why.rule:
        said = f"{said} ({why.rule})"
    if why.apart is not None:
        verdict = "permit" if why.apart.permitted else "deny"
        said = f"{said}; apart from that the rules {verdict}: {because(why.apart)}"
    if why.redacted or REDACTED in found.obligations:
        said = f"{said}; it gets a redacted copy"
    return f"{said}{_nearest(found)}."


def name_of(caller: Caller) -> str:
    """How a caller is called: the partner by client and organisation, a person by her reference."""
    if caller.fhir_user:
        return caller.fhir_user
    named = [f"`{caller.client_id}`"] if caller.client_id else []
    return " of ".join([*named, caller.organization])


def because(found: Decision, scope: str = "") -> str:
    """Why, without a full stop."""
    consent = f"{found.consent} (version {found.version})"
    return BECAUSE[found.reason].format(consent=consent, path=found.provision, scope=scope)


def _nearest(found: Decision) -> str:
    """Of the permits that fail one that at least names who asks."""
    if found.permitted:
        return ""
    near = next((one for one in found.near_misses if one.dimension != "actor"), None)
    return f"; `{near.path}` of {near.consent} {FAILS[near.dimension]}" if near else ""


def told(why: Why) -> dict[str, Any]:
    """The whole answer."""
    return {"resourceType": "Parameters", "parameter": [*asked_of(why.caller), *parts_of(why)]}


def asked_of(caller: Caller) -> Iterator[Part]:
    """For whom it was asked, and the purposes of use."""
    if caller.client_id:
        yield {"name": "client", "valueString": caller.client_id}
    if caller.fhir_user:
        yield _reference("person", caller.fhir_user)
    if caller.organization:
        yield _reference("organization", caller.organization)
    for purpose in caller.purposes:
        yield {"name": "purpose", "valueCode": purpose}


def parts_of(why: Why) -> Iterator[Part]:
    """What is told of one version."""
    yield _reference("resource", why.version)
    yield {"name": "sentence", "valueString": sentence(why)}
    yield from _decided(why.found, why.rule)
    if why.scope:
        yield {"name": "scope", "valueString": why.scope}
    for reference in why.redacted:
        yield _reference("redacted", reference)
    if why.apart is not None:
        yield {"name": "apart-from-scope", "part": list(_decided(why.apart, why.rule))}


def _decided(found: Decision, rule: str) -> Iterator[Part]:
    yield {"name": "decision", "valueCode": found.decision}
    yield {"name": "reason", "valueCode": found.reason}
    if found.consent:
        yield _reference("consent", f"{found.consent}/_history/{found.version}")
        yield {"name": "provision", "valueString": found.provision}
        if rule:
            yield {"name": "rule", "valueString": rule}
    for one in found.obligations:
        yield {"name": "obligation", "valueCode": one}
    for one in found.overridden:
        yield _reference("overridden", one)
    for near in found.near_misses:
        parts = [
            _reference("consent", f"{near.consent}/_history/{near.version}"),
            {"name": "provision", "valueString": near.path},
            {"name": "dimension", "valueCode": near.dimension},
        ]
        yield {"name": "near-miss", "part": parts}


def _reference(name: str, reference: str) -> Part:
    return {"name": name, "valueReference": {"reference": reference}}

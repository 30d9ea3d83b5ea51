"""$break-glass: a practitioner states an emergency with one patient, and may look at her record for a while.

Whether there is such a patient is not told: the answer is the same, and every claim is kept and reviewed.
45 CFR 164.522(a)(1)(iii), https://www.ecfr.gov/current/title-45/section-164.522, and 42 CFR 2.51,
https://www.ecfr.gov/current/title-42/section-2.51, which says what has to be documented
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from careplan_service.access.caller import Caller
from careplan_service.access.consent.decision import EMERGENCIES
from careplan_service.access.filters import Has
from careplan_service.access.glass import LOOKING, POLICY, REFUSED, Claim, Glass, Glasses
from careplan_service.access.instants import instant
from careplan_service.errors import Forbidden, Malformed, NotImplementedHere, TooMany
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.parameters import Parts, one_text, parts_of
from careplan_service.interactions.policy import Policy
from careplan_service.interactions.records import Page

MOST_A_DAY = 20
"""Glasses of one person; who needs more in earnest calls the operator."""
NOTICE = (
    "opened in an emergency: look at what the emergency needs only; do not use or disclose it further"
    " (45 CFR 164.522(a)(1)(iv))"
)
_DAY, _SECOND = 24 * 3600 * 1_000_000, 1_000_000
_SHORTEST, _LONGEST = 10, 1000
_PARAMETERS = frozenset({"reason", "purpose", "identifier"})
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")


class Claimed(NamedTuple):
    """What was sent: the id of the Patient or an identifier (`system|value`), the purpose or none, why."""

    id: str
    identifier: str
    purpose: str
    reason: str


def claimed_of(body: bytes, id_: str) -> Claimed:
    """What a claim says; without an id in the address (`id_` is empty) it holds the identifier.

    Raises Malformed (400) without a reason in words, and where not one patient is named exactly.
    """
    parts = parts_of(body, _PARAMETERS)
    reason = " ".join(one_text(parts, "reason", ("valueString",)).split())
    if not _SHORTEST <= len(reason) <= _LONGEST:
        text = f"say as `reason`, in {_SHORTEST} to {_LONGEST} characters, what the emergency is"
        raise Malformed(text, expression="Parameters.parameter")
    purpose = one_text(parts, "purpose", ("valueCode",))
    if purpose and purpose not in EMERGENCIES:
        text = f"`purpose` is {' or '.join(sorted(EMERGENCIES))}"
        raise Malformed(text, expression="Parameters.parameter")
    identifier = _identifier(parts)
    if bool(identifier) == bool(id_) or (id_ and not _ID.fullmatch(id_)):
        text = "name one patient: by id as `Patient/ID/$break-glass`, or without one by an `identifier`"
        raise Malformed(text, expression="Parameters.parameter")
    return Claimed(id_, identifier, purpose, reason)


def break_glass(desk: Desk, body: bytes, id_: str) -> Claim:
    """Keep the claim that a body makes, with its audit row, in one transaction. Raises as `claimed_of`.

    Raises NotImplementedHere where it is switched off, Forbidden for all but practitioners who signed in at
    an app that is registered for the purpose, TooMany (429) above MOST_A_DAY.
    """
    caller = desk.caller
    _require_emergencies(desk)
    sent = claimed_of(body, id_)
    purpose = sent.purpose or min(caller.emergencies)
    if purpose not in caller.emergencies:
        text = f"this app is registered for {', '.join(caller.emergencies)}, and not for `{purpose}`"
        raise Forbidden(text, expression="Parameters.parameter")
    with desk.records.changes() as changes:
        # Of two claims at the same moment each must count the other.
        changes.alone(f"glasses of {caller.fhir_user}")
        if desk.records.glasses.count(caller.fhir_user, desk.now - _DAY + 1) >= MOST_A_DAY:
            text = f"{MOST_A_DAY} glasses in a day are the most; call whoever runs this service"
            raise TooMany(text, retry_after=3600)
        claim = Claim(
            id=desk.new_id(),
            client=caller.client_id,
            person=caller.fhir_user,
            organization=caller.organization,
            named=f"Patient/{sent.id}" if sent.id else sent.identifier,
            patient=f"Patient/{sent.id}" if sent.id else _patient(desk, sent.identifier),
            purpose=purpose,
            reason=sent.reason,
            opened=desk.now,
            until=desk.now + desk.policy.glass_seconds * _SECOND,
        )
        desk.records.glasses.add(claim)
        desk.broke(claim)
        desk.note_in(changes, 200)
    return claim


def told(claim: Claim) -> dict[str, Any]:
    """The answer, the same whether there is such a patient or not."""
    parameters = [
        {"name": "id", "valueId": claim.id},
        {"name": "purpose", "valueCode": claim.purpose},
        {"name": "until", "valueInstant": instant(claim.until)},
        {"name": "notice", "valueString": NOTICE},
    ]
    return {"resourceType": "Parameters", "parameter": parameters}


def open_to(
    caller: Caller, interaction: str, glasses: Glasses, policy: Policy, now: int
) -> tuple[Glass, ...]:
    """The glasses that count in a request: for who only looks, and as long as they can be broken here."""
    if policy.break_glass == REFUSED or interaction not in LOOKING or not caller.emergencies:
        return ()
    claims: Sequence[Claim] = glasses.open_to(caller.client_id, caller.fhir_user, caller.organization, now)
    overrides = policy.break_glass == POLICY
    return tuple(
        Glass(one.id, one.patient, one.purpose, one.until, overrides)
        for one in claims
        if one.purpose in caller.emergencies
    )


def _require_emergencies(desk: Desk) -> None:
    if desk.policy.break_glass == REFUSED:
        raise NotImplementedHere("nobody can break the glass here; the operator has not switched it on")
    if not desk.caller.is_person or not desk.caller.emergencies:
        text = "for practitioners who signed in, at an app that is registered for `BTG` or `ETREAT`"
        raise Forbidden(f"breaking the glass is {text}; this token is not that of one")


def _identifier(parts: Parts) -> str:
    """`system|value`, both of which must be there."""
    found = [part.get("valueIdentifier") for part in parts if part.get("name") == "identifier"]
    if not found:
        return ""
    one = found[0] if len(found) == 1 and isinstance(found[0], dict) else {}
    system, value = one.get("system"), one.get("value")
    if not (isinstance(system, str) and system and isinstance(value, str) and value):
        text = "`identifier` is one `valueIdentifier` with its `system` and `value`"
        raise Malformed(text, expression="Parameters.parameter")
    return f"{system}|{value}"


def _patient(desk: Desk, identifier: str) -> str:
    """The one patient with the identifier, or empty. Nothing of it is told, so no view is asked."""
    system, _, value = identifier.partition("|")
    found = desk.records.find("Patient", Has("Patient.identifier", value, system), Page(limit=2))
    return f"Patient/{found[0].id}" if len(found) == 1 else ""

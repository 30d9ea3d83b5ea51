"""$disclosures: who saw what of a client, when, for which purpose and by which version of which consent.

https://profiles.ihe.net/ITI/BALP/content.html and 45 CFR 164.528,
https://www.ecfr.gov/current/title-45/section-164.528
"""

from __future__ import annotations

from collections.abc import Sequence

from careplan_service.access.filters import Is, Not, all_of, any_of
from careplan_service.errors import Forbidden, Malformed
from careplan_service.interactions.audit_asked import Asking
from careplan_service.interactions.audit_search import asker_of_events, page_of
from careplan_service.interactions.controls import PRESENTATION, moment_of, require_once
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.query import Query, query_of
from careplan_service.interactions.read import absent
from careplan_service.interactions.records import Cursor
from careplan_service.interactions.search import Found

PARAMETERS = ("start", "end", "recipient", "_count")
_NAMES = {"recipient": "agent", "_count": "_count"}
Pairs = Sequence[tuple[str, str]]


def disclosures(desk: Desk, id_: str, pairs: Pairs, after: Cursor | None) -> Found:
    """A page of AuditEvents, newest first: what left of a client's record, and what was refused.

    For the custodian's staff and for the client herself. Raises Forbidden for all others, NotFound when
    the Patient may not be seen, Malformed (400) for other parameters.
    """
    if not (desk.caller.is_agency or desk.caller.kind == "patient"):
        raise Forbidden("who saw a record is told to the client and to the custodian's staff only")
    query = _query(desk, id_, pairs, after)
    require_seen(desk, id_)
    asking = Asking(desk.records.log, desk.policy.base_url)
    left = any_of(*(Not(Is(column, "")) for column in ("shown", "refusal", "glass")))
    return page_of(desk, all_of(asking.columns(query.about), left), query, disclosed=True)


def require_seen(desk: Desk, id_: str) -> None:
    """Raise NotFound unless the caller may see the Patient; nothing is shown of it."""
    found = desk.records.glance("Patient", id_, desk.sees("r", "Patient"))
    if found is None or found.deleted:
        raise absent()


def _query(desk: Desk, id_: str, pairs: Pairs, after: Cursor | None) -> Query:
    given = [(name, text) for name, text in pairs if name not in PRESENTATION]
    require_once(name for name, _ in given)
    asked = [("patient", f"Patient/{id_}")]
    for name, text in given:
        if name not in PARAMETERS:
            raise Malformed(f"`$disclosures` does not take `{name}`; it has {', '.join(PARAMETERS)}")
        asked += [(_NAMES[name], text)] if name in _NAMES else _bound(name, text)
    return query_of(["AuditEvent"], asked, asker_of_events(desk), after)


def _bound(name: str, text: str) -> list[tuple[str, str]]:
    moment_of(name, text)
    return [("date", f"{'ge' if name == 'start' else 'le'}{text.replace(' ', '+')}")]

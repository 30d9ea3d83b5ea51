"""Reading and searching AuditEvents: for administrators only. https://hl7.org/fhir/R4/auditevent.html"""

from __future__ import annotations

import json
from dataclasses import replace

from careplan_service.access.filters import Filter, Is
from careplan_service.access.view import require_administrator
from careplan_service.errors import Malformed
from careplan_service.interactions.audit_asked import Asking
from careplan_service.interactions.audit_event import audit_event
from careplan_service.interactions.audit_log import Event, own_parts
from careplan_service.interactions.conditions import Asker
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.query import Pairs, Query, asker_of, query_of
from careplan_service.interactions.read import absent
from careplan_service.interactions.records import Cursor, Key, Page, Stored
from careplan_service.interactions.search import COUNTED, Found

TYPE = "AuditEvent"
_SORTED_BY = frozenset({"updated", "AuditEvent.date"})


def read_event(desk: Desk, id_: str) -> Stored:
    """One AuditEvent. Raises Forbidden for all but administrators, NotFound when there is none of the id."""
    require_administrator(desk.caller, "r", TYPE)
    asking = Asking(desk.records.log, desk.policy.base_url)
    found = desk.records.log.find(asking.columns(Is("id", id_)), Page(limit=1))
    if not found:
        raise absent()
    return desk.show(stored(own_parts(desk.records.log, found)[0], desk.policy.base_url))


def events_asked(desk: Desk, pairs: Pairs, after: Cursor | None, *, lenient: bool) -> Query:
    """A search of AuditEvents as it was understood. Raises as `query_of`; Forbidden comes first."""
    require_administrator(desk.caller, "s", TYPE)
    for name, text in pairs:
        if name == "_elements" or (name == "_summary" and text not in ("count", "false")):
            raise Malformed(f"`{name}` is not offered on AuditEvent, but for `_summary=count`")
    return query_of([TYPE], pairs, asker_of_events(desk), after, lenient=lenient)


def asker_of_events(desk: Desk) -> Asker:
    """Who asks for AuditEvents: they leave whole, so a reference in them is asked for as it stands."""
    return replace(asker_of(desk), eyes=None)


def search_events(desk: Desk, query: Query) -> Found:
    """A page of the AuditEvents that match. Raises as `read_event`, Malformed for what is not offered."""
    require_administrator(desk.caller, "s", TYPE)
    if query.includes:
        raise Malformed("a search of AuditEvents takes no includes; read what they name")
    wanted = Asking(desk.records.log, desk.policy.base_url).columns(query.about)
    return page_of(desk, wanted, query)


def page_of(desk: Desk, wanted: Filter, query: Query, *, disclosed: bool = False) -> Found:
    """A page of the events whose columns the Filter holds for, each as an AuditEvent.

    What is told to who asks for disclosures is not told as something disclosed again.
    """
    log, count, page = desk.records.log, query.page.limit, sorted_page(query.page)
    if query.only_count:
        return Found((), (), log.count(wanted), None)
    found = log.find(wanted, replace(page, limit=count + 1))
    more, events = len(found) > count, own_parts(log, found[:count])
    base_url = desk.policy.base_url
    shown = tuple(stored(event, base_url, disclosed=disclosed) for event in events)
    for one in shown if not disclosed else ():
        desk.show(one)
    last = events[-1] if more and events else None
    total = _total(desk, query, wanted, None if more else len(found))
    return Found(shown, (), total, Cursor((last.at, last.n), last.entry) if last else None)


def _total(desk: Desk, query: Query, wanted: Filter, here: int | None) -> int | None:
    """The exact number, or None where it was not asked for and would cost much."""
    if query.total == "none":
        return None
    if query.page.after is None and here is not None:
        return here
    counted = desk.records.log.count(wanted, None if query.total else COUNTED)
    return counted if query.total or counted <= COUNTED else None


def sorted_page(page: Page) -> Page:
    """The page with its order; without one the newest come first. Raises Malformed (400)."""
    if len(page.sort) > 1 or any(key.name not in _SORTED_BY for key in page.sort):
        raise Malformed("AuditEvents are sorted by `date` or `-date`, which is how they come anyway")
    return page if page.sort else replace(page, sort=(Key("updated", descending=True),))


def stored(event: Event, base_url: str, *, disclosed: bool = False) -> Stored:
    """The AuditEvent of an event as what is shown of it; its one version is the first."""
    document = audit_event(event, base_url, disclosed=disclosed)
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    one = Stored(TYPE, event.id, 1, event.at, False, "POST", body, "", event.entry)
    return one._replace(patient=event.patient)

"""The paths of the log: AuditEvents, and what is told of a client's record. https://hl7.org/fhir/R4/auditevent.html"""

from __future__ import annotations

from careplan_service.interactions.audit_search import TYPE
from careplan_service.resources.audit_event import AUDIT_EVENT
from careplan_service.web.openapi_fhir import Operations
from careplan_service.web.openapi_operations import Row, operation

_SHAPE = ("format", "pretty")
_SEARCH = (
    *(f"{TYPE}.{param.name}" for param in AUDIT_EVENT.params), "id", "lastUpdated", "filter", "sort-log",
    "count", "total", "cursor", "summary-log", "further", "Prefer-handling", *_SHAPE,
)  # fmt: skip
_ADMINISTRATORS = "For a custodian's systems with the scope; 403 for all others."
_DISCLOSED = ("disclosed-start", "disclosed-end", "recipient", "count", "cursor", "format-csv", "pretty")
_SEEN = ("partner", "at-moment", "purpose", *_SHAPE)
_BODY = (413, 415)
_CLAIMED = (
    "For practitioners at an app that is registered for BTG or ETREAT, where the operator allows it. The"
    " answer is the same whether there is such a client or not."
)
_BY_IDENTIFIER = Row(
    "/$break-glass", "post", "breakGlassByIdentifier", "State an emergency with the client of an identifier",
    {200: "Broken"}, (413, 415, 429, 501), "", _SHAPE, "Claim", about=_CLAIMED,
)  # fmt: skip

_ROWS = (
    Row("", "get", "searchAuditEvent", "Search the log", {200: "Searchset"}, (), "s", _SEARCH,
        about=f"One AuditEvent for each request and client concerned, newest first. {_ADMINISTRATORS}"),
    Row("/_search", "post", "searchByFormAuditEvent", "Search the log with the parameters in the body",
        {200: "Searchset"}, _BODY, "s", _SHAPE, "Form"),
    Row("/{id}", "get", "readAuditEvent", "Read an AuditEvent", {200: TYPE}, (404,), "r", _SHAPE,
        about=_ADMINISTRATORS),
)  # fmt: skip
_OF_PATIENT = (
    Row("/$disclosures", "get", "disclosures", "Who saw what of a client's record",
        {200: "Disclosures"}, (404,), "", _DISCLOSED,
        about="For the custodian's staff and for the client, who are told of no other client."),
    Row("/$disclosures", "post", "disclosuresByBody", "Who saw what, asked by Parameters",
        {200: "Disclosures"}, (404, *_BODY), "", ("format-csv", "pretty"), "Asked"),
    Row("/$break-glass", "post", "breakGlass", "State an emergency with a client, to look at her record",
        {200: "Broken"}, (413, 415, 429, 501), "", _SHAPE, "Claim", about=_CLAIMED),
    Row("/$seen-by", "get", "seenBy", "What a partner could see of a client's record at a moment",
        {200: "Seen"}, (404, 413), "", _SEEN,
        about="By the versions of consents and resources that were current then. For the custodian's staff."),
    Row("/$seen-by", "post", "seenByBody", "What a partner could see, asked by Parameters",
        {200: "Seen"}, (404, *_BODY), "", _SHAPE, "Asked"),
)  # fmt: skip


def audit_operations() -> Operations:
    """(path, method, operation)."""
    for row in _ROWS:
        yield f"/fhir/{TYPE}{row.path}", row.method, operation(row, TYPE, TYPE)
    yield f"/fhir/Patient{_BY_IDENTIFIER.path}", "post", operation(_BY_IDENTIFIER, "Patient")
    for row in _OF_PATIENT:
        yield f"/fhir/Patient/{{id}}{row.path}", row.method, operation(row, "Patient")

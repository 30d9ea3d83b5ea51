"""The paths under `/fhir` that are about no type: all of it, and a client's record. https://hl7.org/fhir/R4/http.html"""

from __future__ import annotations

from careplan_service.interactions.policy import Policy
from careplan_service.web.openapi_fhir import Operations
from careplan_service.web.openapi_operations import Row, operation
from careplan_service.web.openapi_search import COMMON, CONTROLS, PRESENTATION

_SHAPE = ("format", "pretty")
_SEARCH = ("type", *COMMON, *CONTROLS)
_VERSIONS = ("since", "at", "count", "cursor", *PRESENTATION)
_ENTRIES = Policy().most_entries

_ROWS = (
    Row("/metadata", "get", "capabilities", "What this server does", {200: "Statement"}, (),
        parameters=PRESENTATION, always=(400, 406)),
    Row("", "post", "transaction", "Carry out a transaction or a batch", {200: "Carried"},
        (404, 405, 409, 410, 412, 413, 415, 422, 501), "", ("Prefer", "Idempotency-Key", *_SHAPE), "Bundle",
        "A Bundle of type `transaction`: all of its entries are carried out or none, and a reference to the "
        "`fullUrl` of an entry becomes the reference that entry gets. Of type `batch`: each on its own, and "
        f"answered so. At most {_ENTRIES} entries unless CAREPLAN_MAX_ENTRIES is set; each needs the "
        "scope of its interaction."),
    Row("", "get", "searchSystem", "Search several types", {200: "Searchset"}, (413, 501), "", _SEARCH,
        about="Each parameter is one that all types asked for (`_type`, or every one) have."),
    Row("/_search", "post", "searchSystemByForm", "Search several types with the parameters in the body",
        {200: "Searchset"}, (413, 415, 501), "", _SHAPE, "Form"),
    Row("/Patient/{id}/*", "get", "searchOfPatient", "Search a client's record", {200: "Searchset"},
        (413, 501), "", _SEARCH),
    Row("/Patient/{id}/*/_search", "post", "searchOfPatientByForm", "Search a client's record, by form",
        {200: "Searchset"}, (413, 415, 501), "", _SHAPE, "Form"),
    Row("/_history", "get", "historyOfSystem", "Versions of everything", {200: "History"}, (), "", _VERSIONS),
    Row("/$validate", "post", "validate", "Would this resource be taken here", {200: "Validation"},
        (404, 413, 415, 422), "", ("mode", "validated-profile", *_SHAPE), "Validated"),
    Row("/$my-access", "get", "myAccess", "What a partner is permitted now", {200: "Permitted"}, (), "",
        _SHAPE,
        about="For partners: by type and terms the number of clients whose permits open something to the "
        "caller, and until when. Nothing is told of what it does not see; 403 for staff and clients."),
    Row("/$my-access", "post", "myAccessByBody", "What a partner is permitted now, asked by Parameters",
        {200: "Permitted"}, (413, 415), "", _SHAPE, "Asked"),
    Row("/$meta", "get", "metaInUse", "Profiles, tags and labels in use", {200: "Meta"},
        parameters=PRESENTATION),
)  # fmt: skip


def system_operations() -> Operations:
    """(path, method, operation)."""
    for row in _ROWS:
        made = operation(row, "System")
        if 401 not in row.always:
            made["security"] = []
        yield f"/fhir{row.path}", row.method, made

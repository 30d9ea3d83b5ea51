"""The paths under `/fhir` of each served type. https://hl7.org/fhir/R4/http.html"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from careplan_service.interactions.compartment import MEMBERS
from careplan_service.resources.registry import SERVED
from careplan_service.resources.spec import ResourceSpec
from careplan_service.web.openapi_operations import Row, operation
from careplan_service.web.openapi_search import PRESENTATION, names_of
from careplan_service.web.openapi_why import WHY

_SHAPE = ("format", "pretty")
_WRITE = ("Prefer", "Idempotency-Key", *_SHAPE)
_BODY = (413, 415, 422)
_CHANGE = (404, 409, 412, 422, 501)
_ONE, _VERSION = "/{id}", "/{id}/_history/{vid}"

_SEARCHES = (
    Row("", "get", "search{}", "Search {}", {200: "Searchset"}, (413, 501), "s",
        about="Current versions that match all parameters and that the caller may see; `total` is their "
        "exact number. A parameter that is not listed here is refused, but with `Prefer: handling=lenient`."),
    Row("/_search", "post", "searchByForm{}", "Search {} with the parameters in the body",
        {200: "Searchset"}, (413, 415, 501), "s", _SHAPE, "Form"),
)  # fmt: skip
_INTERACTIONS = (
    Row("", "post", "create{}", "Create a {}", {200: "{}-stored", 201: "{}-stored"},
        (404, 409, 412, *_BODY, 501), "c", ("If-None-Exist", *_WRITE), "{}",
        "The server makes the id; one in the body is replaced. With `If-None-Exist` also the scope to search "
        "is needed."),
    Row("", "put", "updateMatching{}", "Update the {} that matches, or create it",
        {200: "{}-stored", 201: "{}-stored"}, (413, 415, *_CHANGE), "us",
        ("criteria", "If-Match", "If-None-Match-write", *_WRITE), "{}"),
    Row("", "patch", "patchMatching{}", "Patch the {} that matches", {200: "{}-stored"},
        (410, 413, 415, *_CHANGE), "us", ("criteria", "If-Match", *_WRITE), "Patch"),
    Row("", "delete", "deleteMatching{}", "Delete the {} that matches", {204: "Deleted"}, _CHANGE, "ds",
        ("criteria", "If-Match", "Idempotency-Key", *_SHAPE)),
    Row(_ONE, "get", "read{}", "Read a {}", {200: "{}", 304: "304"}, (404, 410), "r",
        ("If-None-Match", "If-Modified-Since", *PRESENTATION),
        about="410 only for who could see it before it was deleted."),
    Row(_ONE, "put", "update{}", "Update a {}", {200: "{}-stored", 201: "{}-stored"},
        (413, 415, *_CHANGE), "u", ("If-Match", "If-None-Match-write", *_WRITE), "{}",
        "The body must have the id of the address. The custodian's systems may create under an id of their "
        "own; a partner changes only what it contributed."),
    Row(_ONE, "patch", "patch{}", "Patch a {}", {200: "{}-stored"}, (410, 413, 415, *_CHANGE), "u",
        ("If-Match", *_WRITE), "Patch", "What the patch makes of it is checked like an update."),
    Row(_ONE, "delete", "delete{}", "Delete a {}", {204: "Deleted"}, _CHANGE, "d",
        ("If-Match", "Idempotency-Key", *_SHAPE), about="409 while others refer to it."),
    Row(f"{_ONE}/_history", "get", "history{}", "Versions of a {}", {200: "History"}, (404,), "r",
        ("since", "at", "count", "cursor", *PRESENTATION),
        about="A version is shown if it may be seen itself and the current one may too."),
    Row("/_history", "get", "historyOfType{}", "Versions of every {}", {200: "History"}, (), "r",
        ("since", "at", "count", "cursor", *PRESENTATION)),
    Row(_VERSION, "get", "vread{}", "Read a version of a {}", {200: "{}"}, (404, 410), "r", PRESENTATION,
        about="Shown if it may be seen itself and the current version may too."),
    Row("/$validate", "post", "validate{}", "Would this {} be taken here", {200: "Validation"},
        (404, *_BODY), "", ("mode", "validated-profile", *_SHAPE), "Validated"),
    Row(f"{_ONE}/$validate", "post", "validateFor{}", "Would this be taken as that {}", {200: "Validation"},
        (404, 410, *_BODY), "", ("mode", "validated-profile", *_SHAPE), "Validated"),
    Row(f"{_ONE}/$validate", "get", "validateStored{}", "Does a stored {} keep to a profile",
        {200: "Validation"}, (404, 410), "r", ("mode", "validated-profile", *_SHAPE)),
    Row("/$meta", "get", "metaInUse{}", "Profiles, tags and labels that {} have", {200: "Meta"}, (), "r",
        PRESENTATION),
    Row(f"{_ONE}/$meta", "get", "meta{}", "Profiles, tags and labels of a {}", {200: "Meta"}, (404, 410), "r",
        PRESENTATION),
    Row(f"{_ONE}/$meta-add", "post", "raise{}", "Put labels, tags or profiles on a {}", {200: "Meta"},
        (404, 409, 410, 412, 413, 415, 422), "u", ("If-Match", "Idempotency-Key", *_SHAPE), "Labels",
        "A label that is set here is a person's. The higher confidentiality stays."),
    Row(f"{_ONE}/$meta-delete", "post", "lower{}", "Take labels, tags or profiles off a {}", {200: "Meta"},
        (404, 409, 410, 412, 413, 415, 422), "u", ("If-Match", "Idempotency-Key", *_SHAPE), "Labels",
        "Labels with a `reason`, by the custodian's staff; what the rules set is refused with 422."),
    Row(f"{_VERSION}/$meta", "get", "metaOfVersion{}", "Profiles, tags and labels of a version",
        {200: "Meta"}, (404, 410), "r", PRESENTATION),
)  # fmt: skip
_COMPARTMENT = (
    Row("", "get", "searchOfPatient{}", "Search {} in a client's record", {200: "Searchset"},
        (413, 501), "s"),
    Row("/_search", "post", "searchOfPatientByForm{}", "Search {} in a client's record, by form",
        {200: "Searchset"}, (413, 415, 501), "s", _SHAPE, "Form"),
)  # fmt: skip
_MORE: Mapping[str, Sequence[Row]] = {
    "Patient": [Row(f"{_ONE}/$everything", "get", "everything{}", "A client's whole record",
        {200: "Searchset"}, (404, 413), "", ("start", "end", "since", "type", "count", "cursor",
        *PRESENTATION), about="And the people and places it names.")],
    "CarePlan": [Row(f"{_ONE}/$everything", "get", "everything{}", "A plan and all that it refers to",
        {200: "Searchset"}, (404, 410, 413), "r", PRESENTATION)],
    "QuestionnaireResponse": [
        Row("/$extract", "post", "extract{}", "What the answers of a screening say", {200: "Extracted"},
            (404, 409, 412, *_BODY, 501), "r", ("store", *_WRITE), "Answers",
            "A transaction of Observations and health concerns; with `store` it is carried out."),
        Row(f"{_ONE}/$extract", "get", "extractedFrom{}", "What the answers on record say",
            {200: "Extracted"}, (404, 409, 410, 422), "r", _SHAPE),
        Row(f"{_ONE}/$extract", "post", "extractFrom{}", "What the answers on record say, to be stored",
            {200: "Extracted"}, (404, 409, 410, 412, *_BODY, 501), "r", ("store", *_WRITE), "Stored"),
    ],
    "Consent": [
        *(Row(f"/{name}", "post", f"{id_}{{}}", "File a {} with what was signed", {200: "Filed"},
              (409, 413, 415, 422, 501), "cu", ("Idempotency-Key", *_SHAPE), "Filing",
              "409 names the active ones that it contradicts; those in `replaces` become inactive.")
          for name, id_ in (("$file-consent", "file"), ("$fileConsent", "fileAsInTheGuide"))),
        *(Row(f"/{name}", "post", f"{id_}{{}}", "Revoke a {}", {200: "Filed"},
              (404, 409, 410, 413, 415, 422, 501), "u", ("Idempotency-Key", *_SHAPE), "Revocation",
              "It becomes inactive and is kept.")
          for name, id_ in (("$revoke-consent", "revoke"), ("$revokeConsent", "revokeAsInTheGuide"))),
        Row("/$preview", "post", "preview{}", "What a partner would see if this {} were filed",
            {200: "Previewed"}, (404, 409, 413, 415, 422), "r", _SHAPE, "Previewing",
            "For the custodian's staff, the client and who represents her. Nothing is stored."),
        Row("/$what-if", "post", "whatIf{}", "What partners would gain and lose by another policy or label",
            {200: "Supposed"}, (404, 409, 413, 415, 501), "", _SHAPE, "Supposing",
            "For administrators, over all clients. Nothing is stored."),
    ],
}  # fmt: skip

Operations = Iterator[tuple[str, str, dict[str, Any]]]


def type_operations() -> Operations:
    """(path, method, operation) of every served type."""
    for spec in SERVED.values():
        yield from _of_type(spec)
    for name in MEMBERS:
        for row in _COMPARTMENT:
            yield _made(f"/fhir/Patient/{{id}}/{name}", row, "Patient", SERVED[name])


def _of_type(spec: ResourceSpec) -> Operations:
    for row in [*_SEARCHES, *_INTERACTIONS, *WHY, *_MORE.get(spec.name, ())]:
        yield _made(f"/fhir/{spec.name}", row, spec.name, spec)


def _made(base: str, row: Row, tag: str, spec: ResourceSpec) -> tuple[str, str, dict[str, Any]]:
    searches = row.method == "get" and row.id.startswith("search")
    made = operation(row, tag, spec.name, names_of(spec) if searches else ())
    return f"{base}{row.path}", row.method, made

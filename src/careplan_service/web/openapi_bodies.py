"""What requests and answers hold, each once for all operations that refer to it.

https://hl7.org/fhir/R4/http.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from careplan_service.resources.registry import SERVED
from careplan_service.web.fhir.writes import JSON_PATCH
from careplan_service.web.formats import FHIR_XML
from careplan_service.web.incoming import FORM
from careplan_service.web.wire import FHIR_JSON

JSON = "application/json"
_VERSION, _MADE = ("ETag", "Last-Modified"), ("ETag", "Last-Modified", "Location", "Preference-Applied")
_ZIPPED = "May be compressed: `Content-Encoding: gzip`."

_ANSWERS: Mapping[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "Searchset": ("What matches, and what it brings.", ("Bundle",), ()),
    "History": (
        "Versions, newest first; to a partner that asks `_since` also what it may use no longer.",
        ("Bundle",),
        (),
    ),
    "Carried": ("Every entry with its answer, in the order sent.", ("Bundle",), ("Preference-Applied",)),
    "Statement": ("The statement.", ("CapabilityStatement",), ()),
    "AuditEvent": ("The AuditEvent.", ("AuditEvent",), _VERSION),
    "Permitted": ("What it is permitted, each as `permitted` of Parameters.", ("Parameters",), ()),
    "Seen": ("What it could see, as `seen` of Parameters.", ("Parameters",), ()),
    "Why": ("Decision, reason, Consent and provision as Parameters.", ("Parameters",), ()),
    "Explained": ("How many are found, returned and withheld, and `because`.", ("Parameters",), ()),
    "Previewed": ("What it would see, gain and lose, as Parameters.", ("Parameters",), ()),
    "Supposed": ("A `difference` for each partner.", ("Parameters",), ()),
    "Broken": ("Its id, purpose and end, and what is asked of who looks.", ("Parameters",), ()),
    "Definition": ("The definition.", ("Resource",), ()),
    "Definitions": ("Those that match.", ("Bundle",), ()),
    "AboutCode": ("What is known, as Parameters.", ("Parameters",), ()),
    "Extracted": ("The transaction, or the answer to it where it was carried out.", ("Bundle",), ()),
    "Meta": ("`meta` as `return` of Parameters.", ("Parameters",), ()),
    "Validation": ("What was found; `information` if nothing was.", ("OperationOutcome",), ()),
    "Filed": ("What was done, a sentence for each resource.", ("OperationOutcome",), ("Location",)),
    "Deleted": ("Deleted, now or before; its history stays.", (), ("ETag",)),
    "304": ("The caller has this version already.", (), ("ETag",)),
    **{name: (f"The {name}.", (name,), _VERSION) for name in SERVED},
    **{
        f"{name}-stored": (
            f"The {name} as it is stored; nothing or an OperationOutcome where `Prefer` asks for it.",
            (name, "OperationOutcome"),
            _MADE,
        )
        for name in SERVED
    },
}
"""What each says, the schemas it may have, its headers."""

_EXAMPLE: Mapping[str, Any] = {
    "resourceType": "Bundle",
    "type": "transaction",
    "entry": [
        {
            "fullUrl": "urn:uuid:05efabf0-4be2-4561-91ce-51548425acb9",
            "resource": {"resourceType": "Patient", "name": [{"family": "Doe"}]},
            "request": {"method": "POST", "url": "Patient"},
        }
    ],
}
_FORM = {
    "type": "object",
    "description": "The parameters of the search, as they stand in an address.",
    "additionalProperties": {"type": "string"},
}


def ref(kind: str, name: str) -> dict[str, str]:
    """A reference to one of the components: `ref("responses", "404")`."""
    return {"$ref": f"#/components/{kind}/{name}"}


def content(*schemas: str) -> dict[str, Any]:
    """A body of one of the schemas, as JSON or as XML."""
    either = [ref("schemas", name) for name in schemas]
    schema = either[0] if len(either) == 1 else {"oneOf": either}
    return {FHIR_JSON: {"schema": schema}, FHIR_XML: {"schema": ref("schemas", "XML")}}


def answers() -> dict[str, Any]:
    """The answers of what succeeded, by name; 304 among them."""
    disclosed = _answer("AuditEvents, newest first.", ("Bundle",), ())
    disclosed["content"]["text/csv"] = {"schema": {"type": "string"}}
    return {**{name: _answer(*row) for name, row in _ANSWERS.items()}, "Disclosures": disclosed}


def bodies() -> dict[str, Any]:
    """The bodies of requests, by name."""
    transaction = _resource("Bundle")
    transaction["content"][FHIR_JSON] = {**transaction["content"][FHIR_JSON], "example": _EXAMPLE}
    patch = {JSON_PATCH: {"schema": ref("schemas", "JSONPatch")}, **content("Parameters")}
    return {
        **{name: _resource(name) for name in SERVED},
        "Bundle": transaction,
        "Patch": {"required": True, "description": f"JSON or FHIRPath Patch. {_ZIPPED}", "content": patch},
        "Validated": {**_resource("Resource"), "description": "The resource, or Parameters that hold it."},
        "Filing": {
            **_resource("Parameters"),
            "description": "`consent` and `document` as `resource`; each `replaces` as `valueReference`.",
        },
        "Revocation": {
            **_resource("Parameters"),
            "description": "`consent` and `patient` as `valueReference`; `document` as `resource`, if any.",
        },
        "Previewing": {
            **_resource("Parameters"),
            "description": "`consent`, `partner`; `document`, `replaces` and `purpose`, if any.",
        },
        "Supposing": {
            **_resource("Parameters"),
            "description": "`profile`, `choice` or `label`; each `partner`, `purpose` and `count`, if any.",
        },
        "Claim": {
            **_resource("Parameters"),
            "description": "`reason` as `valueString`; `purpose` as `valueCode`, if any; where the address"
            " has no id `identifier` as `valueIdentifier`.",
        },
        "Labels": {
            **_resource("Parameters"),
            "description": "`meta` as `valueMeta`; `reason` as `valueString`, where labels are taken off.",
        },
        "Answers": {**_resource("Resource"), "description": "The response, or Parameters that hold it."},
        "Stored": {
            **_resource("Parameters"),
            "required": False,
            "description": "`store` as `valueBoolean`.",
        },
        "Asked": {**_resource("Parameters"), "required": False},
        "Form": {"required": True, "content": {FORM: {"schema": _FORM}}},
    }  # fmt: skip


def _answer(about: str, schemas: tuple[str, ...], headers: tuple[str, ...]) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": about}
    if headers:
        answer["headers"] = {header: ref("headers", header) for header in headers}
    return {**answer, "content": content(*schemas)} if schemas else answer


def _resource(name: str) -> dict[str, Any]:
    taken = {**content(name), JSON: {"schema": ref("schemas", name)}}
    return {"required": True, "description": _ZIPPED, "content": taken}

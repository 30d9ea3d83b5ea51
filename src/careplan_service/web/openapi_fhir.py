"""The paths under `/fhir`, one set for each served type. https://hl7.org/fhir/R4/http.html"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from careplan_service.interactions.entries import MOST_ENTRIES
from careplan_service.resources.registry import SERVED
from careplan_service.resources.spec import ResourceSpec
from careplan_service.web.openapi_parts import content, parameter, refused
from careplan_service.web.openapi_search import parameters_of
from careplan_service.web.wire import FHIR_JSON

_ALWAYS = (400, 401, 403, 406, 503)
_WRITE = (*_ALWAYS, 501)
_BODY = (413, 415, 422)
_FORM = "application/x-www-form-urlencoded"
_FORMAT = parameter("format")
_PAGE = [parameter("count"), parameter("cursor"), _FORMAT]


def fhir_paths() -> dict[str, Any]:
    """Every path under `/fhir`."""
    paths: dict[str, Any] = {
        "/fhir/metadata": {"get": _capabilities()},
        "/fhir": {"post": _transaction()},
    }
    for spec in SERVED.values():
        paths |= _type_paths(spec)
    return paths


def _type_paths(spec: ResourceSpec) -> dict[str, Any]:
    name = spec.name
    one = f"/fhir/{name}/{{id}}"
    id_, vid = parameter("path-id"), parameter("path-vid")
    return {
        f"/fhir/{name}": {"get": _search(spec), "post": _create(name)},
        f"/fhir/{name}/_search": {"post": _search_by_form(name)},
        one: {
            "parameters": [id_],
            "get": _read(name),
            "put": _update(name),
            "delete": _delete(name),
        },
        f"{one}/_history": {"parameters": [id_], "get": _history(name)},
        f"{one}/_history/{{vid}}": {"parameters": [id_, vid], "get": _vread(name)},
    }


def _operation(tag: str, name: str, summary: str, scope: str = "", **more: Any) -> dict[str, Any]:
    security = {"security": [{"oauth2": [scope]}]} if scope else {}
    return {"tags": [tag], "operationId": name, "summary": summary, **security, **more}


def _answer(about: str, schema: str, *headers: str) -> dict[str, Any]:
    named = {header: {"$ref": f"#/components/headers/{header}"} for header in headers}
    return {"description": about, **({"headers": named} if named else {}), "content": content(schema)}


def _body(schema: str) -> dict[str, Any]:
    return {"required": True, "content": {**content(schema), **content(schema, "application/json")}}


def _search(spec: ResourceSpec) -> dict[str, Any]:
    return _operation(
        spec.name, f"search{spec.name}", f"Search {spec.name}", f"system/{spec.name}.s",
        description="Current versions that match all parameters and that the caller may see; "
        "`total` is their exact number. A parameter that is not listed here is refused.",
        parameters=list(parameters_of(spec)),
        responses={"200": _answer("A searchset.", "Bundle"), **refused(*_ALWAYS)},
    )  # fmt: skip


def _search_by_form(name: str) -> dict[str, Any]:
    form = {"type": "object", "description": "The parameters of the search, as they stand in an address."}
    return _operation(
        name, f"searchByForm{name}", f"Search {name} with the parameters in the body", f"system/{name}.s",
        parameters=[_FORMAT],
        requestBody={"required": True, "content": {_FORM: {"schema": form}}},
        responses={"200": _answer("A searchset.", "Bundle"), **refused(413, 415, *_ALWAYS)},
    )  # fmt: skip


def _create(name: str) -> dict[str, Any]:
    made = _answer("Stored.", name, "ETag", "Last-Modified", "Location")
    about = "The server makes the id; one in the body is replaced."
    if name == "Consent":
        about += " A partner may not file an active Consent about sharing."
    return _operation(
        name, f"create{name}", f"Create a {name}", f"system/{name}.c",
        description=about,
        parameters=[_FORMAT],
        requestBody=_body(name),
        responses={"201": made, **refused(*_BODY, *_WRITE)},
    )  # fmt: skip


def _read(name: str) -> dict[str, Any]:
    found = _answer("The current version.", name, "ETag", "Last-Modified")
    return _operation(
        name, f"read{name}", f"Read a {name}", f"system/{name}.r",
        description="410 only for who could see it before it was deleted.",
        parameters=[_FORMAT],
        responses={"200": found, **refused(404, 410, *_ALWAYS)},
    )  # fmt: skip


def _update(name: str) -> dict[str, Any]:
    stored = _answer("A new version is stored.", name, "ETag", "Last-Modified", "Location")
    made = _answer("The resource was not there, or was deleted, and is stored.", name, *stored["headers"])
    return _operation(
        name, f"update{name}", f"Update a {name}", f"system/{name}.u",
        description="The body must have the id of the address. The custodian's systems may create under "
        "an id of their own, with the scope to create; a partner changes only what it contributed.",
        parameters=[parameter("If-Match"), _FORMAT],
        requestBody=_body(name),
        responses={"200": stored, "201": made, **refused(404, 405, 412, *_BODY, *_WRITE)},
    )  # fmt: skip


def _delete(name: str) -> dict[str, Any]:
    etag = {"ETag": {"$ref": "#/components/headers/ETag"}}
    gone = {"description": "Deleted, now or before; its history stays.", "headers": etag}
    return _operation(
        name, f"delete{name}", f"Delete a {name}", f"system/{name}.d",
        parameters=[parameter("If-Match"), _FORMAT],
        responses={"204": gone, **refused(404, 412, *_WRITE)},
    )  # fmt: skip


def _history(name: str) -> dict[str, Any]:
    return _operation(
        name, f"history{name}", f"Versions of a {name}", f"system/{name}.r",
        description="Newest first; a version is shown if it may be seen itself and the current one may too.",
        parameters=_PAGE,
        responses={"200": _answer("A history.", "Bundle"), **refused(404, *_ALWAYS)},
    )  # fmt: skip


def _vread(name: str) -> dict[str, Any]:
    found = _answer("The version.", name, "ETag", "Last-Modified")
    return _operation(
        name, f"vread{name}", f"Read a version of a {name}", f"system/{name}.r",
        description="Shown if it may be seen itself and the current version may too.",
        parameters=[_FORMAT],
        responses={"200": found, **refused(404, 410, *_ALWAYS)},
    )  # fmt: skip


def _transaction() -> dict[str, Any]:
    answer = _answer("Every entry was carried out; the entries are in the order sent.", "Bundle")
    entry: Mapping[str, Any] = {
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
    body = _body("Bundle")
    body["content"][FHIR_JSON] = {**body["content"][FHIR_JSON], "example": entry}
    return _operation(
        "System", "transaction", "Carry out a transaction",
        description="A Bundle of type `transaction` with POST, PUT and DELETE, at most "
        f"{MOST_ENTRIES} entries: all are carried out or none. A reference to the `fullUrl` of an entry "
        "becomes the reference that entry gets. Each entry needs the scope of its interaction.",
        parameters=[_FORMAT],
        requestBody=body,
        responses={"200": answer, **refused(404, 405, 412, *_BODY, *_WRITE)},
    )  # fmt: skip


def _capabilities() -> dict[str, Any]:
    return _operation(
        "System", "capabilities", "What this server does",
        security=[],
        parameters=[_FORMAT],
        responses={"200": _answer("The statement.", "CapabilityStatement"), **refused(406)},
    )  # fmt: skip

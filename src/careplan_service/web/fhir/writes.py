"""Create, update, patch and delete, each also conditional. https://hl7.org/fhir/R4/http.html#create"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import sha256
from urllib.parse import urlencode

from flask import Blueprint, Request, Response, request

from careplan_service.errors import UnsupportedMediaType
from careplan_service.interactions.admission import spec_of
from careplan_service.interactions.create import create
from careplan_service.interactions.delete import delete, delete_where
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.guard import Guard, guard_of
from careplan_service.interactions.once import once_of
from careplan_service.interactions.patch import Patch, patch, patch_where
from careplan_service.interactions.update import update, update_where
from careplan_service.web import incoming
from careplan_service.web.fhir import answers
from careplan_service.web.fhir.face import FORMAT, Face, pairs_of
from careplan_service.web.fhir.reads import INSTANCE
from careplan_service.web.formats import FHIR_XML, FORMATS, media
from careplan_service.web.wire import FHIR_JSON

JSON_PATCH = "application/json-patch+json"
_ACCEPT_PATCH = ", ".join((JSON_PATCH, FHIR_JSON, FHIR_XML))
_CREATE, _UPDATE, _CHANGE = {"If-None-Exist"}, {"If-Match", "If-None-Match"}, {"If-Match"}
_SHAPING = frozenset({"_format", "_pretty"})
_TOLD_APART = ("If-Match", "If-None-Match", "If-None-Exist")
"""Headers that make another request of the same body."""


class UnsupportedPatch(UnsupportedMediaType):
    """A patch in a format that is not taken. https://www.rfc-editor.org/rfc/rfc5789#section-3.1"""

    @property
    def headers(self) -> Mapping[str, str]:
        return {"Accept-Patch": _ACCEPT_PATCH}


def register(routes: Blueprint, face: Face) -> None:
    """The writing routes of one resource, and of the one that matches a search."""

    def serve(
        interaction: str,
        conditions: set[str],
        carry_out: Callable[[Desk], Response],
        parameters: frozenset[str] | None = FORMAT,
    ) -> Response:
        def checked(desk: Desk) -> Response:
            incoming.require_preconditions(request, conditions)
            return carry_out(desk)

        return face.serve(interaction, checked, parameters)

    @routes.post("/<string:type_>")
    def create_type(type_: str) -> Response:
        def carry_out(desk: Desk) -> Response:
            spec, data = spec_of(type_), incoming.body_of(request)
            note_once(desk, request, data)
            made = create(desk, spec, data, face.door(), request.headers.get("If-None-Exist"))
            return answers.written(made, face.base_url, answers.preferred(request))

        return serve("create", _CREATE, carry_out)

    @routes.put(INSTANCE)
    def update_instance(type_: str, id_: str) -> Response:
        def carry_out(desk: Desk) -> Response:
            spec, guard, data = spec_of(type_), _guard(), incoming.body_of(request)
            note_once(desk, request, data)
            made = update(desk, spec, id_, data, face.door(), guard)
            return answers.written(made, face.base_url, answers.preferred(request))

        return serve("update", _UPDATE, carry_out)

    @routes.put("/<string:type_>")
    def update_matching(type_: str) -> Response:
        def carry_out(desk: Desk) -> Response:
            spec, guard, data = spec_of(type_), _guard(), incoming.body_of(request)
            note_once(desk, request, data)
            made = update_where(desk, spec, _criteria(), data, face.door(), guard)
            return answers.written(made, face.base_url, answers.preferred(request))

        return serve("update", _UPDATE, carry_out, None)

    @routes.patch(INSTANCE)
    def patch_instance(type_: str, id_: str) -> Response:
        def carry_out(desk: Desk) -> Response:
            spec, guard, sent = spec_of(type_), _guard(), _patch()
            note_once(desk, request, sent.data)
            made = patch(desk, spec, id_, sent, face.door(), guard)
            return answers.written(made, face.base_url, answers.preferred(request))

        return serve("patch", _CHANGE, carry_out)

    @routes.patch("/<string:type_>")
    def patch_matching(type_: str) -> Response:
        def carry_out(desk: Desk) -> Response:
            spec, guard, sent = spec_of(type_), _guard(), _patch()
            note_once(desk, request, sent.data)
            made = patch_where(desk, spec, _criteria(), sent, face.door(), guard)
            return answers.written(made, face.base_url, answers.preferred(request))

        return serve("patch", _CHANGE, carry_out, None)

    @routes.delete(INSTANCE)
    def delete_instance(type_: str, id_: str) -> Response:
        def carry_out(desk: Desk) -> Response:
            spec, guard = spec_of(type_), _guard()
            note_once(desk, request, b"")
            return answers.deleted(delete(desk, spec, id_, face.door(), guard).stored)

        return serve("delete", _CHANGE, carry_out)

    @routes.delete("/<string:type_>")
    def delete_matching(type_: str) -> Response:
        def carry_out(desk: Desk) -> Response:
            spec, guard = spec_of(type_), _guard()
            note_once(desk, request, b"")
            return answers.deleted(delete_where(desk, spec, _criteria(), face.door(), guard).stored)

        return serve("delete", _CHANGE, carry_out, None)


def _guard() -> Guard:
    return guard_of(request.headers.get("If-Match"), request.headers.get("If-None-Match"))


def _criteria() -> str:
    """The search of a conditional write, without what says how the answer looks."""
    return urlencode([pair for pair in pairs_of(request) if pair[0] not in _SHAPING])


def _patch() -> Patch:
    """The patch in the body. Raises UnsupportedPatch (415), which says what is taken."""
    kind, _ = media(request.content_type or "")
    if kind == JSON_PATCH:
        return Patch("json-patch", incoming.json_of(request))
    if kind not in FORMATS:
        shown = f"`Content-Type: {request.content_type}`" if kind else "a body without Content-Type"
        raise UnsupportedPatch(f"{shown} is not taken here; send one of {_ACCEPT_PATCH}")
    return Patch("fhirpath", incoming.body_of(request))


def note_once(desk: Desk, sent: Request, data: bytes) -> None:
    """Keep at the desk that the caller wants this carried out once. Raises Malformed (400)."""
    key = sent.headers.get("Idempotency-Key")
    if key is None:
        return
    parts = [sent.method, sent.full_path, *(f"{name}: {sent.headers.get(name)}" for name in _TOLD_APART)]
    told = "\n".join(parts).encode("utf-8", "surrogatepass") + b"\n\n" + data
    desk.once = once_of(key, sha256(told).hexdigest())

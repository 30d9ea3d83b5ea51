"""$validate, $meta, $meta-add and $meta-delete. https://hl7.org/fhir/R4/operations.html"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request

from careplan_service.errors import Fault
from careplan_service.interactions.admission import spec_of
from careplan_service.interactions.change_labels import change_labels, labelled_of
from careplan_service.interactions.controls import PRESENTATION
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.guard import guard_of
from careplan_service.interactions.meta import meta_in_use, meta_of
from careplan_service.interactions.validate import asked_of, validate
from careplan_service.resources import r4
from careplan_service.web import incoming, wire
from careplan_service.web.fhir.face import Face
from careplan_service.web.fhir.writes import note_once

_VALIDATE = frozenset({"mode", "profile", "_format", "_pretty"})
_ALL_WELL = Fault("informational", "no fault was found", None, "information")


def register(routes: Blueprint, face: Face) -> None:
    """The operations' routes."""

    def validated(type_: str = "", id_: str = "") -> Response:
        def carry_out(desk: Desk) -> Response:
            name = spec_of(type_).name if type_ else ""
            body = incoming.body_of(request) if request.method == "POST" else b""
            asked = asked_of(body, request.args)
            faults = validate(desk, name, id_, asked, face.door())
            return wire.told(faults or [_ALL_WELL])

        return face.serve("validate", carry_out, _VALIDATE)

    def meta(type_: str = "", id_: str = "", version: str = "") -> Response:
        def carry_out(desk: Desk) -> Response:
            name = spec_of(type_).name if type_ else ""
            found = meta_of(desk, name, id_, version) if id_ else meta_in_use(desk, name)
            return wire.document(_parameters(found))

        return face.serve("meta", carry_out, PRESENTATION)

    def relabelled(type_: str, id_: str, adds: bool) -> Response:
        def carry_out(desk: Desk) -> Response:
            incoming.require_preconditions(request, {"If-Match"})
            spec, data = spec_of(type_), incoming.body_of(request)
            note_once(desk, request, data)
            guard = guard_of(request.headers.get("If-Match"))
            made = change_labels(desk, spec, id_, labelled_of(data, adds=adds), face.door(), guard)
            return wire.document(_parameters(r4.parse(made.stored.body)["meta"]))

        return face.serve("meta-add" if adds else "meta-delete", carry_out)

    for name, adds in (("meta-add", True), ("meta-delete", False)):
        routes.add_url_rule(
            f"/<string:type_>/<string:id_>/${name}",
            name,
            relabelled,
            methods=["POST"],
            defaults={"adds": adds},
        )
    for number, path in enumerate(("", "/<string:type_>", "/<string:type_>/<string:id_>")):
        routes.add_url_rule(f"{path}/$validate", f"validate_{number}", validated, methods=["POST"])
        routes.add_url_rule(f"{path}/$meta", f"meta_{number}", meta, methods=["GET"])
    routes.add_url_rule(
        "/<string:type_>/<string:id_>/$validate", "validate_stored", validated, methods=["GET"]
    )
    routes.add_url_rule(
        "/<string:type_>/<string:id_>/_history/<string:version>/$meta", "meta_version", meta, methods=["GET"]
    )


def _parameters(meta: dict[str, Any]) -> dict[str, Any]:
    held = {"name": "return", "valueMeta": meta} if meta else {"name": "return"}
    return {"resourceType": "Parameters", "parameter": [held]}

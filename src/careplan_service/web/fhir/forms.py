"""The screening questionnaires of this service, and `$extract` of the answers to them. docs/screening.md

https://hl7.org/fhir/uv/sdc/OperationDefinition-QuestionnaireResponse-extract.html

Questionnaires are a stored type as well. Those of this service are read by their ids and found by `url` or
`_id`, without a token like all definitions; whatever else is asked goes the way of what is stored.
"""

from __future__ import annotations

from typing import cast

from flask import Blueprint, Response, current_app, request

from careplan_service.errors import Malformed
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.extract import RESPONSE, asked_of, extracted, store
from careplan_service.interactions.terminology.finding import read_definition
from careplan_service.interventions.screening.tools import tools
from careplan_service.interventions.vocabulary.whole import FORMS
from careplan_service.web import incoming, presenting, wire
from careplan_service.web.fhir import answers
from careplan_service.web.fhir.bundles import bundle_of
from careplan_service.web.fhir.definitions import searched
from careplan_service.web.fhir.face import FORMAT, Face, Pairs, pairs_of
from careplan_service.web.fhir.writes import note_once
from careplan_service.web.reception import require_text


def register(routes: Blueprint, face: Face) -> None:
    """The routes."""

    def stored(view: str, **arguments: str) -> Response:
        """Goes the way of what is stored."""
        carry_out = current_app.view_functions[f"{request.blueprint}.{view}"]
        return cast(Response, carry_out(type_=FORMS, **arguments))

    @routes.get(f"/{FORMS}/<string:id_>")
    def read_form(id_: str) -> Response:
        if id_ not in tools():
            return stored("read_instance", id_=id_)
        require_text(request)
        presenting.note_wanted(request, "read")
        incoming.require_parameters(request, FORMAT)
        return wire.document(read_definition(face.words(), FORMS, id_))

    @routes.get(f"/{FORMS}")
    def search_forms() -> Response:
        asked = [pair for pair in pairs_of(request) if pair[0] not in FORMAT]
        if not _of_ours(asked):
            return stored("search_type")
        require_text(request)
        presenting.note_wanted(request, "search-type")
        return searched(face, FORMS, asked)

    @routes.post(f"/{RESPONSE}/$extract")
    @routes.route(f"/{RESPONSE}/<string:id_>/$extract", methods=["GET", "POST"])
    def extract_answers(id_: str = "") -> Response:
        def carry_out(desk: Desk) -> Response:
            sent = request.content_length or "Transfer-Encoding" in request.headers
            data = incoming.body_of(request) if sent else b""
            asked = asked_of(data, request.args.get("store", ""))
            if asked.store and request.method == "GET":
                raise Malformed("`store=true` is posted; GET changes nothing", expression="store")
            bundle = extracted(desk, id_, asked, face.door())
            if not asked.store:
                return wire.document(bundle)
            note_once(desk, request, data)
            preference = answers.preferred(request)
            done = store(desk, bundle, face.door())
            return answers.applied(bundle_of("transaction-response", done, preference), preference)

        return face.serve("extract", carry_out, FORMAT | {"store"})


def _of_ours(pairs: Pairs) -> bool:
    """Whether a search names definitions of this service only."""
    named = [value for name, values in pairs if name in ("url", "_id") for value in values.split(",")]
    ours = {*tools(), *(tool.url for tool in tools().values())}
    return bool(named) and all(value.partition("|")[0] in ours for value in named)

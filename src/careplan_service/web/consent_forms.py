"""Consent forms in the agency's words. docs/consent-forms.md has the fields."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
from flask import Blueprint, Response, request

from careplan_service.access.consent.rules import Door
from careplan_service.interactions.consent_forms import Told, file_form, read_form, withdraw_form
from careplan_service.interactions.desk import Desk
from careplan_service.interventions.consents.schema import consent_schema, form_to_json
from careplan_service.web.plans import sent_json
from careplan_service.web.reception import Reception
from careplan_service.web.wire import etag


def consents_blueprint(reception: Reception, door: Callable[[], Door], base_url: str) -> Blueprint:
    """`/consents` and everything below it."""
    routes = Blueprint("consents", __name__)

    @routes.post("/consents")
    def file() -> Response:
        def carry_out(desk: Desk) -> Response:
            told = file_form(desk, sent_json(desk), door())
            response = _form(told, base_url)
            response.status_code = 201
            response.headers["Location"] = f"{base_url}/consents/{told.stored.id}"
            return response

        return reception.serve(request, "file-consent", carry_out)

    @routes.get("/consents/<string:id_>")
    def show(id_: str) -> Response:
        return reception.serve(request, "read", lambda desk: _form(read_form(desk, id_), base_url))

    @routes.post("/consents/<string:id_>/withdrawal")
    def withdraw(id_: str) -> Response:
        def carry_out(desk: Desk) -> Response:
            return _form(withdraw_form(desk, id_, sent_json(desk), door()), base_url)

        return reception.serve(request, "revoke-consent", carry_out)

    @routes.get("/consents/schema")
    def schema() -> Response:
        return Response(orjson.dumps(consent_schema(base_url)), content_type="application/schema+json")

    return routes


def _form(told: Told, base_url: str) -> Response:
    made: dict[str, Any] = {
        "id": told.stored.id,
        "consent": f"{base_url}/fhir/Consent/{told.stored.id}",
        "state": told.state,
        **form_to_json(told.form),
    }
    if told.withdrawal:
        made["withdrawn"] = form_to_json(told.withdrawal)
    response = Response(orjson.dumps(made), content_type="application/json")
    response.headers["ETag"] = etag(told.stored)
    return response

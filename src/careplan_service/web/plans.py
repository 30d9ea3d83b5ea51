"""Plans in the practitioner's words. docs/plans.md has the fields."""

from __future__ import annotations

from collections.abc import Callable

import orjson
from flask import Blueprint, Response, request

from careplan_service.access.consent.rules import Door
from careplan_service.errors import UnsupportedMediaType
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.read_plan import read_plan
from careplan_service.interactions.submit_plan import submit_plan
from careplan_service.interventions.intake import plan_from_json, plan_to_json
from careplan_service.interventions.intake_csv import plans_to_csv
from careplan_service.interventions.plan import Plan
from careplan_service.resources import r4
from careplan_service.web.fhir.writes import note_once
from careplan_service.web.incoming import json_of
from careplan_service.web.reception import Reception


def plans_blueprint(reception: Reception, door: Callable[[], Door], base_url: str) -> Blueprint:
    """`POST /plans`, `GET /plans/{id}` and `GET /plans/{id}.csv`."""
    routes = Blueprint("plans", __name__)

    @routes.post("/plans")
    def submit() -> Response:
        def carry_out(desk: Desk) -> Response:
            body = _body()
            note_once(desk, request, body)
            plan = plan_from_json(r4.parse(body))
            stored = submit_plan(desk, plan, door())
            response = _plan(plan, stored.id, base_url)
            response.status_code = 201
            response.headers["Location"] = f"{base_url}/plans/{stored.id}"
            return response

        return reception.serve(request, "submit-plan", carry_out)

    @routes.get("/plans/<string:id_>")
    def show(id_: str) -> Response:
        def carry_out(desk: Desk) -> Response:
            if id_.endswith(".csv"):
                data = plans_to_csv([read_plan(desk, id_.removesuffix(".csv"))])
                return Response(data, content_type="text/csv; charset=utf-8")
            plain = id_.removesuffix(".json")
            return _plan(read_plan(desk, plain), plain, base_url)

        return reception.serve(request, "read-plan", carry_out)

    return routes


def _plan(plan: Plan, id_: str, base_url: str) -> Response:
    made = {"id": id_, "care_plan": f"{base_url}/fhir/CarePlan/{id_}"}
    return Response(orjson.dumps({**made, **plan_to_json(plan)}), content_type="application/json")


def _body() -> bytes:
    if request.mimetype != "application/json":
        raise UnsupportedMediaType(
            f"`Content-Type: {request.mimetype}` is not taken here; send `application/json`"
        )
    return json_of(request)

"""Plans in the practitioner's words. docs/plans.md has the fields and what can be done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any
from urllib.parse import urlencode

import orjson
from flask import Blueprint, Response, request

from careplan_service.access.consent.rules import Door
from careplan_service.access.instants import as_datetime
from careplan_service.errors import Malformed, NotFound, UnsupportedMediaType
from careplan_service.interactions.change_plan import REPLACEMENT, Apply, change_plan, reopen_plan
from careplan_service.interactions.controls import count_of
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.due_plans import due_plans
from careplan_service.interactions.guard import guard_of
from careplan_service.interactions.plan_changes import marked_plan
from careplan_service.interactions.plan_history import plan_differences, plan_history
from careplan_service.interactions.read_plan import Found, is_plan, read_plan
from careplan_service.interactions.records import Stored
from careplan_service.interactions.submit_plan import submit_plan
from careplan_service.interventions.evaluation import evaluation, proposed_needs
from careplan_service.interventions.foreign.told import Told
from careplan_service.interventions.foreign.writing import told_to_csv, told_to_json
from careplan_service.interventions.intake import Moment, plan_from_json, plan_to_json
from careplan_service.interventions.operations import FURTHER, OPERATIONS, replace_plan
from careplan_service.interventions.plan_schema import plan_schema
from careplan_service.resources import r4
from careplan_service.web import incoming
from careplan_service.web.cursors import Cursors
from careplan_service.web.fhir.writes import note_once
from careplan_service.web.printing.answers import PRINTS, printed
from careplan_service.web.reception import Reception
from careplan_service.web.wire import etag

_PLAN = "/plans/<string:id_>"
_SHAPES = (*PRINTS, ".csv", ".json")
"""How the address of a plan ends that is to come in a certain form; an id that ends so itself goes first."""
_MOST = 200


def plans_blueprint(
    reception: Reception, door: Callable[[], Door], cursors: Cursors, base_url: str
) -> Blueprint:
    """`/plans` and everything below it."""
    routes = Blueprint("plans", __name__)

    @routes.post("/plans")
    def submit() -> Response:
        def carry_out(desk: Desk) -> Response:
            plan = plan_from_json(sent_json(desk), Moment(as_datetime(desk.now)))
            stored = submit_plan(desk, plan, door())
            return _made(Told(plan), stored, base_url)

        return reception.serve(request, "submit-plan", carry_out)

    @routes.get("/plans")
    def due() -> Response:
        def carry_out(desk: Desk) -> Response:
            incoming.require_parameters(request, frozenset({"due", "_count", "_cursor"}))
            when = request.args.get("due", "")
            bound = "\n".join((desk.caller.owner, desk.caller.organization, "plans", when))
            sent = request.args.get("_cursor")
            after = cursors.opened(sent, bound) if sent is not None else None
            count = max(1, min(count_of(request.args.get("_count", "50")), _MOST))
            told, following = due_plans(desk, when, count, after)
            if following is None:
                return _json({"plans": told})
            query = urlencode({"due": when, "_count": count, "_cursor": cursors.sealed(following, bound)})
            return _json({"plans": told, "next": f"{base_url}/plans?{query}"})

        return reception.serve(request, "due-plans", carry_out)

    @routes.get(_PLAN)
    def show(id_: str) -> Response:
        def carry_out(desk: Desk) -> Response:
            if id_.endswith(_SHAPES) and is_plan(desk, id_):
                desk.interaction = "read-plan"
                incoming.require_parameters(request, frozenset())
                return _found(marked_plan(desk, id_), base_url)
            if id_.endswith(PRINTS):
                return printed(desk, id_, request, door)
            incoming.require_parameters(request, frozenset())
            if id_.endswith(".csv"):
                data = told_to_csv(marked_plan(desk, id_.removesuffix(".csv")).told)
                return Response(data, content_type="text/csv; charset=utf-8")
            return _found(marked_plan(desk, id_.removesuffix(".json")), base_url)

        return reception.serve(request, "print-plan" if id_.endswith(PRINTS) else "read-plan", carry_out)

    @routes.put(_PLAN)
    def replace(id_: str) -> Response:
        return changed(id_, REPLACEMENT, replace_plan)

    @routes.post(f"{_PLAN}/<string:operation>")
    def operate(id_: str, operation: str) -> Response:
        if operation == "reopen":
            return reopened(id_)
        if operation not in OPERATIONS:
            raise NotFound(f"a plan takes no `{operation}`; it takes {', '.join(OPERATIONS)} and reopen")
        return changed(id_, operation, OPERATIONS[operation])

    @routes.post(f"{_PLAN}/<string:part>/<string:number>/<string:what>")
    def go_on(id_: str, part: str, number: str, what: str) -> Response:
        if (part, what) not in FURTHER:
            raise NotFound(f"nothing is posted at `{part}/{number}/{what}`; see docs/plans.md")
        return changed(id_, what, partial(FURTHER[part, what], number))

    @routes.get(f"{_PLAN}/history")
    def history(id_: str) -> Response:
        def carry_out(desk: Desk) -> Response:
            incoming.require_parameters(request, frozenset({"from", "to"}))
            if request.args:
                lo, hi = (_version(name) for name in ("from", "to"))
                return _json({"differences": plan_differences(desk, id_, lo, hi)})
            return _json({"history": plan_history(desk, id_)})

        return reception.serve(request, "plan-history", carry_out)

    @routes.get(f"{_PLAN}/evaluation")
    def evaluate(id_: str) -> Response:
        def carry_out(desk: Desk) -> Response:
            incoming.require_parameters(request, frozenset())
            return _json(evaluation(read_plan(desk, id_), as_datetime(desk.now).date()))

        return reception.serve(request, "plan-evaluation", carry_out)

    @routes.get("/plans/schema")
    def schema() -> Response:
        return Response(orjson.dumps(plan_schema(base_url)), content_type="application/schema+json")

    def changed(id_: str, sort: str, operation: Any) -> Response:
        def carry_out(desk: Desk) -> Response:
            incoming.require_preconditions(request, {"If-Match"})
            sent = sent_json(desk)
            own = {"herself": True} if sort == "agreement" and not desk.caller.is_agency else {}
            apply: Apply = lambda plan, now: operation(plan, sent, now, **own)  # noqa: E731
            guard = guard_of(request.headers.get("If-Match"))
            found = change_plan(desk, id_, sort, apply, guard, door())
            if not desk.caller.is_agency:
                return _agreement(found)
            return _found(found, base_url, proposed_needs(found.plan) if sort == "assessments" else ())

        return reception.serve(request, "change-plan", carry_out)

    def reopened(id_: str) -> Response:
        def carry_out(desk: Desk) -> Response:
            incoming.require_preconditions(request, {"If-Match"})
            sent = sent_json(desk)
            found = reopen_plan(desk, id_, sent, guard_of(request.headers.get("If-Match")), door())
            return _made(found.told, found.care_plan, base_url)

        return reception.serve(request, "reopen-plan", carry_out)

    return routes


def sent_json(desk: Desk) -> Any:
    """What was sent, which counts once under its key. Raises UnsupportedMediaType, Malformed."""
    incoming.require_parameters(request, frozenset())
    body = _body()
    note_once(desk, request, body)
    return r4.parse(body)


def _version(name: str) -> int:
    text = request.args.get(name, "")
    if not text.isdecimal() or len(text) > 9:
        raise Malformed(f"`{name}` takes the number of a version of the plan, as in its history")
    return int(text)


def _found(found: Found, base_url: str, proposed: Sequence[Any] = ()) -> Response:
    return _plan(found.told, found.care_plan, base_url, proposed)


def _agreement(found: Found) -> Response:
    """What a client is told of what she said: the plan she reads as FHIR, as far as it is open to her."""
    response = _json({"id": found.care_plan.id, "agreement": plan_to_json(found.plan)["agreement"]})
    response.headers["ETag"] = etag(found.care_plan)
    return response


def _made(told: Told, stored: Stored, base_url: str) -> Response:
    response = _plan(told, stored, base_url)
    response.status_code = 201
    response.headers["Location"] = f"{base_url}/plans/{stored.id}"
    return response


def _plan(told: Told, stored: Stored, base_url: str, proposed: Sequence[Any] = ()) -> Response:
    made = {"id": stored.id, "care_plan": f"{base_url}/fhir/CarePlan/{stored.id}"}
    further = {"proposed_needs": list(proposed)} if proposed else {}
    response = _json({**made, **told_to_json(told), **further})
    response.headers["ETag"] = etag(stored)
    return response


def _json(value: Any) -> Response:
    return Response(orjson.dumps(value), content_type="application/json")


def _body() -> bytes:
    if request.mimetype != "application/json":
        raise UnsupportedMediaType(
            f"`Content-Type: {request.mimetype}` is not taken here; send `application/json`"
        )
    return incoming.json_of(request)

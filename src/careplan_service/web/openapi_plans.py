"""The paths of `/plans`. https://spec.openapis.org/oas/v3.1.0.html#paths-object"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from careplan_service.interventions.printing.words import DEFAULT, languages
from careplan_service.web.openapi_bodies import JSON, ref
from careplan_service.web.openapi_operations import refused

_TEXT = {"type": "string"}
_PLAN = {JSON: {"schema": ref("schemas", "Plan")}}
_PLAN_AS_READ = {JSON: {"schema": ref("schemas", "PlanAsRead")}}
_ETAG = {"ETag": {"description": "The version of the plan.", "schema": _TEXT}}
_IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": True,
    "description": "The ETag of the plan that is changed; 412 without one, and when it is another by now.",
    "schema": _TEXT,
}
_REFUSED = (400, 401, 403, 404, 409, 410, 412, 413, 415, 422, 501, 503)

CHANGES = (
    ("/assessments", "addAssessment", "NewAssessment", "One more assessment"),
    ("/sessions", "addSession", "NewSession", "One more session, signed as it is recorded"),
    ("/sessions/{number}/addenda", "addAddendum", "NewAddendum", "Something added to a signed note"),
    (
        "/sessions/{number}/cosignature",
        "cosignSession",
        "Cosignature",
        "A late note co-signed by the supervisor",
    ),
    ("/reviews", "addReview", "NewReview", "A progress review: the state of several goals, by its evidence"),
    ("/referrals", "addReferral", "NewReferral", "One more referral"),
    ("/referrals/{number}/states", "followReferral", "ReferralState", "What became of a referral"),
    ("/adjustments", "adjustPlan", "Adjustment", "A change of the plan, why, and whether the client agrees"),
    ("/agreement", "agreeToPlan", "Agreement", "The client agrees, refuses or withdraws"),
    ("/close", "closePlan", "ClosingSummary", "The plan is closed, with an outcome for every goal"),
)
"""What is posted below a plan: path, operation, schema, summary."""


def plan_operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(path, method, operation) of everything at `/plans`."""
    yield "/plans", "post", _submit()
    yield "/plans", "get", _due()
    yield "/plans/schema", "get", _schema()
    yield "/plans/{id}", "get", _show()
    yield "/plans/{id}", "put", _change("replacePlan", "Plan", "The plan anew; what became of it stays")
    yield "/plans/{id}.csv", "get", _show_as_csv()
    yield "/plans/{id}.html", "get", _print("printPlan", "As a page", "text/html", {"schema": _TEXT})
    yield "/plans/{id}.pdf", "get", _print("printPlanAsPdf", "As a PDF", "application/pdf", {})
    for path, name, schema, summary in CHANGES:
        yield f"/plans/{{id}}{path}", "post", _change(name, schema, summary, numbered="{number}" in path)
    yield "/plans/{id}/reopen", "post", _reopen()
    yield "/plans/{id}/history", "get", _history()
    about = "Baseline, level, trend and timeline of each goal, T-scores, what is overdue and due soon"
    yield "/plans/{id}/evaluation", "get", _read("evaluatePlan", about)


def _operation(name: str, summary: str, responses: dict[str, Any], about: str = "") -> dict[str, Any]:
    told = {"description": about} if about else {}
    return {"tags": ["Plans"], "operationId": name, "summary": summary, **told, "responses": responses}


def _body(schema: str) -> dict[str, Any]:
    if schema == "Plan":
        return {"required": True, "content": _PLAN}
    told = {"type": "object", "description": f"`$defs/{schema}` of `/plans/schema`."}
    return {"required": True, "content": {JSON: {"schema": told}}}


def _number() -> dict[str, Any]:
    about = "The number of the session or referral in the plan: `S1`, `F1`."
    return {"name": "number", "in": "path", "required": True, "description": about, "schema": _TEXT}


def _submit() -> dict[str, Any]:
    located = {"Location": {"description": "`/plans/{id}`", "schema": _TEXT}}
    made = {"description": "Stored.", "headers": {**located, **_ETAG}, "content": _PLAN}
    about = "409 when the plan's number is on record. Faults name the field: `goals[0].domain`."
    operation = _operation(
        "submitPlan",
        "Store an intervention plan as CarePlan, Goals and what belongs to them",
        {"201": made, **refused(400, 401, 403, 409, 413, 415, 422, 503)},
        about,
    )
    return {**operation, "requestBody": _body("Plan")}


def _show() -> dict[str, Any]:
    found = {"description": "The plan.", "headers": _ETAG, "content": _PLAN_AS_READ}
    about = (
        "`{id}` is the id of the CarePlan, wherever it was made; `.json` may follow it. docs/foreign-plans.md"
    )
    answers = {"200": found, **refused(400, 401, 403, 404, 410, 422, 503)}
    return _operation("showPlan", "The plan again, read from the resources it became", answers, about)


def _show_as_csv() -> dict[str, Any]:
    plan = {"description": "One row for each strategy.", "content": {"text/csv": {"schema": _TEXT}}}
    answers = {"200": plan, **refused(400, 401, 403, 404, 410, 422, 503)}
    return _operation("showPlanAsCsv", "As CSV, without what became of it", answers)


def _print(name: str, summary: str, kind: str, content: dict[str, Any]) -> dict[str, Any]:
    about = (
        "In plain words, without what labels protect: docs/printing.md. 406 for letters that the PDF has "
        "not, 422 where labels leave no goal."
    )
    found = {"200": {"description": "The print.", "content": {kind: content}}}
    answers = {**found, **refused(400, 401, 403, 404, 406, 410, 422, 503)}
    operation = _operation(name, f"{summary} for the client", answers, about)
    asked = [
        ("language", {"enum": list(languages()), "default": DEFAULT}, "The language of the print."),
        ("large-print", {"type": "boolean", "default": False}, "Letters of 18 points and more."),
        ("include", {"enum": ["sensitive"]}, "Also what labels protect, where the client wants it on paper."),
    ]
    parameters = [
        {"name": asks, "in": "query", "description": told, "schema": schema} for asks, schema, told in asked
    ]
    return {**operation, "parameters": parameters}


def _change(name: str, schema: str, summary: str, *, numbered: bool = False) -> dict[str, Any]:
    done = {"description": "The plan as it is now.", "headers": _ETAG, "content": _PLAN}
    operation = _operation(name, summary, {"200": done, **refused(*_REFUSED)})
    parameters = [*([_number()] if numbered else []), _IF_MATCH]
    return {**operation, "parameters": parameters, "requestBody": _body(schema)}


def _reopen() -> dict[str, Any]:
    operation = _change("reopenPlan", "Reopening", "A new plan for a new episode of one that is closed")
    done = {"description": "The new plan.", "headers": _ETAG, "content": _PLAN}
    return {**operation, "responses": {"201": done, **refused(*_REFUSED)}}


def _read(name: str, summary: str) -> dict[str, Any]:
    done = {"description": summary, "content": {JSON: {"schema": {"type": "object"}}}}
    return _operation(name, summary, {"200": done, **refused(400, 401, 403, 404, 410, 422, 503)})


def _due() -> dict[str, Any]:
    asked = [
        ("due", True, {"enum": ["overdue", "soon"]}, "Before today, or within 14 days."),
        ("_count", False, {"type": "integer"}, "At most so many on a page, 200 at the most; 50 if not said."),
        ("_cursor", False, _TEXT, "Where a page begins, from a `next` link."),
    ]
    told = _operation(
        "duePlans",
        "Open plans whose review, goals or objectives are overdue or due soon",
        {
            "200": {"description": "A page.", "content": {JSON: {"schema": {"type": "object"}}}},
            **refused(400, 401, 403, 503),
        },
    )
    parameters = [
        {"name": name, "in": "query", "required": required, "description": about, "schema": schema}
        for name, required, schema, about in asked
    ]
    return {**told, "parameters": parameters}


def _history() -> dict[str, Any]:
    versions = [
        {
            "name": name,
            "in": "query",
            "description": f"{which} version to compare.",
            "schema": {"type": "integer"},
        }
        for name, which in (("from", "The earlier"), ("to", "The later"))
    ]
    told = _read("planHistory", "Each change: what was other, by whom, why, and whether the client agreed")
    return {**told, "parameters": versions}


def _schema() -> dict[str, Any]:
    kind = {"application/schema+json": {"schema": {"type": "object"}}}
    done = {"200": {"description": "A JSON Schema.", "content": kind}}
    operation = _operation("planSchema", "The JSON Schema of a plan and of what is posted to one", done)
    return {**operation, "security": []}

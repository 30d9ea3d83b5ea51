"""One row of a table becomes one operation. https://spec.openapis.org/oas/v3.1.0.html#operation-object"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from careplan_service.web.openapi_bodies import ref

ALWAYS = (400, 401, 403, 406, 503)
"""Every operation that asks for a token may be refused with these."""


@dataclass(frozen=True)
class Row:
    """One interaction: `{}` in a text stands for the type it is written out for.

    `letters` are those of the scope it asks for, `answers` the components of what succeeds by status,
    `refused` the statuses it is refused with besides ALWAYS, `parameters` and `body` components.
    """

    path: str
    method: str
    id: str
    summary: str
    answers: Mapping[int, str]
    refused: tuple[int, ...] = ()
    letters: str = ""
    parameters: tuple[str, ...] = ()
    body: str = ""
    about: str = ""
    always: tuple[int, ...] = field(default=ALWAYS)


def operation(row: Row, tag: str, name: str = "", parameters: Iterable[str] = ()) -> dict[str, Any]:
    """The operation of a row, for a type or the whole system; `parameters` stand before its own."""
    made: dict[str, Any] = {
        "tags": [tag],
        "operationId": row.id.format(name),
        "summary": row.summary.format(name),
    }
    if row.about:
        made["description"] = row.about.format(name)
    if row.letters and name:
        scopes = [f"system/{name}.{letter}" for letter in row.letters]
        made["security"] = [{"oauth2": scopes}, {"token": []}]
    taken = [ref("parameters", one) for one in (*parameters, *row.parameters)]
    if taken:
        made["parameters"] = taken
    if row.body:
        made["requestBody"] = ref("requestBodies", row.body.format(name))
    made["responses"] = {
        **{str(status): ref("responses", answer.format(name)) for status, answer in row.answers.items()},
        **refused(*row.refused, *row.always),
    }
    return made


def refused(*statuses: int) -> dict[str, Any]:
    """Responses of an operation that may be refused with these statuses."""
    return {str(status): ref("responses", str(status)) for status in sorted(statuses)}


def paths_of(operations: Iterable[tuple[str, str, dict[str, Any]]]) -> dict[str, Any]:
    """(path, method, operation) as paths, each with the parameters of its address, and HEAD beside GET."""
    paths: dict[str, Any] = {}
    for path, method, made in operations:
        item = paths.setdefault(path, _in_path(path))
        item[method] = made
        if method == "get":
            item["head"] = _head(made)
    for item in paths.values():
        if item.keys() <= {"parameters", "get", "head"}:
            _share_parameters(item)
    return paths


def _share_parameters(item: dict[str, Any]) -> None:
    shared = [*item.pop("parameters", ()), *item["get"].pop("parameters", ())]
    item["head"].pop("parameters", None)
    if shared:
        item["parameters"] = shared


def _in_path(path: str) -> dict[str, Any]:
    named = [ref("parameters", f"path-{name}") for name in ("id", "vid", "asset") if f"{{{name}}}" in path]
    return {"parameters": named} if named else {}


def _head(made: dict[str, Any]) -> dict[str, Any]:
    name = made["operationId"]
    kept = {key: value for key, value in made.items() if key not in ("description", "requestBody")}
    summary = f"{made['summary']}: the headers only"
    return {**kept, "operationId": f"head{name[0].upper()}{name[1:]}", "summary": summary}

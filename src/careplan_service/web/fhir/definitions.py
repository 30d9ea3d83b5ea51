"""Code systems, value sets, concept maps, extensions, and questions about codes; no token is asked for.

https://hl7.org/fhir/R4/terminology-service.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, request

from careplan_service.interactions.terminology import expand, lookup, translate
from careplan_service.interactions.terminology.asked import Asked, Known, from_parameters, from_query
from careplan_service.interactions.terminology.finding import Document, read_definition, search_definitions
from careplan_service.interventions.vocabulary import Vocabulary
from careplan_service.interventions.vocabulary.whole import TYPES
from careplan_service.web import incoming, presenting, wire
from careplan_service.web.clock import Clock
from careplan_service.web.fhir.face import FORMAT, Face, pairs_of
from careplan_service.web.reception import require_text

KINDS = f"<any({', '.join(TYPES)}):kind>"
"""The types as a part of a route."""


Answer = Callable[[Vocabulary, Asked, str], Mapping[str, Any]]


@dataclass(frozen=True)
class Operation:
    """An operation on codes: the type it is asked of, what it takes, and whether of an instance, too."""

    type: str
    name: str
    takes: Known
    answer: Answer
    of_instance: bool = True


def _operations(clock: Clock) -> Sequence[Operation]:
    """Every operation; those that depend on the day go by this clock."""

    def expanded(words: Vocabulary, asked: Asked, url: str) -> Mapping[str, Any]:
        return expand.expand(words, asked, clock(), url)

    def translated(words: Vocabulary, asked: Asked, url: str) -> Mapping[str, Any]:
        return translate.translate(words, asked, clock().date(), url)

    def looked_up(words: Vocabulary, asked: Asked, url: str) -> Mapping[str, Any]:
        return lookup.lookup(words, asked)

    return (
        Operation("CodeSystem", "lookup", lookup.LOOKUP, looked_up, of_instance=False),
        Operation("CodeSystem", "validate-code", lookup.VALIDATE_IN_SYSTEM, lookup.validate_in_system),
        Operation("ValueSet", "expand", expand.EXPAND, expanded),
        Operation("ValueSet", "validate-code", lookup.VALIDATE_IN_SET, lookup.validate_in_set),
        Operation("ConceptMap", "translate", translate.TRANSLATE, translated),
    )


def register(routes: Blueprint, face: Face) -> None:
    """Reading, searching and asking."""

    @routes.get(f"/{KINDS}")
    def search_definition(kind: str) -> Response:
        _note("search-type")
        pairs = [pair for pair in pairs_of(request) if pair[0] not in FORMAT]
        return searched(face, kind, pairs)

    @routes.post(f"/{KINDS}/_search")
    def search_definition_by_form(kind: str) -> Response:
        _note("search-type")
        incoming.require_parameters(request, FORMAT)
        return searched(face, kind, incoming.form_of(request))

    @routes.get(f"/{KINDS}/<string:id_>")
    def read_one(kind: str, id_: str) -> Response:
        _note("read")
        incoming.require_parameters(request, FORMAT)
        return wire.document(read_definition(face.words(), kind, id_))

    for operation in _operations(face.reception.clock):
        _route(routes, face, operation)


def _note(interaction: str) -> None:
    require_text(request)
    presenting.note_wanted(request, interaction)


def _route(routes: Blueprint, face: Face, operation: Operation) -> None:
    def asked_about(id_: str = "") -> Response:
        _note(operation.name)
        words = face.words()
        url = str(read_definition(words, operation.type, id_)["url"]) if id_ else ""
        return wire.document(operation.answer(words, _asked(operation.takes), url))

    paths = [f"/{operation.type}/${operation.name}"]
    if operation.of_instance:
        paths.append(f"/{operation.type}/<string:id_>/${operation.name}")
    for number, path in enumerate(paths):
        endpoint = f"{operation.type}_{operation.name}_{number}"
        routes.add_url_rule(path, endpoint, asked_about, methods=["GET", "POST"])


def _asked(takes: Known) -> Asked:
    if request.method == "POST":
        incoming.require_parameters(request, FORMAT)
        return from_parameters(incoming.body_of(request), takes)
    return from_query([pair for pair in pairs_of(request) if pair[0] not in FORMAT], takes)


def searched(face: Face, kind: str, pairs: Sequence[tuple[str, str]]) -> Response:
    """The definitions of a kind that match. Raises Malformed (400)."""
    found, total = search_definitions(face.words(), kind, pairs)
    entries = [_entry(one, face.base_url) for one in found]
    links = wire.links(f"{face.base_url}/fhir/{kind}", pairs, None)
    bundle = {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": total,
        "link": [{"relation": relation, "url": url} for relation, url in links],
        **({"entry": entries} if entries else {}),
    }
    return wire.document(bundle)


def _entry(one: Document, base_url: str) -> dict[str, Any]:
    url = f"{base_url}/fhir/{one['resourceType']}/{one['id']}"
    return {"fullUrl": url, "resource": one, "search": {"mode": "match"}}

"""Search of a type, of everything and in a compartment, by GET and by POST; `$everything`.

https://hl7.org/fhir/R4/http.html#search
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

from flask import Blueprint, Response, request

from careplan_service.access.filters import EVERYTHING, Filter, all_of
from careplan_service.errors import Malformed
from careplan_service.interactions.admission import spec_of
from careplan_service.interactions.compartment import members_of, of_patient
from careplan_service.interactions.controls import PRESENTATION, types_of
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.everything import patient_everything, plan_everything
from careplan_service.interactions.query import asker_of, query_of
from careplan_service.interactions.search import Found, search
from careplan_service.resources.registry import SERVED
from careplan_service.web import incoming, presenting, wire
from careplan_service.web.fhir.face import Face, Pairs, pairs_of
from careplan_service.web.notices import NOTICE

_TYPE = "/<string:type_>"
# Only types stand there: `_history` and operations have routes of their own.
_COMPARTMENT = f"/Patient/<string:id_>/<any({', '.join(SERVED)}, '*'):type_>"


def register(routes: Blueprint, face: Face) -> None:
    """The search routes."""

    def serve(interaction: str, asked: Callable[[Desk, Pairs], Response]) -> Response:
        def carry_out(desk: Desk) -> Response:
            form = form_of(desk) if request.method == "POST" else []
            return asked(desk, [*pairs_of(request), *form])

        return face.serve(interaction, carry_out, None)

    def by_both(path: str, endpoint: str, view: Callable[..., Response]) -> None:
        routes.add_url_rule(path or "", f"{endpoint}", view, methods=["GET"], strict_slashes=False)
        routes.add_url_rule(f"{path}/_search", f"{endpoint}_by_form", view, methods=["POST"])

    def search_type(type_: str) -> Response:
        def asked(desk: Desk, pairs: Pairs) -> Response:
            return _one_type(desk, spec_of(type_).name, pairs, face)

        return serve("search-type", asked)

    def search_system() -> Response:
        return serve("search-system", lambda desk, pairs: _system(desk, pairs, face))

    def search_compartment(id_: str, type_: str) -> Response:
        return serve("search-compartment", lambda desk, pairs: _compartment(desk, id_, type_, pairs, face))

    by_both(_TYPE, "search_type", search_type)
    by_both("", "search_system", search_system)
    by_both(_COMPARTMENT, "search_compartment", search_compartment)

    @routes.get("/Patient/<string:id_>/$everything")
    def everything_of_patient(id_: str) -> Response:
        def asked(desk: Desk, pairs: Pairs) -> Response:
            path = f"Patient/{id_}/$everything"
            given, after = face.page_of(desk, pairs, path)
            found = patient_everything(desk, id_, given, after)
            return _answer(desk, found, given, path, face)

        return serve("everything", asked)

    @routes.get("/CarePlan/<string:id_>/$everything")
    def everything_of_plan(id_: str) -> Response:
        def asked(desk: Desk, pairs: Pairs) -> Response:
            incoming.require_parameters(request, PRESENTATION)
            return _answer(desk, plan_everything(desk, id_), pairs, f"CarePlan/{id_}/$everything", face)

        return serve("everything", asked)


def form_of(desk: Desk) -> Pairs:
    """The parameters of a search in its body, kept for the log and for how the answer is written."""
    form = incoming.form_of(request)
    desk.also_asked(urlencode(form))
    presenting.note_wanted(request, desk.interaction, form)
    return form


def _one_type(desk: Desk, type_: str, pairs: Pairs, face: Face) -> Response:
    return _searched(desk, [type_], pairs, type_, EVERYTHING, face, desk.sees("s", type_))


def _system(desk: Desk, pairs: Pairs, face: Face) -> Response:
    types = types_of(pairs) or list(SERVED)
    return _searched(desk, types, pairs, "", EVERYTHING, face, desk.sees_any("s", types))


def _compartment(desk: Desk, id_: str, type_: str, pairs: Pairs, face: Face) -> Response:
    types = members_of(type_)
    if type_ == "*":
        asked = types_of(pairs) or types
        types = tuple(one for one in types if one in asked)
        seen = desk.sees_any("s", types)
    else:
        seen = desk.sees("s", type_)
    return _searched(desk, list(types), pairs, f"Patient/{id_}/{type_}", of_patient(id_), face, seen)


def _searched(
    desk: Desk, types: list[str], pairs: Pairs, path: str, within: Filter, face: Face, seen: Filter
) -> Response:
    if path and not path.endswith("*") and any(name == "_type" for name, _ in pairs):
        raise Malformed("`_type` is for a search of several types; this address names one")
    given, after = face.page_of(desk, pairs, path)
    asker = asker_of(desk)
    query = query_of(types, given, asker, after, lenient=incoming.is_lenient(request))
    found = search(desk, query, all_of(within, seen))
    return _answer(desk, found, query.used, path, face, query.ignored)


def _answer(
    desk: Desk, found: Found, used: Pairs, path: str, face: Face, ignored: tuple[str, ...] = ()
) -> Response:
    links = face.links(desk, path, used, found.following)
    notices = [NOTICE] if desk.under_part2 and not desk.caller.is_agency else []
    return wire.searchset(found.matches, found.included, found.total, links, face.base_url, ignored, notices)

"""`$disclosures` and `$seen-by` of a client. https://hl7.org/fhir/R4/operations.html"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from flask import Blueprint, Response, request

from careplan_service.interactions.desk import Desk
from careplan_service.interactions.disclosures import disclosures
from careplan_service.interactions.records import Stored
from careplan_service.interactions.seen_by import seen_by, told
from careplan_service.interventions.csv_text import written
from careplan_service.web import wire
from careplan_service.web.fhir.asked_of import asked_of
from careplan_service.web.fhir.face import Face
from careplan_service.web.formats import media

CSV = "text/csv"
_HEADER = ("when", "client", "person", "organization", "purpose", "interaction", "outcome", "resources",
           "consents")  # fmt: skip


def register(routes: Blueprint, face: Face) -> None:
    """The routes, by GET and by POST."""

    def by_both(name: str, view: Callable[[str], Response]) -> None:
        path = f"/Patient/<string:id_>/${name}"
        routes.add_url_rule(path, name, view, methods=["GET", "POST"])

    def disclosed(id_: str) -> Response:
        path = f"Patient/{id_}/$disclosures"

        def carry_out(desk: Desk) -> Response:
            given, after = face.page_of(desk, asked_of(request), path)
            found = disclosures(desk, id_, given, after)
            links = face.links(desk, path, given, found.following)
            if _is_csv():
                return _csv(found.matches, links)
            return wire.searchset(found.matches, (), found.total, links, face.base_url)

        if _is_csv():
            return face.reception.serve(request, "disclosures", carry_out)
        return face.serve("disclosures", carry_out, None)

    def seen(id_: str) -> Response:
        def carry_out(desk: Desk) -> Response:
            return wire.document(told(seen_by(desk, id_, asked_of(request), face.door())))

        return face.serve("seen-by", carry_out, None)

    by_both("disclosures", disclosed)
    by_both("seen-by", seen)


def _is_csv() -> bool:
    return media(request.args.get("_format", ""))[0] == CSV


def _csv(shown: Sequence[Stored], links: Sequence[tuple[str, str]]) -> Response:
    """One line for each event; where there is more, the next page is in the `Link` header."""
    rows = (list(_cells(json.loads(one.body))) for one in shown)
    response = Response(written(_HEADER, rows), content_type=f"{CSV}; charset=utf-8")
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Link"] = ", ".join(f'<{url}>; rel="{relation}"' for relation, url in links)
    return response


def _cells(event: dict[str, Any]) -> Iterator[str]:
    who = [agent["who"] for agent in event["agent"]]
    named = [one["reference"] for one in who if "reference" in one]
    persons = [one for one in named if not one.startswith("Organization/")]
    rules = [rule for agent in event["agent"] for rule in agent.get("policy", ())]
    entities = [one for one in event.get("entity", ()) if "reference" in one.get("what", {})]
    versions = [one["what"]["reference"] for one in entities if one.get("role", {}).get("code") == "4"]
    purposes = [coding["code"] for one in event.get("purposeOfEvent", ()) for coding in one["coding"]]
    yield event["recorded"]
    yield who[0]["identifier"]["value"]
    yield " ".join(persons)
    yield " ".join(one for one in named if one not in persons)
    yield " ".join(purposes)
    yield event["subtype"][-1]["code"]
    yield "shown" if event["outcome"] == "0" else "refused"
    yield " ".join(versions)
    yield " ".join(rule.partition("/fhir/")[2] for rule in rules)

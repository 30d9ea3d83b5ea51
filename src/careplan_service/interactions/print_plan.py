"""A plan is printed for the client: read as everybody reads it, less what must not lie about at home.

docs/printing.md
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from careplan_service.access.consent.rules import Door
from careplan_service.access.instants import as_datetime
from careplan_service.errors import Invalid
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.plan_changes import marked_plan
from careplan_service.interactions.releases import Hides, name_of, names, releases
from careplan_service.interventions.printing.content import Around, leaflet
from careplan_service.interventions.printing.labelled import labels_on
from careplan_service.interventions.printing.leaflet import Leaflet
from careplan_service.interventions.printing.paper import left_out, on_paper, without_places
from careplan_service.interventions.printing.words import DEFAULT, words_in
from careplan_service.interventions.sensitivity import found_in
from careplan_service.interventions.terms import normal
from careplan_service.resources import r4

_REACHED = ("Organization", "Practitioner")
_WAYS = frozenset({"phone", "sms", "email"})

Document = Mapping[str, Any]


@dataclass(frozen=True)
class Wish:
    """How it is printed: `language` is the tag of one, `sensitive` whether labels keep nothing out."""

    language: str = DEFAULT
    sensitive: bool = False


def print_plan(desk: Desk, id_: str, wish: Wish, door: Door) -> Leaflet:
    """The print of the plan under a CarePlan's id.

    Raises as `marked_plan`, Malformed for a language that there is not, and Invalid (422) where labels keep
    every goal off the paper.
    """
    words = words_in(wish.language)
    found = marked_plan(desk, id_)
    documents = found.documents
    plan = (without_places if wish.sensitive else on_paper)(found.plan, documents)
    if found.plan.goals and not plan.goals:
        raise Invalid(
            "security labels keep every goal of this plan off paper, so nothing is printed; where the client "
            "is sure that nobody else will find it, ask for it with `include=sensitive`"
        )
    absent = left_out(found.plan, documents)
    hides: Hides = lambda document: not wish.sensitive and _is_labelled(document, absent)  # noqa: E731
    patient = r4.parse(found.care_plan.body).get("subject", {}).get("reference", "")
    around = Around(
        as_datetime(desk.now).date(),
        tuple(releases(desk, patient, door, hides)),
        tuple(_ways(documents, hides)),
        _agency(desk, documents, hides),
        found.told.words_of_others,
    )
    return leaflet(plan, around, words)


def _is_labelled(document: Document, absent: frozenset[str]) -> bool:
    name = name_of(document)
    return bool(labels_on(document) or found_in(name)) or normal(name) in absent


def _agency(desk: Desk, documents: Mapping[str, Document], hides: Hides) -> str:
    """The name of the agency that keeps the plan, where it is on record."""
    teams = [one for one in documents.values() if one["resourceType"] == "CareTeam"]
    refs = [ref.get("reference", "") for one in teams for ref in one.get("managingOrganization", ())]
    return next(iter(names(desk, refs, hides).values()), "")


def _ways(documents: Mapping[str, Document], hides: Hides) -> Iterator[tuple[str, str]]:
    """(name, number or address) of workers and agencies; nobody else's is printed, the client's least."""
    for document in documents.values():
        if document["resourceType"] in _REACHED and not hides(document):
            for way in document.get("telecom", ()):
                if way.get("system") in _WAYS and way.get("use") != "home" and way.get("value"):
                    yield name_of(document), str(way["value"])

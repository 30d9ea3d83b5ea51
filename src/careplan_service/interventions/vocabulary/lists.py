"""The maps of what agencies added: their services by kind, and codes of others that were mapped by hand.

https://hl7.org/fhir/R4/conceptmap.html
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from careplan_service.interventions.added import Added, Mapped, Service
from careplan_service.interventions.canonical import GRAVITY, INTERVENTION
from careplan_service.interventions.catalogue import domains, kinds
from careplan_service.interventions.vocabulary.maps import OF_FIT, made
from careplan_service.interventions.vocabulary.model import Coded, ConceptMap, Link
from careplan_service.interventions.vocabulary.systems import service_lists


def added_maps(added: Added) -> Iterator[ConceptMap]:
    """A map for each list of services, and one for the codes that were mapped."""
    for listed in service_lists(added.services):
        links = [link for row in added.services if row.system == listed.url for link in service_links(row)]
        one = made(listed.id, listed.title, f"{listed.title} by kind, and in standard codes.", links)
        yield replace(one, version=listed.version)

    if added.mapped:
        yield made("mapped-code", "Codes of others that were mapped here",
                    "What codes in received plans stand for, as somebody here decided.",
                    map(_mapped, added.mapped))  # fmt: skip


def _mapped(one: Mapped) -> Link:
    target = (
        Coded(INTERVENTION, one.to, kinds()[one.to].display)
        if one.to in kinds()
        else Coded(GRAVITY, one.to, domains()[one.to].display)
    )
    return Link(Coded(one.system, one.code, one.code), target, "equivalent", "decided here", "this service",
                target.system)  # fmt: skip


def service_links(service: Service) -> Iterator[Link]:
    """A service as a kind of intervention, and by that in the codes that are sent for it."""
    own = Coded(service.system, service.code, service.name)
    kind = kinds()[service.kind]
    target, said = Coded(INTERVENTION, kind.code, kind.display), f"as {service.organization} put it"
    yield Link(own, target, service.relation, said, service.organization, INTERVENTION)
    uses = ("intervention", "service-type", "category", "referral")
    sent = {(one["system"], one["code"]) for one in kind.sent(service.method, *uses)}
    for row in kind.codings:
        if (row.system, row.code) in sent:
            fit = _through(service.relation, OF_FIT[row.fit])
            standard = Coded(row.system, row.code, row.display)
            yield Link(own, standard, fit, f"by the kind {kind.code}", row.source, row.system)


def _through(first: str, then: str) -> str:
    """How the end of two steps is to their beginning."""
    if first == "equivalent":
        return then
    return first if then in ("equivalent", first) else "relatedto"

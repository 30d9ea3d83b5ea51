"""The value sets: one for each of our code systems, and the pick lists of codes for needs, goals, strengths.

https://hl7.org/fhir/R4/valueset.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from careplan_service.interventions.canonical import BASE, GRAVITY
from careplan_service.interventions.catalogue import SYSTEMS, DomainCoding, domains, rows
from careplan_service.interventions.vocabulary.model import Coded, CodeSystem, ValueSet
from careplan_service.interventions.vocabulary.systems import VERSION, camel

STRENGTHS = "protective-factor"
GRAVITY_DOMAINS = "http://hl7.org/fhir/us/sdoh-clinicalcare/ValueSet/SDOHCC-ValueSetSDOHCategory"


def set_url(id_: str) -> str:
    """The canonical address of one of our value sets."""
    return f"{BASE}/ValueSet/{id_}"


def value_sets(systems: Mapping[str, CodeSystem]) -> Iterator[ValueSet]:
    """Every value set over these systems."""
    for system in systems.values():
        if system.ours:
            yield ValueSet(system.id, set_url(system.id), system.name, system.title, system.about,
                           members_of(system), system.version)  # fmt: skip
    domain_about = "The social domains of the Gravity Project that needs and goals have."
    ours = _made("social-domain", "Social domains", domain_about, members_of(systems[GRAVITY]))
    yield ours
    yield replace(ours, id="SDOHCC-ValueSetSDOHCategory", url=GRAVITY_DOMAINS, ours=False)
    for domain in domains().values():
        if domain.code == STRENGTHS:
            yield _made("strengths", "Strengths", "Codes to pick for a strength.", _coded(domain.conditions))
            continue
        for kind, listed in (("needs", domain.conditions), ("goals", domain.goals)):
            if listed:
                old = _gone(domain.code) if kind == "needs" else ()
                title = f"{kind.capitalize()}: {domain.display}"
                about = f"Codes to pick for {kind} of the domain {domain.code}."
                yield _made(f"{kind}-{domain.code}", title, about, (*_coded(listed), *old))


def _gone(domain: str) -> tuple[Coded, ...]:
    """Codes that were there until a day gone by: records have them."""
    found = [Coded(SYSTEMS[row["system"]], row["code"], row["display"])
             for row in rows("code_changes.csv") if row["domain"] == domain]  # fmt: skip
    return tuple(dict.fromkeys(found))


def members_of(system: CodeSystem) -> tuple[Coded, ...]:
    """All concepts of a system."""
    return tuple(Coded(system.url, concept.code, concept.display) for concept in system.concepts)


def _coded(listed: Iterable[DomainCoding]) -> tuple[Coded, ...]:
    return tuple(
        {(row.system, row.code): Coded(row.system, row.code, row.display) for row in listed}.values()
    )


def _made(id_: str, title: str, about: str, members: tuple[Coded, ...]) -> ValueSet:
    # fhir ids have at most 64 characters: the longest is `needs-health-insurance-coverage-status`
    return ValueSet(id_, set_url(id_), camel(id_), title, about, members, VERSION)

"""The whole vocabulary: what is served, and what is asked when codes are looked up, listed or translated.

https://hl7.org/fhir/R4/terminology-service.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from careplan_service.interventions.added import NOTHING, Added
from careplan_service.interventions.canonical import Document
from careplan_service.interventions.vocabulary import documents
from careplan_service.interventions.vocabulary.extensions import structure_definitions
from careplan_service.interventions.vocabulary.lists import added_maps
from careplan_service.interventions.vocabulary.maps import concept_maps
from careplan_service.interventions.vocabulary.model import CodeSystem, ConceptMap, ValueSet
from careplan_service.interventions.vocabulary.questionnaires import questionnaires
from careplan_service.interventions.vocabulary.sets import value_sets
from careplan_service.interventions.vocabulary.systems import code_systems

TYPES = ("CodeSystem", "ValueSet", "ConceptMap", "StructureDefinition")
"""The types of resource that are made of the vocabulary and that nobody writes."""
FORMS = "Questionnaire"
"""A type of which some are made here, and others stored like any resource."""


@dataclass(frozen=True)
class Vocabulary:
    """Systems, value sets and maps by canonical address; `resources` by type and id."""

    systems: Mapping[str, CodeSystem]
    sets: Mapping[str, ValueSet]
    maps: Mapping[str, ConceptMap]
    resources: Mapping[str, Mapping[str, Document]]


@lru_cache(maxsize=4)
def vocabulary(added: Added = NOTHING) -> Vocabulary:
    """The vocabulary of the tables and of what agencies added."""
    systems = {system.url: system for system in code_systems(added.services)}
    sets = {one.url: one for one in value_sets(systems)}
    maps = {one.url: one for one in (*concept_maps(), *added_maps(added))}
    ours = frozenset(url for url, system in systems.items() if system.ours)
    made = (
        (documents.code_system(system) for system in systems.values() if system.ours),
        (documents.value_set(one, ours) for one in sets.values() if one.ours),
        (documents.concept_map(one) for one in maps.values()),
        structure_definitions(),
        questionnaires(),
    )
    resources = dict(zip((*TYPES, FORMS), map(_by_id, made), strict=True))
    return Vocabulary(systems, sets, maps, resources)


def _by_id(made: Iterable[Document]) -> dict[str, Document]:
    return {one["id"]: one for one in made}

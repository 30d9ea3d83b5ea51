"""Code systems, value sets and concept maps as FHIR resources. https://hl7.org/fhir/R4/terminology-module.html"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from careplan_service.interventions.canonical import HCPCS, ICD_10_CM, SNOMED, Document, element, sw
from careplan_service.interventions.vocabulary.maps import LOINC, validity
from careplan_service.interventions.vocabulary.model import (
    Coded,
    CodeSystem,
    ConceptMap,
    Link,
    Valid,
    ValueSet,
)

LICENCES: Mapping[str, str] = {
    SNOMED: "SNOMED CT codes and terms are copyright of SNOMED International; use needs a licence outside "
    "its member countries.",
    LOINC: "LOINC is copyright of Regenstrief Institute, Inc. and the LOINC Committee, free of charge under "
    "https://loinc.org/license.",
    ICD_10_CM: "ICD-10-CM is published by CDC/NCHS.",
    HCPCS: "HCPCS Level II is published by CMS.",
}
"""What is to be said where codes of a system stand."""
_OURS = "Apache License 2.0."


def code_system(of: CodeSystem) -> Document:
    """A CodeSystem."""
    tree = any(concept.parent for concept in of.concepts)
    return _canonical("CodeSystem", of, copyright_=_OURS, content="complete",
                      caseSensitive=True, hierarchyMeaning="part-of" if tree else None,
                      count=len(of.concepts), concept=_concepts(of, ""))  # fmt: skip


def _concepts(of: CodeSystem, parent: str) -> list[Document]:
    return [
        element(
            code=one.code,
            display=one.display,
            definition=one.definition,
            designation=[{"value": spelling} for spelling in one.spellings],
            concept=_concepts(of, one.code) if not parent else [],
        )
        for one in of.concepts
        if one.parent == parent
    ]


def value_set(of: ValueSet, whole: frozenset[str]) -> Document:
    """A ValueSet; of the systems in `whole` it has every code if it has any."""
    include = []
    for system in dict.fromkeys(member.system for member in of.members):
        codes = [
            {"code": member.code, "display": member.display}
            for member in of.members
            if member.system == system
        ]
        include.append({"system": system} if system in whole else {"system": system, "concept": codes})
    return _canonical("ValueSet", of, copyright_=licences(of.members), compose={"include": include})


def concept_map(of: ConceptMap) -> Document:
    """A ConceptMap."""
    targets = [link.target for link in of.links if link.target]
    groups: dict[tuple[str, str], dict[str, list[Link]]] = {}
    for link in of.links:
        group = groups.setdefault((link.source.system, link.target_system), {})
        group.setdefault(link.source.code, []).append(link)
    told = [
        element(source=source, target=target, element=[_element(links) for links in group.values()])
        for (source, target), group in groups.items()
    ]
    return _canonical("ConceptMap", of, copyright_=licences(targets), group=told)


def _element(links: list[Link]) -> Document:
    source = links[0].source
    return {"code": source.code, "display": source.display, "target": [_target(link) for link in links]}


def _target(link: Link) -> Document:
    target = link.target
    evidence = f"source: {link.evidence}" if link.evidence else ""
    valid = validity().get(target.key) if target else None
    period = _period(valid) if valid else {}
    return element(
        extension=[{"url": sw("valid-period"), "valuePeriod": period}] if period else [],
        code=target.code if target else None,
        display=target.display if target else None,
        equivalence=link.equivalence,
        comment="; ".join(part for part in (link.reason, evidence) if part),
    )


def _period(valid: Valid) -> Document:
    return element(
        start=valid.since.isoformat() if valid.since else None,
        end=valid.until.isoformat() if valid.until else None,
    )


def licences(codes: Iterable[Coded]) -> str:
    """The licences of codes, and of ours."""
    systems = dict.fromkeys(code.system for code in codes)
    return " ".join([_OURS, *(LICENCES[system] for system in systems if system in LICENCES)])


def _canonical(
    type_: str, of: CodeSystem | ValueSet | ConceptMap, *, copyright_: str, **content: object
) -> Document:
    return element(
        resourceType=type_,
        id=of.id,
        url=of.url,
        version=of.version,
        name=of.name,
        title=of.title,
        status="active",
        experimental=False,
        description=of.about,
        copyright=copyright_,
        **content,
    )

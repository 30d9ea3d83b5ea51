"""The concept maps: our words into SNOMED CT, HL7's codes, ICD-10-CM and others, each with its relation.

https://hl7.org/fhir/R4/conceptmap.html https://hl7.org/fhir/R4/valueset-concept-map-equivalence.html

What cannot be said in another system is said so, with the reason. Licences: see `catalogue`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from functools import cache

from careplan_service.interventions.canonical import BASE, GRAVITY, INTERVENTION
from careplan_service.interventions.catalogue import SYSTEMS, domains, kinds, rows
from careplan_service.interventions.vocabulary.model import Coded, ConceptMap, Link, Valid
from careplan_service.interventions.vocabulary.states import state_links
from careplan_service.interventions.vocabulary.systems import (
    METHOD,
    STEP,
    VERSION,
    camel,
    method_code,
    methods,
)

LOINC = "http://loinc.org"
_SYSTEMS = {**SYSTEMS, "loinc": LOINC}
OF_FIT = {"equivalent": "equivalent", "broader": "wider", "narrower": "narrower", "related": "relatedto"}
_OF_USE = {
    "category": "the category of the strategy",
    "intervention": "what is done",
    "service-type": "the type of service",
    "referral": "where another agency is asked to act",
    "billing": "for billing; listed to compare, never sent",
}
_OF_SENT = {"always": "sent always", "method": "sent when the method is `{}`", "never": "not sent"}
DOMAIN_REASONS = {"condition": "a need in this domain", "goal": "a goal in this domain"}


def map_url(id_: str) -> str:
    """The canonical address of one of our concept maps."""
    return f"{BASE}/ConceptMap/{id_}"


def concept_maps() -> Iterator[ConceptMap]:
    """Every map that the tables give."""
    yield made(
        "intervention",
        "Kinds of intervention in standard codes",
        "Each kind in SNOMED CT, HL7 service types and HCPCS Level II.",
        _interventions(),
    )
    yield made(
        "intervention-method",
        "Methods of intervention in standard codes",
        "Each method with the code that is sent when it is named.",
        _methods(),
    )
    yield made(
        "process-step",
        "Process steps in standard codes",
        "Each step of the planned-change process; its codes stand in the element it becomes.",
        _steps(),
    )
    yield made(
        "social-domain",
        "Social domains in standard codes",
        "Each Gravity domain with findings and goals in SNOMED CT and ICD-10-CM.",
        _domains(),
    )
    for id_, title, links in state_links():
        yield made(id_, title, f"{title}, as far as FHIR can say it.", links)
    yield made(
        "icd-10-cm-changes",
        "ICD-10-CM codes that changed",
        "What became of codes that may not be used any longer.",
        _changes(),
    )


def made(id_: str, title: str, about: str, links: Iterable[Link]) -> ConceptMap:
    """A concept map of ours, with each link once."""
    # the same code may stand in several rows, for several uses: the first says it
    first: dict[tuple[object, ...], Link] = {}
    for link in links:
        first.setdefault((link.source.key, link.target and link.target.key, link.target_system), link)
    return ConceptMap(id_, map_url(id_), f"{camel(id_)}Map", title, about, tuple(first.values()), VERSION)


def _interventions() -> Iterator[Link]:
    without = {(row["kind"], SYSTEMS[row["system"]]): row["reason"] for row in rows("without_code.csv")}
    for kind in kinds().values():
        own = Coded(INTERVENTION, kind.code, kind.display)
        for row in kind.codings:
            sent = "" if row.use == "billing" else f"; {_OF_SENT[row.sent].format(row.method)}"
            reason = f"{_OF_USE[row.use]}{sent}"
            target = Coded(row.system, row.code, row.display)
            yield Link(own, target, OF_FIT[row.fit], reason, row.source, row.system)
        for (code, system), reason in without.items():
            if code == kind.code:
                yield Link(own, None, "unmatched", reason, target_system=system)


def _methods() -> Iterator[Link]:
    for kind, row in methods():
        own = Coded(METHOD, method_code(kind, row), f"{kind.display}: {row.method}")
        fit = "equivalent" if row.fit == "narrower" else OF_FIT[row.fit]
        yield Link(
            own, Coded(row.system, row.code, row.display), fit, _OF_USE[row.use], row.source, row.system
        )


def _steps() -> Iterator[Link]:
    for row in rows("process_steps.csv"):
        own = Coded(STEP, row["step"], row["name"])
        if not row["code"]:
            yield Link(own, None, "unmatched", row["reason"])
            continue
        target = Coded(_SYSTEMS.get(row["system"], row["system"]), row["code"], row["display"])
        yield Link(
            own,
            target,
            row["equivalence"],
            f"{row['element']}: {row['reason']}",
            row["source"],
            target.system,
        )


def _domains() -> Iterator[Link]:
    for row in rows("domain_codings.csv"):
        if row["role"] != "category":
            own = Coded(GRAVITY, row["domain"], domains()[row["domain"]].display)
            target = Coded(SYSTEMS[row["system"]], row["code"], row["display"])
            # a goal is no kind of its domain, a finding is one
            fit = "narrower" if row["role"] == "condition" else "relatedto"
            reason = DOMAIN_REASONS[row["role"]] + ("; sent when no code is picked" if row["default"] else "")
            yield Link(own, target, fit, reason, row["source"], target.system)
    for row in rows("code_changes.csv"):
        own = Coded(GRAVITY, row["domain"], domains()[row["domain"]].display)
        old = Coded(SYSTEMS[row["system"]], row["code"], row["display"])
        yield Link(
            own, old, "narrower", f"a need in this domain, until {row['until']}", row["source"], old.system
        )


def _changes() -> Iterator[Link]:
    for row in rows("code_changes.csv"):
        system = SYSTEMS[row["system"]]
        old = Coded(system, row["code"], row["display"])
        yield Link(old, old, "equal", f"the same code, until {row['until']}", row["source"], system)
        new = Coded(system, row["becomes"], row["becomes_display"])
        reason = f"since {row['since']}: {row['reason']}"
        yield Link(old, new, row["equivalence"], reason, row["source"], system)


@cache
def validity() -> Mapping[tuple[str, str], Valid]:
    """From and until when those codes may be used that changed, by system and code."""
    found: dict[tuple[str, str], Valid] = {}
    for row in rows("code_changes.csv"):
        system = SYSTEMS[row["system"]]
        found[system, row["code"]] = Valid(until=date.fromisoformat(row["until"]))
        found[system, row["becomes"]] = Valid(since=date.fromisoformat(row["since"]))
    return found

"""The code systems: kinds and methods of intervention, process steps, states, and what the rest is coded in.

https://hl7.org/fhir/R4/codesystem.html

Of the Gravity Project's system only the domains are known, and it is not served as a resource: it is theirs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from careplan_service.interventions import terms
from careplan_service.interventions.added import Service
from careplan_service.interventions.canonical import BASE, GRAVITY
from careplan_service.interventions.catalogue import Kind, StandardCoding, domains, kinds, rows
from careplan_service.interventions.sensitivity import mark_terms
from careplan_service.interventions.terms import Terms
from careplan_service.interventions.vocabulary.model import CodeSystem, Concept

VERSION = "1.0.0"
METHOD = f"{BASE}/CodeSystem/intervention-method"
STEP = f"{BASE}/CodeSystem/process-step"

STAGES = {
    "intake": "Intake and engagement",
    "assessment": "Assessment",
    "planning": "Planning",
    "implementation": "Implementation",
    "evaluation": "Evaluation",
    "adjustment": "Adjustment",
    "termination": "Termination",
    "client-system": "Client system",
    "aim": "Aims and needs",
}
WORDS: dict[str, tuple[Terms, str]] = {
    "plan-state": (terms.PLAN_STATES, "States of an intervention plan"),
    "case-state": (terms.CASE_STATES, "States of a case"),
    "goal-state": (terms.GOAL_STATES, "States of a goal or an objective"),
    "activity-state": (terms.ACTIVITY_STATES, "States of a strategy"),
    "referral-state": (terms.REFERRAL_STATES, "States of a referral"),
    "consent-state": (terms.CONSENT_STATES, "States of a consent"),
    "client-system-kind": (terms.CLIENT_SYSTEMS, "Kinds of client system"),
    "agreement": (terms.AGREEMENTS, "The client's agreement to the plan"),
    "agreed-how": (terms.AGREED_HOW, "How the client agreed"),
    "priority": (terms.PRIORITIES, "Priorities of a goal"),
    "alert-kind": (terms.ALERT_KINDS, "Kinds of alerts"),
    "severity": (terms.SEVERITIES, "Severities of a need"),
}
"""Lists of local words, by the id of their code system."""
NOTE_KINDS = {
    "professional-wording": "The professional's wording of a goal",
    "evidence-of-success": "What will show that a goal is reached",
    "evidence": "What shows how far a goal or an objective was when it was entered",
    "sharing": "Sharing notes",
    "crisis-plan": "What is done in a crisis",
    "barriers": "What stands in the way",
}
RECORDED = {
    "session": "Session",
    "progress-review": "Progress review",
    "goal-attainment": "Goal attainment",
    "goal-attainment-level": "Goal Attainment Scaling level",
    "closing": "Closing summary",
}


def system_url(id_: str) -> str:
    """The canonical address of one of our code systems."""
    return f"{BASE}/CodeSystem/{id_}"


def camel(text: str) -> str:
    """`plan-state` -> `PlanState`, as `name` of a canonical resource must be."""
    return "".join(part[:1].upper() + part[1:] for part in re.split(r"[^A-Za-z0-9]+", text))


def made(id_: str, title: str, about: str, concepts: tuple[Concept, ...]) -> CodeSystem:
    """One of our code systems."""
    return CodeSystem(id_, system_url(id_), camel(id_), title, about, concepts, VERSION)


def code_systems(services: Iterable[Service] = ()) -> Iterator[CodeSystem]:
    """Every system of which codes are known here."""
    yield from service_lists(services)
    yield made(
        "intervention", "Kinds of intervention", "What a strategy of an intervention plan is.", _kinds()
    )
    yield made(
        "intervention-method",
        "Methods of intervention",
        "How an intervention is done, where a narrower standard code stands for it.",
        _methods(),
    )
    yield made(
        "process-step",
        "Steps of the planned-change process",
        "What happens from intake to termination, and to whom.",
        _steps(),
    )
    for id_, (listed, title) in WORDS.items():
        yield made(id_, title, f"{title}, in the words of social work.", _words(listed))
    yield made(
        "sensitivity-mark",
        "Labels that a person sets by hand",
        "What a part of a plan touches: security labels are made of it.",
        _words(mark_terms()),
    )
    yield made(
        "note-kind",
        "Kinds of notes",
        "What a note of a plan or a goal is.",
        tuple(Concept(code, display) for code, display in NOTE_KINDS.items()),
    )
    yield made(
        "record",
        "What documents of the record are",
        "What a document about the work with a plan is.",
        tuple(Concept(code, display) for code, display in RECORDED.items()),
    )
    yield CodeSystem(
        "SDOHCC-CodeSystemTemporaryCodes",
        GRAVITY,
        "SDOHCCCodeSystemTemporaryCodes",
        "SDOHCC temporary codes: the domains",
        "Social domains of the Gravity Project.",
        tuple(Concept(domain.code, domain.display) for domain in domains().values()),
        "3.0.0",
        ours=False,
    )


def service_lists(services: Iterable[Service]) -> Iterator[CodeSystem]:
    """The services of each agency."""
    lists: dict[str, list[Service]] = {}
    for one in services:
        lists.setdefault(one.list_id, []).append(one)
    for id_, listed in lists.items():
        title = f"Services of {listed[0].organization}"
        concepts = tuple(
            Concept(one.code, one.name, f"Of kind {one.kind}.", spellings=one.former) for one in listed
        )
        version = str(max(one.version for one in listed))
        about = f"{title}, as the agency calls them."
        yield CodeSystem(id_, listed[0].system, camel(id_), title, about, concepts, version)


def _kinds() -> tuple[Concept, ...]:
    return tuple(
        Concept(
            row["code"],
            row["display"],
            f"Sort of work: {row['category']}.",
            spellings=tuple(row["spellings"].split("; ")),
        )
        for row in rows("kinds.csv")
    )


def method_code(kind: Kind, row: StandardCoding) -> str:
    """`case-management`, `mental health` -> `case-management.mental-health`."""
    return f"{kind.code}.{row.method.replace(' ', '-')}"


def methods() -> Iterator[tuple[Kind, StandardCoding]]:
    """Every method that a standard code stands for, with that code."""
    for kind in kinds().values():
        yield from ((kind, row) for row in kind.codings if row.method)


def _methods() -> tuple[Concept, ...]:
    found = {
        method_code(kind, row): Concept(
            method_code(kind, row),
            f"{kind.display}: {row.method}",
            f"Named as the method of a strategy of kind {kind.code}.",
            spellings=(row.method,),
        )
        for kind, row in methods()
    }
    return tuple(found.values())


def _steps() -> tuple[Concept, ...]:
    stages = [Concept(code, display) for code, display in STAGES.items()]
    steps = {
        row["step"]: Concept(row["step"], row["name"], f"In FHIR: {row['element']}.", row["stage"])
        for row in rows("process_steps.csv")
    }
    return (*stages, *steps.values())


def _words(listed: Terms) -> tuple[Concept, ...]:
    return tuple(
        Concept(
            term.code,
            terms.display(term.code) if term.code.islower() else term.code,
            spellings=term.spellings,
        )
        for term in listed.by_code.values()
    )

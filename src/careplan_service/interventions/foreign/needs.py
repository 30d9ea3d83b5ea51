"""The needs and strengths of a plan of others: the Conditions that it and its goals address or rest on.

https://hl7.org/fhir/R4/careplan-definitions.html#CarePlan.addresses https://hl7.org/fhir/R4/condition.html
"""

from __future__ import annotations

from careplan_service.interventions.canonical import GRAVITY
from careplan_service.interventions.foreign.codes import Meaning, domain_meant
from careplan_service.interventions.foreign.marks import NOT_MAPPED
from careplan_service.interventions.foreign.place import Place
from careplan_service.interventions.foreign.reading import Reading, codings_of, concept_text
from careplan_service.interventions.plan import Need, Strength
from careplan_service.interventions.terms import SEVERITIES

Places = dict[str, Place]
"""Goals by the reference that the CarePlan has for them."""


def needs(care_plan: Place, goals: Places, reading: Reading) -> tuple[Need, ...]:
    """What the plan addresses, and after that what only its goals do."""
    found: list[Need] = []
    seen: set[tuple[str, str]] = set()
    own = care_plan.each("addresses")
    theirs = [one for goal in goals.values() for one in goal.each("addresses")]
    for ref in [*own, *theirs]:
        key = (ref.sheet.ref if ref.at("reference").text.startswith("#") else "", ref.at("reference").text)
        condition = reading.follow(ref)
        if condition is None or condition.at("resourceType").value != "Condition" or key in seen:
            continue
        seen.add(key)
        field = f"needs[{len(found)}]"
        if ref in own:
            reading.came(field, ref, condition)
        else:
            reading.read_from[field] = ref.at("reference").text
        found.append(_need(field, condition, reading))
        ref.at("display").say_if(found[-1].text)
    return tuple(found)


def strengths(care_plan: Place, reading: Reading) -> tuple[Strength, ...]:
    """What protects: supporting Conditions of that category."""
    found: list[Strength] = []
    for ref in care_plan.each("supportingInfo"):
        condition = reading.follow(ref)
        if condition is not None and _protects(condition):
            reading.came(f"strengths[{len(found)}]", ref, condition)
            condition.at("code", "text").say()
            found.append(Strength(concept_text(condition.at("code").value)))
    return tuple(found)


def _protects(condition: Place) -> bool:
    if condition.at("resourceType").value != "Condition":
        return False
    codings = codings_of(*condition.each("category"))
    return any(one.get("system") == GRAVITY and one.get("code") == "protective-factor" for one in codings)


def _need(field: str, condition: Place, reading: Reading) -> Need:
    code = condition.at("code")
    text = concept_text(code.value)
    severity = next((one.at("code").text for one in condition.each("severity", "coding")), "")
    return Need(
        text=text,
        domain=_domain(f"{field}.domain", condition, code, reading),
        severity=SEVERITIES.local(None, severity) if severity else None,
    )


def _domain(field: str, condition: Place, code: Place, reading: Reading) -> str:
    meaning, place = domain_of_condition(condition)
    if meaning is not None:
        return reading.meant(field, place, meaning, "")
    reading.mark(field, code, NOT_MAPPED, "its text")
    return ""


def domain_of_condition(condition: Place) -> tuple[Meaning | None, Place]:
    """The domain of a Condition, and where it says it: by its categories, or else by its code."""
    for category in condition.each("category"):
        if meaning := domain_meant(codings_of(category)):
            return meaning, category
    code = condition.at("code")
    return domain_meant(codings_of(code), code.at("text").text), code

"""Where the parts of a plan are on record, so that a plan that is changed is written into the same documents.

https://hl7.org/fhir/R4/references.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from careplan_service.interventions.canonical import extension_value, extension_values, sw
from careplan_service.interventions.draft import Places
from careplan_service.interventions.episodes import episodes
from careplan_service.interventions.plan import Member, Participant, Plan
from careplan_service.interventions.reading import Resource, is_numbered, number, references
from careplan_service.interventions.team import agency_key

Place = tuple[tuple[str, str], str]


def places_of(careplan: Resource, resources: Mapping[str, Resource], plan: Plan) -> Places:
    """The references of the parts of the `plan` that was read from a CarePlan and its `resources`."""
    return dict(
        [
            (("CarePlan", "plan"), f"CarePlan/{careplan['id']}"),
            *_people(careplan),
            *_team(careplan, resources, plan),
            *_goals(careplan, resources),
            *_record(careplan, resources),
            *_case(careplan, resources),
        ]
    )


def _listed(name: str, refs: Sequence[str]) -> Iterator[Place]:
    for i, ref in enumerate(refs):
        yield (ref.partition("/")[0], f"{name} {i}"), ref


def _people(careplan: Resource) -> Iterator[Place]:
    told = {"extension": extension_value(careplan, sw("client-system"))}
    members = [{"extension": part} for part in extension_values(told, "member")]
    yield from _listed("member", [extension_value(one, "person")["reference"] for one in members])
    if group := extension_value(told, "group"):
        yield ("Group", "client system"), group["reference"]
    yield from _listed("need", references(careplan.get("addresses", ())))
    rests_on = references(careplan.get("supportingInfo", ()))
    yield from _listed("strength", [ref for ref in rests_on if ref.startswith("Condition/")])


def _team(careplan: Resource, resources: Mapping[str, Resource], plan: Plan) -> Iterator[Place]:
    for team in references(careplan.get("careTeam", ())):
        yield ("CareTeam", "team"), team
        others = iter(enumerate(plan.participants))
        for part in resources[team]["participant"]:
            worker = extension_value(part, sw("responsible")) is True
            key, one = ("worker", plan.worker) if worker else _nth(*next(others))
            yield from _one_of_team(part["member"]["reference"], key, one, resources)


def _nth(i: int, one: Participant) -> tuple[str, Participant | None]:
    return f"participant {i}", one


def _one_of_team(
    ref: str, key: str, one: Participant | None, resources: Mapping[str, Resource]
) -> Iterator[Place]:
    type_ = ref.partition("/")[0]
    if type_ == "Organization" and one:
        yield (type_, agency_key(one)), ref
        return
    yield (type_, key), ref
    if type_ == "PractitionerRole" and one:
        role = resources[ref]
        yield ("Practitioner", key), role["practitioner"]["reference"]
        yield ("Organization", agency_key(one)), role["organization"]["reference"]


def _goals(careplan: Resource, resources: Mapping[str, Resource]) -> Iterator[Place]:
    for ref in references(careplan.get("goal", ())):
        if is_numbered(resources[ref]):
            yield ("Goal", number(resources[ref])), ref
    for activity in careplan.get("activity", ()):
        told = extension_value(activity, sw("number")) or extension_value(activity, sw("referral"))
        if "reference" in activity and told:
            yield ("ServiceRequest", told), activity["reference"]["reference"]


def _record(careplan: Resource, resources: Mapping[str, Resource]) -> Iterator[Place]:
    for activity in careplan.get("activity", ()):
        referral = extension_value(activity, sw("referral"))
        for ref in references(activity.get("outcomeReference", ())):
            if ref.startswith("Procedure/"):
                yield from _session(ref, resources[ref])
            elif referral and ref.startswith("Task/"):
                yield ("Task", referral), ref
    for ref in references(careplan.get("supportingInfo", ())):
        if ref.startswith(("QuestionnaireResponse/", "Observation/", "DocumentReference/")):
            yield from _information(ref, resources[ref], resources)


def _case(careplan: Resource, resources: Mapping[str, Resource]) -> Iterator[Place]:
    for ref in episodes(careplan, resources):
        yield ("EpisodeOfCare", resources[ref]["patient"]["reference"]), ref


def _session(ref: str, procedure: Resource) -> Iterator[Place]:
    session = str(extension_value(procedure, sw("session")))
    yield ("Procedure", session), ref
    yield ("Encounter", session), procedure["encounter"]["reference"]
    for i, note in enumerate(references(procedure["report"])):
        yield ("DocumentReference", f"{session}+{i}" if i else session), note


def _information(ref: str, document: Resource, resources: Mapping[str, Resource]) -> Iterator[Place]:
    if (assessment := extension_value(document, sw("assessment"))) is not None:
        yield ("QuestionnaireResponse", assessment), ref
    elif (screening := extension_value(document, sw("screening"))) is not None:
        yield from _screening(ref, str(screening), document, resources)
    elif extension_value(document, sw("closing")) is not None:
        yield ("DocumentReference", "closing"), ref
    elif (review := extension_value(document, sw("review"))) is not None:
        yield ("Observation", review), ref
        for member in references(document.get("hasMember", ())):
            goal = number(resources[references(resources[member]["focus"])[0]])
            yield ("Observation", f"{review}/{goal}"), member


def _screening(ref: str, key: str, document: Resource, resources: Mapping[str, Resource]) -> Iterator[Place]:
    type_ = ref.partition("/")[0]
    yield (type_, key if type_ == "Observation" else f"{key}/screening"), ref
    for member in references(document.get("hasMember", ())):
        told = extension_value(resources.get(member, {}), sw("screening"))
        if told is not None:
            yield ("Observation", told), member


def carried(places: Places, before: Plan, after: Plan) -> Places:
    """The places of the same parts in a plan that was changed: what has no number is known again by what it
    says, or else by where it stands."""
    listed: tuple[tuple[str, Sequence[Any], Sequence[Any], Callable[[Any], Any]], ...] = (
        ("need", before.needs, after.needs, lambda one: one.text),
        ("strength", before.strengths, after.strengths, lambda one: one.text),
        ("member", before.client_system.members, after.client_system.members, _member),
        ("participant", before.participants, after.participants, lambda one: one.label),
    )
    moved = {
        f"{name} {new}": f"{name} {old}"
        for name, was, now, known_by in listed
        for new, old in _same(list(map(known_by, was)), list(map(known_by, now)))
    }
    lists = {name for name, *_ in listed}
    kept = {place: ref for place, ref in places.items() if not _is_listed(place[1], lists)}
    for new, old in moved.items():
        kept |= {(type_, new): ref for (type_, key), ref in places.items() if key == old}
    return kept


def _is_listed(key: str, lists: set[str]) -> bool:
    name, _, place = key.partition(" ")
    return name in lists and place.isdecimal()


def _member(one: Member) -> Any:
    return one.person.identifier or one.person.name


def _same(was: list[Any], now: list[Any]) -> Iterator[tuple[int, int]]:
    free = dict(enumerate(was))
    later = []
    for new, what in enumerate(now):
        old = next((i for i, one in free.items() if one == what), None)
        if old is None:
            later.append(new)
        else:
            del free[old]
            yield new, old
    for new in later:
        if new in free:
            del free[new]
            yield new, new

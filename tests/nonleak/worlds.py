"""Two databases that differ only in what is hidden from the partner.

A world is a script: what both share (clients who let the partner in, what they have, what the partner
wrote itself) with a world's own hidden things between, before and behind.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from builders import (
    AGENCY,
    DOMAIN,
    FOOD,
    PARTNER,
    STRANGER,
    Api,
    Document,
    a_consent,
    a_provision,
    concept,
    label,
)
from careplan_service.resources.registry import SERVED
from nonleak.documents import Refer, a_document

BEGINNING = datetime(2026, 6, 1, 0, 0, 0, tzinfo=UTC)
ABSENT = "00000000-0000-4000-8000-000000000000"
_BESIDE = tuple(type_ for type_, spec in SERVED.items() if not spec.patient)
OF_CLIENTS = tuple(t for t, spec in SERVED.items() if spec.patient and t not in ("Patient", "Consent"))
SHARED = ("Patient", *OF_CLIENTS)


def numbered(number: int) -> str:
    """The id with a number."""
    return f"00000000-0000-4000-9000-{number:012d}"


class Ids:
    """Ids in a row that a script can set: what is hidden must not use them up."""

    def __init__(self) -> None:
        self.at = 0

    def __call__(self) -> str:
        self.at += 1
        return numbered(self.at)


class Clock:
    """A clock that stands where a script or a replay puts it."""

    def __init__(self) -> None:
        self.now = BEGINNING

    def __call__(self) -> datetime:
        return self.now


@dataclass(frozen=True)
class Size:
    """How large the worlds are: clients that let the partner in, what each has, and hidden things.

    And how much is asked: about how many names, and how many searches for each parameter.
    """

    clients: int = 2
    each: int = 1
    hidden: tuple[int, int] = (60, 25)
    names: int = 3
    questions: float = 0.05


@dataclass(frozen=True)
class Step:
    """One write of a script: who, which resource under which id; None deletes it.

    By "lower" the agency takes labels off what is there, and the document is how it asks for that.
    """

    by: str
    reference: str
    document: Document | None = None


@dataclass
class Script:
    """The writes of one world in their order, each with its moment, and what is in it."""

    steps: list[tuple[datetime, Step]] = field(default_factory=list)
    veiled: dict[str, datetime] = field(default_factory=dict)
    hidden: list[str] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)
    own: list[str] = field(default_factory=list)

    @property
    def documents(self) -> Iterator[Document]:
        """Everything that was ever written."""
        return (step.document for _, step in self.steps if step.document is not None and step.by != "lower")


def scripts(seed: int, size: Size) -> tuple[Script, Script]:
    """The scripts of two worlds that the partner cannot tell apart."""
    shared = list(_shared(Random(f"{seed}-shared"), size))
    return tuple(
        _woven(shared, Random(f"{seed}-{name}"), name, many)
        for name, many in zip("ab", size.hidden, strict=True)
    )  # type: ignore[return-value]


def _shared(rng: Random, size: Size) -> Iterator[Step]:
    """What the partner sees, and what makes it visible."""
    for organization in (AGENCY, PARTNER, STRANGER):
        yield Step("agency", organization, {"resourceType": "Organization", "name": organization})
    for reference in _NAMED:
        yield Step("own", reference, {})
    for n in range(size.clients):
        patient = f"Patient/client-{n}"
        mine = [patient, *_NAMED]
        yield Step("agency", patient, _tagged(a_document("Patient", patient, rng, _among(mine, rng)), rng))
        yield Step("consent", f"Consent/{n}", {"patient": patient})
        for type_ in ("Goal", "Condition", "Encounter"):
            yield Step("own", f"{type_}/quiet-{n}", {"patient": patient})
            mine.append(f"{type_}/quiet-{n}")
        for type_ in OF_CLIENTS * size.each:
            reference = f"{type_}/{type_.lower()}-{n}-{len(mine)}"
            for _ in range(2 if rng.random() < 0.3 else 1):
                document = a_document(type_, patient, rng, _among(mine, rng))
                yield Step("agency", reference, _tagged(document, rng))
            if type_ in ("Goal", "Condition"):
                yield Step("veil", reference, document)
                document = _with_secret_note(document)
                yield Step(
                    "agency", reference, _tagged(document, rng, (_WITHIN,))
                )  # labels stay: hidden, too
                yield Step("lower", reference, _LOWERED)
            mine.append(reference)
        # Its own writes may refer only to what it may know of.
        shown = [one for one in mine if one not in _NAMED and "/quiet-" not in one]
        for type_ in ("Organization", "Practitioner", "Location", "Goal", "CarePlan", "Observation")[n::2]:
            yield Step("partner", type_, _tagged(a_document(type_, patient, rng, _among(shown, rng)), rng))


def _woven(shared: Sequence[Step], rng: Random, name: str, many: int) -> Script:
    """The shared steps at the same moments in each world, with hidden ones in between."""
    script, secret = Script(), _hidden(rng, name)
    shared = [_of_world(step, name) for step in shared]
    places = sorted(rng.randrange(8, len(shared) + 1) for _ in range(many))
    there: list[str] = []
    for number, step in enumerate([*shared, None]):
        moment = BEGINNING + timedelta(minutes=number)
        for second in range(places.count(number)):
            for hidden in secret(there):
                script.steps.append((moment - timedelta(seconds=59 - second % 50), hidden))
                script.hidden += [hidden.reference] if hidden.reference not in script.hidden else []
        if step is not None:
            _SHARED[step.by](script, step, moment, there, rng, name)
    return script


def _of_world(step: Step, name: str) -> Step:
    """What is quiet has another id in each world: no reference to it may leave."""
    document = json.loads(json.dumps(step.document).replace("/quiet-", _QUIET[name]))
    return replace(step, reference=step.reference.replace("/quiet-", _QUIET[name]), document=document)


def _by_agency(
    script: Script, step: Step, moment: datetime, there: list[str], rng: Random, name: str
) -> None:
    script.steps.append((moment, step))
    there.append(step.reference)
    if step.reference not in script.shown and not step.reference.startswith("Organization/"):
        script.shown.append(step.reference)


def _by_partner(
    script: Script, step: Step, moment: datetime, there: list[str], rng: Random, name: str
) -> None:
    made = f"{step.reference}/{numbered(_OWN + len(script.own))}"
    script.steps.append((moment, replace(step, reference=made)))
    script.own.append(made)
    there.append(made)


def _by_consent(
    script: Script, step: Step, moment: datetime, there: list[str], rng: Random, name: str
) -> None:
    assert step.document is not None
    permits = list(_permitting(step.document["patient"], step.reference, rng, name))
    script.steps += [(moment, one) for one in permits]
    script.hidden += [one.reference for one in permits]


def _by_veil(script: Script, step: Step, moment: datetime, there: list[str], rng: Random, name: str) -> None:
    """A hidden version of what is shown again later: its content and its moment are the world's own."""
    assert step.document is not None
    hidden = _tagged({**step.document, "language": rng.choice(("de", "fr", "it"))}, rng, ("R",))
    script.veiled[step.reference] = moment + timedelta(seconds=25)
    script.steps.append(
        (moment + timedelta(seconds=1 if name == "a" else 50), Step("agency", step.reference, hidden))
    )


def _by_world(script: Script, step: Step, moment: datetime, there: list[str], rng: Random, name: str) -> None:
    """What is shown refers to it, it is hidden, and in each world another thing."""
    assert step.document is not None
    type_, patient = step.reference.split("/")[0], step.document.get("patient", "")
    made = _tagged(a_document(type_, patient, rng, _among([patient] if patient else [], rng)), rng, ("R",))
    script.steps.append((moment, Step("agency", step.reference, made)))
    script.hidden.append(step.reference)


_OWN = 1_000_001
_QUIET = {"a": "/quiet-", "b": "/quiet-other-"}
_NAMED = ("Practitioner/worker", "Organization/service", "PractitionerRole/role", "Location/place")
_WITHIN = "PROCESSINLINELABEL"
_INLINE = "http://hl7.org/fhir/uv/security-label-ds4p/StructureDefinition/extension-inline-sec-label"


def _with_secret_note(document: Document) -> Document:
    """With a note that is labelled by itself, and says another thing in each world."""
    secret = {"text": "/quiet-", "extension": [{"url": _INLINE, "valueCoding": label("R")}]}
    return {**document, "note": [*document.get("note", ()), secret]}


_LOWERED: Document = {
    "resourceType": "Parameters",
    "parameter": [
        {"name": "meta", "valueMeta": {"security": [label("R")]}},
        {"name": "reason", "valueString": "set by mistake"},
    ],
}
_SHARED = {
    "agency": _by_agency,
    "lower": _by_agency,
    "partner": _by_partner,
    "consent": _by_consent,
    "veil": _by_veil,
    "own": _by_world,
}


def _permitting(patient: str, reference: str, rng: Random, name: str) -> Iterator[Step]:
    """Consents that let the partner see the same, though they are others in each world."""
    deny = a_provision("deny", codes=[FOOD])
    shared = a_provision(to=PARTNER, purpose=["COC", "TREAT"], classes=SHARED, provision=[deny])
    if name == "a":
        yield Step("agency", f"{reference}-{name}", a_consent(patient, shared))
        return
    half = len(SHARED) // 2
    for number, classes in enumerate((SHARED[:half], SHARED[half:], SHARED)):
        given = {
            **shared,
            **a_provision(to=PARTNER, purpose=["COC", "TREAT"], classes=classes),
            "provision": [deny],
        }
        yield Step(
            "agency",
            f"{reference}-{name}{number}",
            a_consent(patient, given, identifier=[{"value": rng.choice("xyz")}]),
        )


def _hidden(rng: Random, name: str) -> Callable[[list[str]], Iterator[Step]]:
    """Gives the next hidden thing; what it refers to is there already."""
    made: list[str] = ["Patient/client-0"]
    count = iter(range(10**9))

    def under(type_: str) -> str:
        # Some ids are hidden in one world only, some in both with other things under them.
        return f"{type_}/" + (
            f"secret-{next(count)}" if rng.random() < 0.4 else f"secret-{name}-{next(count)}"
        )

    def next_one(there: list[str]) -> Iterator[Step]:
        others = [m for m in made if m.startswith("Patient/secret")]
        kind = rng.choice(
            ("label", "label", "code", "client", "client", "beside", "deleted", "consent", "deny")
        )
        if kind == "client" or not others:
            reference = under("Patient")
            yield Step("agency", reference, _apart(a_document("Patient", reference, rng, _among(made, rng))))
            yield from _not_permitting(reference, under("Consent"), rng)
            made.append(reference)
            return
        if kind in ("consent", "deny"):
            yield from _not_permitting(rng.choice(others), under("Consent"), rng)
            return
        if kind == "beside":
            type_ = rng.choice([t for t in _BESIDE if t not in ("Provenance",)])
            reference = under(type_)
            yield Step("agency", reference, a_document(type_, "", rng, _among(made, rng)))
            made.append(reference)
            return
        shown = [t for t in there if t.startswith("Patient/client")]
        subject = rng.choice([*shown, *others]) if kind != "deleted" else rng.choice(shown or others)
        reference = under(rng.choice(OF_CLIENTS))
        refer = _among([*(t for t in there if t.startswith(tuple(f"{x}/" for x in OF_CLIENTS))), *made], rng)
        for left in range(rng.choice((1, 1, 2, 4)), 0, -1):
            document = a_document(reference.split("/")[0], subject, rng, refer)
            if kind == "code" and reference.startswith("Goal/"):
                document["category"] = [concept(DOMAIN, FOOD)]
                labels: tuple[str, ...] = ()
            else:
                labels = () if kind == "deleted" or subject in others or (left > 1 and there) else ("R",)
            yield Step("agency", reference, _tagged(document, rng, labels))
        if kind == "deleted":
            yield Step("agency", reference)
        else:
            made.append(reference)

    return next_one


def _apart(patient: Document) -> Document:
    """No record of a client who is shown: what is denied of one record of a person is denied of all."""
    for link in patient.get("link", ()):
        if link["other"]["reference"].startswith("Patient/client"):
            link["type"] = "seealso"
    return patient


def _not_permitting(patient: str, reference: str, rng: Random) -> Iterator[Step]:
    """Consents that open nothing to the partner: for others, over, refused, for another purpose, none."""
    choices: list[Document | None] = [
        a_provision(to=STRANGER, purpose=["COC"]),
        a_provision(to=PARTNER, purpose=["COC"], period={"start": "2020-01-01", "end": "2021-01-01"}),
        a_provision(to=PARTNER, purpose=["HPAYMT"]),
        a_provision("deny", to=PARTNER),
        a_provision(to=PARTNER, provision=[a_provision("deny", to=PARTNER)]),
        None,
    ]
    chosen = rng.choice(choices)
    if chosen is not None:
        status = rng.choice(("active", "active", "inactive", "proposed"))
        yield Step("agency", reference, a_consent(patient, chosen, status=status))


def _among(held: Sequence[str], rng: Random) -> Refer:
    """References to what is there."""

    def refer(types: list[str]) -> str:
        found = [one for one in held if not types or one.split("/")[0] in types]
        return rng.choice(found) if found else ""

    return refer


def _tagged(document: Document, rng: Random, labels: Sequence[str] = ()) -> Document:
    """With what searches find in `meta`."""
    meta: Document = {"tag": [{"system": "urn:example:tags", "code": rng.choice("pqr")}]}
    if rng.random() < 0.5:
        meta |= {
            "profile": [f"http://example.org/{rng.choice('xyz')}"],
            "source": "http://example.org/intake",
        }
    return {**document, "meta": meta | ({"security": [label(one) for one in labels]} if labels else {})}


@dataclass
class World:
    """A world that stands in its database."""

    api: Api
    clock: Clock
    ids: Ids


def build(world: World, script: Script) -> None:
    """Carry out the script; what the partner writes gets the same ids in every world."""
    agency, partner = world.api.agency, world.api.partner
    for moment, step in script.steps:
        world.clock.now = moment
        if step.by == "partner":
            assert step.document is not None
            world.api.token("partner")  # it has a number, too
            world.ids.at = int(step.reference[-12:]) - 1
            assert partner.make(step.document) == step.reference
        elif step.document is None:
            answer: Any = agency("DELETE", f"/fhir/{step.reference}")
            assert answer.status == 204, answer.body
        elif step.by == "lower":
            answer = agency("POST", f"/fhir/{step.reference}/$meta-delete", step.document)
            assert answer.status == 200, answer.body
        else:
            answer = agency.put(step.reference, step.document)
            assert answer.status in (200, 201), (step, answer.body)

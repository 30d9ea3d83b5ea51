"""`$preview`: what a partner would see if a draft were filed is what it sees when it is."""

from __future__ import annotations

import json
import random
import re
import threading
from typing import Any

import pytest
from sqlalchemy import func, select

import markdown
import names
from builders import (
    AGENCY,
    FOOD,
    HOUSING,
    PARTNER,
    Answer,
    Api,
    As,
    Document,
    a_care_plan,
    a_consent,
    a_goal,
    a_patient,
    a_provision,
    an_example,
)
from careplan_service.access.filters import Is
from careplan_service.interactions.records import Page, Write
from careplan_service.interactions.undone import undone
from careplan_service.resources import r4
from careplan_service.resources.registry import SERVED
from careplan_service.store.tables import metadata
from web.persons import Persons

PREVIEW, FILE = "/fhir/Consent/$preview", "/fhir/Consent/$file-consent"


def parameters(*parts: Document) -> Document:
    return {"resourceType": "Parameters", "parameter": list(parts)}


def reference(name: str, to: str) -> Document:
    return {"name": name, "valueReference": {"reference": to}}


def asked(who: As, consent: Document, *replaces: str, partner: str = "partner", **more: Any) -> Answer:
    given = reference("partner", partner) if "/" in partner else {"name": "partner", "valueString": partner}
    parts = [{"name": "consent", "resource": consent}, given, *(reference("replaces", r) for r in replaces)]
    if "purpose" in more:
        parts.append({"name": "purpose", "valueCode": more["purpose"]})
    if "document" in more:
        parts.append({"name": "document", "resource": more["document"]})
    return who("POST", PREVIEW, parameters(*parts))


def listed(answer: Answer, name: str) -> set[str]:
    """The references under a name, whose totals must be exact."""
    assert answer.status == 200, answer.body
    assert r4.check(answer.json, "Parameters") == ()
    found: set[str] = set()
    for one in answer.json["parameter"]:
        if one["name"] == name:
            _, total, *resources = one["part"]
            assert total["valueInteger"] == len(resources)
            found |= {part["valueReference"]["reference"] for part in resources}
    (total,) = (one["valueInteger"] for one in answer.json["parameter"] if one["name"] == f"{name}-total")
    assert total == len(found)
    return found


def values(answer: Answer, name: str) -> list[Any]:
    """The values of the parameters of a name."""
    given = [one for one in answer.json["parameter"] if one["name"] == name]
    found = [one[key] for one in given for key in one if key.startswith("value")]
    return [one["reference"] if isinstance(one, dict) else one for one in found]


def issues(answer: Answer) -> list[tuple[str, str, str]]:
    """(severity, place, text) of the outcome."""
    (outcome,) = (one["resource"] for one in answer.json["parameter"] if one["name"] == "outcome")
    return [(i["severity"], i.get("expression", [""])[0], i["diagnostics"]) for i in outcome["issue"]]


def seen_as(api: Api, client: str) -> tuple[dict[str, str], set[str]]:
    """What a partner finds of patients through an administrator's eyes, and what of that is redacted."""
    found, redacted = {}, set()
    everything = api.agency.get(f"/fhir/?_type={','.join(SERVED)}&_count=500", X_Careplan_View_As=client)
    assert everything.status == 200, everything.body
    for entry in everything.json.get("entry", ()):
        resource = entry["resource"]
        if entry["search"]["mode"] == "match":
            name = f"{resource['resourceType']}/{resource['id']}"
            found[name] = json.dumps(resource)
            labels = [one["code"] for one in resource["meta"].get("security", ())]
            redacted |= {name} if "REDACTED" in labels else set()
    assert len(found) == everything.json["total"]
    return found, redacted


def rows(api: Api) -> dict[str, int]:
    """How many rows each table has but the log."""
    tables = [one for one in metadata.sorted_tables if not one.name.startswith("audit")]
    with api.service.database.engine.connect() as connection:
        return {
            one.name: connection.execute(select(func.count()).select_from(one)).scalar_one() for one in tables
        }


@pytest.fixture
def ann(api: Api) -> str:
    """A client with goals of all kinds, a plan that names them, and something of the partner's own."""
    ann, ben = api.agency.make(a_patient("Ann")), api.agency.make(a_patient("Ben"))
    goals = [api.agency.make(a_goal(ann, about=about)) for about in (HOUSING, FOOD)]
    goals += [
        api.agency.make(a_goal(ann, about=FOOD, labels=(code,))) for code in ("R", "PSY", "SUD", "HRESCH")
    ]
    api.agency.make(a_care_plan(ann, goals=tuple(goals)))
    for type_ in ("Condition", "Observation", "Task", "DocumentReference"):
        api.agency.make(an_example(type_, ann))
    api.partner.make(a_goal(ann, about="transport"))
    api.agency.make(a_goal(ben, about=FOOD))
    api.agency.make(
        a_goal(ann, about=FOOD, addresses=[{"reference": api.agency.make(an_example("Condition", ben))}])
    )
    api.register("food-bank", "partner", further=("HPAYMT",))
    return ann


DRAFTS: list[tuple[str, Document | None, dict[str, Any]]] = [
    ("partner", a_provision(to=PARTNER, codes=(FOOD,), purpose=("COC",)), {}),
    ("partner", a_provision(to=PARTNER), {}),
    ("food-bank", a_provision(to="Organization/food-bank", purpose=("HPAYMT",)), {"purpose": "HPAYMT"}),
    ("food-bank", a_provision(to="Organization/food-bank", purpose=("HPAYMT",)), {}),
    ("partner", a_provision(to=PARTNER, classes=("Goal", "CarePlan"), labels=("R", "PSY")), {}),
    ("partner", a_provision(to=PARTNER, classes=("CarePlan",)), {"replaces": True}),
    ("partner", a_provision("deny", to=PARTNER, codes=(FOOD,)), {}),
    ("partner", a_provision(to=PARTNER, provision=[a_provision("deny", codes=(FOOD,))]), {"replaces": True}),
    ("partner", a_provision("deny", to=PARTNER), {"replaces": True}),
    ("partner", a_provision(to=PARTNER, period={"end": "2026-05-01"}), {"replaces": True}),
    ("partner", a_provision(to=PARTNER, labels=("V", "PSY", "SUD")), {"replaces": True}),
]


def _drawn(seed: int) -> tuple[str, Document | None, dict[str, Any]]:
    """A draft of any dimensions, with an exception or without."""
    draw = random.Random(seed)

    def one(depth: int) -> Document:
        stated: dict[str, Any] = {
            "codes": draw.sample((FOOD, HOUSING, "transport"), 1),
            "classes": draw.sample(("Goal", "CarePlan", "Task", "Consent", "Condition"), 2),
            "labels": draw.sample(("N", "R", "V", "PSY", "SUD"), 2),
            "purpose": draw.sample(("COC", "TREAT", "HPAYMT", "HRESCH"), 2),
            "period": {"start": draw.choice(("2026-01-01", "2026-06-02", "2027-01-01"))},
            "dataPeriod": {"start": "2026-01-01"},
        }
        kept = {name: stated[name] for name in draw.sample(list(stated), draw.choice((0, 0, 1, 1, 2)))}
        if depth and draw.random() < 0.5:
            kept["provision"] = [one(depth - 1)]
        to = PARTNER if depth == 2 else None  # a deny of everybody would hide it from who asks, too
        return a_provision(draw.choice(("permit", "permit", "deny")), to=to, **kept)

    return "partner", one(2), {"replaces": draw.random() < 0.7}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_preview_of_any_draft_is_what_the_partner_gets(api: Api, ann: str) -> None:
    gains, losses, _ = _compared(api, ann, [_drawn(seed) for seed in range(12)])
    assert gains > 10
    assert losses > 10


def test_a_preview_is_what_the_partner_gets_once_the_draft_is_filed(api: Api, ann: str) -> None:
    gains, losses, changes = _compared(api, ann, DRAFTS)
    assert gains > 20
    assert losses > 10
    assert changes > 2


def _compared(api: Api, ann: str, drafts: list[tuple[str, Document | None, dict[str, Any]]]) -> list[int]:
    """Each draft is looked at and filed, one after the other; how much was gained, lost, changed by them."""
    filed: list[str] = []
    gains = losses = changes = 0
    for client, provision, more in drafts:
        draft = a_consent(ann, provision, dateTime="2026-05-01")
        signed = an_example("DocumentReference", ann)
        replaces = tuple(filed) if more.get("replaces") else ()
        as_whom = f"{client}; purpose={more['purpose']}" if "purpose" in more else client
        stored = rows(api)
        before, _ = seen_as(api, as_whom)
        given = {name: value for name, value in more.items() if name == "purpose"}
        told = asked(api.agency, draft, *replaces, partner=client, document=signed, **given)
        assert rows(api) == stored
        assert seen_as(api, as_whom)[0] == before

        parts = [{"name": "consent", "resource": draft}, {"name": "document", "resource": signed}]
        done = api.agency("POST", FILE, parameters(*parts, *(reference("replaces", one) for one in replaces)))
        assert (done.status == 200) is values(told, "fileable")[0], provision
        if done.status == 409:
            assert set(re.findall(r"Consent/[\w-]+", done.body.decode())) == set(values(told, "contradicts"))
            consent = api.agency.make({**draft, "sourceReference": {"reference": api.agency.make(signed)}})
        else:
            assert done.status == 200, done.body
            assert values(told, "contradicts") == []
            consent = done.headers["Location"].partition("/fhir/")[2].partition("/_history")[0]
        document = api.agency.get(f"/fhir/{consent}").json["sourceReference"]["reference"]
        after, redacted = seen_as(api, as_whom)
        drafts = {name for name, one in (("consent", consent), ("document", document)) if one in after}
        assert set(values(told, "draft-visible")) == drafts
        assert listed(told, "visible") == after.keys() - {consent, document}, provision
        assert listed(told, "gained") == after.keys() - before.keys() - {consent, document}, provision
        assert listed(told, "lost") == before.keys() - after.keys(), provision
        otherwise = {name for name in after.keys() & before.keys() if after[name] != before[name]}
        assert set(values(told, "changed")) == otherwise, provision
        changes += len(otherwise)
        assert set(values(told, "in-part")) == redacted - {consent, document}, provision
        gains, losses = gains + len(after.keys() - before), losses + len(before.keys() - after)
        filed = [consent] if replaces else [*filed, consent]
        api.service.clock.go_on(minutes=1)  # type: ignore[attr-defined]
    return [gains, losses, changes]


def test_a_deny_is_foreseen_in_records_that_are_merged(api: Api, ann: str) -> None:
    other = api.agency.make(a_patient("Anne", link=[{"other": {"reference": ann}, "type": "replaces"}]))
    goal = api.agency.make(a_goal(other, about=FOOD))
    api.agency.make(a_consent(other, a_provision(to=PARTNER)))
    deny = a_consent(ann, a_provision("deny", to=PARTNER, classes=("Goal",)))
    told = asked(api.agency, deny)
    assert goal in seen_as(api, "partner")[0]
    assert goal in listed(told, "lost")
    api.agency.make(deny)
    assert goal not in seen_as(api, "partner")[0]


def test_what_cannot_be_filed_is_told_with_its_place_and_nothing_is_stored(api: Api, ann: str) -> None:
    stored = rows(api)
    told = asked(
        api.agency, a_consent(ann, a_provision(to=PARTNER, codes=(), extension=[{"url": "http://x"}]))
    )
    assert values(told, "fileable") == [False]
    assert not any(one["name"].startswith("visible") for one in told.json["parameter"])
    assert issues(told)[0][0] == "error"
    unenforced = asked(
        api.agency, a_consent(ann, {"type": "permit", "actor": [{"reference": {"display": "x"}}]})
    )
    assert issues(unenforced)[0][0] == "error"
    assert values(unenforced, "fileable") == [False]
    wrong = {
        "consent": [reference("partner", PARTNER)],
        "one `partner`": [{"name": "consent", "resource": a_consent(ann)}],
        "no parameter": [{"name": "nonsense", "valueString": "x"}],
    }
    for words, parts in wrong.items():
        answer = api.agency("POST", PREVIEW, parameters(*parts))
        assert answer.status == 400
        assert words in answer.faults[0][1]
    good = a_consent(ann, a_provision(to=PARTNER))
    for partner, purpose in (("nobody", "COC"), ("agency", "COC"), ("partner", "HPAYMT"), ("Goal/1", "COC")):
        assert asked(api.agency, good, partner=partner, purpose=purpose).status == 400, partner
    assert asked(api.agency, good, "Consent/nobody").status == 422
    assert asked(api.agency, a_consent("Patient/nobody", a_provision(to=PARTNER))).status == 404
    assert api.agency("POST", PREVIEW, "{").status == 400
    assert rows(api) == stored


def test_what_a_draft_can_hardly_mean_is_warned_of(api: Api, ann: str) -> None:
    deny = api.agency.make(a_consent(ann, a_provision("deny", to=PARTNER)))
    drafts = {
        "permits nobody anything": a_provision(codes=(FOOD,)),
        "its period is over": a_provision(to=PARTNER, period={"end": "2026-01-01"}),
        "permits nothing before 2027-01-01": a_provision(to=PARTNER, period={"start": "2027-01-01"}),
        "no Basic is kept here": a_provision(to=PARTNER, classes=("Basic",)),
        "no actor of it is a recipient": a_provision(to=PARTNER, role="HOLD"),
        "another `class`": a_provision("deny", classes=("Goal",), provision=[
            a_provision(to=PARTNER, classes=("Task",))]),
        f"`{deny}` denies all of it": a_provision(to=PARTNER, purpose=("COC",)),
        "states the `purpose`, when it ends (`period.end`), who signed (`performer`), when (`dateTime`)":
            a_provision(to=PARTNER, labels=("SUD",)),
        "what was signed is missing": a_provision(to=PARTNER),
    }  # fmt: skip
    for words, provision in drafts.items():
        told = asked(api.agency, a_consent(ann, provision))
        warned = [text for severity, _, text in issues(told) if severity == "warning"]
        assert any(words in text for text in warned), (words, warned)
    fine = a_consent(ann, a_provision(to="Organization/food-bank", purpose=("COC",)),
                     sourceAttachment={"title": "paper"})  # fmt: skip
    assert not any(one["name"] == "outcome" for one in asked(api.agency, fine).json["parameter"])
    unverified = asked(api.agency, {**fine, "verification": [{"verified": False}]})
    assert "decides nothing" in issues(unverified)[0][2]


def test_the_client_and_her_representative_may_look_ahead_and_no_partner_may(api: Api, ann: str) -> None:
    people = Persons(api.service)
    mum = api.agency.make({**an_example("RelatedPerson", ann), "relationship": [{"coding": [
        {"system": "http://terminology.hl7.org/CodeSystem/v3-RoleCode", "code": "HPOWATT"}]}]})  # fmt: skip
    aunt = api.agency.make(an_example("RelatedPerson", ann))
    api.agency.make(a_consent(ann, a_provision(to=aunt)))  # to know her record is not to represent her
    ben = api.agency.make(a_patient("Ben"))
    team = api.agency.make({**an_example("CareTeam", ann), "participant": [{"member": {"reference": ben}}]})
    api.agency.make(a_consent(ben, a_provision(to=PARTNER)))
    draft = a_consent(ann, a_provision(to=PARTNER))
    herself = people.signed_in(ann, "patient/*.rs", patient=ann)
    whole = listed(asked(api.agency, draft), "visible")
    hers = asked(herself, draft, partner=PARTNER, purpose="COC")
    assert team in whole  # which names Ben: he lets the partner see it, and she may not
    assert listed(hers, "visible") == whole - {team}
    assert len(listed(hers, "gained")) >= 2
    assert asked(herself, draft, partner="partner").status == 400
    assert asked(people.signed_in(mum, "patient/*.rs", patient=ann), draft, partner=PARTNER).status == 200
    for other in (
        people.signed_in(aunt, "patient/*.rs", patient=ann),
        people.signed_in(ben, "patient/*.rs", patient=ben),
    ):
        assert asked(other, draft, partner=PARTNER).status == 404
    for who in (api.partner, api.stranger):
        refused = [
            asked(who, a_consent(of, a_provision(to=PARTNER)), partner=PARTNER)
            for of in (ann, "Patient/none")
        ]
        assert {one.status for one in refused} == {403}
        assert refused[0].body == refused[1].body
    row = next(one for one in api.audit() if one["interaction"] == "preview-consent")
    assert (row["status"], row["shown"]) == (200, "")
    assert "partner=partner purpose=COC" in row["asked"]
    event = api.agency.get(f"/fhir/AuditEvent?subtype=preview-consent&patient={ann}&_count=1").json
    assert event["total"] >= 1


def test_the_worked_example_of_the_page_is_answered_as_shown(api: Api) -> None:
    page = (names.ROOT / "docs" / "consent-in-detail.md").read_text(encoding="utf-8")
    question, answer, change = (
        json.loads(markdown.blocks(page, f"json {info}")[0].text)
        for info in ("preview", "previewed", "what-if")
    )
    api.agency.put("Patient/ann", a_patient("Ann"))
    api.agency.put("Goal/g1", a_goal("Patient/ann", about=HOUSING))
    api.agency.put("Goal/g2", a_goal("Patient/ann", about=FOOD))
    api.agency.put("Consent/c1", a_consent("Patient/ann", a_provision(to=PARTNER, codes=(FOOD,))))
    told = api.agency("POST", PREVIEW, question)
    assert told.json == answer
    supposed = api.agency("POST", "/fhir/Consent/$what-if", change).json["parameter"]
    assert {"name": "labelled", "valueInteger": 1} in supposed
    assert {"name": "lost-total", "valueInteger": 1} in supposed[-1]["part"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_draft_that_refers_to_what_is_not_here_could_not_be_filed(strict_api: Api) -> None:
    ann = strict_api.agency.make(a_patient("Ann"))
    told = asked(strict_api.agency, a_consent(ann, a_provision(to="Organization/nowhere")))
    assert values(told, "fileable") == [False]
    assert [severity for severity, _, text in issues(told) if "Organization/nowhere" in text] == ["error"]


def test_nobody_else_sees_what_is_undone(api: Api, ann: str) -> None:
    records, found = api.service.records, list[int]()
    (goal,) = api.agency.get("/fhir/Goal?category=transport").json["entry"]
    spec = SERVED["Goal"]
    document = {**goal["resource"], "id": "undone"}
    write = Write("Goal", "undone", "PUT", lambda version, at: b"{}", spec.facts(document, "http://x"))

    def look() -> None:
        found.append(len(records.heads("Goal", Is("id", "undone"), Page(2))))

    with undone(records) as changes:
        changes.put(write, None, 0, AGENCY)
        other = threading.Thread(target=look)
        other.start()
        other.join(timeout=30)
        look()
    look()
    assert found == [0, 1, 0]

"""$why-access: the owner is told by which rule somebody may see a resource; others are told nothing."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, replace
from typing import Any

import pytest

from access.worlds import PATIENTS, TYPES, Maker
from builders import (
    AGENCY,
    DOMAIN,
    FOOD,
    HOUSING,
    PARTNER,
    Api,
    a_care_plan,
    a_consent,
    a_goal,
    a_patient,
    a_provision,
)
from careplan_service.access.caller import Caller
from careplan_service.access.consent.decide import REASONS, Decision
from careplan_service.access.consent.rules import rules_of
from careplan_service.access.instants import microseconds
from careplan_service.interactions.records import Write
from careplan_service.interactions.why_access import Why
from careplan_service.interactions.why_words import BECAUSE, FAILS, sentence
from careplan_service.resources import r4
from careplan_service.resources.directory import edges_of
from careplan_service.resources.registry import SERVED
from web.explaining import one, told
from web.persons import Persons

Document = dict[str, Any]
SQLITE_ONLY = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
PERMIT = a_provision(to=PARTNER, codes=[HOUSING])
UNCLEAR = {**a_provision(to=PARTNER), "extension": [{"url": "http://example.org/x", "valueBoolean": True}]}


@dataclass(frozen=True)
class Case:
    """Consents about a goal, and what is told of the partner; `by` is the deciding one of the consents."""

    reason: str
    consents: tuple[Document, ...] = ()
    by: int | None = None
    path: str | None = None
    labels: tuple[str, ...] = ()
    overridden: tuple[int, ...] = ()
    near: tuple[tuple[int, str, str], ...] = ()
    obligations: tuple[str, ...] = ()


CASES = (
    Case("DEFAULT-DENY"),
    Case("CONSENT-PERMIT", (PERMIT,), 0, "provision"),
    Case("DEFAULT-DENY", (a_provision(to=PARTNER, codes=[FOOD]),), near=((0, "provision", "code"),)),
    Case("DEFAULT-DENY", (PERMIT,), labels=("R",), near=((0, "provision", "securityLabel"),)),
    Case("DEFAULT-DENY", (a_provision(to=PARTNER, purpose=["HRESCH"]),), near=((0, "provision", "purpose"),)),
    Case("DEFAULT-DENY", (a_provision(to="Organization/x"),), near=((0, "provision", "actor"),)),
    Case("DEFAULT-DENY", (a_provision(to=PARTNER, classes=["CarePlan"]),), near=((0, "provision", "class"),)),
    Case("DEFAULT-DENY", (a_provision(to=PARTNER, period={"end": "2025"}),),
         near=((0, "provision", "period"),)),
    Case("CONSENT-DENY", (PERMIT, a_provision("deny", to=PARTNER)), 1, "provision", overridden=(0,)),
    Case("CONSENT-DENY", (a_provision("deny", to=PARTNER, purpose=["TREAT"]),), 0, "provision"),
    Case("EXCEPTION-PERMIT", (a_provision("deny", to=PARTNER, provision=[PERMIT]),), 0,
         "provision.provision[0]"),
    Case("EXCEPTION-DENY", (a_provision(to=PARTNER, provision=[a_provision("deny", codes=[HOUSING])]),), 0,
         "provision.provision[0]"),
    Case("PURPOSE-TAG-ON-DATA", (PERMIT,), labels=("HRESCH",)),
    Case("CONSENT-PERMIT", (a_provision(to=PARTNER, labels=["R", "SUD"]),), 0, "provision",
         labels=("R", "SUD"), obligations=("NORDSCLCD", "NOTICE-42CFR2.32")),
)  # fmt: skip


def keep(api: Api, document: Document) -> str:
    """Store a document as it is, also one that no route takes: what an operator loads."""
    service, type_ = api.service, document["resourceType"]
    door = replace(service.door(), keep=True)
    facts = SERVED[type_].facts(document, door.base_url)
    rules = rules_of(document, door) if type_ == "Consent" else ()

    def stamp(version: int, instant: str) -> bytes:
        meta = {**document.get("meta", {}), "versionId": str(version), "lastUpdated": instant}
        return json.dumps({**document, "meta": meta}).encode()

    edges = edges_of(document, door.base_url)
    write = Write(type_, document["id"], "PUT", stamp, facts, rules, edges)
    with service.records.changes() as changes:
        changes.put(write, None, microseconds(service.clock()), AGENCY)
    return f"{type_}/{document['id']}"


def test_each_reason_is_told_with_its_rule_and_what_came_near_it(api: Api) -> None:
    for number, case in enumerate(CASES):
        ann = api.agency.make(a_patient("Ann"))
        goal = api.agency.make(a_goal(ann, labels=case.labels))
        consents = [api.agency.make(a_consent(ann, provision)) for provision in case.consents]
        answer = api.agency.get(f"/fhir/{goal}/$why-access?partner=partner")
        found = told(answer)

        assert r4.check(answer.json, "Parameters") == ()
        permitted = case.reason.endswith("PERMIT")
        assert found["decision"] == ["permit" if permitted else "deny"], (number, answer.body)
        assert found["reason"] == [case.reason], number
        assert found["resource"] == [f"{goal}/_history/1"]
        by = [] if case.by is None else [f"{consents[case.by]}/_history/1"]
        assert found.get("consent", []) == by, number
        assert found.get("provision", []) == ([case.path] if case.path else []), number
        assert len(found.get("rule", [])) == len(by)
        assert found.get("overridden", []) == [consents[n] for n in case.overridden], number
        assert tuple(found.get("obligation", ())) == case.obligations, number
        near = [(one["consent"], one["provision"], one["dimension"]) for one in found.get("near-miss", ())]
        wanted = [([f"{consents[n]}/_history/1"], [path], [by]) for n, path, by in case.near]
        assert near == wanted, number
        (said,) = found["sentence"]
        assert said.startswith(
            f"`partner` of {PARTNER} may{'' if permitted else ' not'} have {goal} for COC: "
        )
        for consent in by:
            assert consent.partition("/_history/")[0] in said
        if any(dimension != "actor" for *_, dimension in case.near):
            assert FAILS[case.near[0][2]] in said
        viewed = api.agency.get(f"/fhir/{goal}", X_Careplan_View_As="partner").status
        assert viewed == (200 if permitted else 404), number


def test_what_no_consent_decides_is_told_too(api: Api) -> None:
    ann = api.agency.make(a_patient("Ann"))
    goal = api.agency.make(a_goal(ann))
    api.agency.make(a_consent(ann, PERMIT))
    assert api.agency.put(goal, a_goal(ann, labels=("R",))).status == 200
    own = api.partner.make(a_goal(ann, about="transport"))
    assert api.partner.put(own, a_goal(ann, about="money")).status == 200
    food = api.agency.make(a_goal(ann, about=FOOD))
    api.agency.make(a_consent(ann, a_provision(to=PARTNER, codes=[FOOD])))
    plan = api.agency.make(a_care_plan(ann, goals=(food,)))
    bank = api.agency.make({"resourceType": "Organization", "name": "the food bank"})
    unclear = a_patient("Cem", id="cem")
    keep(api, unclear)
    other = keep(api, a_goal("Patient/cem", id="of-cem"))
    kept = keep(api, a_consent("Patient/cem", UNCLEAR, id="unclear"))
    api.register("narrow", "partner", scopes=f"system/Goal.rs?category={DOMAIN}|{FOOD}")
    told_of = {
        f"{own}/_history/2/$why-access?partner=partner": "OWN-CONTRIBUTION",
        f"{goal}/_history/1/$why-access?partner=partner": "CURRENT-VERSION-HIDDEN",
        f"{goal}/_history/2/$why-access?partner=partner": "DEFAULT-DENY",
        f"{own}/_history/1/$why-access?partner=partner": "DEFAULT-DENY",
        f"{bank}/$why-access?partner=partner": "NOT-PATIENT-DATA",
        f"{other}/$why-access?partner=partner": "UNENFORCEABLE",
        f"{food}/$why-access?partner={PARTNER}": "CONSENT-PERMIT",
        f"{plan}/$why-access?partner=narrow": "OUT-OF-SCOPE",
        f"{goal}/$why-access?partner=narrow": "OUT-OF-SCOPE",
        f"{food}/$why-access?partner=narrow": "DEFAULT-DENY",
        f"{food}/$why-access?partner=Organization/unregistered": "OUT-OF-SCOPE",
        f"{plan}/$why-access": "STAFF-ACCESS",
        f"{bank}/$why-access": "STAFF-ACCESS",
        f"{kept}/$why-access": "STAFF-ACCESS",
    }
    for path, reason in told_of.items():
        answer = api.agency.get(f"/fhir/{path}")
        assert one(answer, "reason") == reason, (path, answer.body)
    unreadable = api.agency.get(f"/fhir/{other}/$why-access?partner=partner")
    assert one(unreadable, "provision") == "unknown-extension:provision"
    closed = told(api.agency.get(f"/fhir/{food}/$why-access?partner=Organization/unregistered&purpose=COC"))
    assert closed["scope"] == ["its scopes (none) do not open Goal"]
    assert closed["apart-from-scope"][0]["reason"] == ["DEFAULT-DENY"]
    part = told(api.agency.get(f"/fhir/{plan}/$why-access?partner=narrow"))
    assert "do not open CarePlan" in part["scope"][0]
    assert "open only a part" in one(api.agency.get(f"/fhir/{goal}/$why-access?partner=narrow"), "scope")
    shut = api.agency.make(a_goal(api.agency.make(a_patient("Dan"))))
    dan = api.agency.get(f"/fhir/{shut}").json["subject"]["reference"]
    shutting = api.agency.make(a_consent(dan, a_provision("deny")))
    assert one(api.agency.get(f"/fhir/{shutting}/$why-access"), "reason") == "STAFF-ACCESS"
    assert api.agency.get(f"/fhir/{shut}/$why-access").status == 404  # nobody asks about what she may not see
    api.agency("DELETE", f"/fhir/{own}")
    assert api.agency.get(f"/fhir/{own}/$why-access?partner=partner").status == 410
    past = api.agency.get(f"/fhir/{own}/_history/1/$why-access?partner=partner")
    assert one(past, "reason") == "CURRENT-VERSION-HIDDEN"


def test_the_directory_and_what_refers_to_the_data_are_weighed(api: Api) -> None:
    ann = api.agency.make(a_patient("Ann", birthDate="2012-03-01"))
    goals = [api.agency.make(a_goal(ann, about=about)) for about in (HOUSING, FOOD)]
    plan = api.agency.make(a_care_plan(ann, goals=(goals[0],)))
    role = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-RoleCode", "code": "GUARD"}]}
    mother = {"resourceType": "RelatedPerson", "patient": {"reference": ann}, "relationship": [role]}
    guardian = {"reference": api.agency.make(mother)}
    related = [{"meaning": "related", "reference": {"reference": plan}}]
    consents = [
        api.agency.make(a_consent(ann, a_provision(to=PARTNER, data=related))),
        api.agency.make(a_consent(ann, a_provision(to=PARTNER, codes=[FOOD]), performer=[guardian])),
    ]

    def decided() -> list[tuple[str, str]]:
        answers = [api.agency.get(f"/fhir/{goal}/$why-access?partner=partner") for goal in goals]
        return [(one(answer, "reason"), one(answer, "consent")) for answer in answers]

    assert decided() == [("CONSENT-PERMIT", f"{consent}/_history/1") for consent in consents]
    link = [{"other": {"reference": ann}, "type": "replaced-by"}]
    deny = api.agency.make(
        a_consent(api.agency.make(a_patient("Ann", link=link)), a_provision("deny", to=PARTNER))
    )
    assert decided() == [("CONSENT-DENY", f"{deny}/_history/1")] * 2


def test_a_redacted_copy_is_an_obligation_that_names_what_is_taken_out(api: Api) -> None:
    ann = api.agency.make(a_patient("Ann"))
    food, home = (api.agency.make(a_goal(ann, about=about)) for about in (FOOD, HOUSING))
    plan = api.agency.make(a_care_plan(ann, goals=(food, home)))
    api.agency.make(a_consent(ann, a_provision(to=PARTNER, classes=["CarePlan"])))
    api.agency.make(a_consent(ann, a_provision(to=PARTNER, codes=[FOOD])))
    found = told(api.agency.get(f"/fhir/{plan}/$why-access?partner=partner"))

    assert (found["reason"], found["obligation"], found["redacted"]) == (
        ["CONSENT-PERMIT"],
        ["REDACTED"],
        [home],
    )
    assert found["sentence"][0].endswith("; it gets a redacted copy.")
    assert "REDACTED" in api.partner.get(f"/fhir/{plan}").body.decode()
    assert "obligation" not in told(api.agency.get(f"/fhir/{food}/$why-access?partner=partner"))


def test_the_client_and_who_represents_her_ask_and_are_told_of_what_they_may_see_only(api: Api) -> None:
    ann, bob = (api.agency.make(a_patient(name, birthDate="2012-03-01")) for name in ("Ann", "Bob"))
    role = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-RoleCode", "code": "GUARD"}]}
    relatives = [
        api.agency.make({"resourceType": "RelatedPerson", "patient": {"reference": ann}, **more})
        for more in ({"relationship": [role]}, {})
    ]
    goal, hers = api.agency.make(a_goal(ann)), api.agency.make(a_goal(ann, labels=("ADOL",)))
    consent = api.agency.make(a_consent(ann, PERMIT))
    secret = a_consent(ann, a_provision("deny", to=PARTNER), meta={"security": [
        {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "ADOL"}]})  # fmt: skip
    persons, path = Persons(api.service), f"/fhir/{goal}/$why-access"
    herself = persons.signed_in(ann, "patient/*.rs", patient=ann)
    guardian = persons.signed_in(relatives[0], "patient/*.rs", patient=ann)
    for who, reason in ((herself, "SELF-ACCESS"), (guardian, "PROXY-ACCESS")):
        assert one(who.get(path), "reason") == reason
        found = told(who.get(f"{path}?partner=partner"))
        assert (found["reason"], found["consent"]) == (["CONSENT-PERMIT"], [f"{consent}/_history/1"])
        assert api.audit()[-1]["client"].endswith(ann if who is herself else relatives[0])
    assert one(herself.get(f"/fhir/{hers}/$why-access"), "reason") == "SELF-ACCESS"
    assert guardian.get(f"/fhir/{hers}/$why-access").status == 404

    plan = api.agency.make(a_care_plan(ann, goals=(goal, hers)))
    named = [{"meaning": "instance", "reference": {"reference": one}} for one in (plan, hers)]
    pointing = api.agency.make(a_consent(ann, a_provision(to=PARTNER, data=named)))
    for who, words in ((herself, True), (guardian, False)):  # the rule names what is hidden from the guardian
        answer = who.get(f"/fhir/{plan}/$why-access?partner=partner")
        found = told(answer)
        assert (found["consent"], "rule" in found) == ([f"{pointing}/_history/1"], words)
        assert (hers in answer.body.decode(), "obligation" in found) == (words, words)
    hidden = api.agency.make(secret)
    before = guardian.get(f"{path}?partner=partner")
    assert hidden not in before.body.decode()
    assert one(before, "reason") == "CONSENT-PERMIT"  # as if it were not there
    assert one(herself.get(f"{path}?partner=partner"), "consent") == f"{hidden}/_history/1"
    friend = persons.signed_in(relatives[1], "patient/*.rs", patient=ann)
    api.agency.make(a_consent(ann, a_provision(to=relatives[1])))
    assert friend.get(f"/fhir/{goal}").status == 200
    absent = friend.get("/fhir/Goal/none/$why-access")
    for who in (friend, persons.signed_in(bob, "patient/*.rs", patient=bob),
                persons.signed_in("Practitioner/pat", "user/*.rs", organization=PARTNER)):  # fmt: skip
        refused = who.get(f"{path}?partner=partner")
        assert (refused.status, refused.body) == (404, absent.body)
    narrow = persons.signed_in(ann, "patient/Goal.rs", patient=ann)
    assert narrow.get(path).status == 403
    some = persons.signed_in(ann, "patient/Goal.rs patient/Consent.rs?status=draft", patient=ann)
    assert some.get(path).status == 403
    dana = persons.signed_in("Practitioner/dana", "user/*.rs")
    assert one(dana.get(f"{path}?partner=partner"), "reason") == "CONSENT-DENY"
    bound = persons.signed_in("Practitioner/dana", "patient/*.rs", patient=ann)
    assert bound.get(path).status == 403  # Consents of other clients count, too, where data names several


def test_a_partner_is_told_nothing_whatever_it_asks_about(api: Api) -> None:
    ann = api.agency.make(a_patient("Ann"))
    visible, hidden = api.agency.make(a_goal(ann)), api.agency.make(a_goal(ann, about=FOOD))
    own, gone = api.partner.make(a_goal(ann)), api.agency.make(a_goal(ann))
    api.agency("DELETE", f"/fhir/{gone}")
    api.agency.make(a_consent(ann, PERMIT))
    assert api.partner.get(f"/fhir/{visible}").status == 200
    questions = (
        "",
        "?partner=partner",
        "?partner=agency&purpose=x",
        "?nonsense=1",
        "?_format=xml",
        "?_pretty=true",
    )
    body = {"resourceType": "Parameters", "parameter": [{"name": "partner", "valueString": "partner"}]}
    scoped = api.asking("partner", scope="system/CarePlan.rs")
    for question in questions:
        for inside in ("", "/_history/1"):
            absent = api.partner.get(f"/fhir/Goal/none{inside}/$why-access{question}")
            assert absent.status == 404
            for goal in (visible, hidden, own, gone):
                for who in (api.partner, scoped):
                    found = who.get(f"/fhir/{goal}{inside}/$why-access{question}")
                    assert (found.status, list(found.headers), found.body) == (
                        absent.status, list(absent.headers), absent.body)  # fmt: skip
    for sent in (body, "{", None):
        posted = [
            api.partner("POST", f"/fhir/{goal}/$why-access", sent) for goal in ("Goal/none", visible, hidden)
        ]
        assert {(a.status, str(a.headers), a.body) for a in posted} == {
            (404, str(posted[0].headers), posted[0].body)
        }
    viewed = api.agency.get(f"/fhir/{visible}/$why-access", X_Careplan_View_As="partner")
    assert viewed.status == 404
    row = api.audit()[-2]
    assert (row["interaction"], row["status"], row["shown"], row["because"]) == ("why-access", 404, "", "")


@SQLITE_ONLY
def test_what_is_asked_is_checked_and_kept_in_the_log(api: Api) -> None:
    ann = api.agency.make(a_patient("Ann"))
    goal = api.agency.make(a_goal(ann))
    api.register("food-bank", "partner", purpose="COC", further=("TREAT",))
    api.register("pantry", "partner", purpose="HPAYMT")
    path = f"/fhir/{goal}/$why-access"
    wrong = {"partner=nobody": "no partner's client", "partner=agency": "no partner's client",
             "purpose=COC": "`partner`",
             "partner=food-bank&purpose=HPAYMT": "it has COC, TREAT", "color=red": "does not take `color`",
             "partner=partner&partner=partner": "2 times", "partner=": "no partner's client"}  # fmt: skip
    for question, text in wrong.items():
        refused = api.agency.get(f"{path}?{question}")
        assert refused.status == 400
        assert text in refused.faults[0][1]
    asked = [{"name": "partner", "valueReference": {"reference": "Organization/food-bank"}},
             {"name": "purpose", "valueCode": "TREAT"}]  # fmt: skip
    found = told(api.agency("POST", path, {"resourceType": "Parameters", "parameter": asked}))
    assert (found["client"], found["purpose"]) == (["food-bank"], ["TREAT"])
    row = api.audit()[-1]
    assert row["asked"] == f"POST {path} partner=Organization%2Ffood-bank&purpose=TREAT"
    events = api.agency.get(f"/fhir/AuditEvent?patient={ann}&subtype=why-access").json
    assert events["total"] == len(wrong) + 1
    for other, id_ in (("food-bank", "second"), ("pantry", "third")):
        client = api.service.clients.get(other)
        assert client is not None
        api.service.clients.add(
            replace(client, id=id_, organization="Organization/both", scopes="system/Goal.rs")
        )
    several = api.agency.get(f"{path}?partner=Organization/both")
    assert (several.status, "COC, HPAYMT, TREAT" in several.faults[0][1]) == (400, True)
    both = told(api.agency.get(f"{path}?partner=Organization/both&purpose=HPAYMT"))
    assert (both.get("client"), both["organization"], both["reason"]) == (
        None,
        ["Organization/both"],
        ["DEFAULT-DENY"],
    )


@SQLITE_ONLY
def test_an_explanation_that_is_not_what_counts_is_not_given(api: Api) -> None:
    ann = api.agency.make(a_patient("Ann"))
    goal = api.agency.make(a_goal(ann))
    api.agency.make(a_consent(ann, PERMIT))
    with api.service.database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE consent_rule SET valid_to = 0")
    answer = api.agency.get(f"/fhir/{goal}/$why-access?partner=partner")

    assert answer.status == 500
    assert "careplan db reindex" in answer.faults[0][1]


def test_what_is_told_is_what_the_partner_gets(api: Api) -> None:
    """In a random world the decision is that of a read through the partner's eyes."""
    maker = Maker(random.Random(3))
    for document in maker.directory():
        keep(api, document)
    for number in range(18):
        type_ = TYPES[number % 7]
        id_ = f"r{number}" if type_ != "Patient" else PATIENTS[number % 3].partition("/")[2]
        if api.agency.get(f"/fhir/{type_}/{id_}").status == 404:
            keep(api, maker.document(type_, id_))
    for number in range(14):
        keep(api, maker.consent(f"c{number}"))
    api.register(
        "partner-too",
        "partner",
        purpose="ETREAT",
        scopes=f"system/Goal.rs system/CarePlan.rs?category={FOOD}",
    )
    found = [
        f"{entry['resource']['resourceType']}/{entry['resource']['id']}"
        for entry in api.agency.get("/fhir?_count=1000").json["entry"]
    ]
    decisions = set()
    for resource in found:
        for client in ("partner", "partner-too"):
            shown = api.agency.get(f"/fhir/{resource}", X_Careplan_View_As=client).status
            decision = one(api.agency.get(f"/fhir/{resource}/$why-access?partner={client}"), "decision")
            assert (decision == "permit") == (shown == 200), (resource, client, shown)
            decisions.add(decision)
    assert decisions == {"permit", "deny"}


def test_every_reason_has_its_words() -> None:
    assert set(REASONS) <= BECAUSE.keys()
    caller = Caller("", "partner", PARTNER, ("BTG",))
    found = Decision("permit", "BREAK-GLASS", obligations=("BTG-AUDIT",))
    said = sentence(Why("Goal/1/_history/2", caller, found))
    assert said == (
        "Organization/partner may have Goal/1 for BTG: an emergency was declared, and no deny that holds in "
        "emergencies stands against it."
    )

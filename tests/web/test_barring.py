"""An alleged abuser is kept from the record of whom he may have harmed, whatever anybody permits."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from builders import (
    PARTNER,
    Answer,
    Api,
    a_care_plan,
    a_consent,
    a_goal,
    a_patient,
    a_provision,
    a_transaction,
    label,
)
from careplan_service.access.barring import ALLEGED_ABUSER, KEPT_FROM, alleged
from careplan_service.access.consent.directory import BARRED, REPRESENTS, Directory, Edge
from careplan_service.access.instants import BEGINNING
from careplan_service.app import Service
from careplan_service.interventions.canonical import sw
from web.persons import APP, Persons

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
PLANS = Path(__file__).parents[2] / "fixtures" / "plans"
ROLE = "http://terminology.hl7.org/CodeSystem/v3-RoleCode"
NUMBER = [{"system": "urn:people", "value": "hank-1"}]
WARD = replace(APP, id="ward", purpose="TREAT", further_purposes=("BTG", "COC"))


def a_relative(of: str, flag: bool | None = None, **more: Any) -> dict[str, Any]:
    said = [] if flag is None else [{"url": ALLEGED_ABUSER, "valueBoolean": flag}]
    return {
        "resourceType": "RelatedPerson",
        "patient": {"reference": of},
        "relationship": [{"coding": [{"system": ROLE, "code": code} for code in ("PRN", "GUARD")]}],
        **({"extension": said} if said else {}),
        **({"meta": {"security": [label("SDV")]}} if flag else {}),
        **more,
    }


class Home:
    """Ann, of whom Hank is guardian on record, and Ben, of whom he is guardian, too."""

    def __init__(self, service: Service) -> None:
        self.service = replace(service, settings=replace(service.settings, break_glass="policy"))
        self.api = Api(self.service)
        self.persons = Persons(self.service)
        make = self.api.agency.make
        self.ann, self.ben = make(a_patient("Ann", birthDate="2016-02-03")), make(a_patient("Ben"))
        self.goal, self.bens = make(a_goal(self.ann)), make(a_goal(self.ben))
        self.hank = make(a_relative(self.ann))
        self.as_hank = self.persons.signed_in(self.hank, "patient/*.cruds user/*.cruds", patient=self.ann)

    def flag(self, flag: bool | None = True, **more: Any) -> Answer:
        return self.api.agency.put(self.hank, a_relative(self.ann, flag, **more))

    def all_of_ann(self) -> list[str]:
        make = self.api.agency.make
        permit = a_provision(to=self.hank, purpose=("COC",))
        return [self.ann, self.goal, self.hank, make(a_consent(self.ann, permit)),
                make(a_care_plan(self.ann, (self.goal,)))]  # fmt: skip


def test_the_extensions_are_of_our_own() -> None:
    assert (sw("alleged-abuser"), sw("kept-from")) == (ALLEGED_ABUSER, KEPT_FROM)


def test_a_guardian_who_is_alleged_finds_nothing_from_the_next_request_on(service: Service) -> None:
    home = Home(service)
    hers, hank = home.all_of_ann(), home.as_hank
    own = hank.make({**a_goal(home.ann), "note": [{"text": "by himself"}]})
    for one in (*hers, own):
        assert hank.get(f"/fhir/{one}").status == 200, one

    assert home.flag().status == 200
    nothing = hank.get("/fhir/Goal/nothing")
    for one in (*hers, own):
        found, absent = hank.get(f"/fhir/{one}"), nothing.body.replace(b"Goal", one.split("/")[0].encode())
        assert (found.status, found.body) == (404, absent.replace(b"nothing", one.split("/")[1].encode())), (
            one
        )
        assert hank.get(f"/fhir/{one}/_history").status == 404
    for query in ("Goal", "Patient", "RelatedPerson", f"{home.ann}/Goal", "?_type=Goal,CarePlan", "Consent"):
        answer = hank.get(f"/fhir/{query}")
        assert (answer.status, answer.ids) in ((200, []), (404, [])), query
    assert hank.get(f"/fhir/{home.ann}/$everything").status == 404
    assert hank("POST", "/fhir/Goal", a_goal(home.ann)).status in (403, 422)

    assert home.flag(flag=False).status == 200
    assert hank.get(f"/fhir/{home.goal}").status == 200


@on_sqlite
def test_it_is_of_this_patient_only_and_of_what_names_the_patient(service: Service) -> None:
    home = Home(service)
    make = home.api.agency.make
    both = make({"resourceType": "CareTeam", "status": "active", "subject": {"reference": home.ben},
                 "participant": [{"member": {"reference": home.ann}}]})  # fmt: skip
    for patient in (home.ann, home.ben):
        make(a_consent(patient, a_provision(to=home.hank, purpose=("COC",))))
    hank = home.persons.signed_in(home.hank, "user/*.rs")
    assert [hank.get(f"/fhir/{one}").status for one in (home.bens, both, home.goal)] == [200, 200, 200]
    home.flag()
    assert [hank.get(f"/fhir/{one}").status for one in (home.bens, both, home.goal)] == [200, 404, 404]


def test_staff_with_his_identifier_are_kept_away_also_by_a_broken_glass(service: Service) -> None:
    home = Home(service)
    agency = home.api.agency
    consent = agency.make(a_consent(home.ann, a_provision(to=PARTNER, purpose=("TREAT",))))
    dana = agency.make({"resourceType": "Practitioner", "identifier": NUMBER})
    pat = agency.make({"resourceType": "Practitioner", "identifier": NUMBER})
    at_agency = home.persons.signed_in(dana, "user/*.cruds", client=WARD, purpose="TREAT")
    at_partner = home.persons.signed_in(
        pat, "user/*.cruds", organization=PARTNER, client=WARD, purpose="TREAT"
    )

    def statuses() -> Sequence[int]:
        of_staff = [at_agency.get(f"/fhir/{one}").status for one in (home.goal, consent, home.bens)]
        return [*of_staff, at_partner.get(f"/fhir/{home.goal}").status]

    assert statuses() == [200, 200, 200, 200]
    home.flag(identifier=NUMBER)
    assert statuses() == [404, 404, 200, 404]
    reason = {
        "resourceType": "Parameters",
        "parameter": [{"name": "reason", "valueString": "in a hurry now"}],
    }
    at_partner("POST", f"/fhir/{home.ann}/$break-glass", reason)
    assert statuses() == [404, 404, 200, 404]
    roles = [
        agency.make(
            {"resourceType": "PractitionerRole", "practitioner": {"reference": dana}, "active": active}
        )
        for active in (True, False)
    ]
    for role in roles:
        in_role = home.persons.signed_in(role, "user/*.rs", client=WARD, purpose="TREAT")
        assert in_role.get(f"/fhir/{home.goal}").status == 404
        assert in_role.get(f"/fhir/{home.bens}").status == 200
    other = home.persons.signed_in("Practitioner/kim", "user/*.cruds", client=WARD, purpose="TREAT")
    assert other.get(f"/fhir/{home.goal}").status == 200


@on_sqlite
def test_another_record_of_the_patient_is_closed_as_well(service: Service) -> None:
    home = Home(service)
    home.api.agency.put(
        home.ben, a_patient("Ben", link=[{"type": "replaces", "other": {"reference": home.ann}}])
    )
    home.api.agency.make(a_consent(home.ben, a_provision(to=home.hank, purpose=("COC",))))
    hank = home.persons.signed_in(home.hank, "user/*.rs")
    assert hank.get(f"/fhir/{home.bens}").status == 200
    home.flag()
    assert hank.get(f"/fhir/{home.bens}").status == 404


def test_what_he_consented_to_for_a_child_ends(service: Service) -> None:
    home = Home(service)
    partner, permit = home.api.partner, a_provision(to=PARTNER, purpose=("COC",))
    signed = a_consent(home.ann, permit, performer=[{"reference": home.hank}])
    home.api.agency.make({**signed, "dateTime": "2026-05-01"})
    assert partner.get(f"/fhir/{home.goal}").status == 200
    home.flag()
    assert partner.get(f"/fhir/{home.goal}").status == 404
    home.flag(flag=False)
    assert partner.get(f"/fhir/{home.goal}").status == 200


@on_sqlite
def test_nobody_but_staff_says_or_ends_it_and_nobody_by_leaving_it_out(service: Service) -> None:
    home = Home(service)
    agency = home.api.agency
    partner = home.persons.signed_in("Practitioner/pat", "user/*.cruds", organization=PARTNER)
    agency.make(a_consent(home.ann, a_provision(to=PARTNER, purpose=("COC",), labels=("R", "SDV"))))
    refused = partner("POST", "/fhir/RelatedPerson", a_relative(home.ann, flag=True))
    assert (refused.status, "custodian's staff" in refused.json["issue"][0]["diagnostics"]) == (403, True)
    of_partner = partner.make(a_relative(home.ann, flag=False))
    home.flag()
    assert partner.get(f"/fhir/{home.hank}").status == 200
    for sent in (None, False, True):
        assert partner.put(home.hank, a_relative(home.ann, sent)).status == 403
    assert partner.put(of_partner, a_relative(home.ann, flag=True)).status == 403
    bare = {**a_relative(home.ann, flag=True), "meta": {"security": [label("R")]}}
    assert agency("POST", "/fhir/RelatedPerson", bare).status == 422
    unknown = {**a_relative(home.ann, flag=True), "patient": {"identifier": NUMBER[0]}}
    assert agency("POST", "/fhir/RelatedPerson", unknown).status == 422

    dropped = home.flag(flag=None)
    assert dropped.status == 409
    assert dropped.json["issue"][0]["expression"] == ["RelatedPerson.extension"]
    assert "sw-alleged-abuser" in dropped.json["issue"][0]["diagnostics"]
    deleted = agency("DELETE", f"/fhir/{home.hank}")
    assert (deleted.status, "deleting" in deleted.json["issue"][0]["diagnostics"]) == (409, True)
    assert agency.put(home.hank, a_relative(home.ben, flag=True)).status == 409
    patch = [{"op": "remove", "path": "/extension"}]
    header = {"Content_Type": "application/json-patch+json"}
    assert agency("PATCH", f"/fhir/{home.hank}", patch, **header).status == 409
    entry = {"resource": {**a_relative(home.ann), "id": home.hank.split("/")[1]},
             "request": {"method": "PUT", "url": home.hank}}  # fmt: skip
    assert agency("POST", "/fhir", a_transaction(entry)).status == 409
    assert home.as_hank.get(f"/fhir/{home.goal}").status == 404

    assert home.flag(flag=False).status == 200
    assert agency("DELETE", f"/fhir/{home.hank}").status == 204


@on_sqlite
def test_an_inactive_or_ended_relation_ends_it_not(service: Service) -> None:
    home = Home(service)
    home.api.agency.make(a_consent(home.ann, a_provision(to=home.hank, purpose=("COC",))))
    home.flag(active=False, period={"end": "2020-01-01"})
    assert home.as_hank.get(f"/fhir/{home.goal}").status == 404


@on_sqlite
def test_a_plan_says_it_of_family_for_every_client_of_the_household(service: Service) -> None:
    home = Home(service)
    agency = home.api.agency
    told = json.loads((PLANS / "family-eviction.json").read_text())
    him = {"given": "Hank", "role": "father", "client": False, "alleged_abuser": True,
           "identifier": {"system": "urn:people", "value": "hank-1"}}  # fmt: skip
    told["client_system"]["members"].append(him)
    made = agency("POST", "/plans", told, Content_Type="application/json")
    assert made.status == 201, made.body
    plan = f"/plans/{made.json['id']}"
    bar = agency.get("/fhir/RelatedPerson?identifier=urn:people|hank-1").json["entry"][0]["resource"]
    assert [one["code"] for one in bar["meta"]["security"]] == ["R", "SDV"]
    patients = [f"Patient/{one}" for one in agency.get("/fhir/Patient?family=Delgado").ids]
    hank = home.persons.signed_in(f"RelatedPerson/{bar['id']}", "user/*.rs")
    for patient in patients:
        agency.make(a_consent(patient, a_provision(to=f"RelatedPerson/{bar['id']}", purpose=("COC",))))
    assert [hank.get(f"/fhir/{one}").status for one in patients] == [404] * len(patients)
    assert len(patients) > 1
    assert agency.get(plan).json["client_system"]["members"][-1]["alleged_abuser"] is True

    del told["client_system"]["members"][-1]["alleged_abuser"]
    match = {"If_Match": agency.get(plan).headers["ETag"], "Content_Type": "application/json"}
    assert agency("PUT", plan, told, **match).status == 409
    told["client_system"]["members"][-1]["alleged_abuser"] = False
    ended = agency("PUT", plan, told, **match)
    assert ended.status == 200, ended.body
    assert [hank.get(f"/fhir/{one}").status for one in patients] == [200] * len(patients)


def test_what_is_no_boolean_is_taken_for_yes() -> None:
    assert alleged({"extension": [{"url": ALLEGED_ABUSER}]})
    assert alleged({"extension": [{"url": "urn:other", "valueBoolean": True}]}) is None


def test_what_an_alleged_abuser_signed_ends_also_where_no_authority_must_be_on_record() -> None:
    birth = {"Patient/ann": 2**60}
    bar = Edge("RelatedPerson/h", "Patient/ann", BARRED)
    for edges, last in (((), 2**60 - 1), ((bar,), BEGINNING)):
        directory = Directory.of(edges, birth)
        assert directory.lapses("RelatedPerson/h", "Patient/ann", 0, authority=False) == last
    both = Directory.of((bar, Edge("RelatedPerson/h", "Patient/ann", REPRESENTS)))
    assert not both.represents("RelatedPerson/h", "Patient/ann", 0)

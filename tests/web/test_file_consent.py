"""Consents are filed with what was signed, replace what they contradict, and are revoked."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from builders import (
    FOOD,
    HOUSING,
    PARTNER,
    Answer,
    Api,
    Document,
    a_consent,
    a_goal,
    a_patient,
    a_provision,
    an_example,
)

FILE, REVOKE = "/fhir/Consent/$file-consent", "/fhir/Consent/$revoke-consent"
WAIT = 60
"""Seconds."""


@pytest.fixture
def ann(api: Api) -> str:
    """A client with a goal about housing and one about food."""
    ann = api.agency.make(a_patient("Ann"))
    for about in (HOUSING, FOOD):
        api.agency.make(a_goal(ann, about=about))
    return ann


def _reference(name: str, to: str) -> Document:
    return {"name": name, "valueReference": {"reference": to}}


def _signed(of: str) -> Document:
    return an_example("DocumentReference", of)


def _file(api: Api, consent: Document, *replaces: str, **document: Any) -> Answer:
    patient = consent["patient"]["reference"]
    parts = [
        {"name": "consent", "resource": consent},
        {"name": "document", "resource": document.get("document", _signed(patient))},
        *(_reference("replaces", one) for one in replaces),
    ]
    return api.agency("POST", FILE, {"resourceType": "Parameters", "parameter": parts})


def _revoke(api: Api, consent: str, patient: str, *more: Document) -> Answer:
    parts = [_reference("consent", consent), _reference("patient", patient), *more]
    return api.agency("POST", REVOKE, {"resourceType": "Parameters", "parameter": parts})


def _filed(answer: Answer) -> str:
    assert answer.status == 200, answer.body
    return answer.headers["Location"].partition("/fhir/")[2].partition("/_history")[0]


def _statuses(api: Api, of: str) -> list[str]:
    found = api.agency.get(f"/fhir/Consent?patient={of}&_sort=_lastUpdated").json["entry"]
    return sorted(entry["resource"]["status"] for entry in found)


def test_a_consent_is_filed_with_what_was_signed_and_opens_at_once(api: Api, ann: str) -> None:
    consent = _filed(_file(api, a_consent(ann, a_provision(to=PARTNER, codes=(FOOD,)))))

    stored = api.agency.get(f"/fhir/{consent}").json
    signed = api.agency.get(f"/fhir/{stored['sourceReference']['reference']}").json
    assert (signed["resourceType"], signed["subject"]["reference"]) == ("DocumentReference", ann)
    assert len(api.partner.get("/fhir/Goal").ids) == 1
    (row,) = (row for row in api.audit() if row["interaction"] == "file-consent")
    assert row["status"] == 200
    assert row["shown"].split("\n")[0] == f"{consent}/_history/1"


def test_what_a_new_consent_contradicts_is_shown_and_when_named_ended_with_it(api: Api, ann: str) -> None:
    old = _filed(_file(api, a_consent(ann, a_provision("deny", to=PARTNER))))
    permit = a_consent(ann, a_provision(to=PARTNER, codes=(FOOD,)))
    shown = _file(api, permit)

    assert shown.status == 409
    ((where, text),) = shown.faults
    assert (where, f"`{old}` denies" in text) == ("Consent.provision", True)
    assert _statuses(api, ann) == ["active"]
    assert api.agency.get("/fhir/DocumentReference").json["total"] == 1

    told = _file(api, permit, old)
    assert [issue["diagnostics"].split(" `")[0] for issue in told.json["issue"]] == [
        "filed",
        "stored",
        "made inactive",
    ]
    assert _statuses(api, ann) == ["active", "inactive"]
    assert len(api.partner.get("/fhir/Goal").ids) == 1
    assert api.agency.get(f"/fhir/{old}/_history").json["total"] == 2


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("old", "new", "contradict"),
    [
        (a_provision(to=PARTNER), a_provision(to=PARTNER), False),
        (a_provision(to=PARTNER), a_provision("deny", to=PARTNER), True),
        (a_provision(to=PARTNER), a_provision("deny", to="Organization/agency"), False),
        (a_provision(to=PARTNER), a_provision("deny"), True),
        (a_provision("deny"), a_provision(to=PARTNER), True),
        (a_provision("deny", codes=(HOUSING,)), a_provision(to=PARTNER, codes=(FOOD,)), False),
        (a_provision("deny", codes=(FOOD,)), a_provision(to=PARTNER, codes=(FOOD,)), True),
        (a_provision("deny", classes=("Condition",)), a_provision(to=PARTNER, classes=("Goal",)), False),
        (a_provision("deny", purpose=("HRESCH",)), a_provision(to=PARTNER, purpose=("TREAT",)), False),
        (a_provision("deny", purpose=("COC",)), a_provision(to=PARTNER, purpose=("TREAT",)), True),
        (a_provision("deny", labels=("R",)), a_provision(to=PARTNER), False),
        (a_provision("deny", labels=("R",)), a_provision(to=PARTNER, labels=("V",)), True),
        (a_provision("deny", labels=("PSY",)), a_provision(to=PARTNER), False),
        (a_provision("deny", labels=("PSY",)), a_provision(to=PARTNER, labels=("R",)), True),
        (a_provision("deny", labels=("PSY",)), a_provision(to=PARTNER, labels=("HIV",)), False),
        (a_provision("deny", period={"end": "2026-05-01"}), a_provision(to=PARTNER), False),
        (
            a_provision(to=PARTNER, provision=[a_provision("deny", codes=(FOOD,))]),
            a_provision(to=PARTNER, provision=[a_provision("deny", codes=(FOOD,))]),
            False,
        ),
        (
            a_provision(to=PARTNER),
            a_provision(to=PARTNER, provision=[a_provision("deny", codes=(FOOD,))]),
            True,
        ),
    ],
)
def test_consents_contradict_each_other_where_one_denies_what_the_other_permits(
    api: Api, ann: str, old: Document, new: Document, contradict: bool
) -> None:
    _filed(_file(api, a_consent(ann, old)))
    assert _file(api, a_consent(ann, new)).status == (409 if contradict else 200)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_another_client_agreed_to_is_no_contradiction_and_cannot_be_replaced(api: Api, ann: str) -> None:
    ben = api.agency.make(a_patient("Ben"))
    bens = _filed(_file(api, a_consent(ben, a_provision("deny"))))
    draft = api.agency.make(a_consent(ann, a_provision("deny"), status="draft"))

    for named in (bens, draft, "Consent/nobody"):
        assert _file(api, a_consent(ann, a_provision(to=PARTNER)), named).status == 422
    _filed(_file(api, a_consent(ann, a_provision(to=PARTNER))))
    assert api.agency.get(f"/fhir/{bens}").json["status"] == "active"


def test_a_revoked_consent_opens_nothing_any_more_and_is_kept(api: Api, ann: str) -> None:
    consent = _filed(_file(api, a_consent(ann, a_provision(to=PARTNER))))
    letter = {"name": "document", "resource": _signed(ann)}
    answer = _revoke(api, consent, ann, letter)

    assert answer.status == 200
    assert api.partner.get("/fhir/Goal").ids == []
    assert api.agency.get(f"/fhir/{consent}").json["status"] == "inactive"
    assert api.agency.get(f"/fhir/{consent}/_history/1").json["status"] == "active"
    assert api.agency.get("/fhir/DocumentReference").json["total"] == 2
    assert _revoke(api, consent, ann).status == 409


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_cannot_be_filed_or_revoked_leaves_nothing(api: Api, ann: str) -> None:
    consent = _filed(_file(api, a_consent(ann, a_provision(to=PARTNER))))
    ben = api.agency.make(a_patient("Ben"))
    permit = a_consent(ann, a_provision(to=PARTNER))
    before = api.agency.get("/fhir?_type=Consent,DocumentReference&_summary=count").json["total"]
    for answer, status in (
        (_file(api, permit, document=_signed(ben)), 422),
        (_file(api, permit, document=a_goal(ann)), 422),
        (_file(api, {**permit, "status": "draft"}), 422),
        (_file(api, a_consent(ann, a_provision(to=PARTNER), performer=[{"reference": ben}])), 422),
        (api.agency("POST", FILE, permit), 400),
        (api.agency("POST", FILE, {"resourceType": "Parameters"}), 400),
        (api.agency("POST", FILE, {"resourceType": "Parameters", "parameter": [{"name": "confirm"}]}), 400),
        (
            api.agency(
                "POST",
                FILE,
                {"resourceType": "Parameters", "parameter": [{"name": "consent", "resource": permit}]},
            ),
            400,
        ),
        (_revoke(api, consent, ben), 422),
        (_revoke(api, "Consent/nobody", ann), 404),
        (_revoke(api, "Goal/nobody", ann), 400),
        (_revoke(api, consent, ann, _reference("consent", consent)), 400),
    ):
        assert answer.status == status, answer.body
        assert answer.json["issue"][0]["diagnostics"]
    assert api.agency.get("/fhir?_type=Consent,DocumentReference&_summary=count").json["total"] == before
    assert _statuses(api, ann) == ["active"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_partners_neither_file_nor_revoke(api: Api, ann: str) -> None:
    consent = _filed(_file(api, a_consent(ann, a_provision(to=PARTNER))))
    sent = {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "consent", "resource": a_consent(ann, a_provision(to=PARTNER))},
            {"name": "document", "resource": _signed(ann)},
        ],
    }
    assert api.partner("POST", FILE, sent).status == 403
    named = {
        "resourceType": "Parameters",
        "parameter": [_reference("consent", consent), _reference("patient", ann)],
    }
    assert api.partner("POST", REVOKE, named).status == 403
    assert api.asking("agency", scope="system/Consent.r").__call__("POST", REVOKE, named).status == 403
    assert _statuses(api, ann) == ["active"]


def test_of_contradicting_consents_filed_at_once_one_is_shown_the_other(api: Api, ann: str) -> None:
    provisions = (a_provision(to=PARTNER), a_provision("deny", to=PARTNER))
    found: list[int] = []
    start = threading.Barrier(2, timeout=WAIT)

    def one(provision: Document) -> None:
        start.wait()
        found.append(_file(api, a_consent(ann, provision)).status)

    threads = [threading.Thread(target=one, args=(provision,)) for provision in provisions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT)
    assert sorted(found) == [200, 409]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_filing_under_one_key_files_once_and_the_names_of_the_guide_work(api: Api, ann: str) -> None:
    sent = {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "consent", "resource": a_consent(ann, a_provision(to=PARTNER))},
            {"name": "document", "resource": _signed(ann)},
        ],
    }
    answers = [
        api.agency("POST", "/fhir/Consent/$fileConsent", sent, Idempotency_Key="once") for _ in range(2)
    ]
    assert _filed(answers[0]) == _filed(answers[1])
    assert _statuses(api, ann) == ["active"]
    named = {
        "resourceType": "Parameters",
        "parameter": [_reference("consent", _filed(answers[0])), _reference("patient", ann)],
    }
    assert api.agency("POST", "/fhir/Consent/$revokeConsent", named).status == 200

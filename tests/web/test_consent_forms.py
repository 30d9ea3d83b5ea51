"""Consent forms in words at the API: filed, enforced, told again, withdrawn."""

from __future__ import annotations

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
)

FORM = {
    "number": "ROI-7",
    "kind": "release",
    "given": "verbal",
    "language": "es",
    "interpreter": True,
    "date": "2026-05-01",
    "expires": "2026-12-31",
    "agency": "Organization/agency",
    "recipients": [PARTNER],
    "purposes": ["coordination"],
    "data": ["goals"],
    "domains": [HOUSING],
    "sensitive": ["MH"],
    "sensitive_excluded": ["SDV"],
    "redisclosure": "not-allowed",
    "limits_explained": True,
    "copy_given": False,
}
MADE = ("id", "consent", "state")


@pytest.fixture
def ann(api: Api) -> str:
    """A client with goals about housing and food, and two about housing that are labelled."""
    ann = api.agency.make(a_patient("Ann"))
    for about, labels in ((HOUSING, ()), (FOOD, ()), (HOUSING, ("R", "MH")), (HOUSING, ("R", "SDV"))):
        api.agency.make(a_goal(ann, about=about, labels=labels))
    return ann


def _file(api: Api, who: str = "agency", **form: Any) -> Answer:
    return getattr(api, who)("POST", "/consents", form, Content_Type="application/json")


def _withdraw(api: Api, id_: str, **said: Any) -> Answer:
    return api.agency("POST", f"/consents/{id_}/withdrawal", said, Content_Type="application/json")


def _seen(api: Api) -> list[tuple[str, list[str]]]:
    found = [one["resource"] for one in api.partner.get("/fhir/Goal").json.get("entry", ())]
    labels = [[one["code"] for one in goal["meta"].get("security", ())] for goal in found]
    codes = [goal["category"][0]["coding"][0]["code"] for goal in found]
    return sorted(zip(codes, labels, strict=True))


def _words(told: Document) -> Document:
    return {name: value for name, value in told.items() if name not in MADE}


def test_a_form_is_filed_enforced_and_told_again_as_it_was(api: Api, ann: str) -> None:
    assert _seen(api) == []
    made = _file(api, person=ann, **FORM)
    assert made.status == 201, made.body
    id_ = made.json["id"]
    assert made.headers["Location"].endswith(f"/consents/{id_}")
    assert _seen(api) == [(HOUSING, []), (HOUSING, ["R", "MH"])]
    again = api.agency.get(f"/consents/{id_}")
    assert (again.json, again.json["state"]) == (made.json, "signed")
    assert _words(again.json) == {"person": ann, **FORM}
    assert again.headers["ETag"] == made.headers["ETag"]
    assert [row["interaction"] for row in api.audit() if row["shown"].startswith("Consent/")] == [
        "file-consent",
        "read",
    ]


def test_a_recipient_may_not_change_what_it_may_see(api: Api, ann: str) -> None:
    assert _file(api, person=ann, **FORM).status == 201
    (goal, *_) = [one["resource"] for one in api.partner.get("/fhir/Goal").json["entry"]]
    assert api.partner.put(f"Goal/{goal['id']}", goal).status == 404
    assert api.agency.get(f"/fhir/Goal/{goal['id']}").json["meta"]["versionId"] == "1"


def test_a_form_without_its_agency_is_of_whose_staff_files_it(api: Api, ann: str) -> None:
    form = {name: value for name, value in FORM.items() if name != "agency"}
    assert _file(api, person=ann, **form).json["agency"] == "Organization/agency"


def test_a_form_that_contradicts_another_shows_it_and_ends_it_when_that_is_said(api: Api, ann: str) -> None:
    old = api.agency.make(a_consent(ann, a_provision("deny", to=PARTNER)))
    shown = _file(api, person=ann, **FORM)
    assert (shown.status, f"`{old}` denies" in shown.faults[0][1]) == (409, True)
    assert _seen(api) == []
    assert _file(api, person=ann, replaces=[old], **FORM).status == 201
    assert api.agency.get(f"/fhir/{old}").json["status"] == "inactive"
    assert len(_seen(api)) == 2


def test_a_form_that_is_withdrawn_opens_nothing_and_tells_who_withdrew_it(api: Api, ann: str) -> None:
    id_ = _file(api, person=ann, **FORM).json["id"]
    said = {"date": "2026-06-01", "by": "Ann herself", "reason": "has moved"}
    ended = _withdraw(api, id_, **said)
    assert (ended.status, ended.json["state"], ended.json["withdrawn"]) == (200, "withdrawn", said)
    assert _seen(api) == []
    assert api.agency.get(f"/consents/{id_}").json == ended.json
    assert _withdraw(api, id_, **said).status == 409
    assert [row["status"] for row in api.audit() if row["interaction"] == "revoke-consent"] == [200, 409]


def test_a_withdrawal_says_when_and_by_whom(api: Api, ann: str) -> None:
    id_ = _file(api, person=ann, **FORM).json["id"]
    refused = _withdraw(api, id_, reason="has moved")
    assert (refused.status, sorted(where or "" for where, _ in refused.faults)) == (422, ["by", "date"])
    assert len(_seen(api)) == 2


def test_a_consent_to_service_opens_nothing(api: Api, ann: str) -> None:
    form = {name: FORM[name] for name in ("given", "date", "expires", "limits_explained")}
    made = _file(api, person=ann, kind="service", **form)
    assert made.status == 201, made.body
    stored = api.agency.get(f"/fhir/Consent/{made.json['id']}").json
    assert stored["scope"]["coding"][0]["code"] == "treatment"
    assert _seen(api) == []


@pytest.mark.parametrize(
    ("said", "where"),
    [
        ({"agency": PARTNER}, "agency"),
        ({"replaces": ["Consent/nobody"]}, "replaces"),
        ({"replaces": "all"}, "replaces"),
    ],
)
def test_what_cannot_be_enforced_is_refused_by_its_field(api: Api, ann: str, said: Any, where: str) -> None:
    refused = _file(api, **{"person": ann, **FORM, **said})
    assert (refused.status, [one for one, _ in refused.faults]) == (422, [where])
    assert api.agency.get("/fhir/Consent").ids == []


@pytest.mark.parametrize(
    ("said", "where"),
    [
        ({"person": "Patient/nobody"}, {"person", "signer"}),
        ({"recipients": ["Organization/nobody"]}, {"recipients"}),
        ({"signer": "RelatedPerson/nobody", "capacity": "guardian"}, {"signer"}),
    ],
)
def test_who_is_not_on_record_is_told_by_the_field(strict_api: Api, said: Any, where: set[str]) -> None:
    ann = strict_api.agency.make(a_patient("Ann"))
    refused = _file(strict_api, **{"person": ann, **FORM, **said})
    told = {one for one, text in refused.faults if "agency" not in text and PARTNER not in text}
    assert (refused.status, told) == (422, where)


def test_a_form_that_has_run_out_is_told_so(api: Api, ann: str) -> None:
    made = _file(api, person=ann, **{**FORM, "date": "2026-01-01", "expires": "2026-05-31"})
    assert (made.status, made.json["state"]) == (201, "expired")
    assert _seen(api) == []


def test_a_partner_files_no_form_withdraws_none_and_reads_none(api: Api, ann: str) -> None:
    id_ = _file(api, person=ann, **FORM).json["id"]
    assert _file(api, "partner", person=ann, **FORM).status == 403
    ended = api.partner("POST", f"/consents/{id_}/withdrawal", {}, Content_Type="application/json")
    assert ended.status == 403
    hidden, absent = (api.partner.get(f"/consents/{one}") for one in (id_, "nobody"))
    assert (hidden.status, hidden.body) == (404, absent.body)


def test_a_consent_that_was_made_of_no_form_is_refused_with_a_sentence(api: Api, ann: str) -> None:
    made = api.agency.make(a_consent(ann, a_provision(to=PARTNER)))
    refused = api.agency.get(f"/consents/{made.partition('/')[2]}")
    assert (refused.status, "was not made of a form" in refused.faults[0][1]) == (422, True)
    ended = _withdraw(api, made.partition("/")[2], date="2026-06-01", by="Ann")
    assert ended.status == 422
    assert api.agency.get(f"/fhir/{made}").json["status"] == "active"


def test_a_form_that_is_sent_twice_under_one_key_is_filed_once(api: Api, ann: str) -> None:
    sent = {"person": ann, **FORM}
    one, two = (
        api.agency("POST", "/consents", sent, Content_Type="application/json", Idempotency_Key="k1")
        for _ in range(2)
    )
    assert (one.status, two.status, one.json) == (201, 201, two.json)
    assert len(api.agency.get("/fhir/Consent").ids) == 1


def test_the_schema_of_a_form_is_open_to_everybody(api: Api) -> None:
    schema = api.http.get("/consents/schema")
    assert schema.status_code == 200
    assert schema.json is not None
    assert set(schema.json["$defs"]) == {"ConsentForm", "NewConsentForm", "Withdrawal"}

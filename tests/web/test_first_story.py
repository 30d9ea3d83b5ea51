"""The first story over HTTP: what a partner sees follows the client's consent from request to request."""

from __future__ import annotations

from builders import FOOD, HOUSING, PARTNER, Api, a_consent, a_goal, a_patient, a_provision


def test_a_partner_sees_exactly_the_consented_goals_and_nothing_after_withdrawal(api: Api) -> None:
    ann = api.agency.make(a_patient("Ann"))
    housing = api.agency.make(a_goal(of=ann, about=HOUSING))
    secret = api.agency.make(a_goal(of=ann, about=HOUSING, labels=("R", "SDV")))
    api.agency.make(a_goal(of=ann, about=FOOD))
    assert api.partner.get(f"/fhir/Goal?patient={ann}").json["total"] == 0
    assert api.partner.get(f"/fhir/{housing}").status == 404

    permit = a_provision(
        to=PARTNER,
        purpose=["COC"],
        labels=["R"],
        codes=[HOUSING],
        provision=[a_provision("deny", labels=["SDV"])],
    )
    consent = api.agency.make(a_consent(ann, permit))

    found = api.partner.get(f"/fhir/Goal?patient={ann}")
    assert found.ids == [housing.removeprefix("Goal/")]
    assert found.json["total"] == 1
    assert api.partner.get(f"/fhir/{housing}").status == 200
    assert api.partner.get(f"/fhir/{housing}/_history").json["total"] == 1
    assert api.partner.get(f"/fhir/{secret}").status == 404
    assert api.stranger.get(f"/fhir/Goal?patient={ann}").json["total"] == 0

    withdrawn = {**a_consent(ann, permit), "id": consent.removeprefix("Consent/"), "status": "inactive"}
    assert api.agency("PUT", f"/fhir/{consent}", withdrawn).status == 200
    assert api.partner.get(f"/fhir/Goal?patient={ann}").json["total"] == 0
    assert api.partner.get(f"/fhir/{housing}").status == 404
    assert api.partner.get(f"/fhir/{housing}/_history/1").status == 404

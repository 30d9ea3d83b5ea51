"""What a partner's search shows follows the consents, in pages, totals and links alike."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from builders import (
    CONFIDENTIALITY,
    FOOD,
    HOUSING,
    PARTNER,
    STRANGER,
    Api,
    a_consent,
    a_goal,
    a_patient,
    a_provision,
    label,
)
from careplan_service.store import documents_sql
from careplan_service.store.tables import document

SHARE = a_provision(to=PARTNER, purpose=["COC"], labels=["R"], codes=[HOUSING])


def _shared(api: Api, *about: str) -> tuple[str, list[str], str]:
    """Ann, one goal for each domain, and the Consent that opens those about housing to the partner."""
    ann = api.agency.make(a_patient("Ann"))
    goals = [api.agency.make(a_goal(of=ann, about=domain))[5:] for domain in about]
    return ann, goals, api.agency.make(a_consent(ann, SHARE))


@pytest.mark.parametrize("hidden", range(3))
def test_the_total_counts_what_may_be_seen_and_no_page_is_short(api: Api, hidden: int) -> None:
    about = [FOOD if n == hidden else HOUSING for n in range(3)]
    ann, goals, _ = _shared(api, *about)
    seen = [goal for n, goal in enumerate(goals) if n != hidden]
    for sort in ("", "&_sort=_lastUpdated", "&_sort=-_lastUpdated"):
        wanted = list(reversed(seen)) if "=-" in sort else seen
        whole = api.partner.get(f"/fhir/Goal?patient={ann}&_total=accurate{sort}")
        assert (whole.json["total"], whole.ids) == (2, wanted)
        pages = api.partner.pages(f"/fhir/Goal?patient={ann}&_count=1{sort}")
        assert [(page.json["total"], page.ids) for page in pages] == [(2, [id_]) for id_ in wanted]
    assert api.partner.get("/fhir/Goal?_count=0").json["total"] == 2


def test_a_hidden_resource_is_not_found_by_anything_it_holds(api: Api) -> None:
    ann, (shown, hidden), consent = _shared(api, HOUSING, FOOD)
    for query in (
        f"_id={hidden}",
        f"category={FOOD}",
        f"_id={hidden}&patient={ann}",
        f"category:not={HOUSING}",
    ):
        answer = api.partner.get(f"/fhir/Goal?{query}")
        assert (answer.status, answer.json["total"], answer.json.get("entry")) == (200, 0, None), query
    assert api.partner.get(f"/fhir/Goal?_id={hidden},{shown}").ids == [shown]
    assert api.partner.get(f"/fhir/Consent?_id={consent[8:]}").json["total"] == 0
    assert api.partner.get(f"/fhir/Patient?_id={ann[8:]}").json["total"] == 0


def test_an_answer_does_not_tell_that_something_was_left_out(api: Api) -> None:
    ann, goals, _ = _shared(api, HOUSING, FOOD)
    with_hidden = api.partner.get(f"/fhir/Goal?patient={ann}").body
    api.agency("DELETE", f"/fhir/Goal/{goals[1]}")
    assert api.partner.get(f"/fhir/Goal?patient={ann}").body == with_hidden
    assert b"OperationOutcome" not in with_hidden


def test_a_consent_that_is_withdrawn_between_two_pages_ends_the_pages(api: Api) -> None:
    ann, _, consent = _shared(api, HOUSING, HOUSING, HOUSING)
    for withdraw in (
        lambda: api.agency.put(consent, a_consent(ann, SHARE, status="inactive")),
        lambda: api.agency("DELETE", f"/fhir/{consent}"),
    ):
        api.agency.put(consent, a_consent(ann, SHARE))
        page = api.partner.get(f"/fhir/Goal?patient={ann}&_count=1")
        assert page.json["total"] == 3
        withdraw()
        following = api.partner.next_of(page)
        assert following is not None
        assert (following.status, following.json["total"], following.ids) == (200, 0, [])
        assert [link["relation"] for link in following.json["link"]] == ["self"]


def test_the_page_of_another_caller_does_not_open_and_ones_own_is_judged_anew(api: Api) -> None:
    """Attack 3: a page link replayed with another token, or after a revocation."""
    ann, goals, consent = _shared(api, HOUSING, HOUSING)
    page = api.partner.get(f"/fhir/Goal?patient={ann}&_count=1")
    for other in (api.stranger, api.agency):
        replayed = other.next_of(page)
        assert replayed is not None
        assert (replayed.status, "start again" in replayed.faults[0][1]) == (400, True)
    again = api.partner.next_of(page)
    assert again is not None
    assert again.ids == goals[1:]
    api.agency.put(consent, a_consent(ann, SHARE, status="inactive"))
    revoked = api.partner.next_of(page)
    assert revoked is not None
    assert (revoked.status, revoked.json["total"], revoked.ids) == (200, 0, [])


def test_the_two_hundred_and_fiftieth_consent_counts_as_the_first_does(api: Api) -> None:
    ann, (goal,), _ = _shared(api, HOUSING)
    entries = [
        {"resource": a_consent(ann, SHARE), "request": {"method": "POST", "url": "Consent"}}
        for _ in range(248)
    ]
    bundle: dict[str, Any] = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    assert api.agency("POST", "/fhir", bundle).status == 200
    assert api.partner.get(f"/fhir/Goal/{goal}").status == 200
    deny = api.agency.make(a_consent(ann, a_provision("deny", to=PARTNER)))
    assert api.agency.get("/fhir/Consent?status=active&_count=0").json["total"] == 250
    assert api.partner.get(f"/fhir/Goal/{goal}").status == 404
    assert api.partner.get("/fhir/Goal").json["total"] == 0
    api.agency("DELETE", f"/fhir/{deny}")
    assert api.partner.get(f"/fhir/Goal/{goal}").status == 200


def test_what_a_partner_contributed_is_its_own_until_another_version_is_current(api: Api) -> None:
    ann = api.agency.make(a_patient("Ann"))
    own = api.partner.make(a_goal(of=ann))
    assert api.partner.get(f"/fhir/{own}").status == 200
    assert api.partner.get("/fhir/Goal").ids == [own[5:]]
    assert api.stranger.get(f"/fhir/{own}").status == 404
    assert api.partner.put(own, a_goal(of=ann)).status == 200
    assert api.partner.get(f"/fhir/{own}/_history").json["total"] == 1
    api.agency.put(own, a_goal(of=ann))
    for path in ("", "/_history", "/_history/1", "/_history/2", "/_history/3"):
        assert api.partner.get(f"/fhir/{own}{path}").status == 404, path
    assert api.partner.get("/fhir/Goal").json["total"] == 0
    assert api.partner.put(own, a_goal(of=ann)).status == 404


def test_a_version_is_shown_only_while_the_current_one_is(api: Api) -> None:
    ann, (goal,), _ = _shared(api, HOUSING)
    assert api.partner.get(f"/fhir/Goal/{goal}/_history/1").status == 200
    secret = {"meta": {"security": [label("V")]}}
    api.agency.put(f"Goal/{goal}", a_goal(of=ann, **secret))
    assert api.partner.get(f"/fhir/Goal/{goal}/_history/1").status == 404
    lowered = [{"name": "meta", "valueMeta": secret["meta"]}, {"name": "reason", "valueString": "a mistake"}]
    sent = {"resourceType": "Parameters", "parameter": lowered}
    api.agency("POST", f"/fhir/Goal/{goal}/$meta-delete", sent)
    assert [e["response"]["etag"] for e in api.partner.get(f"/fhir/Goal/{goal}/_history").json["entry"]] == [
        'W/"3"',
        'W/"1"',
    ]
    assert api.partner.get(f"/fhir/Goal/{goal}/_history/2").status == 404
    assert {"system": CONFIDENTIALITY, "code": "V"} in api.agency.get(f"/fhir/Goal/{goal}/_history/2").json[
        "meta"
    ]["security"]


def test_a_deny_of_the_client_binds_the_agency_too_but_the_consent_itself_is_found(api: Api) -> None:
    ann, (goal,), _ = _shared(api, HOUSING)
    deny = api.agency.make(a_consent(ann, a_provision("deny", to="Organization/agency")))
    assert api.agency.get(f"/fhir/Goal/{goal}").status == 404
    assert api.agency.put(f"Goal/{goal}", a_goal(of=ann)).status == 404
    assert api.agency("DELETE", f"/fhir/Goal/{goal}").status == 404
    assert api.agency.get("/fhir/Goal").json["total"] == 0
    assert api.agency.get(f"/fhir/{deny}").status == 200
    assert api.agency("DELETE", f"/fhir/{deny}").status == 204
    assert api.agency.get(f"/fhir/Goal/{goal}").status == 200


def test_a_partner_reads_no_consent_but_what_it_filed(api: Api) -> None:
    """A Consent tells whom else the client lets in and keeps out."""
    ann = api.agency.make(a_patient("Ann"))
    given = api.agency.make(a_consent(ann, a_provision(to=PARTNER)))
    about_others = api.agency.make(a_consent(ann, a_provision("deny", to=STRANGER)))
    assert api.partner.get(f"/fhir/{ann}").status == 200
    filed = api.partner.make(a_consent(ann, a_provision(to=PARTNER), status="proposed"))
    nothing = api.partner.get("/fhir/Consent/none").body
    for consent in (given, about_others):
        for path in ("", "/_history", "/_history/1", "/$everything"):
            answer = api.partner.get(f"/fhir/{consent}{path}")
            assert answer.status == 404, (consent, path)
        assert api.partner.get(f"/fhir/{consent}").body == nothing
    for query in (
        "Consent",
        f"Consent?patient={ann}",
        "?_type=Consent",
        f"{ann}/Consent",
        "Consent/_history",
    ):
        assert api.partner.get(f"/fhir/{query}").ids == [filed.split("/")[1]], query
    everything = api.partner.get(f"/fhir/{ann}/$everything").body
    assert given.encode() not in everything
    assert about_others.encode() not in everything
    assert b'"Consent"' not in api.partner.get("/fhir/$my-access").body
    assert api.agency.get(f"/fhir/Consent?patient={ann}").json["total"] == 3


def test_a_search_for_words_is_not_broken_off_by_what_was_deleted(api: Api) -> None:
    """A database may read a document before it asks who may see it, and a deletion has none."""
    div = '<div xmlns="http://www.w3.org/1999/xhtml">a letter</div>'
    goals = [
        api.agency.make(a_goal(of="Patient/ann", text={"status": "generated", "div": div})) for _ in range(30)
    ]
    for goal in goals[:15]:
        assert api.agency("DELETE", f"/fhir/{goal}").status == 204
    assert api.partner.get("/fhir/Goal?_text=letter").status == 400
    assert api.agency.get("/fhir/Goal?_text=letter&_total=accurate").json["total"] == 15
    assert api.agency.get("/fhir?_type=Goal,CarePlan&_text=letter&_count=0").json["total"] == 15
    database = api.service.database
    read = documents_sql._in_sqlite if database.is_sqlite else documents_sql._in_postgresql
    every = database.rows(database.compiled(select(read(document.c.body, True)).select_from(document)), {})
    assert sorted(text for (text,) in every) == [""] * 15 + [div] * 30

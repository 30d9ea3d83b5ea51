"""`/plans/{id}.html` and `.pdf`: what a client takes home, and what must not lie about there."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from builders import Api, a_consent, a_patient, a_provision, label
from pdf_text import text_of

PLANS = Path(__file__).parents[3] / "fixtures" / "plans"
NAMES = sorted(p.stem for p in PLANS.glob("*.json"))
ONE_DATABASE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def a_plan(name: str = "family-eviction", **changed: Any) -> dict[str, Any]:
    return {**json.loads((PLANS / f"{name}.json").read_text()), **changed}


def stored(api: Api, plan: dict[str, Any]) -> str:
    made = api.agency("POST", "/plans", plan, Content_Type="application/json")
    assert made.status == 201, made.body
    return str(made.json["id"])


class Words(HTMLParser):
    """The text of a page, as it is shown."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.told: list[str] = []
        self._style = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self._style = tag == "style"

    def handle_data(self, data: str) -> None:
        if not self._style and data.strip():
            self.told.append(" ".join(data.split()))


def texts(api: Api, id_: str, query: str = "") -> tuple[str, str]:
    """What the page and the PDF say."""
    page, file = (api.agency.get(f"/plans/{id_}.{shape}{query}") for shape in ("html", "pdf"))
    assert page.status == file.status == 200, page.body + file.body
    return " ".join(Words(page.body.decode()).told), text_of(file.body)


@ONE_DATABASE
@pytest.mark.parametrize("name", NAMES)
def test_every_worked_plan_is_printed_in_the_clients_words_without_codes(api: Api, name: str) -> None:
    plan = a_plan(name)
    codes = set(re.findall(r'"code": "([^"]+)"', json.dumps(plan))) | {
        code for goal in plan["goals"] for code in goal.get("codes", ())
    }
    id_ = stored(api, plan)
    for language in ("en", "es"):
        for text in texts(api, id_, f"?include=sensitive&language={language}"):
            for goal in plan["goals"]:
                assert goal["words"] in text
                for objective in goal.get("objectives", ()):
                    assert objective["statement"] in text
            assert plan["worker"]["name"] in text
            for jargon in (
                *codes,
                plan["number"],
                "Z59",
                "SNOMED",
                "http",
                "closed-goals-met",
                "in-progress",
            ):
                assert jargon not in text
            for goal in plan["goals"]:
                assert "wording" not in goal or goal["wording"] not in text


def test_what_is_labelled_is_in_no_print_unless_it_is_asked_for(api: Api) -> None:
    id_ = stored(api, a_plan())
    secrets = (
        "afraid",
        "cannot find us",
        "Harbour",
        "rehearse the safety plan",
        "former partner",
        "place known",
    )
    for text in texts(api, id_):
        assert "We want to stay in our flat." in text
        assert not [secret for secret in secrets if secret in text]
        assert not re.search(r"left out|kept out|not shown|hidden|omitted", text)
        assert "This is a short form of the plan" in text
    raw = api.agency.get(f"/plans/{id_}.html").body + api.agency.get(f"/plans/{id_}.pdf").body
    assert not [secret for secret in secrets if secret.encode() in raw]
    for text in texts(api, id_, "?include=sensitive"):
        assert "I want to stop being afraid at home." in text
        assert "This is a short form of the plan" in text  # the same words: they tell nothing
    # the same answer as a plan that never had those goals, but for what else it says
    row = api.audit()[-1]
    assert (row["interaction"], row["status"]) == ("print-plan", 200)
    assert "include=sensitive" in row["asked"]


@ONE_DATABASE
def test_a_plan_that_is_labelled_as_a_whole_is_not_printed_by_default(api: Api) -> None:
    id_ = stored(api, a_plan("crisis-and-safety"))
    for shape in ("html", "pdf"):
        answer = api.agency.get(f"/plans/{id_}.{shape}")
        assert answer.status == 422
        assert "include=sensitive" in answer.faults[0][1]
        assert b"chair" not in answer.body
    client = a_plan("crisis-and-safety")["client_system"]["members"][0]
    for text in texts(api, id_, "?include=sensitive"):
        assert "I want to sleep without a chair against the door." in text
        for secret in (client.get("phone"), client.get("address"), client.get("safe_contact")):
            assert secret is None or secret not in text


def test_who_may_not_read_the_plan_gets_the_same_answer_for_its_print(api: Api) -> None:
    id_ = stored(api, a_plan())
    for who in (api.partner, api.stranger):
        for id_asked in (id_, "nothing"):
            plain = who.get(f"/plans/{id_asked}")
            for shape in ("html", "pdf"):
                answer = who.get(f"/plans/{id_asked}.{shape}")
                assert (answer.status, answer.body) == (plain.status, plain.body)
                assert answer.status in (403, 404)
    for shape in ("", ".html", ".pdf"):
        assert api.agency.get(f"/plans/nothing{shape}").status == 404
    assert api.http.get(f"/plans/{id_}.html").status_code == 401


@ONE_DATABASE
def test_releases_are_told_by_name_and_last_day_and_those_that_tell_too_much_are_not(api: Api) -> None:
    id_ = stored(api, a_plan())
    patient = api.agency.get(f"/fhir/CarePlan/{id_}").json["subject"]["reference"]
    union = api.agency.make({"resourceType": "Organization", "name": "Housing Board of Eastgate"})
    bank = api.agency.make({"resourceType": "Organization", "name": "Riverside Food Pantry"})
    refuge = api.agency.make({"resourceType": "Organization", "name": "Women's shelter by the lake"})
    # known before the plan was written and not labelled itself: the plan's mark must do
    marked = api.agency.get("/fhir/Organization?name=Harbour").json["entry"][0]["resource"]
    plain = {name: value for name, value in marked.items() if name != "meta"}
    assert api.agency.put(f"Organization/{marked['id']}", plain).status == 200
    harbour = f"Organization/{marked['id']}"
    gone = api.agency.make({"resourceType": "Organization", "name": "Yesterday's Clinic"})
    other = api.agency.make(a_patient("Other"))
    of_other = api.agency.make({"resourceType": "Organization", "name": "Somebody else's lawyer"})
    now = api.service.clock()
    last = {"end": f"{now.year + 1}-03-31"}
    for patient_, to, more in (
        (patient, union, {"period": last}),
        (patient, bank, {}),
        (patient, refuge, {}),
        (patient, harbour, {}),
        (patient, gone, {"period": {"end": "2020-01-01"}}),
        (other, of_other, {}),
    ):
        api.agency.make(a_consent(patient_, a_provision(to=to, **more)))
    quiet = api.agency.make({"resourceType": "Organization", "name": "Quiet Street 4"})
    labelled = {"meta": {"security": [label("R"), label("SDV")]}}
    api.agency.make(a_consent(patient, a_provision(to=quiet), **labelled))
    for text in texts(api, id_):
        assert f"Housing Board of Eastgate, until 31 March {now.year + 1}" in text
        assert "Riverside Food Pantry, until it is taken back" in text
        assert "You may take back what you allowed at any time. Tell Dana Whitlock." in text
        for secret in ("shelter", "Harbour", "Yesterday", "lawyer", "Quiet"):
            assert secret not in text
    for text in texts(api, id_, "?include=sensitive"):
        assert "Women's shelter by the lake, until it is taken back" in text
        assert "lawyer" not in text
    deny = a_consent(patient, a_provision("deny", to=union))
    api.agency.make(deny)
    for text in texts(api, id_):
        assert "Housing Board" not in text
    # a token that opens no Consent prints the rest
    narrow = api.asking("agency", scope=" ".join(f"system/{t}.rs" for t in _TYPES))
    page = narrow.get(f"/plans/{id_}.html")
    assert page.status == 200, page.body
    assert "Riverside Food Pantry" not in page.body.decode()


_TYPES = (
    "CarePlan Goal Patient RelatedPerson Group Practitioner PractitionerRole Organization CareTeam Condition "
    "ServiceRequest QuestionnaireResponse Encounter Procedure DocumentReference Observation Task"
).split()


@ONE_DATABASE
def test_workers_and_agencies_are_told_with_their_numbers_and_clients_are_not(api: Api) -> None:
    id_ = stored(api, a_plan())
    team = api.agency.get("/fhir/Practitioner?name=Dana").json["entry"][0]["resource"]
    numbers = [
        {"system": "phone", "value": "+1 555 010 0100"},
        {"system": "phone", "use": "home", "value": "777"},
    ]
    assert api.agency.put(f"Practitioner/{team['id']}", {**team, "telecom": numbers}).status == 200
    for text in texts(api, id_):
        assert "Dana Whitlock, social worker: +1 555 010 0100" in text
        assert "777" not in text


@ONE_DATABASE
def test_what_a_client_said_is_shown_as_it_was_said_and_never_run(api: Api) -> None:
    words = 'Live <script>alert(1)</script> & "well" {page} **now** \\(Tj\\) Łódź Αθήνα Київ'
    plan = a_plan("individual-cbt")
    plan["goals"][0]["words"] = words
    id_ = stored(api, plan)
    page = api.agency.get(f"/plans/{id_}.html")
    assert b"<script" not in page.body
    for text in texts(api, id_):
        assert words in text
    assert page.headers["Content-Disposition"] == f'inline; filename="plan-{id_}.html"'
    assert page.headers["Cache-Control"] == "no-store"
    policy = page.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert not re.search(r'(src|href)="(?!data:)|url\(|@import|<form|\son\w+=', page.body.decode())


@ONE_DATABASE
def test_letters_that_the_pdf_has_not_are_refused_by_name_and_the_page_has_them(api: Api) -> None:
    plan = a_plan("individual-cbt")
    plan["goals"][0]["words"] = "שלום then 家 and so\u200d\ufe0f on"
    id_ = stored(api, plan)
    refused = api.agency.get(f"/plans/{id_}.pdf")
    assert refused.status == 406
    assert "`שלום家`" in refused.faults[0][1]
    assert "שלום" in api.agency.get(f"/plans/{id_}.html").body.decode()


@ONE_DATABASE
def test_what_is_asked_wrongly_is_refused_with_what_there_is(api: Api) -> None:
    id_ = stored(api, a_plan("individual-cbt"))
    for query, told in (
        ("language=fr", "one of en, es"),
        ("language=", "one of en, es"),
        ("large-print=yes", "`false` or `true`"),
        ("include=all", "it is `sensitive`"),
        ("include=", "it is `sensitive`"),
        ("colour=red", "`colour` is not a parameter"),
    ):
        for shape in ("html", "pdf"):
            answer = api.agency.get(f"/plans/{id_}.{shape}?{query}")
            assert answer.status == 400, query
            assert told in answer.faults[0][1]
    page = api.agency.get(f"/plans/{id_}.html?language=es-US&large-print=true")
    assert page.headers["Content-Language"] == "es"
    assert b'<html lang="es" class="large">' in page.body
    assert "Mi plan" in page.body.decode()

"""What is tried at the authorization endpoint. https://www.rfc-editor.org/rfc/rfc9700"""

from __future__ import annotations

import pytest
from werkzeug.datastructures import MultiDict

from builders import Api, a_patient
from conftest import Clock
from web.authorizing import (
    BACK,
    BASE,
    CHALLENGE,
    STATE,
    Browser,
    a_person,
    an_app,
    asked,
    error_of,
    question,
    way_back,
)
from web.visiting import Visitor

SQLITE_ONLY = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def ann(api: Api) -> Browser:
    """Ann, a patient, signed in, and an app."""
    api.agency.put("Patient/ann", a_patient(name=[{"family": "Example"}]))
    an_app(api.service)
    a_person(api.service, "ann", "Patient/ann")
    browser = Browser(api.service)
    browser.sign_in("ann")
    return browser


@SQLITE_ONLY
@pytest.mark.parametrize(
    "uri",
    [
        f"{BACK}/",
        f"{BACK}?x=1",
        f"{BACK}#x",
        f"{BACK}%2F..",
        BACK.replace("back", "Back"),
        BACK.replace("app.", "APP."),
        BACK.replace("https", "http"),
        BACK.replace("example.org", "example.org:443"),
        BACK.replace("app.", "user@app."),
        BACK.replace("app.example.org", "app.example.org.evil.example"),
        f" {BACK}",
        f"{BACK} ",
        f"{BACK}\n",
        "//app.example.org/back",
        "javascript:alert(1)",
        "https://evil.example/",
    ],
)
def test_nobody_is_sent_to_an_address_that_is_not_registered_to_the_letter(
    api: Api, ann: Browser, uri: str
) -> None:
    for address in (question(redirect_uri=uri), question(redirect_uri=uri, response_type="token")):
        page = ann.get(address)

        assert page.status_code == 400
        assert "Location" not in page.headers
        assert "refresh" not in page.text
        assert "evil" not in page.text


@SQLITE_ONLY
@pytest.mark.parametrize("client", ["nobody", "agency", "off", "waits", "", "a\x00b", "a" * 500, None])
def test_who_is_no_app_here_sends_nobody_anywhere(api: Api, ann: Browser, client: str | None) -> None:
    an_app(api.service, "off", enabled=False)
    an_app(api.service, "waits", pending=True)
    page = ann.get(question(client_id=client))

    assert page.status_code == 400
    assert "Location" not in page.headers
    assert "refresh" not in page.text


@SQLITE_ONLY
def test_an_address_that_comes_twice_is_none(api: Api, ann: Browser) -> None:
    for name, value in (
        ("redirect_uri", BACK),
        ("redirect_uri", "https://evil.example"),
        ("client_id", "app"),
    ):
        sent = MultiDict(asked())
        sent.add(name, value)
        page = ann.http.get("/oauth/authorize", query_string=sent, base_url=BASE)
        assert page.status_code == 400
        assert "Location" not in page.headers
    page = ann.http.post("/oauth/authorize", data={**asked(), "redirect_uri": "https://evil.example"})
    assert page.status_code == 400


@SQLITE_ONLY
@pytest.mark.parametrize(
    ("other", "error"),
    [
        ({"response_type": None}, "unsupported_response_type"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"state": None}, "invalid_request"),
        ({"state": ""}, "invalid_request"),
        ({"state": "a\r\nSet-Cookie: x=1"}, "invalid_request"),
        ({"state": "x" * 1001}, "invalid_request"),
        ({"aud": None}, "invalid_request"),
        ({"aud": f"{BASE}/fhir/"}, "invalid_request"),
        ({"aud": "https://evil.example/fhir"}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": "s256"}, "invalid_request"),
        ({"code_challenge": CHALLENGE[:-1]}, "invalid_request"),
        ({"code_challenge": "é" * 43}, "invalid_request"),
        ({"request": "ey.ey.ey"}, "request_not_supported"),
        ({"request_uri": "https://evil.example/r"}, "request_uri_not_supported"),
        ({"registration": "{}"}, "registration_not_supported"),
        ({"max_age": "-1"}, "invalid_request"),
        ({"max_age": "soon"}, "invalid_request"),
        ({"nonce": "a\x00b"}, "invalid_request"),
        ({"nonce": "n" * 3600}, "invalid_request"),
        ({"scope": None}, "invalid_scope"),
        ({"scope": "address"}, "invalid_scope"),
        ({"scope": "system/Goal.rs"}, "invalid_scope"),
        ({"scope": "patient/Goal.sr"}, "invalid_scope"),
        ({"scope": "patient/Goal.rs?nonsense=1"}, "invalid_scope"),
        ({"scope": "patient/Nothing.rs"}, "invalid_scope"),
        ({"scope": "Patient/Goal.rs"}, "invalid_scope"),
        ({"scope": "patient/Goal"}, "invalid_scope"),
        ({"scope": "patient/Goal.rs?"}, "invalid_scope"),
        ({"scope": "patient/Goal.rs patient/*.x"}, "invalid_scope"),
    ],
)
def test_what_is_wrong_is_told_to_the_app_before_anybody_is_asked(
    api: Api, ann: Browser, other: dict[str, str], error: str
) -> None:
    for browser in (ann, Browser(api.service)):
        page = browser.get(question(**other))
        target, told = way_back(page)

        assert page.status_code == 303
        assert target == BACK
        assert (told["error"], told["iss"]) == (error, BASE)
        assert told["error_description"].isascii()
        assert told.get("state", "") == (STATE if "state" not in other else "")
        assert "Set-Cookie" not in page.headers


@SQLITE_ONLY
def test_a_parameter_that_comes_twice_is_refused_and_one_that_nobody_knows_is_not(ann: Browser) -> None:
    for name in ("scope", "state", "code_challenge", "aud", "nonce"):
        sent = MultiDict(asked(nonce="n"))
        sent.add(name, "again")
        page = ann.http.get("/oauth/authorize", query_string=sent, base_url=BASE)
        assert error_of(page) == "invalid_request"
    sent = MultiDict(asked())
    sent.add("utm", "1")
    sent.add("utm", "2")
    page = ann.http.get("/oauth/authorize", query_string=sent, base_url=BASE)
    assert page.status_code == 200


@SQLITE_ONLY
def test_the_query_of_a_registered_address_is_kept(api: Api, ann: Browser) -> None:
    uri = "https://app.example.org/back?tenant=a%20b"
    an_app(api.service, "queried", redirect_uris=(uri,))
    ann.ask(client_id="queried", redirect_uri=uri)
    page = ann.decide()
    target, told = way_back(page)

    assert (target, told["tenant"], told["state"]) == (BACK, "a b", STATE)
    assert "code" in told


@SQLITE_ONLY
def test_what_an_app_sends_is_no_markup_on_any_page(api: Api, ann: Browser) -> None:
    bad = '"><script>alert(1)</script>'
    an_app(api.service, "bad", name=bad)
    pages = [
        ann.ask(
            client_id="bad", state=bad, nonce=bad, scope=f"patient/Goal.rs?category=%22%3E%3Cscript%3E {bad}"
        ),
        ann.decide(),
        ann.get(question(client_id=bad)),
        ann.get(question(client_id="bad", redirect_uri=bad)),
    ]

    for page in pages:
        assert "<script" not in page.text


@SQLITE_ONLY
def test_every_page_is_closed_to_frames_scripts_and_caches(api: Api, ann: Browser) -> None:
    pages = [ann.ask(), ann.decide("deny"), ann.get(question(redirect_uri="x"))]
    for page in pages:
        policy = page.headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in policy
        assert "default-src 'none'" in policy
        assert "form-action 'self'" in policy
        assert page.headers["Cache-Control"] == "no-store"
        assert page.headers["Referrer-Policy"] == "no-referrer"


# The form of the decision


def test_a_form_from_elsewhere_decides_nothing(api: Api, ann: Browser) -> None:
    ann.ask()
    fields = {**ann.fields(), "decision": "allow"}
    forged = [
        ({**fields, "form": ""}, {}),
        ({**fields, "form": "0" * 64}, {}),
        (fields, {"Sec_Fetch_Site": "cross-site"}),
        (fields, {"Sec_Fetch_Site": "same-site"}),
        (fields, {"Origin": "https://evil.example"}),
        (fields, {"Sec_Fetch_Site": ""}),
    ]
    for sent, headers in forged:
        assert ann.post("/oauth/authorize/decision", sent, **headers).status_code == 403
    assert api.service.database.rows("SELECT * FROM oauth_authorization", {}) == []


def test_a_form_decides_once(api: Api, ann: Browser) -> None:
    ann.ask()
    fields = {**ann.fields(), "decision": "allow"}
    first = ann.post("/oauth/authorize/decision", fields)
    second = ann.post("/oauth/authorize/decision", fields)

    assert "code" in way_back(first)[1]
    assert second.status_code == 403
    assert "refresh" not in second.text
    assert len(api.service.database.rows("SELECT id FROM oauth_authorization", {})) == 1


@SQLITE_ONLY
def test_a_form_is_good_for_what_it_showed_only(api: Api, ann: Browser) -> None:
    an_app(api.service, "other")
    ann.ask()
    fields = {**ann.fields(), "decision": "allow"}
    query = fields["request"]
    changed = [
        {"request": query.replace("client_id=app", "client_id=other")},
        {"request": query.replace("Goal.rs", "Task.rs")},
        {"request": query.replace(CHALLENGE, "A" * 43)},
        {"ticket": ""},
        {"ticket": fields["ticket"][:-1] + "x"},
        {"ticket": "9" + fields["ticket"]},
    ]
    for change in changed:
        page = ann.post("/oauth/authorize/decision", {**fields, **change})
        assert page.status_code == 403, change
    forged = {**fields, "request": query.replace("app.example.org", "evil.example")}
    assert ann.post("/oauth/authorize/decision", forged).status_code == 400
    assert api.service.database.rows("SELECT * FROM oauth_authorization", {}) == []


@SQLITE_ONLY
def test_a_form_of_another_session_decides_nothing(api: Api, ann: Browser) -> None:
    a_person(api.service, "eve", "Patient/eve")
    eve = Browser(api.service)
    eve.sign_in("eve")
    eve.ask()
    ticket = eve.fields()["ticket"]
    ann.ask()
    page = ann.post("/oauth/authorize/decision", {**ann.fields(), "ticket": ticket, "decision": "allow"})
    assert page.status_code == 403


@SQLITE_ONLY
def test_a_form_that_was_open_for_long_decides_nothing(api: Api, ann: Browser, clock: Clock) -> None:
    ann.ask()
    clock.go_on(seconds=15 * 60 + 1)
    assert ann.decide().status_code == 403


@SQLITE_ONLY
def test_who_signed_out_meanwhile_signs_in_again(api: Api, ann: Browser) -> None:
    ann.ask()
    fields = {**ann.fields(), "decision": "allow"}
    cookie = ann.cookie
    Visitor.sign_out(ann)
    ann.cookie = cookie
    page = ann.post("/oauth/authorize/decision", fields)
    assert page.headers["Location"].startswith("/sign-in?")


@SQLITE_ONLY
def test_a_choice_of_a_patient_cannot_be_made_up(api: Api, ann: Browser) -> None:
    a_person(api.service, "dana", "Practitioner/dana")
    dana = Browser(api.service)
    dana.sign_in("dana")
    dana.ask()
    fields = dana.fields()
    for proof in ("", "1.2.3", fields["ticket"]):
        query = {"request": fields["request"], "patient": "ann", "proof": proof}
        assert dana.get("/oauth/authorize/allow", **query).status_code == 403
    page = dana.post("/oauth/authorize/patient", {**fields, "patient": "ann", "form": "x"})
    assert page.status_code == 403
    for sent in ({"ticket": ""}, {"request": fields["request"].replace("Goal", "Task")}):
        assert dana.post("/oauth/authorize/patient", {**fields, "patient": "ann", **sent}).status_code == 403
        assert dana.get("/oauth/authorize/patient", **{**fields, **sent}).status_code == 403
    dana.ask()
    dana.choose("ann")
    forged = {**dana.fields(), "patient": "bob", "decision": "allow"}
    assert dana.post("/oauth/authorize/decision", forged).status_code == 403


@SQLITE_ONLY
def test_a_patient_decides_about_nobody_else(api: Api, ann: Browser) -> None:
    ann.ask()
    fields = {**ann.fields(), "patient": "bob", "decision": "allow"}
    page = ann.post("/oauth/authorize/decision", fields)
    (row,) = api.service.database.rows("SELECT patient FROM oauth_authorization", {})
    assert "code" in way_back(page)[1]
    assert row[0] == "ann", "the patient is that of the person, whatever the form says"

"""The authorization endpoint. https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html"""

from __future__ import annotations

import json

import pytest

from builders import Api, a_patient
from careplan_service.interventions.canonical import GRAVITY
from conftest import Clock
from web.authorizing import (
    BACK,
    BASE,
    STATE,
    Browser,
    a_person,
    an_app,
    asked,
    code_of,
    error_of,
    question,
    way_back,
)
from web.visiting import PASSWORD

ANN = {"family": "Example", "given": ["Ann"]}


@pytest.fixture
def ann(api: Api) -> Browser:
    """Ann, a patient, signed in, and an app that may ask her."""
    api.agency.put("Patient/ann", a_patient(name=[ANN], birthDate="1980-02-03"))
    an_app(api.service)
    a_person(api.service, "ann", "Patient/ann")
    browser = Browser(api.service)
    browser.sign_in("ann", PASSWORD)
    return browser


@pytest.fixture
def dana(api: Api) -> Browser:
    """Dana, a practitioner of the agency, signed in, two patients, and an app."""
    api.agency.put("Patient/ann", a_patient(name=[ANN], birthDate="1980-02-03"))
    api.agency.put("Patient/bob", a_patient(name=[{"family": "Zed", "given": ["Bob"]}]))
    an_app(api.service)
    a_person(api.service, "dana", "Practitioner/dana")
    browser = Browser(api.service)
    browser.sign_in("dana", PASSWORD)
    return browser


def test_who_is_not_signed_in_signs_in_and_comes_back_to_the_whole_question(api: Api, ann: Browser) -> None:
    browser = Browser(api.service)
    page = browser.get(question())
    assert page.status_code == 303
    assert page.headers["Location"].startswith("/sign-in?next=%2Foauth%2Fauthorize%3F")
    page = browser.come_in("ann")

    assert page.status_code == 200
    assert "asks for access" in page.text
    _, told = way_back(browser.decide())
    assert told["state"] == STATE


def test_what_is_allowed_comes_back_as_a_code_with_state_and_issuer(api: Api, ann: Browser) -> None:
    page = ann.ask()
    assert "Ann Example" in page.text
    target, told = way_back(ann.decide())

    assert target == BACK
    assert told.keys() == {"code", "state", "iss"}
    assert (told["state"], told["iss"]) == (STATE, BASE)
    assert len(told["code"]) == 43
    assert told["code"] not in str(api.service.database.rows("SELECT * FROM oauth_code", {}))


def test_the_authorization_says_what_for_whom_since_when(api: Api, ann: Browser) -> None:
    ann.ask(nonce="n-1")
    authorization, code = code_of(api.service, ann.decide())

    assert authorization.scope == (
        "launch/patient openid fhirUser offline_access patient/Goal.rs patient/CarePlan.cruds"
    ).replace("patient/Goal.rs patient/CarePlan.cruds", "patient/Goal.rs patient/CarePlan.cruds")
    assert (authorization.client_id, authorization.user_id, authorization.patient) == ("app", "ann", "ann")
    assert json.loads(authorization.context) == {"need_patient_banner": True}
    assert authorization.signed_in == int(api.service.seconds())
    assert authorization.session == ""
    assert (code.redirect_uri, code.nonce, code.expires) == (BACK, "n-1", int(api.service.seconds()) + 60)


def test_a_code_is_worth_nothing_after_a_minute(api: Api, ann: Browser, clock: Clock) -> None:
    ann.ask()
    page = ann.decide()
    clock.go_on(seconds=61)
    with pytest.raises(AssertionError):
        code_of(api.service, page)


def test_every_scope_and_every_letter_of_it_can_be_taken_away(api: Api, ann: Browser) -> None:
    ann.ask()
    page = ann.decide(without=("s0", "s1.d", "s1.c", "s1.u", "choice.stay"))
    authorization, _ = code_of(api.service, page)

    assert authorization.scope == "launch/patient openid fhirUser patient/CarePlan.rs"


def test_identity_alone_can_be_allowed(api: Api, ann: Browser) -> None:
    ann.ask()
    authorization, _ = code_of(api.service, ann.decide(without=("s0", "s1", "choice.stay")))

    assert authorization.scope == "launch/patient openid fhirUser"


def test_nothing_ticked_is_a_denial_and_so_is_the_button(api: Api, ann: Browser) -> None:
    ann.ask()
    assert error_of(ann.decide(without=("s0", "s1", "choice.who", "choice.stay"))) == "access_denied"
    ann.ask()
    _, told = way_back(ann.decide("deny"))

    assert told["error"] == "access_denied"
    assert (told["state"], told["iss"]) == (STATE, BASE)
    assert "code" not in told


def test_letters_that_were_not_offered_are_not_granted_to_who_adds_them_to_the_form(
    api: Api, ann: Browser
) -> None:
    ann.ask(scope="patient/Goal.rs")
    more = {"s0.d": "on", "s7": "on", "s7.c": "on", "choice.stay": "on"}
    authorization, _ = code_of(api.service, ann.decide(**more))

    assert authorization.scope == "patient/Goal.rs"


def test_words_of_smart_v1_come_back_as_they_were_asked_for_if_all_of_it_is_allowed(
    api: Api, ann: Browser
) -> None:
    ann.ask(scope="patient/Goal.read patient/CarePlan.write")
    authorization, _ = code_of(api.service, ann.decide(without=("s1.d",)))

    assert authorization.scope == "patient/Goal.read patient/CarePlan.cu"


def test_what_the_registration_does_not_hold_is_struck_and_not_granted(api: Api, ann: Browser) -> None:
    an_app(api.service, "small", scopes="patient/Goal.rs patient/Observation.rs?code=1")
    page = ann.ask(client_id="small", scope="patient/Goal.cruds patient/Observation.rs patient/Task.rs")
    text = " ".join(page.text.split())
    authorization, _ = code_of(api.service, ann.decide())

    assert "<s>Add, change and delete goals of Ann Example</s>: the app is not registered for it" in text
    assert "<s>Read and search tasks of Ann Example</s>: the app is not registered for it" in text
    assert authorization.scope == "patient/Goal.rs patient/Observation.rs?code=1"


def test_what_the_person_may_not_do_is_struck_and_not_granted(api: Api, ann: Browser) -> None:
    scope = "patient/Organization.cruds user/Practitioner.crus user/Goal.cu"
    text = " ".join(ann.ask(scope=scope).text.split())
    authorization, _ = code_of(api.service, ann.decide())

    assert "<s>Add, change and delete organisations on record here</s>: it is in nobody&#39;s record" in text
    assert "<s>Add and change practitioners on record here</s>: you may not change it" in text
    assert authorization.scope == "patient/Organization.rs user/Goal.cu user/Practitioner.rs".replace(
        "user/Goal.cu user/Practitioner.rs", "user/Practitioner.rs user/Goal.cu"
    )


def test_if_nothing_can_be_granted_nobody_is_asked(api: Api, ann: Browser) -> None:
    an_app(api.service, "none", scopes="user/Goal.rs")
    assert error_of(ann.ask(client_id="none", scope="patient/Task.rs")) == "access_denied"


def test_online_access_is_tied_to_the_session(api: Api, ann: Browser) -> None:
    ann.ask(scope="patient/Goal.rs online_access")
    authorization, _ = code_of(api.service, ann.decide())
    (session,) = api.service.database.rows("SELECT digest FROM oauth_session", {})

    assert authorization.session == session[0]


def test_unknown_words_are_passed_over(api: Api, ann: Browser) -> None:
    ann.ask(scope="patient/Goal.rs address __extra https://x.example/scope launch/location")
    authorization, _ = code_of(api.service, ann.decide())

    assert authorization.scope == "patient/Goal.rs"


def test_the_page_tells_everything_in_plain_words(ann: Browser) -> None:
    scope = "patient/Goal.rs?category=http://x.example|a%20%3Cb%3E patient/*.read user/Task.c"
    text = " ".join(ann.ask(scope=scope).text.split())

    assert "Garden &lt;b&gt;Planner&lt;/b&gt; asks for access" in text
    assert "registered for Organization/makers" in text
    assert "app.example.org" in text
    assert "with category <code>http://x.example|a &lt;b&gt;</code>; not change them" in text
    assert "Read and search everything on record of Ann Example; not change it" in text
    assert "Add tasks that you may see yourself; not see them" in text
    assert "<b>" not in text


def test_organisations_are_called_by_their_names_where_the_person_may_see_them(
    api: Api, ann: Browser
) -> None:
    a_person(api.service, "dana", "Practitioner/dana")
    dana = Browser(api.service)
    dana.sign_in("dana", PASSWORD)
    api.agency.put("Organization/makers", {"resourceType": "Organization", "name": "Garden & Makers"})
    shown = {who: browser.ask(scope="user/Goal.rs").text for who, browser in (("dana", dana), ("ann", ann))}

    assert "dana, Organization/agency" in shown["dana"]
    assert "registered for Garden &amp; Makers" in shown["dana"]
    assert "registered for Organization/makers" in shown["ann"]


def test_a_query_is_told_in_words_where_its_codes_are_known(ann: Browser) -> None:
    first, second = (
        f"patient/Goal.rs?category={GRAVITY}|housing-instability",
        "user/Goal.r?category=homelessness",
    )
    text = " ".join(ann.ask(scope=f"{first} {second}").text.split())

    assert "Read and search goals about housing instability of Ann Example; not change them" in text
    assert "Read goals about homelessness that you may see yourself; not change them" in text
    assert GRAVITY not in text.partition("<h2>")[2]


@pytest.mark.parametrize(
    ("scope", "is_covered"),
    [
        ("patient/*.rs patient/Goal.cruds", True),
        ("user/*.s patient/Goal.rs", True),
        ("patient/*.rs", False),
        ("patient/*.rs user/Goal.rs", False),
        ("patient/*.rs patient/Goal.cud", False),
        ("patient/*.rs?_tag=x patient/*.c", False),
    ],
)
def test_the_page_tells_where_one_line_covers_others(ann: Browser, scope: str, is_covered: bool) -> None:
    text = ann.ask(scope=f"launch/patient {scope}").text

    assert "It covers kinds of records that are added later, too." in text
    assert ("have a line of their own, whatever is ticked there" in text) is is_covered


def test_post_asks_the_same_by_a_get_that_carries_the_cookie(api: Api, ann: Browser) -> None:
    page = ann.post(
        "/oauth/authorize", asked(), Sec_Fetch_Site="cross-site", Origin="https://app.example.org"
    )

    assert page.status_code == 303
    assert page.headers["Location"].startswith("/oauth/authorize?")
    assert "Set-Cookie" not in page.headers
    assert "asks for access" in ann.follow(page).text
    ann.decide()


# prompt and max_age


def test_prompt_none_never_shows_a_page(api: Api, ann: Browser) -> None:
    stranger = Browser(api.service)
    page = stranger.get(question(prompt="none"))
    assert page.status_code == 303
    assert error_of(page) == "login_required"
    assert error_of(ann.get(question(prompt="none"))) == "consent_required"
    assert error_of(ann.get(question(prompt="none login"))) == "invalid_request"


def test_prompt_none_is_a_code_where_a_confidential_app_was_allowed_all_of_it_before(
    api: Api, ann: Browser
) -> None:
    an_app(api.service, "sealed", auth_method="client_secret_basic")
    ann.ask(client_id="sealed", scope="patient/Goal.rs openid fhirUser")
    code_of(api.service, ann.decide())
    page = ann.get(question(client_id="sealed", scope="patient/Goal.r openid fhirUser", prompt="none"))
    more = ann.get(question(client_id="sealed", scope="patient/Goal.cr", prompt="none"))
    stay = ann.get(question(client_id="sealed", scope="patient/Goal.r offline_access", prompt="none"))

    assert page.status_code == 303
    assert code_of(api.service, page)[0].scope == "openid fhirUser patient/Goal.r"
    assert (error_of(more), error_of(stay)) == ("consent_required", "consent_required")


def test_a_public_app_is_asked_about_each_time(api: Api, ann: Browser) -> None:
    ann.ask()
    code_of(api.service, ann.decide())

    assert "asks for access" in ann.ask().text
    assert error_of(ann.get(question(prompt="none"))) == "consent_required"


def test_what_was_taken_back_is_asked_about_again(api: Api, ann: Browser) -> None:
    an_app(api.service, "sealed", auth_method="client_secret_basic")
    ann.ask(client_id="sealed")
    authorization, _ = code_of(api.service, ann.decide())
    api.service.authorizations.revoke(authorization.id, int(api.service.seconds()))

    assert error_of(ann.get(question(client_id="sealed", prompt="none"))) == "consent_required"


def test_prompt_login_asks_who_is_signed_in_to_sign_in_again_once(
    api: Api, ann: Browser, clock: Clock
) -> None:
    clock.go_on(seconds=5)
    page = ann.get(question(prompt="login"))
    assert page.headers["Location"].startswith("/sign-in?")
    assert "asks for access" in ann.come_in("ann").text
    authorization, _ = code_of(api.service, ann.decide())

    assert authorization.signed_in == int(clock().timestamp())


def test_a_mark_of_an_earlier_sign_in_is_not_enough(api: Api, ann: Browser, clock: Clock) -> None:
    clock.go_on(seconds=5)
    ann.get(question(prompt="login"))
    again = ann.page.headers["Location"] if ann.page else ""
    ann.come_in("ann")
    clock.go_on(seconds=16 * 60)
    from urllib.parse import parse_qs, urlsplit

    late = ann.get(parse_qs(urlsplit(again).query)["next"][0])
    assert late.headers["Location"].startswith("/sign-in?")


def test_max_age_asks_only_who_signed_in_longer_ago(api: Api, ann: Browser, clock: Clock) -> None:
    clock.go_on(seconds=100)
    assert "asks for access" in ann.ask(max_age="100").text
    clock.go_on(seconds=1)
    assert error_of(ann.get(question(max_age="100", prompt="none"))) == "login_required"
    assert ann.get(question(max_age="100")).headers["Location"].startswith("/sign-in?")
    assert "asks for access" in ann.come_in("ann").text


# Which patient


def test_a_relative_asks_for_the_patient_of_her_own_record(api: Api) -> None:
    api.agency.put("Patient/ann", a_patient(name=[ANN]))
    relative = {"resourceType": "RelatedPerson", "patient": {"reference": "Patient/ann"}}
    api.agency.put("RelatedPerson/rita", relative)
    an_app(api.service)
    a_person(api.service, "rita", "RelatedPerson/rita")
    browser = Browser(api.service)
    browser.sign_in("rita")
    page = browser.ask(scope="patient/Goal.rs")
    authorization, _ = code_of(api.service, browser.decide())

    assert "Ann Example" not in page.text, "no consent opens her name"
    assert "Patient/ann" in page.text
    assert authorization.patient == "ann"


def test_staff_choose_a_patient_that_they_find(api: Api, dana: Browser) -> None:
    page = dana.ask()
    assert "Choose a patient" in page.text
    assert "Ann Example" in page.text
    assert "Bob Zed" in page.text
    found = dana.get(f"/oauth/authorize/patient?{dana.rest()}&name=exam&birthdate=1980-02-03")
    assert "Ann Example" in found.text
    assert "Bob Zed" not in found.text
    page = dana.choose("ann")
    assert "asks for access" in page.text
    assert "Ann Example" in page.text
    authorization, _ = code_of(api.service, dana.decide())

    assert authorization.patient == "ann"


def test_staff_that_ask_for_user_scopes_only_choose_nobody(api: Api, dana: Browser) -> None:
    assert "asks for access" in dana.ask(scope="user/Goal.rs").text
    assert code_of(api.service, dana.decide())[0].patient == ""


def test_patients_come_ten_at_a_time(api: Api, dana: Browser) -> None:
    for number in range(20):
        api.agency.put(f"Patient/p{number}", a_patient(name=[{"family": f"Many{number:02}"}]))
    dana.ask()
    query = f"{dana.rest()}&name=many"
    pages = [dana.get(f"/oauth/authorize/patient?{query}").text]
    more = dana.more()
    pages.append(dana.get(more).text)

    assert [text.count('name="patient"') for text in pages] == [10, 10]
    assert "Many09" in pages[0]
    assert "Many10" in pages[1]
    assert dana.more() == ""
    assert dana.get(more.replace("name=many", "name=zed")).status_code == 422


def test_a_patient_that_may_not_be_seen_is_absent_and_cannot_be_chosen(api: Api, dana: Browser) -> None:
    a_person(api.service, "sam", "Practitioner/sam", "Organization/stranger")
    browser = Browser(api.service)
    browser.sign_in("sam")
    page = browser.ask()

    assert "No patient that you may see matches" in page.text
    sent = {"form": browser.hidden("form") or "x", "request": browser.hidden("request")}
    browser.get("/account")
    sent["form"] = browser.hidden()
    browser.ask()
    ticket = browser.hidden("ticket")
    for id_ in ("ann", "nobody"):
        page = browser.post("/oauth/authorize/patient", {**sent, "ticket": ticket, "patient": id_})
        assert page.status_code == 403
        assert "there is no such patient that you may see" in page.text.lower()


def test_an_encounter_is_chosen_where_it_is_asked_for(api: Api, dana: Browser) -> None:
    class_ = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"}
    visit = {"resourceType": "Encounter", "status": "planned", "class": class_}
    for id_, of in (("e1", "ann"), ("e2", "bob")):
        period = {"start": "2026-05-04T10:00:00Z"}
        api.agency.put(
            f"Encounter/{id_}", {**visit, "subject": {"reference": f"Patient/{of}"}, "period": period}
        )
    scope = "launch/patient launch/encounter patient/Goal.rs"
    dana.ask(scope=scope)
    page = dana.choose("ann")
    assert "2026-05-04, AMB" in page.text
    assert page.text.count('name="encounter"') == 2
    fields = {**dana.fields(), "patient": "ann"}
    assert dana.post("/oauth/authorize/patient", {**fields, "encounter": "e2"}).status_code == 403
    dana.follow(dana.post("/oauth/authorize/patient", {**fields, "encounter": "e1"}))
    authorization, _ = code_of(api.service, dana.decide())
    assert json.loads(authorization.context) == {"encounter": "e1", "need_patient_banner": True}
    assert authorization.scope == scope
    dana.ask(scope=scope)
    dana.choose("ann")
    dana.follow(dana.post("/oauth/authorize/patient", {**dana.fields(), "encounter": ""}))
    authorization, _ = code_of(api.service, dana.decide())
    assert authorization.scope == "launch/patient patient/Goal.rs"


# Audit


def test_what_is_allowed_and_denied_is_recorded(api: Api, ann: Browser) -> None:
    ann.ask(scope="patient/Goal.rs")
    ann.decide()
    ann.ask(scope="patient/Goal.rs")
    ann.decide("deny")
    rows = [row for row in api.audit() if row["interaction"] in ("allow-app", "deny-app")]

    assert [(row["interaction"], row["client"], row["status"]) for row in rows] == [
        ("allow-app", "user:ann", 303),
        ("deny-app", "user:ann", 403),
    ]
    assert all(row["asked"] == "app app for Patient/ann from 192.0.2.7: patient/Goal.rs" for row in rows)

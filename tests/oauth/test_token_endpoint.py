"""The token endpoint without its web framework: RFC 6749 answers to every request."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

import pytest

from careplan_service.oauth.assertions import Assertions
from careplan_service.oauth.token_endpoint import TokenEndpoint
from oauth.conftest import tokens_of_nobody

BASE = "http://127.0.0.1:8000"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@pytest.fixture
def ask(token_endpoint, assertion):
    """Sends a good request, except for the parameters given; None leaves one out."""

    def send(**parameters):
        good = {
            "grant_type": "client_credentials",
            "scope": "system/Goal.rs",
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": assertion(),
        }
        form = {name: value for name, value in (good | parameters).items() if value is not None}
        return token_endpoint(FORM, urlencode(form).encode())

    return send


def test_a_good_request_is_answered_with_a_token_that_works(ask, verifier):
    status, document, headers = ask()
    caller = verifier.verify(document.pop("access_token"))
    assert status == 200
    assert document == {"token_type": "Bearer", "expires_in": 300, "scope": "system/Goal.rs"}
    assert (headers["Cache-Control"], headers["Pragma"]) == ("no-store", "no-cache")
    assert (caller.client_id, caller.purposes, str(caller.scopes)) == (
        "food-bank",
        ("COC",),
        "system/Goal.rs",
    )


def test_the_token_is_valid_as_long_as_the_answer_says(ask, verifier, clock):
    _, document, _ = ask()
    assert verifier.verify(document["access_token"]).expires == clock.time + document["expires_in"]


def test_the_asserted_purpose_of_use_is_in_the_token(ask, verifier, assertion):
    _, document, _ = ask(client_assertion=assertion(extensions={"hl7-b2b": {"purpose_of_use": "TREAT"}}))
    assert verifier.verify(document["access_token"]).purposes == ("TREAT",)


@pytest.mark.parametrize(
    ("requested", "granted"),
    [
        ("system/*.rs", "system/CarePlan.rs system/Goal.rs"),
        ("system/Goal.cruds", "system/Goal.rs"),
        ("system/Goal.cruds system/Consent.rs", "system/Goal.rs"),
        ("system/CarePlan.cu system/Goal.r", "system/CarePlan.cu system/Goal.r"),
        ("system/Goal.rs?category=housing", "system/Goal.rs?category=housing"),
        ("system/Goal.rs?category=a%2Cb,c", "system/Goal.rs?category=a,b,c"),
        ("system/Goal.read", "system/Goal.read"),
        ("system/*.read", "system/CarePlan.read system/Goal.read"),
        ("system/Goal.read system/CarePlan.c", "system/CarePlan.c system/Goal.rs"),
    ],
)
def test_the_granted_scope_is_what_of_the_requested_is_registered_in_the_words_it_was_asked_in(
    ask, verifier, requested, granted
):
    status, document, _ = ask(scope=requested)
    assert (status, document["scope"]) == (200, granted)
    caller = verifier.verify(document["access_token"])
    assert not caller.scopes.allows("u", "Goal")
    assert not caller.scopes.allows("r", "Consent")


@pytest.mark.parametrize(
    ("parameters", "status", "error", "because"),
    [
        ({"grant_type": None}, 400, "invalid_request", "`grant_type` is missing"),
        ({"grant_type": ""}, 400, "invalid_request", "`grant_type` is missing"),
        ({"grant_type": "authorization_code"}, 400, "unauthorized_client", "systems `client_credentials`"),
        ({"grant_type": "Client_Credentials"}, 400, "unsupported_grant_type", "or `client_credentials`"),
        ({"scope": None}, 400, "invalid_scope", "`scope` is missing"),
        ({"scope": ""}, 400, "invalid_scope", "`scope` is missing"),
        ({"scope": "system/Consent.rs"}, 400, "invalid_scope", "none of the requested"),
        ({"scope": "system/Goal.c"}, 400, "invalid_scope", "none of the requested"),
        ({"scope": "system/Patient.rs"}, 400, "invalid_scope", "no resource type"),
        ({"scope": "system/Goal.rs?"}, 400, "invalid_scope", "after the `?` write"),
        ({"scope": "system/Goal.rs?category:in=x"}, 400, "invalid_scope", "is not enforced in scopes"),
        ({"scope": "system/Goal.rs?start-date=soon"}, 400, "invalid_scope", "`soon`"),
        ({"scope": "patient/Goal.rs"}, 400, "invalid_scope", "ask for a `system/` scope"),
        ({"scope": 'system/Goal.rs "\\\x00ü'}, 400, "invalid_scope", "`'/??`"),
        ({"client_assertion": None}, 401, "invalid_client", "authenticate with"),
        ({"client_assertion": "x"}, 401, "invalid_client", "cannot be read"),
        ({"client_assertion_type": None}, 401, "invalid_client", "authenticate with"),
        ({"client_assertion_type": ASSERTION_TYPE.upper()}, 401, "invalid_client", "authenticate with"),
        ({"client_assertion_type": ASSERTION_TYPE + "x"}, 401, "invalid_client", "authenticate with"),
        ({"client_id": "shelter"}, 401, "invalid_client", "`client_id` must be"),
    ],
)
def test_a_bad_request_is_answered_with_the_error_of_rfc_6749_and_a_sentence(
    ask, parameters, status, error, because
):
    answered, document, headers = ask(**parameters)
    assert (answered, document["error"]) == (status, error)
    assert because in document["error_description"]
    assert set(document) == {"error", "error_description"}
    assert (headers["Cache-Control"], headers["Pragma"]) == ("no-store", "no-cache")
    assert ("WWW-Authenticate" in headers) == (status == 401)


def test_a_purpose_of_use_that_is_not_registered_is_an_invalid_request(ask, assertion):
    status, document, _ = ask(
        client_assertion=assertion(extensions={"hl7-b2b": {"purpose_of_use": "HMARKT"}})
    )
    assert (status, document["error"]) == (400, "invalid_request")
    assert "`HMARKT` is not registered" in document["error_description"]


def test_an_unknown_client_a_disabled_one_and_a_wrong_key_get_the_same_answer(ask, assertion, ring):
    answers = [
        ask(client_assertion=assertion(sub="nobody")),
        ask(client_assertion=assertion(sub="closed")),
        ask(client_assertion=assertion(sub="keyless")),
        ask(client_assertion=assertion(ring.other_rsa)),
        ask(client_assertion=assertion(header={"kid": "other"})),
    ]
    assert answers[0][0] == 401
    assert all(answer == answers[0] for answer in answers)


def test_who_is_not_known_does_not_learn_which_scopes_are_registered(ask, assertion):
    _, document, _ = ask(client_assertion=assertion(sub="nobody"), scope="nonsense")
    assert document["error"] == "invalid_client"


def test_a_request_is_not_answered_twice(ask, assertion):
    once = assertion()
    assert [ask(client_assertion=once)[0] for _ in range(2)] == [200, 401]


def test_of_two_requests_at_once_with_one_assertion_exactly_one_gets_a_token(ask, assertion):
    once, at_once = assertion(), threading.Barrier(2)

    def status(_: int) -> int:
        at_once.wait(60)
        return ask(client_assertion=once)[0]

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(status, range(2))) == [200, 401]


def test_a_name_in_other_case_is_another_parameter(ask):
    assert ask(Scope="system/CarePlan.rs", unknown="x")[1]["scope"] == "system/Goal.rs"


@pytest.mark.parametrize(
    ("headers", "body", "status", "because"),
    [
        ({}, b"grant_type=client_credentials", 400, "application/x-www-form-urlencoded"),
        ({"Content-Type": "application/json"}, b"{}", 400, "application/x-www-form-urlencoded"),
        ({"Content-Type": "multipart/form-data; boundary=x"}, b"", 400, "application/x-www-form-urlencoded"),
        (FORM, b"grant_type=client_credentials&grant_type=client_credentials", 400, "repeated: grant_type"),
        (FORM, b"grant_type=client_credentials&scope=a&scope=", 400, "repeated: scope"),
        (FORM, b"%22%5C=a&%22%5C=b", 400, "repeated: '/"),
        (FORM, b"", 400, "`grant_type` is missing"),
        (FORM, b"grant_type", 400, "cannot be read"),
        (FORM, b"scope=%ff", 400, "cannot be read"),
        (FORM, b"scope=\xff", 400, "cannot be read"),
        (FORM, b"&".join(b"a%d=1" % number for number in range(21)), 400, "cannot be read"),
        (FORM, b"a=" + b"x" * 70_000, 400, "longer than"),
        (
            FORM | {"authorization": "Basic Zm9vZC1iYW5rOng="},
            b"grant_type=client_credentials",
            401,
            "no registered client of that id",
        ),
    ],
)
def test_a_request_in_another_form_is_refused(token_endpoint, headers, body, status, because):
    answered, document, answer_headers = token_endpoint(headers, body)
    assert answered == status
    assert document["error"] == ("invalid_request" if status == 400 else "invalid_client")
    assert because in document["error_description"]
    assert answer_headers["Cache-Control"] == "no-store"


def test_the_content_type_may_have_parameters_and_any_case(token_endpoint):
    headers = {"content-type": "Application/X-WWW-Form-Urlencoded; charset=UTF-8"}
    assert token_endpoint(headers, b"")[1]["error_description"].startswith("`grant_type`")


def test_tokens_are_not_given_over_plain_http(clients, clock, issuer):
    assertions = Assertions(
        "http://careplan.example/oauth/token", clients.get, clients.remember_jti, str, clock
    )
    endpoint = TokenEndpoint(assertions, {}, tokens_of_nobody(issuer))
    status, document, _ = endpoint(FORM, b"grant_type=client_credentials")
    assert (status, document["error"]) == (400, "insecure_transport")

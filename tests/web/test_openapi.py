"""Specifications: https://spec.openapis.org/oas/v3.1.0.html and https://yaml.org/spec/1.2.2/"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from openapi_spec_validator import OpenAPIV31SpecValidator
from werkzeug.routing import MapAdapter, Rule

from builders import Answer, Api, a_consent, a_goal, a_patient, a_provision
from careplan_service.app import Service, app_of
from careplan_service.interactions.metadata import COMMON_PARAMETERS
from careplan_service.oauth.assertions import ASSERTION_TYPE
from careplan_service.oauth.jwks import ALGORITHMS
from careplan_service.oauth.token_endpoint import GRANT_TYPE
from careplan_service.resources.registry import SERVED
from careplan_service.web.openapi import openapi_document, openapi_yaml
from careplan_service.web.yaml_text import yaml_text

Document = dict[str, Any]

FILE = Path(__file__).parents[2] / "openapi" / "careplan.yaml"
METHODS = ("get", "post", "put", "delete", "patch", "head")
DOCUMENT = openapi_document()
OPERATIONS = [
    (path, method) for path, item in DOCUMENT["paths"].items() for method in METHODS if method in item
]


def test_the_file_is_what_the_tables_generate() -> None:
    assert FILE.read_text(encoding="utf-8") == openapi_yaml(), "run `make openapi`"


def test_the_yaml_says_what_the_document_says() -> None:
    assert read_yaml(openapi_yaml()) == openapi_document()


def test_it_is_valid_openapi() -> None:
    assert list(OpenAPIV31SpecValidator(openapi_document()).iter_errors()) == []


@pytest.mark.parametrize("name", SERVED)
def test_every_search_parameter_of_a_type_is_there_with_its_kind_and_modifiers(name: str) -> None:
    described = {p["name"]: p for p in map(resolved, DOCUMENT["paths"][f"/fhir/{name}"]["get"]["parameters"])}
    common = {common for common, _ in COMMON_PARAMETERS}

    assert {p.name for p in SERVED[name].params} | common <= described.keys()
    for param in SERVED[name].params:
        about = described[param.name]["description"]
        assert about.startswith(f"{param.kind} of ")
        assert all(f"`:{modifier}`" in about for modifier in param.modifiers)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_search_takes_every_parameter_that_is_described(api: Api) -> None:
    for name in SERVED:
        described = {
            p["name"] for p in map(resolved, DOCUMENT["paths"][f"/fhir/{name}"]["get"]["parameters"])
        }
        [(_, told)] = api.agency.get(f"/fhir/{name}?unknown=1").faults
        taken = told.partition(f"{name} has ")[2].split(", ")

        assert described == {*taken, "_format", "_cursor"}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_paging_parameters_are_described_with_the_values_they_take(api: Api) -> None:
    for parameter in DOCUMENT["components"]["parameters"].values():
        for value in parameter["schema"].get("enum", ()):
            assert api.agency.get(f"/fhir/Goal?{parameter['name']}={value}").status == 200
    for _ in range(2):
        api.agency.make(a_goal(of="Patient/x"))
    links = api.agency.get("/fhir/Goal?_count=1").json["link"]
    assert api.agency.get({link["relation"]: link["url"] for link in links}["next"]).status == 200


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_every_operation_is_routed_and_every_route_is_an_operation(service: Service) -> None:
    urls = app_of(service).url_map
    adapter: MapAdapter = urls.bind("careplan.example.org")
    reached = {(matched(adapter, path, method).rule, method) for path, method in OPERATIONS}

    offered = {
        (rule.rule, method.lower())
        for rule in urls.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert reached == offered


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_every_interaction_of_every_type_is_an_operation(service: Service) -> None:
    generic = [
        (rule.rule, method.lower())
        for rule in app_of(service).url_map.iter_rules()
        if "type_" in rule.arguments
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    ]
    for name in SERVED:
        for rule, method in generic:
            path = rule.replace("<string:type_>", name)
            path = path.replace("<string:id_>", "{id}").replace("<string:version>", "{vid}")
            assert (path, method) in OPERATIONS


def test_operation_ids_are_unique() -> None:
    ids = [DOCUMENT["paths"][path][method]["operationId"] for path, method in OPERATIONS]

    assert len(set(ids)) == len(ids)


def test_an_operation_is_open_or_asks_for_a_scope_that_is_declared() -> None:
    declared = DOCUMENT["components"]["securitySchemes"]["oauth2"]["flows"]["clientCredentials"]["scopes"]

    for path, method in OPERATIONS:
        for requirement in DOCUMENT["paths"][path][method].get("security", DOCUMENT["security"]):
            assert set(requirement["oauth2"]) <= set(declared), (path, method)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_operation_without_security_answers_without_a_token_and_no_other_does(service: Service) -> None:
    http = app_of(service).test_client()
    for path, method in OPERATIONS:
        secured = DOCUMENT["paths"][path][method].get("security", True)
        sent = {"grant_type": GRANT_TYPE} if path == "/oauth/token" else None
        asked = path.replace("{id}", "x").replace("{vid}", "1")
        response = http.open(asked, method=method.upper(), data=sent)
        problem = response.get_json(silent=True) or {}
        assert ((problem.get("issue") or [{}])[0].get("code") == "login") == bool(secured), path


def test_what_is_said_of_tokens_is_what_the_token_endpoint_takes() -> None:
    form = DOCUMENT["paths"]["/oauth/token"]["post"]["requestBody"]["content"]
    fields = form["application/x-www-form-urlencoded"]["schema"]["properties"]

    assert fields["grant_type"]["const"] == GRANT_TYPE
    assert fields["client_assertion_type"]["const"] == ASSERTION_TYPE
    assert all(algorithm in fields["client_assertion"]["description"] for algorithm in ALGORITHMS)


GOAL = "/fhir/Goal/{id}"
SEEN = [
    ("get", "/fhir/metadata", "/fhir/metadata", None, 200),
    ("get", "/fhir/metadata", "/fhir/metadata?_format=xml", None, 406),
    ("get", "/fhir/Goal", "/fhir/Goal?patient=Patient/x", None, 200),
    ("get", "/fhir/Goal", "/fhir/Goal?unknown=1", None, 400),
    ("post", "/fhir/Goal", "/fhir/Goal", a_goal(of="Patient/x"), 201),
    ("post", "/fhir/Goal", "/fhir/Goal", "{", 400),
    ("post", "/fhir/Goal", "/fhir/Goal", {"resourceType": "Goal"}, 422),
    ("get", GOAL, "/fhir/{goal}", None, 200),
    ("get", GOAL, "/fhir/Goal/none", None, 404),
    ("put", GOAL, "/fhir/Goal/mine", {**a_goal(of="Patient/x"), "id": "mine"}, 201),
    ("put", GOAL, "/fhir/Goal/mine", a_goal(of="Patient/x"), 400),
    ("delete", GOAL, "/fhir/{goal}", None, 204),
    ("get", f"{GOAL}/_history", "/fhir/{goal}/_history", None, 200),
    ("get", f"{GOAL}/_history", "/fhir/{goal}/_history?_since=2026", None, 400),
    ("get", f"{GOAL}/_history/{{vid}}", "/fhir/{goal}/_history/1", None, 200),
    ("post", "/fhir", "/fhir", {"resourceType": "Bundle", "type": "transaction"}, 200),
    ("post", "/fhir", "/fhir", {"resourceType": "Bundle", "type": "batch"}, 422),
    ("get", GOAL, "/fhir/{goal}?unknown=1", None, 400),
    ("post", "/plans", "/plans", {}, 415),
    ("get", "/plans/{id}", "/plans/none", None, 404),
    ("get", "/plans/{id}.csv", "/plans/none.csv", None, 404),
    ("get", "/health/live", "/health/live", None, 200),
    ("get", "/health/ready", "/health/ready", None, 200),
    ("get", "/metrics", "/metrics", None, 200),
    ("get", "/oauth/jwks", "/oauth/jwks", None, 200),
]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_is_answered_is_described(api: Api) -> None:
    for method, path, asked, body, status in SEEN:
        goal = api.agency.make(a_goal(of="Patient/x"))
        answer = api.agency(method.upper(), asked.format(goal=goal), body)

        assert answer.status == status, (method, asked, answer.body)
        assert_described(answer, path, method)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_is_refused_is_described(api: Api) -> None:
    ann = api.agency.make(a_patient())
    goal = api.agency.make(a_goal(of=ann))
    api.agency.make(a_consent(ann, a_provision(to="Organization/partner")))
    changed = {**a_goal(of=ann), "id": goal.removeprefix("Goal/")}
    reader = api.asking("agency", scope="system/Goal.u")
    refusals = [
        (403, "put", GOAL, api.partner("PUT", f"/fhir/{goal}", changed)),
        (412, "put", GOAL, api.agency("PUT", f"/fhir/{goal}", changed, If_Match='W/"7"')),
        (405, "put", GOAL, reader("PUT", "/fhir/Goal/new", {**changed, "id": "new"})),
        (403, "get", GOAL, reader.get(f"/fhir/{goal}")),
        (415, "post", "/fhir/Goal", api.agency("POST", "/fhir/Goal", "x", Content_Type="text/plain")),
        (501, "put", GOAL, api.agency("PUT", f"/fhir/{goal}", changed, If_None_Match="*")),
        (200, "post", "/fhir/Goal/_search", as_form(api, f"patient={ann}")),
        (400, "post", "/fhir/Goal/_search", as_form(api, "unknown=1")),
        (204, "delete", GOAL, api.agency("DELETE", f"/fhir/{goal}")),
        (410, "get", GOAL, api.agency.get(f"/fhir/{goal}")),
        (410, "get", f"{GOAL}/_history/{{vid}}", api.agency.get(f"/fhir/{goal}/_history/2")),
    ]
    for status, method, path, answer in refusals:
        assert answer.status == status, answer.body
        assert_described(answer, path, method)


WORDS = [
    "no",
    "Null",
    "TRUE",
    "y",
    "-",
    "1e3",
    "0x1f",
    "2026-01-31",
    "a: b",
    "# no",
    "\x85\u2028",
    "~",
    "<<",
    "",
]
TEXT = st.text(st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"])) | st.sampled_from(WORDS)
# YAML reads a key of one line up to 1,024 characters; ours are names and paths.
KEYS = TEXT.filter(lambda text: len(text) < 80)
SCALARS = st.none() | st.booleans() | st.integers() | TEXT
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(KEYS, VALUES, max_size=5))
def test_yaml_text_is_read_as_the_value_it_was_made_of(value: Document) -> None:
    assert read_yaml(yaml_text(value)) == value


def read_yaml(text: str) -> Any:
    """What a reader that knows nothing of our own writer makes of it; the fast one where there is one."""
    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def resolved(node: Document) -> Document:
    """The node, or what its `$ref` points to."""
    for step in node.get("$ref", "").split("/")[1:]:
        node = (DOCUMENT if step == "components" else node)[step]
    return node


def matched(adapter: MapAdapter, path: str, method: str) -> Rule:
    """The route that answers an operation."""
    rule, _ = adapter.match(path.replace("{id}", "x").replace("{vid}", "1"), method.upper(), return_rule=True)
    assert isinstance(rule, Rule)
    return rule


def as_form(api: Api, form: str) -> Answer:
    """A search with its parameters in the body."""
    return api.agency("POST", "/fhir/Goal/_search", form, Content_Type="application/x-www-form-urlencoded")


def assert_described(answer: Answer, path: str, method: str) -> None:
    """The status, the media type and the headers of an answer are those of the document."""
    described = resolved(DOCUMENT["paths"][path][method]["responses"][str(answer.status)])
    media_type = answer.headers.get("Content-Type", "").partition(";")[0]
    if described.get("content"):
        assert media_type in described["content"]
    assert described.get("headers", {}).keys() <= set(answer.headers.keys())

"""Specifications: https://spec.openapis.org/oas/v3.1.0.html and https://yaml.org/spec/1.2.2/"""

from __future__ import annotations

import re
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
from careplan_service.interactions.compartment import MEMBERS
from careplan_service.interactions.controls import CONTROLS, PRESENTATION
from careplan_service.interactions.metadata import COMMON_PARAMETERS
from careplan_service.oauth.assertions import ASSERTION_TYPE
from careplan_service.oauth.jwks import ALGORITHMS
from careplan_service.oauth.server import CLIENT_CREDENTIALS, GRANT_TYPES
from careplan_service.resources.registry import SERVED
from careplan_service.web.authorize import PAGES as ASKING
from careplan_service.web.openapi import openapi_document, openapi_yaml
from careplan_service.web.yaml_text import yaml_text

Document = dict[str, Any]

FURTHER_PAGES = set(ASKING) - {"/oauth/authorize"}
INCLUDES = ("_include", "_revinclude")
FILE = Path(__file__).parents[2] / "openapi" / "careplan.yaml"
METHODS = ("get", "post", "put", "delete", "patch", "head")
IN_PATH = {"{id}": "x", "{vid}": "1", "{asset}": "page.css"}
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
    described = parameters_of(f"/fhir/{name}", "get")

    assert {p.name for p in SERVED[name].params} | COMMON_PARAMETERS.keys() <= described.keys()
    for param in SERVED[name].params:
        about = described[param.name]["description"]
        assert about.startswith(f"{param.kind} of ")
        assert all(f"`:{modifier}`" in about for modifier in param.modifiers)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_search_takes_every_parameter_that_is_described(api: Api) -> None:
    for name in SERVED:
        described = parameters_of(f"/fhir/{name}", "get")
        [(_, told)] = api.agency.get(f"/fhir/{name}?unknown=1").faults
        taken = {*told.partition(f"{name} has ")[2].split(", "), *PRESENTATION, *INCLUDES, "_cursor"}
        controls = CONTROLS - {"_type", "_containedType"}

        assert described.keys() == taken | controls | {"_filter", "further", "Prefer"}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_history_and_a_record_take_every_parameter_that_is_described(api: Api) -> None:
    ann = api.agency.make(a_patient())
    for path, about in (("/fhir/_history", "history"), ("/fhir/Patient/{id}/$everything", "`$everything`")):
        described = parameters_of(path, "get")
        asked = path.replace("Patient/{id}", ann)
        [(_, told)] = api.agency.get(f"{asked}?unknown=1").faults
        taken = {*told.partition("it has ")[2].split(", "), *PRESENTATION, "_cursor"}

        assert told.startswith(about)
        assert described.keys() - {"id"} == taken


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_condition_on_a_write_is_described_where_it_is_looked_at(api: Api) -> None:
    for path, method in OPERATIONS:
        if not path.startswith("/fhir/Goal") or method not in ("post", "put", "patch", "delete"):
            continue
        described = parameters_of(path, method)
        for header, value in (("If-None-Exist", "_id=none"), ("If-None-Match", 'W/"9"')):
            if path.endswith(("_search", "$validate", "$why-access", "$explain-search")):
                assert header not in described
                continue
            answer = api.agency(method.upper(), in_path(path), "{}", **{header: value})
            assert (answer.status == 501) == (header not in described), (path, method, header)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_paging_parameters_are_described_with_the_values_they_take(api: Api) -> None:
    for parameter in parameters_of("/fhir/Goal", "get").values():
        for value in parameter["schema"].get("enum", ()) if parameter["in"] == "query" else ():
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
        if not rule.endpoint.startswith("people.") and rule.rule not in FURTHER_PAGES  # no API
        for method in (rule.methods or set()) - {"OPTIONS"}
    }
    assert reached == offered


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_every_interaction_of_every_type_is_an_operation(service: Service) -> None:
    generic = [
        (rule.rule, method.lower())
        for rule in app_of(service).url_map.iter_rules()
        if "type_" in rule.arguments
        for method in (rule.methods or set()) - {"OPTIONS"}
    ]
    for name in SERVED:
        for rule, method in generic:
            if "<any(" in rule and name not in MEMBERS:
                continue
            path = re.sub(r"<(?:string|any\(.*\)):type_>", name, rule)
            path = path.replace("<string:id_>", "{id}").replace("<string:version>", "{vid}")
            assert (path, method) in OPERATIONS


def test_operation_ids_are_unique() -> None:
    ids = [DOCUMENT["paths"][path][method]["operationId"] for path, method in OPERATIONS]

    assert len(set(ids)) == len(ids)


def test_an_operation_is_open_or_asks_for_a_scope_that_is_declared() -> None:
    declared = DOCUMENT["components"]["securitySchemes"]["oauth2"]["flows"]["clientCredentials"]["scopes"]

    for path, method in OPERATIONS:
        for requirement in DOCUMENT["paths"][path][method].get("security", DOCUMENT["security"]):
            assert set(requirement.get("oauth2", ())) <= set(declared), (path, method)


def test_the_scopes_of_an_operation_are_those_without_which_it_is_refused() -> None:
    asked = {
        (path, method): set(DOCUMENT["paths"][path][method]["security"][0]["oauth2"])
        for path, method in OPERATIONS
        if DOCUMENT["paths"][path][method].get("security")
    }

    assert asked[("/fhir/Goal", "get")] == {"system/Goal.s"}
    assert asked[("/fhir/Goal", "put")] == {"system/Goal.u", "system/Goal.s"}
    assert asked[("/fhir/Patient/{id}/Goal", "get")] == {"system/Goal.s"}
    assert asked[("/fhir/Goal/{id}/_history/{vid}", "head")] == {"system/Goal.r"}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_operation_without_security_answers_without_a_token_and_no_other_does(service: Service) -> None:
    http = app_of(service).test_client()
    for path, method in OPERATIONS:
        secured = DOCUMENT["paths"][path][method].get("security", True)
        sent = {"grant_type": CLIENT_CREDENTIALS, "token": "x"} if path.startswith("/oauth/") else None
        response = http.open(in_path(path), method=method.upper(), data=sent)
        assert response.headers.get("WWW-Authenticate", "").startswith("Bearer") == bool(secured), path


def test_what_is_said_of_tokens_is_what_the_token_endpoint_takes() -> None:
    form = DOCUMENT["paths"]["/oauth/token"]["post"]["requestBody"]["content"]
    fields = form["application/x-www-form-urlencoded"]["schema"]["properties"]

    assert fields["grant_type"]["enum"] == list(GRANT_TYPES)
    assert fields["client_assertion_type"]["const"] == ASSERTION_TYPE
    assert all(algorithm in fields["client_assertion"]["description"] for algorithm in ALGORITHMS)


GOAL = "/fhir/Goal/{id}"
SERVER = "/.well-known/oauth-authorization-server"
PARAMETERS = {"resourceType": "Parameters"}
BUNDLE = {"resourceType": "Bundle"}
SEEN = [
    ("get", "/fhir/metadata", "/fhir/metadata", None, 200),
    ("get", "/fhir/metadata", "/fhir/metadata?_format=xml", None, 200),
    ("get", "/fhir/metadata", "/fhir/metadata?_format=ttl", None, 406),
    ("get", "/fhir/Goal", "/fhir/Goal?patient=Patient/x", None, 200),
    ("get", "/fhir/Goal", "/fhir/Goal?unknown=1", None, 400),
    ("get", "/fhir/Goal", "/fhir/Goal?_list=1", None, 501),
    ("get", "/fhir", "/fhir?_type=Goal,Patient&_format=xml", None, 200),
    ("get", "/fhir/Patient/{id}/Goal", "/fhir/Patient/x/Goal", None, 200),
    ("get", "/fhir/Patient/{id}/*", "/fhir/Patient/x/*?_list=1", None, 501),
    ("get", "/fhir/Patient/{id}/$everything", "/fhir/Patient/x/$everything", None, 200),
    ("get", "/fhir/CarePlan/{id}/$everything", "/fhir/CarePlan/none/$everything", None, 404),
    ("post", "/fhir/Goal", "/fhir/Goal", a_goal(of="Patient/x"), 201),
    ("post", "/fhir/Goal", "/fhir/Goal", "{", 400),
    ("post", "/fhir/Goal", "/fhir/Goal", {"resourceType": "Goal"}, 422),
    ("get", GOAL, "/fhir/{goal}", None, 200),
    ("get", GOAL, "/fhir/{goal}?_format=xml&_summary=true", None, 200),
    ("head", GOAL, "/fhir/{goal}", None, 200),
    ("get", GOAL, "/fhir/Goal/none", None, 404),
    ("put", GOAL, "/fhir/Goal/mine", {**a_goal(of="Patient/x"), "id": "mine"}, 201),
    ("put", GOAL, "/fhir/Goal/mine", a_goal(of="Patient/x"), 400),
    ("put", "/fhir/Goal", "/fhir/Goal?patient=Patient/y", a_goal(of="Patient/y"), 201),
    ("put", "/fhir/Goal", "/fhir/Goal?patient=Patient/y", a_goal(of="Patient/y"), 200),
    ("put", "/fhir/Goal", "/fhir/Goal?patient=Patient/x", a_goal(of="Patient/x"), 412),
    ("patch", GOAL, "/fhir/{goal}", PARAMETERS, 200),
    ("patch", "/fhir/Goal", "/fhir/Goal?patient=Patient/y", PARAMETERS, 200),
    ("patch", "/fhir/Goal", "/fhir/Goal?patient=Patient/none", PARAMETERS, 404),
    ("delete", "/fhir/Goal", "/fhir/Goal?patient=Patient/y", None, 204),
    ("delete", "/fhir/Goal", "/fhir/Goal?patient=Patient/x", None, 412),
    ("delete", GOAL, "/fhir/{goal}", None, 204),
    ("get", f"{GOAL}/_history", "/fhir/{goal}/_history?_since=2026", None, 200),
    ("get", f"{GOAL}/_history", "/fhir/{goal}/_history?unknown=1", None, 400),
    ("get", "/fhir/Goal/_history", "/fhir/Goal/_history", None, 200),
    ("get", "/fhir/_history", "/fhir/_history?_format=xml", None, 200),
    ("get", f"{GOAL}/_history/{{vid}}", "/fhir/{goal}/_history/1", None, 200),
    ("get", f"{GOAL}/_history/{{vid}}/$meta", "/fhir/{goal}/_history/1/$meta", None, 200),
    ("get", f"{GOAL}/$meta", "/fhir/{goal}/$meta", None, 200),
    ("get", "/fhir/$meta", "/fhir/$meta", None, 200),
    ("post", "/fhir/$validate", "/fhir/$validate", a_goal(of="Patient/x"), 200),
    ("post", "/fhir/Goal/$validate", "/fhir/Goal/$validate", PARAMETERS, 400),
    ("get", f"{GOAL}/$validate", "/fhir/{goal}/$validate", None, 200),
    ("post", "/fhir", "/fhir", {**BUNDLE, "type": "transaction"}, 200),
    ("post", "/fhir", "/fhir", {**BUNDLE, "type": "batch"}, 200),
    ("post", "/fhir", "/fhir", {**BUNDLE, "type": "collection"}, 422),
    ("get", GOAL, "/fhir/{goal}?unknown=1", None, 400),
    ("post", "/plans", "/plans", {}, 415),
    ("get", "/plans/{id}", "/plans/none", None, 404),
    ("get", "/plans/{id}.csv", "/plans/none.csv", None, 404),
    ("get", "/health/live", "/health/live", None, 200),
    ("get", "/health/ready", "/health/ready", None, 200),
    ("get", "/metrics", "/metrics", None, 200),
    ("get", "/oauth/jwks", "/oauth/jwks", None, 200),
    ("get", SERVER, SERVER, None, 200),
    ("post", "/oauth/register", "/oauth/register", {}, 404),
    ("get", "/oauth/register/{id}", "/oauth/register/none", None, 404),
    ("get", "/fhir/.well-known/udap", "/fhir/.well-known/udap", None, 404),
    ("get", "/docs", "/docs", None, 200),
    ("get", "/docs/openapi.json", "/docs/openapi.json", None, 200),
    ("get", "/docs/{asset}", "/docs/page.js", None, 200),
    ("get", "/docs/{asset}", "/docs/page.html", None, 404),
]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_is_answered_is_described(api: Api) -> None:
    for method, path, asked, body, status in SEEN:
        goal = api.agency.make(a_goal(of="Patient/x"))
        answer = api.agency(method.upper(), asked.format(goal=goal), body)

        assert answer.status == status, (method, asked, answer.body)
        assert_described(answer, path, method)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_is_refused_is_described(strict_api: Api) -> None:
    api = strict_api
    api.agency.put("Organization/partner", {"resourceType": "Organization", "name": "the food bank"})
    ann = api.agency.make(a_patient())
    goal = api.agency.make(a_goal(of=ann))
    api.agency.make(a_consent(ann, a_provision(to="Organization/partner")))
    changed = {**a_goal(of=ann), "id": goal.removeprefix("Goal/")}
    reader = api.asking("agency", scope="system/Goal.u")
    refusals = [
        (403, "put", GOAL, api.partner("PUT", f"/fhir/{goal}", changed)),
        (412, "put", GOAL, api.agency("PUT", f"/fhir/{goal}", changed, If_Match='W/"7"')),
        (403, "get", GOAL, reader.get(f"/fhir/{goal}")),
        (415, "post", "/fhir/Goal", api.agency("POST", "/fhir/Goal", "x", Content_Type="text/plain")),
        (412, "put", GOAL, api.agency("PUT", f"/fhir/{goal}", changed, If_None_Match="*")),
        (501, "put", GOAL, api.agency("PUT", f"/fhir/{goal}", changed, If_Unmodified_Since="x")),
        (304, "get", GOAL, api.agency.get(f"/fhir/{goal}", If_None_Match='W/"1"')),
        (409, "delete", "/fhir/Patient/{id}", referred_to(api)),
        (422, "delete", GOAL, used_key_again(api)),
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


def parameters_of(path: str, method: str) -> dict[str, Document]:
    """What an operation takes, by name."""
    item = DOCUMENT["paths"][path]
    taken = [*item.get("parameters", ()), *item[method].get("parameters", ())]
    return {parameter["name"]: parameter for parameter in map(resolved, taken)}


def in_path(path: str) -> str:
    """An address of the path."""
    for name, value in IN_PATH.items():
        path = path.replace(name, value)
    return path


def matched(adapter: MapAdapter, path: str, method: str) -> Rule:
    """The route that answers an operation."""
    rule, _ = adapter.match(in_path(path), method.upper(), return_rule=True)
    assert isinstance(rule, Rule)
    return rule


def as_form(api: Api, form: str) -> Answer:
    """A search with its parameters in the body."""
    return api.agency("POST", "/fhir/Goal/_search", form, Content_Type="application/x-www-form-urlencoded")


def referred_to(api: Api) -> Answer:
    """The refusal to delete what another resource refers to."""
    ann = api.agency.make(a_patient())
    api.agency.make(a_goal(of=ann))
    return api.agency("DELETE", f"/fhir/{ann}")


def used_key_again(api: Api) -> Answer:
    """The refusal of a key that was used for another request."""
    ann = api.agency.make(a_patient())
    made = [api.agency.make(a_goal(of=ann)) for _ in range(2)]
    return [api.agency("DELETE", f"/fhir/{goal}", Idempotency_Key="k") for goal in made][1]


def assert_described(answer: Answer, path: str, method: str) -> None:
    """The status, the media type and the headers of an answer are those of the document."""
    described = resolved(DOCUMENT["paths"][path][method]["responses"][str(answer.status)])
    media_type = answer.headers.get("Content-Type", "").partition(";")[0]
    if described.get("content"):
        assert media_type in described["content"]
    for name, header in described.get("headers", {}).items():
        assert name in answer.headers or not resolved(header).get("required")

"""The service does what its OpenAPI document says, asked by requests made of that document.

https://schemathesis.readthedocs.io/
"""

from __future__ import annotations

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis.specs.openapi import checks

from builders import Api, a_care_plan, a_goal, a_patient
from careplan_service.app import app_of

CHECKS = [
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
EXAMPLES, SEED = 3, 20261121
PARTS = {
    "one type": r"^/fhir/Goal(/_|/\$|$)",
    "one instance": r"^/fhir/Goal/\{id\}(/|$)",
    "a record": r"^/fhir/Patient/\{id\}/(Consent|\*|\$every)|^/fhir/CarePlan/\{id\}(/\$every|$)",
    "all types": r"^/fhir($|/[$_]|/metadata)",
    "definitions": r"^/fhir/(ConceptMap/\$|ValueSet$)",
    "the rest": r"^/(plans|oauth|health|metrics|docs|(fhir/)?\.well-known)",
}
QUIET = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("part", PARTS)
def test_what_is_answered_is_what_the_document_says(api: Api, part: str) -> None:
    for made in (a_patient("Ann"), a_goal("Patient/0"), a_care_plan("Patient/0", goals=("Goal/0",))):
        assert api.agency.put(f"{made['resourceType']}/0", made).status == 201
    schema = schemathesis.openapi.from_wsgi("/docs/openapi.json", app_of(api.service))
    sent = {"Authorization": f"Bearer {api.token('agency')}", "Accept-Encoding": "identity"}
    asked = [found.ok() for found in schema.include(path_regex=PARTS[part]).get_all_operations()]

    assert asked

    for operation in asked:

        @seed(SEED)
        @settings(
            max_examples=EXAMPLES,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=QUIET,
        )
        @given(case=operation.as_strategy())
        def ask(case: schemathesis.Case) -> None:
            case.call_and_validate(headers=sent, checks=CHECKS)

        ask()

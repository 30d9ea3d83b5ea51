"""Definitions and questions about codes over HTTP. https://hl7.org/fhir/R4/terminology-service.html"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest
from fhir.resources.R4B import get_fhir_model_class
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builders import Api
from careplan_service.interventions.canonical import BASE, GRAVITY, ICD_10_CM, INTERVENTION, SNOMED
from careplan_service.interventions.vocabulary import vocabulary
from careplan_service.interventions.vocabulary.model import CONVERSE
from careplan_service.interventions.vocabulary.whole import TYPES
from careplan_service.resources import r4

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
LINKS = [(one, link) for one in vocabulary().maps.values() for link in one.links if link.target]
FHIR = "application/fhir+json"
Json = dict[str, Any]


class Asking:
    """Questions without a token."""

    def __init__(self, api: Api) -> None:
        self._http = api.http

    def get(self, path: str, **query: str) -> tuple[int, Json]:
        answer = self._http.get(f"/fhir/{path}?{urlencode(query)}")
        if answer.status_code == 200:
            get_fhir_model_class(answer.json["resourceType"]).model_validate(answer.json)
            assert r4.check(r4.parse(answer.data), answer.json["resourceType"]) == ()
        return answer.status_code, answer.json

    def post(self, path: str, *parts: Json) -> tuple[int, Json]:
        sent = {"resourceType": "Parameters", "parameter": list(parts)}
        answer = self._http.post(f"/fhir/{path}", json=sent, headers={"Content-Type": FHIR})
        return answer.status_code, answer.json

    def matches(self, path: str = "ConceptMap/$translate", **query: str) -> dict[tuple[str, str], str]:
        """System and code of each match, with its equivalence."""
        status, told = self.get(path, **query)
        assert status == 200, told
        return matches_in(told)


def matches_in(told: Json) -> dict[tuple[str, str], str]:
    found = {}
    for match in told["parameter"]:
        part = {one["name"]: one for one in match.get("part", ())}
        if "concept" in part:
            coding = part["concept"]["valueCoding"]
            found[coding["system"], coding["code"]] = part["equivalence"]["valueCode"]
    return found


def values(told: Json) -> dict[str, Any]:
    """The parameters that have a value of their own."""
    return {
        one["name"]: value
        for one in told["parameter"]
        for key, value in one.items()
        if key.startswith("value")
    }


@pytest.fixture
def asking(api: Api) -> Asking:
    return Asking(api)


def fault(answer: tuple[int, Json]) -> tuple[int, str]:
    """Status and text of a refusal."""
    status, told = answer
    assert told["resourceType"] == "OperationOutcome"
    return status, told["issue"][0]["diagnostics"]


def test_every_definition_is_read_and_found_without_a_token(asking: Asking) -> None:
    for type_ in TYPES:
        listed = vocabulary().resources[type_]
        status, bundle = asking.get(type_)
        assert (status, bundle["total"]) == (200, len(listed))
        for one in listed.values():
            assert asking.get(f"{type_}/{one['id']}") == (200, one)
        first = next(iter(listed.values()))
        for query in (
            {"url": first["url"]},
            {"url": f"{first['url']}|{first['version']}"},
            {"_id": first["id"]},
            {"name": first["name"].upper(), "version": first["version"]},
        ):
            status, bundle = asking.get(type_, **query)
            assert first in [entry["resource"] for entry in bundle["entry"]], query
        assert asking.get(type_, url=f"{first['url']}|0")[1]["total"] == 0
        assert "entry" not in asking.get(type_, _count="0")[1]


def test_a_search_by_form_and_xml_are_answered(api: Api) -> None:
    found = api.http.post("/fhir/CodeSystem/_search", data={"_id": "intervention"})
    assert found.json["total"] == 1
    xml = api.http.get("/fhir/StructureDefinition/sw-state", headers={"Accept": "application/fhir+xml"})
    assert xml.data.startswith(b"<?xml")


def test_nobody_writes_a_definition(api: Api) -> None:
    for method, path in (
        ("POST", "CodeSystem"),
        ("PUT", "CodeSystem/intervention"),
        ("DELETE", "ValueSet/x"),
    ):
        assert api.http.open(f"/fhir/{path}", method=method).status_code == 401
        assert api.agency(method, f"/fhir/{path}", {"resourceType": path.partition("/")[0]}).status in (
            404,
            405,
        )


def test_a_batch_may_ask_as_well(api: Api) -> None:
    asked = f"CodeSystem/$lookup?{urlencode({'system': INTERVENTION, 'code': 'cbt'})}"
    entry = {"request": {"method": "GET", "url": asked}}
    told = api.agency("POST", "/fhir", {"resourceType": "Bundle", "type": "batch", "entry": [entry]})
    assert told.json["entry"][0]["response"]["status"].startswith("200")


def test_a_code_is_looked_up_with_what_is_known_of_it(asking: Asking) -> None:
    status, told = asking.get("CodeSystem/$lookup", system=INTERVENTION, code="cbt")
    assert (status, values(told)["display"]) == (200, "Cognitive-behavioural therapy")
    assert {one["part"][0]["valueString"] for one in told["parameter"] if one["name"] == "designation"} >= {
        "CBT"
    }
    coding = {"name": "coding", "valueCoding": {"system": GRAVITY, "code": "stress"}}
    assert values(asking.post("CodeSystem/$lookup", coding)[1])["display"] == "Stress"
    step = f"{BASE}/CodeSystem/process-step"
    _, told = asking.get("CodeSystem/$lookup", system=step, code="session", property="parent")
    assert told["parameter"][-1]["part"][1] == {"name": "value", "valueCode": "implementation"}


def test_an_expansion_has_every_code_by_page_and_filter(asking: Asking) -> None:
    url = f"{BASE}/ValueSet/social-domain"
    _, whole = asking.get("ValueSet/$expand", url=url)
    codes = [one["code"] for one in whole["expansion"]["contains"]]
    assert whole["expansion"]["total"] == len(codes) == 24
    pages = [asking.get("ValueSet/social-domain/$expand", offset=str(n), count="10")[1] for n in (0, 10, 20)]
    assert [one["code"] for page in pages for one in page["expansion"]["contains"]] == codes
    by_name = asking.get("ValueSet/$expand", url=f"{BASE}/ValueSet/intervention", filter="COUNSELING one to")
    assert [one["code"] for one in by_name[1]["expansion"]["contains"]] == ["individual-counselling"]
    assert asking.get("ValueSet/$expand", url=url, filter="nothing of it")[1]["expansion"]["total"] == 0
    gravity = "http://hl7.org/fhir/us/sdoh-clinicalcare/ValueSet/SDOHCC-ValueSetSDOHCategory"
    assert asking.get("ValueSet/$expand", url=gravity)[1]["expansion"]["total"] == 24


def test_an_expansion_has_the_codes_of_the_day(asking: Asking) -> None:
    def listed(**day: str) -> set[str]:
        _, told = asking.get("ValueSet/needs-financial-insecurity/$expand", filter="Z59.86", **day)
        return {one["code"] for one in told["expansion"]["contains"]}

    assert listed(date="2025-09-30T23:00:00Z") == {"Z59.86"}
    assert listed() == {"Z59.861", "Z59.868", "Z59.869"}


def test_a_code_is_validated_by_system_set_display_and_day(asking: Asking) -> None:
    def told(path: str, **query: str) -> tuple[bool, str]:
        status, answer = asking.get(path, **query)
        assert status == 200, answer
        return values(answer)["result"], values(answer).get("message", "")

    in_system, in_set = "CodeSystem/$validate-code", "ValueSet/needs-financial-insecurity/$validate-code"
    assert told(in_system, url=INTERVENTION, code="cbt", display="cbt") == (True, "")
    assert told("CodeSystem/intervention/$validate-code", code="cbt") == (True, "")
    assert told(in_system, url=INTERVENTION, code="xyz")[0] is False
    assert told(in_set, system=SNOMED, code="1184702004") == (True, "")
    assert told(in_set, system=ICD_10_CM, code="Z59.86", date="2025-09-30") == (True, "")
    late = told(in_set, system=ICD_10_CM, code="Z59.86", date="2025-10-01")
    assert late == (False, "`Z59.86` may not be used on `2025-10-01`")
    wrong, why = told(in_set, system=SNOMED, code="1184702004", display="Poverty")
    assert not wrong
    assert "`Financial insecurity`, not `Poverty`" in why
    both = [{"system": "http://example.org", "code": "x"}, {"system": INTERVENTION, "code": "cbt"}]
    part = {"name": "codeableConcept", "valueCodeableConcept": {"coding": both}}
    assert values(asking.post("ValueSet/intervention/$validate-code", part)[1])["result"] is True


def test_a_translation_goes_by_the_day(asking: Asking) -> None:
    asked = {"system": GRAVITY, "code": "financial-insecurity", "targetsystem": ICD_10_CM}
    before = {code for _, code in asking.matches(**asked, date="2025-09-30") if code.startswith("Z59.86")}
    after = {code for _, code in asking.matches(**asked) if code.startswith("Z59.86")}
    assert (before, after) == ({"Z59.86"}, {"Z59.861", "Z59.868", "Z59.869"})

    became = asking.matches(system=ICD_10_CM, code="Z59.86")
    assert became[ICD_10_CM, "Z59.869"] == "equivalent"
    assert (ICD_10_CM, "Z59.86") not in became
    assert asking.matches(system=ICD_10_CM, code="Z59.86", date="2025-01-01") == {
        (ICD_10_CM, "Z59.86"): "equal"
    }
    old = asking.matches(system=ICD_10_CM, code="Z59.86", reverse="true")
    assert old[GRAVITY, "financial-insecurity"] == "wider"
    new = asking.matches(system=ICD_10_CM, code="Z59.869", reverse="true", targetsystem=ICD_10_CM)
    assert new == {(ICD_10_CM, "Z59.86"): "equivalent"}


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=st.sampled_from(LINKS))
def test_there_and_back_names_the_source_again_with_the_converse_relation(asking: Asking, drawn: Any) -> None:
    one, link = drawn
    day = {"date": "2025-01-01"} if link.target.code == "Z59.86" else {}
    there = asking.matches(url=one.url, system=link.source.system, code=link.source.code, **day)
    assert there[link.target.key] == link.equivalence
    back = asking.matches(f"ConceptMap/{one.id}/$translate", reverse="true", **_asked(link.target))
    assert back[link.source.key] == CONVERSE.get(link.equivalence, link.equivalence)


def _asked(coded: Any) -> dict[str, str]:
    return {"system": coded.system, "code": coded.code}


def test_what_has_no_match_says_why(asking: Asking) -> None:
    status, told = asking.get("ConceptMap/$translate", system=f"{BASE}/CodeSystem/process-step", code="plan")
    assert (status, values(told)["result"]) == (200, False)
    assert "no code of its own" in values(told)["message"]
    part = {"name": "coding", "valueCoding": {"system": "http://example.org", "code": "x"}}
    assert values(asking.post("ConceptMap/$translate", part)[1]) == {
        "result": False,
        "message": "`x`: no match is known for 2026-06-01",
    }


def test_a_translation_is_bound_by_source_target_and_system(asking: Asking) -> None:
    asked = {"system": GRAVITY, "code": "stress"}
    goals = asking.matches(**asked, target=f"{BASE}/ValueSet/goals-stress")
    assert set(goals) == {member.key for member in vocabulary().sets[f"{BASE}/ValueSet/goals-stress"].members}
    assert {system for system, _ in asking.matches(**asked, targetsystem=SNOMED)} == {SNOMED}
    assert asking.matches(**asked, source=f"{BASE}/ValueSet/intervention") == {}
    assert asking.matches(**asked, source=f"{BASE}/ValueSet/social-domain") != {}


@pytest.mark.parametrize(
    ("path", "query", "expected"),
    [
        ("CodeSystem/$lookup", {"system": INTERVENTION, "code": "xyz"}, (404, "`code` is `xyz`")),
        ("CodeSystem/$lookup", {"system": "http://example.org", "code": "x"}, (404, "`http://example.org`")),
        ("CodeSystem/$lookup", {"system": INTERVENTION, "code": "cbt", "version": "0"}, (404, "|0")),
        ("CodeSystem/$lookup", {"code": "cbt"}, (400, "`system` is missing")),
        ("CodeSystem/$lookup", {"system": INTERVENTION}, (400, "here is nothing")),
        ("CodeSystem/$lookup", {"system": INTERVENTION, "code": "cbt", "date": "1/2"}, (400, "`date` takes")),
        ("CodeSystem/$lookup", {"coding": "x"}, (400, "`coding` has parts")),
        ("CodeSystem/$lookup", {"odd": "x"}, (400, "`odd` is no parameter")),
        ("CodeSystem/$lookup", {"code": ""}, (400, "`code` is empty")),
        ("ValueSet/$expand", {}, (400, "`url` is missing")),
        ("ValueSet/$expand", {"url": "http://example.org"}, (404, "`http://example.org`")),
        ("ValueSet/intervention/$expand", {"count": "-1"}, (400, "from 0, not `-1`")),
        ("ValueSet/intervention/$expand", {"url": "http://x"}, (400, "`url` is not needed")),
        ("ValueSet/none/$expand", {}, (404, "`ValueSet/none` is not here")),
        ("ValueSet/intervention/$validate-code", {"code": "cbt"}, (400, "`system` is missing")),
        ("ConceptMap/$translate", {"code": "cbt"}, (400, "`system` is missing")),
        ("ConceptMap/$translate", {"system": SNOMED, "code": "1", "reverse": "yes"}, (400, "not `yes`")),
        ("ConceptMap/$translate", {"system": SNOMED, "code": "1", "target": "http://x"}, (404, "`http://x`")),
        ("ConceptMap/$translate", {"system": SNOMED, "code": "1", "url": "http://x"}, (404, "`http://x`")),
        ("CodeSystem", {"title": "x"}, (400, "`title` is no search parameter")),
    ],
)  # fmt: skip
def test_a_refusal_names_the_parameter_and_its_value(
    asking: Asking, path: str, query: dict[str, str], expected: tuple[int, str]
) -> None:
    status, text = fault(asking.get(path, **query))
    assert status == expected[0]
    assert expected[1] in text


def test_parameters_of_the_wrong_form_are_refused(asking: Asking) -> None:
    for part, told in (
        ({"name": "code", "valueCoding": {}}, "`code` takes one value"),
        ({"name": "coding", "valueCode": "x"}, "`coding` takes"),
        ({"name": "coding", "valueCoding": {"code": "x"}}, "needs `system` and `code`"),
        ({"name": "codeableConcept", "valueCodeableConcept": {"coding": "x"}}, "needs `system` and `code`"),
        ({"name": "odd", "valueCode": "x"}, "`odd` is no parameter"),
    ):
        status, text = fault(asking.post("ConceptMap/$translate", part))
        assert (status, told in text) == (400, True), text
    twice = {"name": "code", "valueCode": "x"}
    assert "more than once" in fault(asking.post("ConceptMap/$translate", twice, twice))[1]

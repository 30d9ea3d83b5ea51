"""Published examples keep to the profiles they claim, and broken ones are found."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from careplan_service.resources.profiles import KNOWN, check_profile, known
from careplan_service.resources.profiles.profile import Rule
from careplan_service.resources.r4 import check, parse
from careplan_service.resources.registry import SERVED

EXCEPTIONS: dict[tuple[str, str], str] = {}
"""Examples (file and profile) that do not keep to a profile they claim, with the reason; there is none."""

_US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/"
_SDOHCC = "http://hl7.org/fhir/us/sdoh-clinicalcare/StructureDefinition/"

UNKNOWN = {
    "no definition of the profile is at hand": {
        *(_US_CORE + name for name in "us-core-condition-encounter-diagnosis us-core-location".split()),
        *(_US_CORE + f"us-core-{name}" for name in "bmi blood-pressure body-height body-temperature".split()),
        *(_US_CORE + f"us-core-{name}" for name in "body-weight head-circumference heart-rate".split()),
        *(_US_CORE + f"us-core-{name}" for name in "pulse-oximetry respiratory-rate smokingstatus".split()),
        *(_US_CORE + f"us-core-observation-{name}" for name in "clinical-result lab occupation".split()),
        *(_US_CORE + f"us-core-observation-{name}" for name in "pregnancyintent pregnancystatus".split()),
        _US_CORE + "us-core-observation-sexual-orientation",
        _US_CORE + "head-occipital-frontal-circumference-percentile",
        _US_CORE + "pediatric-bmi-for-age",
        _US_CORE + "pediatric-weight-for-height",
        *(_SDOHCC + f"SDOHCC-{name}" for name in "HealthcareService Location practitionerrole".split()),
        *(_SDOHCC + f"SDOHCC-Observation{name}" for name in "EthnicityOMB GenderIdentity RaceOMB".split()),
        *(_SDOHCC + f"SDOHCC-Observation{name}" for name in "PersonalPronouns RecordedSexGender".split()),
        _SDOHCC + "SDOHCC-ObservationSexualOrientation",
        _SDOHCC + "SDOHCC-HealthcareServiceForReferralManagement",
        "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire",
        "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-extr-smap",
        "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaireresponse",
    },
    "it is claimed in another version": {
        *(_US_CORE + f"us-core-{name}|7.0.0" for name in "body-height body-weight observation-lab".split()),
        *(_US_CORE + f"us-core-{name}|7.0.0" for name in "organization patient practitioner".split()),
    },
}
"""Profiles that examples of the served types claim and that cannot be checked."""

ONLY_IN_A_SLICE = {"Provenance.agent.type"}
"""Elements that the test metadata calls mandatory but the profile asks for in a slice that may be absent."""

ENOUGH = 3
"""Examples of a profile to drop an element from."""

Claim = tuple[str, str, dict[str, Any]]


@pytest.fixture(scope="module")
def claims(shared: Path) -> list[Claim]:
    """Every profile that an example of a served type claims: file, canonical, document."""
    return list(_claims(shared))


def _claims(shared: Path) -> Iterator[Claim]:
    folders = [shared / "corpora/us-core-6.1.0", shared / "corpora/sdohcc/examples"]
    for path in sorted(path for folder in folders for path in folder.glob("*.json")):
        document = parse(path.read_bytes())
        if document["resourceType"] in SERVED:
            for canonical in document.get("meta", {}).get("profile", ()):
                yield path.name, canonical, document


def test_every_example_keeps_to_the_profile_that_it_claims(claims: list[Claim]) -> None:
    found = {(name, url): check_profile(document, url) for name, url, document in claims if known(url)}
    assert {key: faults for key, faults in found.items() if faults and key not in EXCEPTIONS} == {}
    assert all(found[key] for key in EXCEPTIONS)
    assert len(found) == 134


def test_every_profile_that_an_example_claims_is_known_or_the_reason_is_written_down(
    claims: list[Claim],
) -> None:
    claimed = {url for _, url, _ in claims}
    assert {url for url in claimed if known(url) is None} == set().union(*UNKNOWN.values())


def test_an_example_without_one_of_its_mandatory_elements_is_refused_with_the_expression(
    claims: list[Claim], shared: Path
) -> None:
    mandatory = {**_mandatory_of_tests(shared), **_mandatory_of_definitions(shared)}
    missed, dropped = [], Counter[tuple[str, str]]()
    for name, url, document in claims:
        for path in mandatory.get(url, ()):
            for broken, expression in _without(document, path) if dropped[url, path] < ENOUGH else ():
                dropped[url, path] += 1
                faults = [*check(broken, document["resourceType"]), *check_profile(broken, url)]
                if expression not in {fault.expression for fault in faults}:
                    missed.append((name, url, expression))
    assert missed == []
    assert len(dropped) > 90


def _mandatory_of_tests(shared: Path) -> dict[str, list[str]]:
    """`mandatory_elements` of the US Core test metadata, read without a YAML library."""
    found = {}
    for path in (shared / "corpora/us-core-search-tests").glob("*/metadata.yml"):
        text = path.read_text()
        url = re.search(r"^:profile_url: (\S+)$", text, re.MULTILINE)
        block = re.search(r"^:mandatory_elements:\n((?:- .*\n)*)", text, re.MULTILINE)
        assert url is not None
        assert block is not None
        found[url[1]] = [
            item for item in re.findall(r"^- (\S+)$", block[1], re.MULTILINE) if item not in ONLY_IN_A_SLICE
        ]
    return found


def _mandatory_of_definitions(shared: Path) -> dict[str, list[str]]:
    return {
        definition["url"]: [item["id"] for item in _elements(definition) if item["min"] > 0]
        for definition in _definitions(shared)
    }


def _definitions(shared: Path) -> list[dict[str, Any]]:
    folders = [shared / "corpora/us-core-6.1.0-definitions", shared / "corpora/sdohcc/definitions"]
    paths = [path for folder in folders for path in folder.glob("StructureDefinition-*.json")]
    assert len(paths) == 9
    return [json.loads(path.read_text()) for path in paths]


def _elements(definition: dict[str, Any]) -> list[dict[str, Any]]:
    """The elements of the snapshot that are not in a slice."""
    return [item for item in definition["snapshot"]["element"] if ":" not in item["id"] and "." in item["id"]]


def _without(document: dict[str, Any], path: str) -> Iterator[tuple[dict[str, Any], str]]:
    """The document without the element, once for every place that it stands in."""
    steps = path.split(".")[1:]
    for place in _holders(document, steps[:-1]):
        broken = deepcopy(document)
        holder, expression = broken, document["resourceType"]
        for step in place:
            holder = holder[step]
            expression += f"[{step}]" if isinstance(step, int) else f".{step}"
        name = steps[-1].removesuffix("[x]")
        pattern = re.compile(rf"_?{name}" + r"([A-Z]\w*)?" * (steps[-1] != name))
        gone = [key for key in holder if pattern.fullmatch(key)]
        for key in gone:
            del holder[key]
        if gone:
            # An object that is empty now is found as such.
            yield broken, f"{expression}.{name}" if holder.keys() - {"id"} else expression


def _holders(node: Any, steps: list[str], at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(node, list):
        for index, item in enumerate(node):
            yield from _holders(item, steps, (*at, index))
    elif not steps:
        yield at
    elif steps[0] in node:
        yield from _holders(node[steps[0]], steps[1:], (*at, steps[0]))


def test_the_tables_have_the_cardinalities_and_fixed_values_of_the_definitions(shared: Path) -> None:
    for definition in _definitions(shared):
        profile = KNOWN[definition["url"]]
        assert (profile.type, profile.title) == (definition["type"], definition["title"])
        for item in _elements(definition):
            rule = _rule_at(profile.rule, item["id"].split(".")[1:])
            at = f"{profile.url} {item['id']}"
            base = item["base"]
            if item["min"] > base["min"]:
                assert rule.min == item["min"], at
            if item["max"] != base["max"]:
                assert rule.max == int(item["max"]), at
            fixed = [value for key, value in item.items() if key.startswith("fixed")]
            assert (fixed or [None]) == [rule.fixed], at
            pattern = [value for key, value in item.items() if key.startswith("pattern")]
            assert (pattern or [None]) == [rule.pattern], at


def _rule_at(rule: Rule, steps: list[str]) -> Rule:
    for step in steps:
        rule = rule.elements.get(step.removesuffix("[x]"), Rule())
    return rule

"""The vocabulary as FHIR R4 resources. https://hl7.org/fhir/R4/terminology-module.html"""

from __future__ import annotations

import csv
import json
import os
import re
from pathlib import Path

import pytest
from fhir.resources.R4B import get_fhir_model_class

from careplan_service.cli.terminology import mapping_page
from careplan_service.interventions import canonical, terms
from careplan_service.interventions.added import Added, Mapped, Service
from careplan_service.interventions.catalogue import kinds, rows
from careplan_service.interventions.vocabulary import vocabulary
from careplan_service.interventions.vocabulary.extensions import EXTENSIONS
from careplan_service.interventions.vocabulary.maps import map_url
from careplan_service.interventions.vocabulary.systems import system_url
from careplan_service.resources import r4
from interventions.test_catalogue import check_digit_holds

ROOT = Path(__file__).parents[3]
SHARED = Path(os.environ.get("CAREPLAN_SHARED", ROOT.parent / "shared")) / "domain"
WORDS = vocabulary()
ALL = [one for listed in WORDS.resources.values() for one in listed.values()]
FITS = {"equal", "equivalent", "wider", "narrower", "relatedto", "inexact", "unmatched"}


SHELTER = Service(
    "Organization/a.b-2", "702 x", "Tenants' <table>", "advocacy", "legal", "narrower", 3, ("Old",)
)
ADDED = vocabulary(Added((SHELTER,), (Mapped("urn:x", "1", "cbt"), Mapped("https://x.org", "2", "stress"))))


@pytest.mark.parametrize("type_", WORDS.resources)
def test_every_definition_is_valid_r4_under_our_base(type_):
    of_agencies = ADDED.resources[type_].keys() - WORDS.resources[type_].keys()
    assert len(of_agencies) == {"CodeSystem": 1, "ValueSet": 1, "ConceptMap": 2}.get(type_, 0)
    for one in ADDED.resources[type_].values():
        get_fhir_model_class(type_).model_validate(one)
        assert r4.check(r4.parse(json.dumps(one).encode()), type_) == ()
        assert one["url"] == f"{canonical.BASE}/{type_}/{one['id']}"
        assert one["status"] == "active"
        assert re.fullmatch("[A-Z][A-Za-z0-9_]{0,254}", one["name"])


def test_addresses_and_names_are_used_once():
    assert len({one["url"] for one in ALL}) == len(ALL)
    for listed in WORDS.resources.values():
        assert len({one["name"] for one in listed.values()}) == len(listed)


def test_every_extension_in_the_code_is_defined_and_no_other():
    found = {
        name
        for file in (ROOT / "src").rglob("*.py")
        for name in re.findall(r'\bsw\("([a-z-]+)"\)', file.read_text(encoding="utf-8"))
    }
    assert {one.name for one in EXTENSIONS} == found


def test_every_own_code_in_the_expected_resources_is_in_our_systems():
    """And every extension of ours is one that is defined, with a value of its types."""
    expected = ROOT / "fixtures" / "plans" / "expected"
    types = {f"{canonical.BASE}/StructureDefinition/sw-{one.name}": one.types for one in EXTENSIONS}
    seen = set()
    for file in expected.glob("*.json"):
        for part in _parts(json.loads(file.read_text(encoding="utf-8"))):
            if str(part.get("system", "")).startswith(f"{canonical.BASE}/CodeSystem/"):
                assert part["code"] in WORDS.systems[part["system"]].by_code
            if str(part.get("url", "")).startswith(canonical.BASE) and "resourceType" not in part:
                value = [key.removeprefix("value") for key in part if key.startswith("value")]
                assert [name[:1].lower() + name[1:] for name in value] == [] or any(
                    value == [type_[:1].upper() + type_[1:]] for type_ in types[part["url"]]
                )
                seen.add(part["url"])
    assert len(seen) > 10


def _parts(node):
    if isinstance(node, dict):
        yield node
        for value in node.values():
            yield from _parts(value)
    elif isinstance(node, list):
        for value in node:
            yield from _parts(value)


@pytest.mark.parametrize("system", [s.id for s in WORDS.systems.values() if s.ours])
def test_a_concept_stands_once_below_a_concept_that_is_there(system):
    listed = WORDS.systems[system_url(system)].concepts
    codes = [one.code for one in listed]
    assert len(set(codes)) == len(codes)
    assert {one.parent for one in listed} <= {"", *codes}


@pytest.mark.parametrize("one", WORDS.maps.values(), ids=lambda one: one.id)
def test_a_link_has_a_relation_and_says_why_where_it_is_no_plain_one(one):
    for link in one.links:
        assert link.equivalence in FITS
        assert (link.target is None) == (link.equivalence == "unmatched")
        assert link.reason or link.equivalence == "equivalent"
        assert link.evidence or link.target is None
        assert (
            link.source.code in WORDS.systems.get(link.source.system, link).by_code
            if (link.source.system in WORDS.systems)
            else link.source.system == canonical.ICD_10_CM
        )


def test_every_seed_term_step_and_state_is_mapped_or_says_why_not():
    mapped = {(link.source.system, link.source.code) for one in WORDS.maps.values() for link in one.links}
    for id_, codes in {
        "intervention": kinds(),
        "process-step": {row["step"] for row in rows("process_steps.csv")},
        "plan-state": terms.PLAN_STATES.by_code,
        "goal-state": terms.GOAL_STATES.by_code,
        "activity-state": terms.ACTIVITY_STATES.by_code,
    }.items():
        assert {(system_url(id_), code) for code in codes} <= mapped


def test_a_kind_without_a_code_of_a_system_has_a_row_that_says_so():
    of_kind = WORDS.maps[map_url("intervention")]
    found = {(link.source.code, link.target_system) for link in of_kind.links}
    for kind in kinds():
        for system in (canonical.SNOMED, canonical.SERVICE_TYPE, canonical.HCPCS):
            assert (kind, system) in found


def test_every_snomed_code_of_the_steps_has_its_check_digit():
    assert all(check_digit_holds(row["code"]) for row in rows("process_steps.csv") if row["system"] == "sct")


@pytest.mark.skipif(not SHARED.exists(), reason="the shared folder is not there")
@pytest.mark.parametrize(
    ("name", "table"), [("process_steps.csv", "process_steps.csv"), ("code_changes.csv", "domains.csv")]
)
def test_every_code_of_the_steps_and_changes_was_verified(name, table):
    with (SHARED / table).open(encoding="utf-8") as found:
        verified = {row["code"] for row in csv.DictReader(found) if row["verified"] == "yes"}
    codes = {row[column] for row in rows(name) for column in ("code", "becomes") if row.get(column)}
    assert codes <= verified


def test_the_mapping_page_is_what_the_tables_give():
    page = (ROOT / "docs" / "mapping.md").read_text(encoding="utf-8")
    assert page == mapping_page(WORDS), "run `make docs`"


def test_every_linked_code_stands_on_the_page_with_its_relation_and_source():
    page = mapping_page(WORDS)
    for id_ in ("intervention", "process-step"):
        for link in WORDS.maps[map_url(id_)].links:
            target = link.target.code if link.target else link.reason
            assert any(target in line and link.evidence in line for line in page.splitlines())
    for name in ("SNOMED International", "Regenstrief", "CDC/NCHS", "CMS", "American Medical Association"):
        assert name in page.partition("## Licences")[2]

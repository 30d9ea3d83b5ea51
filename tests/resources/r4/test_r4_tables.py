"""Every element of the tables is accepted by the walk and by fhir.resources, and nothing beside them."""

from __future__ import annotations

import pytest

from careplan_service.resources.r4 import SUPPORTED, check
from resources.r4.samples import (
    EXTENSION,
    PRIMITIVES,
    SHAPES,
    elements,
    kinds,
    minimal,
    spelled,
    with_each_element,
)

BACKBONES = sorted(name for name in SHAPES if "." in name and name.split(".")[0] in SUPPORTED)
DATA_TYPES = sorted(
    name
    for name in elements("Extension") | dict.fromkeys(kinds(elements("Extension")["value[x]"]))
    if name in SHAPES
)


def faults_but_invariants(document, resource_type):
    return [fault for fault in check(document, resource_type) if fault.code != "invariant"]


@pytest.mark.parametrize("resource_type", sorted(SUPPORTED))
def test_a_plain_value_of_every_element_is_accepted(resource_type):
    for _, node in with_each_element(resource_type):
        document = {"resourceType": resource_type, **node}
        assert faults_but_invariants(document, resource_type) == [], document


@pytest.mark.parametrize("path", BACKBONES)
def test_a_plain_value_of_every_backbone_element_is_accepted(path):
    for _, node in with_each_element(path):
        document = within(path, node)
        assert faults_but_invariants(document, path.split(".")[0]) == [], document


@pytest.mark.parametrize("data_type", DATA_TYPES)
def test_a_plain_value_of_every_element_of_a_data_type_is_accepted(data_type):
    for _, node in with_each_element(data_type):
        document = {
            "resourceType": "Patient",
            "extension": [{"url": "http://example.org/x", "value" + data_type: node}],
        }
        assert faults_but_invariants(document, "Patient") == [], document


@pytest.mark.parametrize("resource_type", sorted(SUPPORTED))
def test_every_primitive_may_be_replaced_by_an_extension_that_says_why(resource_type):
    for name, fact in elements(resource_type).items():
        for kind in kinds(fact):
            if kind in PRIMITIVES and name != "id":
                key = spelled(name, kind)
                sibling = {"extension": [EXTENSION]}
                document = {"resourceType": resource_type, **minimal(resource_type)}
                document.pop(key, None)
                document["_" + key] = [sibling] if fact.get("many") else sibling
                if name.endswith("[x]"):
                    for other in kinds(fact):
                        document.pop(spelled(name, other), None)
                assert faults_but_invariants(document, resource_type) == [], document


def within(path, node):
    """A resource that holds the backbone element, with what is required on the way to it."""
    parent, name = path.rsplit(".", 1)
    fact = elements(parent)[name]
    holder = {**minimal(parent), name: [node] if fact.get("many") else node}
    return within(parent, holder) if "." in parent else {"resourceType": parent, **holder}


@pytest.mark.parametrize("resource_type", sorted(SUPPORTED))
def test_every_required_element_is_missed_and_every_other_is_not(resource_type):
    missing = {
        fault.expression
        for fault in check({"resourceType": resource_type}, resource_type)
        if fault.code == "required"
    }
    required = {
        f"{resource_type}.{name.removesuffix('[x]')}"
        for name, fact in elements(resource_type).items()
        if fact.get("min")
    }
    assert missing == required

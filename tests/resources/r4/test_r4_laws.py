"""Laws: any JSON gets an answer, no document is changed, nothing passes that fhir.resources refuses."""

from __future__ import annotations

import copy

from hypothesis import given
from hypothesis import strategies as st

from careplan_service.resources.r4 import SUPPORTED, check
from careplan_service.resources.r4.models import model_findings
from careplan_service.resources.r4.references import Around
from careplan_service.resources.r4.tables import SHAPES as COMPILED
from careplan_service.resources.r4.walk import object_findings
from resources.r4.samples import SHAPES, careplan, elements, extended, goal, minimal

NAMES = st.sampled_from(
    sorted(
        {name.replace("[x]", "String") for shape in SHAPES for name in elements(shape)}
        | {"resourceType", "_status"}
    )
) | st.text(max_size=5)
LEAVES = st.sampled_from(
    ["", "x", "active", "2024-01", "Patient/1", "#a", "urn:x", "<div/>", "a\u0000"]
) | st.text(max_size=4)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.decimals() | LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=15,
)
OBJECTS = st.dictionaries(NAMES, JSON, max_size=6)
TYPES = st.sampled_from([*sorted(SUPPORTED), "Device", "Bundle", "Parameters", "Nonsense"])
CODES = set("structure required value code-invalid invariant incomplete".split())


@given(OBJECTS, TYPES, st.booleans())
def test_any_json_object_gets_faults_with_code_place_and_sentence(document, resource_type, is_named):
    if is_named:
        document["resourceType"] = resource_type
    before = copy.deepcopy(document)
    for fault in check(document, resource_type):
        assert fault.code in CODES
        assert fault.expression is not None
        assert fault.expression.startswith(resource_type)
        assert fault.text.isprintable()
        assert fault.text.encode()
    assert repr(document) == repr(before)


def places(value, path=()):
    if isinstance(value, dict | list):
        yield path
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(inner, (*path, key))


def changed(document, path, name, value):
    """A copy of the document with one value put in."""
    document = copy.deepcopy(document)
    node = document
    for step in path:
        node = node[step]
    if isinstance(node, dict):
        node[name] = value
    else:
        node.append(value)
    return document


STARTS = [
    careplan(
        activity=[{"detail": {"status": "scheduled", "scheduledString": "weekly"}}], note=[{"text": "x"}]
    ),
    goal(target=[{"measure": {"text": "m"}, "detailString": "x"}]),
    extended(valueTiming={"repeat": {"count": 1}}),
    *({"resourceType": name, **minimal(name)} for name in sorted(SUPPORTED)),
]


@given(st.sampled_from(STARTS), st.data())
def test_what_fhir_resources_refuses_the_walk_refuses_too(document, data):
    path = data.draw(st.sampled_from(list(places(document))))
    node = document
    for step in path:
        node = node[step]
    names = st.sampled_from(sorted(node)) if isinstance(node, dict) and node else NAMES
    name = data.draw((names | NAMES).filter(lambda name: name not in ("resourceType", "contained")))
    broken = changed(document, path, name, data.draw(JSON))
    resource_type = broken["resourceType"]
    if model_findings(broken, resource_type):
        assert object_findings(broken, COMPILED[resource_type], Around(resource_type))

"""References between the entries of a transaction. https://hl7.org/fhir/R4/http.html#trules"""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from careplan_service.errors import Gone, Malformed, NotFound, PreconditionFailed, Unavailable
from careplan_service.interactions.admission import require_plain_names
from careplan_service.interactions.entries import placing
from careplan_service.interactions.guard import ANY_VERSION, require_match, version_of
from careplan_service.interactions.links import Links
from careplan_service.interactions.records import Stored

A, B = "urn:uuid:aaaaaaaa-0000-4000-8000-000000000000", "urn:uuid:bbbbbbbb-0000-4000-8000-000000000000"
RESOLVE = Links({A: "Patient/1", B: "Goal/2", "": "Goal/never"}).resolve


@pytest.mark.parametrize(
    ("sent", "resolved"),
    [
        (f'{{"reference":"{A}"}}', '{"reference":"Patient/1"}'),
        (f'{{"reference" : \n"{B}"}}', '{"reference" : \n"Goal/2"}'),
        (
            f'[{{"reference":"{A}"}},{{"reference":"{B}"}}]',
            '[{"reference":"Patient/1"},{"reference":"Goal/2"}]',
        ),
        (f'{{"reference":"{A}0"}}', f'{{"reference":"{A}0"}}'),
        (f'{{"reference":"x{A}"}}', f'{{"reference":"x{A}"}}'),
        (f'{{"value":"{A}"}}', f'{{"value":"{A}"}}'),
        (f'{{"xreference":"{A}"}}', f'{{"xreference":"{A}"}}'),
        ('{"reference":""}', '{"reference":""}'),
    ],
)
def test_exactly_the_references_to_entries_are_resolved(sent, resolved):
    assert RESOLVE(sent.encode()) == resolved.encode()


JSON = st.recursive(
    st.one_of(
        st.text(), st.sampled_from([A, B, f'"reference":"{A}"', f'\\"reference\\":\\"{A}']), st.integers()
    ),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["reference", "x", A]), inner),
)


@given(JSON, st.booleans())
def test_resolving_the_bytes_is_resolving_the_values(document, ascii_only):
    def expected(node, name=""):
        if isinstance(node, dict):
            return {key: expected(value, key) for key, value in node.items()}
        if isinstance(node, list):
            return [expected(item) for item in node]
        return (
            {A: "Patient/1", B: "Goal/2"}.get(node, node)
            if name == "reference" and isinstance(node, str)
            else node
        )

    data = json.dumps(document, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    assert json.loads(RESOLVE(data).decode("utf-8", "surrogatepass")) == expected(document)


@given(
    st.dictionaries(
        st.text(st.characters(exclude_categories=("Cs",)), max_size=4), st.text(max_size=6), max_size=3
    ),
    st.booleans(),
)
def test_a_name_with_escapes_is_refused_and_no_other(document, ascii_only):
    text = json.dumps(document, ensure_ascii=ascii_only)
    escaped = any("\\" in json.dumps(name, ensure_ascii=ascii_only) for name in document)
    data = text.encode("utf-8", "surrogatepass")
    if escaped:
        with pytest.raises(Malformed, match="plainly"):
            require_plain_names(data)
    else:
        require_plain_names(data)


def test_a_problem_is_told_with_its_place_and_keeps_its_kind():
    for problem in (NotFound("x", expression="Goal.status"), Gone("x", expression="Goal.status")):
        with pytest.raises(type(problem)) as placed, placing("Bundle.entry[3]"):
            raise problem
        assert [fault.expression for fault in placed.value.faults] == ["Bundle.entry[3].status"]
    with pytest.raises(Unavailable) as elsewhere, placing("Bundle.entry[3]"):
        raise Unavailable("gone")
    assert elsewhere.value.faults[0].expression is None


@pytest.mark.parametrize(
    ("text", "version"), [(None, None), ('W/"3"', "3"), ('"3"', "3"), (' W/"a-1.b" ', "a-1.b"), ("*", "*")]
)
def test_if_match_names_a_version(text, version):
    assert version_of(text) == version


@pytest.mark.parametrize(
    "text", ["", "3", "W/3", 'w/"3"', 'W/"3', '"3", "4"', 'W/""', '"' + "3" * 65 + '"', "**"]
)
def test_if_match_that_names_no_version_is_refused(text):
    with pytest.raises(Malformed, match=re.escape('write it as W/"3"')):
        version_of(text)


def _stored(version: int, *, deleted: bool = False) -> Stored:
    return Stored("Goal", "1", version, 0, deleted, "PUT", b"", "", 1)


@pytest.mark.parametrize(
    ("wanted", "before", "passes"),
    [
        (None, None, True),
        (None, _stored(2), True),
        ("2", _stored(2), True),
        (ANY_VERSION, _stored(2), True),
        ("1", _stored(2), False),
        ("2", None, False),
        (ANY_VERSION, None, False),
        ("2", _stored(2, deleted=True), False),
        (ANY_VERSION, _stored(2, deleted=True), False),
    ],
)
def test_a_match_holds_for_the_living_current_version(wanted, before, passes):
    if passes:
        require_match(wanted, before)
    else:
        with pytest.raises(PreconditionFailed):
            require_match(wanted, before)

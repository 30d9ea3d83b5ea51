"""A change of a document of ours leaves what others put there."""

import pytest

from careplan_service.interventions.merging import merged


@pytest.mark.parametrize(
    ("stored", "before", "after", "made"),
    [
        ({"a": 1, "x": 9}, {"a": 1}, {"a": 2}, {"a": 2, "x": 9}),
        ({"a": 7}, {"a": 1}, {"a": 1}, {"a": 7}),
        ({"a": 1, "x": 9}, {"a": 1}, {}, {"x": 9}),
        ({"x": 9}, {}, {"a": 1}, {"x": 9, "a": 1}),
        ({"n": ["own", "theirs"]}, {"n": ["own"]}, {"n": ["new"]}, {"n": ["new", "theirs"]}),
        ({"n": ["own", "theirs"]}, {"n": ["own"]}, {}, {"n": ["theirs"]}),
        ({"n": ["own"]}, {"n": ["own"]}, {}, {}),
        ({"n": ["theirs"]}, {}, {"n": ["own"]}, {"n": ["own", "theirs"]}),
        ({"p": {"a": 1, "x": 9}}, {"p": {"a": 1}}, {"p": {"a": 2}}, {"p": {"a": 2, "x": 9}}),
    ],
)
def test_only_what_changed_is_written(stored, before, after, made):
    assert merged(stored, before, after) == made

"""JSON Patch on stored bytes: what changes, what is refused, what stays. https://www.rfc-editor.org/rfc/rfc6902"""

from __future__ import annotations

import json
from typing import Any

import pytest

from careplan_service.errors import Invalid, Malformed
from careplan_service.resources.patching import json_patch, patched

GOAL = (
    b'{"resourceType":"Goal","id":"g","meta":{"versionId":"3"},"lifecycleStatus":"active",'
    b'"description":{"text":"walk"},"target":[{"detailQuantity":{"value":1.50}},{"detailQuantity":{"value":1E2}}]}'
)


def by(*operations: Any) -> bytes:
    return json.dumps(operations).encode()


def test_everything_but_the_patched_element_keeps_its_bytes() -> None:
    patch = by({"op": "replace", "path": "/lifecycleStatus", "value": "completed"})
    assert patched(GOAL, patch, "json-patch") == GOAL.replace(b"active", b"completed")


@pytest.mark.parametrize(
    "number", "1.50 -0 0.0 -0.00 1E2 1e-7 1.0e+3 0E-10 1E400 123456789012345678901234567890".split()
)
@pytest.mark.parametrize("place", ["stored", "patch"])
def test_a_number_keeps_the_digits_it_was_written_in(number: str, place: str) -> None:
    stored, sent = (number, "7") if place == "stored" else ("7", number)
    data = f'{{"resourceType":"Goal","a":{stored}}}'.encode()
    patch = f'[{{"op":"add","path":"/b","value":[{sent}]}}]'.encode()
    assert (
        patched(data, patch, "json-patch") == f'{{"resourceType":"Goal","a":{stored},"b":[{sent}]}}'.encode()
    )


@pytest.mark.parametrize("operation", ["copy", "move"])
def test_a_number_that_is_moved_keeps_its_digits(operation: str) -> None:
    patch = by({"op": operation, "from": "/target/1/detailQuantity", "path": "/x"})
    assert b'"x":{"value":1E2}' in patched(GOAL, patch, "json-patch")


def test_numbers_are_tested_by_value_and_not_by_digits() -> None:
    same = {"op": "test", "path": "/target/0/detailQuantity/value", "value": 1.5}
    assert patched(GOAL, by(same), "json-patch") == GOAL


def test_text_is_written_as_it_is_read() -> None:
    data = '{"resourceType":"Goal","a":"\\u0007 \\" \\\\ / é 🙂 \\u2028"}'.encode()
    assert json.loads(patched(data, b"[]", "json-patch")) == json.loads(data)


@pytest.mark.parametrize(
    ("patch", "after"),
    [
        ([{"op": "add", "path": "/a/-", "value": 3}], {"a": [1, 2, 3]}),
        ([{"op": "add", "path": "/a/0", "value": 3}], {"a": [3, 1, 2]}),
        ([{"op": "add", "path": "/x~1y~0z", "value": 0}], {"a": [1, 2], "x/y~z": 0}),
        ([{"op": "add", "path": "", "value": {"b": 1}}], {"b": 1}),
        (
            [{"op": "copy", "from": "/a", "path": "/b"}, {"op": "add", "path": "/b/-", "value": 3}],
            {"a": [1, 2], "b": [1, 2, 3]},
        ),
        ([{"op": "move", "from": "/a/0", "path": "/a/1"}], {"a": [2, 1]}),
        ([{"op": "remove", "path": "/a/0", "note": "x"}, {"op": "remove", "path": "/a/0"}], {"a": []}),
    ],
)
def test_operations_follow_each_other(patch: list[Any], after: Any) -> None:
    assert json_patch.applied({"a": [1, 2]}, patch) == after


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "remove", "path": "/nothing"},
        {"op": "remove", "path": "/target/2"},
        {"op": "remove", "path": "/target/-"},
        {"op": "remove", "path": ""},
        {"op": "replace", "path": "/target/-", "value": 1},
        {"op": "replace", "path": "/nothing", "value": 1},
        {"op": "add", "path": "/target/3", "value": 1},
        {"op": "add", "path": "/target/01", "value": 1},
        {"op": "add", "path": "/nothing/at/all", "value": 1},
        {"op": "add", "path": "/lifecycleStatus/x", "value": 1},
        {"op": "copy", "from": "/nothing", "path": "/x"},
        {"op": "copy", "from": "/target/-", "path": "/x"},
        {"op": "move", "from": "/target", "path": "/target/0/x"},
        {"op": "test", "path": "/lifecycleStatus", "value": "completed"},
        {"op": "test", "path": "/nothing", "value": None},
        {"op": "test", "path": "/target/0/detailQuantity/value", "value": "1.50"},
        {"op": "test", "path": "/target/0/detailQuantity/value", "value": True},
    ],
    ids=str,
)
def test_an_operation_that_cannot_be_applied_is_named(operation: dict[str, Any]) -> None:
    before = {"op": "add", "path": "/note", "value": []}
    with pytest.raises(Invalid, match=r"^patch\[1\]: ") as refused:
        patched(GOAL, by(before, operation), "json-patch")
    assert refused.value.faults[0].expression == "patch[1]"
    assert "\n" not in refused.value.text


@pytest.mark.parametrize(
    ("patch", "expressions"),
    [
        ([1], ["patch[0]"]),
        ([{}], ["patch[0]"]),
        ([{"op": "append", "path": "/a", "value": 1}], ["patch[0]"]),
        ([{"op": ["add"], "path": "/a", "value": 1}], ["patch[0]"]),
        ([{"op": "add", "path": "a", "value": 1}], ["patch[0]"]),
        ([{"op": "add", "path": "/~2", "value": 1}], ["patch[0]"]),
        ([{"op": "add", "path": 1, "value": 1}], ["patch[0]"]),
        ([{"op": "move", "path": "/a", "from": None}], ["patch[0]"]),
        (
            [{"op": "test", "path": "/a", "value": 1}, {"op": "add", "path": "/a"}, {"op": "copy"}],
            ["patch[1]"] + ["patch[2]"] * 2,
        ),
    ],
    ids=str,
)
def test_what_is_no_operation_is_malformed_with_every_place(patch: list[Any], expressions: list[str]) -> None:
    with pytest.raises(Malformed) as refused:
        patched(GOAL, by(*patch), "json-patch")
    assert [fault.expression for fault in refused.value.faults] == expressions


@pytest.mark.parametrize(
    "patch",
    [
        b"",
        b"{}",
        b"[",
        b"nothing",
        b'"[]"',
        b'[],"more":[]',
        b'[],"patch":[]',
        b"[]}",
        b"\xff[]",
        b'[{"op":"add","op":"remove","path":"/id"}]',
        b'[{"op":"add","path":"/a","value":{"b":1,"b":2}}]',
        b'[{"op":"add","path":"/a","value":NaN}]',
        b'[{"op":"add","path":"/a","value":"\\ud800"}]',
        b'[{"op":"add","path":"/a","value":' + b"9" * 5000 + b"}]",
        b"[" * 100_000,
        json.dumps([{"op": "test", "path": "/id", "value": "g"}] * 501).encode(),
    ],
)
def test_bytes_that_are_no_json_patch_are_malformed(patch: bytes) -> None:
    with pytest.raises(Malformed):
        patched(GOAL, patch, "json-patch")


def test_a_byte_order_mark_and_white_space_do_not_matter() -> None:
    assert patched(GOAL, b"\xef\xbb\xbf\n [] \n", "json-patch") == GOAL


def test_copies_that_double_the_document_are_stopped() -> None:
    doubling = [{"op": "copy", "from": "/target", "path": "/target/-"}] * 40
    with pytest.raises(Invalid, match=r"^patch\[\d+\]: copies more than"):
        patched(GOAL, by({"op": "add", "path": "/target/-", "value": "x" * 10_000}, *doubling), "json-patch")


def test_operations_that_nest_the_document_ever_deeper_are_stopped() -> None:
    operations = [{"op": "add", "path": "/x" * n, "value": {}} for n in range(1, 60)]
    assert patched(GOAL, by(*operations[:49]), "json-patch").endswith(b'{"x":{}' + b"}" * 49)
    with pytest.raises(Invalid, match="deeper than 50 levels"):
        patched(GOAL, by(*operations[:50]), "json-patch")


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "replace", "path": "/id", "value": "h"},
        {"op": "remove", "path": "/id"},
        {"op": "move", "from": "/id", "path": "/implicitRules"},
        {"op": "replace", "path": "/resourceType", "value": "Task"},
        {"op": "remove", "path": "/resourceType"},
        {"op": "replace", "path": "", "value": {"resourceType": "Goal"}},
        {"op": "replace", "path": "", "value": [1]},
        {"op": "replace", "path": "", "value": None},
    ],
    ids=str,
)
def test_the_identity_of_a_resource_cannot_be_patched(operation: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        patched(GOAL, by(operation), "json-patch")


def test_an_id_cannot_be_given_by_a_patch() -> None:
    with pytest.raises(Invalid, match="`id`"):
        patched(b'{"resourceType":"Goal"}', by({"op": "add", "path": "/id", "value": "g"}), "json-patch")


def test_a_failed_test_says_so() -> None:
    patch = by({"op": "test", "path": "/lifecycleStatus", "value": "completed"})
    with pytest.raises(Invalid, match=r"^patch\[0\]: `/lifecycleStatus` does not have the value tested for$"):
        patched(GOAL, patch, "json-patch")

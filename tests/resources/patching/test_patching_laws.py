"""Laws of patching that hold for every document and every patch."""

from __future__ import annotations

import contextlib
import json
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from careplan_service.errors import Invalid, Malformed
from careplan_service.resources.patching import patched
from careplan_service.resources.patching.document import read, rewritten, written

few = settings(max_examples=80, deadline=None)

numbers = st.from_regex(r"-?(0|[1-9][0-9]{0,25})(\.[0-9]{1,8})?([eE][+-]?[0-9]{1,2})?", fullmatch=True)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=5).map(lambda text: json.dumps(text))
scalars = numbers | texts | st.sampled_from(["true", "false", "null"])


def _lists(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(inner, max_size=3).map(lambda parts: f"[{','.join(parts)}]")


def _objects(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    names = st.sampled_from(["a", "b", "", "c/d", "~e", "0"])
    members = st.dictionaries(names, inner, max_size=3)
    return members.map(lambda found: "{" + ",".join(f"{json.dumps(n)}:{v}" for n, v in found.items()) + "}")


values = st.recursive(scalars, lambda inner: _lists(inner) | _objects(inner), max_leaves=8)
documents = st.tuples(values, values).map(
    lambda two: f'{{"resourceType":"Goal","a":{two[0]},"l":[{two[1]}]}}'
)


@few
@given(documents)
def test_what_is_read_and_written_is_the_same_but_for_escapes(text: str) -> None:
    again = written(read(text.encode()))
    assert written(read(again.encode())) == again
    assert json.loads(again, parse_float=str, parse_int=str) == json.loads(
        text, parse_float=str, parse_int=str
    )


@few
@given(documents)
def test_what_is_rewritten_in_one_go_is_the_same_to_the_byte(text: str) -> None:
    assert rewritten(read(text.encode())) == written(read(text.encode())).encode()


def test_every_character_and_number_is_rewritten_as_it_is_written() -> None:
    every = "".join(map(chr, (*range(0xD800), 0xE000, 0xFFFD, 0x1F600)))
    for number in ("1", "1.50", "-0", "1E2", "12345678901234567890123"):
        document = read(json.dumps({"a": every}).encode()[:-1] + b',"b":[' + number.encode() + b"]}")
        assert rewritten(document) == written(document).encode()
        assert number.encode() in rewritten(document)


@few
@given(documents, values, st.sampled_from(["/new", "/l/0", "/l/-", "/l/1"]))
def test_json_patch_add_and_remove_is_identity(text: str, value: str, path: str) -> None:
    data = written(read(text.encode())).encode()
    last = path.replace("-", "1")
    patch = f'[{{"op":"add","path":"{path}","value":{value}}},{{"op":"remove","path":"{last}"}}]'
    assert patched(data, patch.encode(), "json-patch") == data


pointers = st.sampled_from(
    ["", "/a", "/a/b", "/a/0", "/l", "/l/0", "/l/-", "/l/00", "/a/~01", "/a/~1", "/", "/l/9", "/x/y"]
)
names = st.sampled_from(["add", "remove", "replace", "move", "copy", "test"])
operations = st.fixed_dictionaries(
    {"op": names, "path": pointers, "from": pointers, "value": st.integers() | st.none()}
)


@few
@given(documents, st.lists(operations, max_size=4))
def test_a_json_patch_is_applied_or_refused_but_never_breaks(text: str, patch: list[Any]) -> None:
    with contextlib.suppress(Invalid):
        result = patched(text.encode(), json.dumps(patch).encode(), "json-patch")
        assert json.loads(result)["resourceType"] == "Goal"


PATIENTS = st.fixed_dictionaries(
    {"resourceType": st.just("Patient"), "name": st.just([{"given": ["A", "B"]}, {"text": "C"}])},
    optional={
        "gender": st.just("male"),
        "_gender": st.just({"id": "g"}),
        "birthDate": st.just("1970"),
        "_birthDate": st.just({"extension": [{"url": "http://x", "valueDecimal": 1}]}),
        "active": st.booleans(),
        "deceasedBoolean": st.booleans(),
        "telecom": st.lists(st.just({"rank": 1}), min_size=1, max_size=3),
        "contact": st.just([{"gender": "male"}, {"_gender": {"id": "x"}}]),
    },
)

EXTENSION = {"part": [{"name": "url", "valueUri": "http://new"}, {"name": "value", "valueDecimal": 1.5}]}
ADDED = [
    ("Patient", "language", {"valueCode": "en"}, "Patient.language"),
    ("Patient", "language", {"_valueCode": {"id": "l"}}, "Patient.language"),
    ("Patient", "multipleBirth", {"valueInteger": 2}, "Patient.multipleBirth"),
    ("Patient", "telecom", {"valueContactPoint": {"rank": 9}}, "Patient.telecom.where(rank = 9)"),
    ("Patient", "contact", {"part": [{"name": "gender", "valueCode": "other"}]}, "Patient.contact.last()"),
    ("Patient", "contained", {"resource": {"resourceType": "Group", "id": "c"}}, "Patient.contained[0]"),
    ("Patient.name[0]", "given", {"valueString": "Z"}, "Patient.name.given.where($this = 'Z')"),
    ("Patient.name[0]", "given", {"valueString": "Z", "_valueString": {"id": "z"}}, "Patient.name.given[2]"),
    ("Patient.name[0].given[1]", "extension", EXTENSION, "Patient.name.given.extension('http://new')"),
    ("Patient.gender", "extension", EXTENSION, "Patient.gender.extension('http://new')"),
    ("Patient.birthDate", "extension", EXTENSION, "Patient.birthDate.extension('http://new')"),
    ("Patient.deceased", "extension", EXTENSION, "Patient.deceased.extension('http://new')"),
]


def _parameter(type_: str, path: str, **parts: Any) -> dict[str, Any]:
    made: list[dict[str, Any]] = [{"name": "type", "valueCode": type_}, {"name": "path", "valueString": path}]
    made += [{"name": name, **part} for name, part in parts.items()]
    return {"name": "operation", "part": made}


def _parameters(*operations: Any) -> bytes:
    return json.dumps({"resourceType": "Parameters", "parameter": operations}).encode()


@few
@given(PATIENTS, st.sampled_from(ADDED))
def test_fhirpath_add_and_delete_is_identity(
    patient: dict[str, Any], added: tuple[str, str, Any, str]
) -> None:
    path, name, value, there = added
    data = json.dumps(patient).encode()
    add = _parameter("add", path, name={"valueString": name}, value=value)
    if path.startswith(("Patient.gender", "Patient.birthDate", "Patient.deceased")):
        assume(any(member.lstrip("_").startswith(path.removeprefix("Patient.")) for member in patient))
    after = patched(data, _parameters(add), "fhirpath")
    assert json.loads(after) != patient
    assert json.loads(patched(after, _parameters(_parameter("delete", there)), "fhirpath")) == patient


@few
@given(PATIENTS, st.lists(st.integers(0, 4), min_size=2, max_size=2))
def test_moving_there_and_back_is_identity(patient: dict[str, Any], places: list[int]) -> None:
    data = written(read(json.dumps(patient).encode())).encode()
    there, back = (
        _parameter("move", "Patient.telecom", source={"valueInteger": a}, destination={"valueInteger": b})
        for a, b in (places, places[::-1])
    )
    with contextlib.suppress(Invalid):
        assert patched(data, _parameters(there, back), "fhirpath") == data


STEPS = "Patient name given gender birthDate deceased extension value contact contained id nope".split()
STEPS += [
    "first()",
    "last()",
    "where(use = 'x')",
    "where($this = 'A')",
    "ofType(string)",
    "extension('http://x')",
]
steps = st.sampled_from(STEPS)
paths = st.lists(
    steps.flatmap(lambda step: st.sampled_from([step, f"{step}[0]", f"{step}[1]"])), min_size=1, max_size=4
)
sent = st.sampled_from(
    [{"valueString": "x"}, {"valueCode": "male"}, EXTENSION, {"valueHumanName": {"text": "x"}}, {}]
)
change = st.builds(
    lambda type_, path, value, name, index: _parameter(
        type_,
        ".".join(path),
        **{
            "add": {"name": {"valueString": name}, "value": value},
            "insert": {"index": {"valueInteger": index}, "value": value},
            "delete": {},
            "replace": {"value": value},
            "move": {"source": {"valueInteger": index}, "destination": {"valueInteger": 0}},
        }[type_],
    ),
    st.sampled_from(["add", "insert", "delete", "replace", "move"]),
    paths,
    sent,
    steps,
    st.integers(-1, 3),
)


@settings(max_examples=200, deadline=None)
@given(PATIENTS, st.lists(change, min_size=1, max_size=3))
def test_a_fhirpath_patch_is_applied_or_refused_but_never_breaks(
    patient: dict[str, Any], changes: list[Any]
) -> None:
    with contextlib.suppress(Invalid):
        assert _is_full(json.loads(patched(json.dumps(patient).encode(), _parameters(*changes), "fhirpath")))


def _is_full(value: Any) -> bool:
    """No object or list in it is empty."""
    if not isinstance(value, dict | list):
        return True
    return bool(value) and all(map(_is_full, value.values() if isinstance(value, dict) else value))


@few
@given(st.binary(max_size=40) | documents.map(str.encode), st.sampled_from(["json-patch", "fhirpath"]))
def test_no_bytes_break_a_patch(patch: bytes, kind: str) -> None:
    with contextlib.suppress(Invalid, Malformed):
        patched(b'{"resourceType":"Patient"}', patch, kind)

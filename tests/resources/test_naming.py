"""Which resources a document names: those that may be hidden, and those that stand in no record."""

from __future__ import annotations

import json
from typing import Any

import pytest

from careplan_service.resources.naming import Named, named_in

BASE = "http://here.example"


def bytes_of(*texts: str, **more: Any) -> bytes:
    return json.dumps({"names": texts, **more}).encode()


@pytest.mark.parametrize("padding", ["", "x" * 5000], ids=["kept", "too long to be kept"])
def test_what_may_be_hidden_and_what_stands_in_no_record_are_told_apart(padding: str) -> None:
    data = bytes_of("Goal/1", "Practitioner/p", "Organization/o", f"{BASE}/fhir/Task/2/_history/3", padding)
    names = Named(
        frozenset({"Goal/1", "Task/2"}),
        frozenset({"Practitioner/p", "Organization/o"}),
        ((f"{BASE}/fhir/Task/2/_history/3", "Task/2"),),
    )
    assert named_in(data, BASE) == names
    assert named_in(data, BASE) == named_in(bytes(bytearray(data)), BASE)


def test_a_household_is_both() -> None:
    assert named_in(bytes_of("Group/g"), BASE) == Named(frozenset({"Group/g"}), frozenset({"Group/g"}))


def test_an_address_of_another_server_or_of_what_is_not_served_names_nothing_here() -> None:
    data = bytes_of("http://there.example/fhir/Goal/1", "Basic/1", "Goals/1", "see Goal/1", "Goal/")
    assert named_in(data, BASE) == Named(frozenset(), frozenset())
    assert named_in(bytes_of(f"{BASE}/fhir/Goal/1"), "http://there.example") == Named(
        frozenset(), frozenset()
    )


def test_what_is_written_with_escapes_is_the_same_address() -> None:
    escaped = rb'{"a": ["Goal\/1", "\u004fr' + rb'ganization/o"]}'
    assert named_in(escaped, BASE) == Named(frozenset({"Goal/1"}), frozenset({"Organization/o"}))


def test_all_texts_are_told_that_name_a_resource() -> None:
    texts = {"Goal/1", "Goal/1/_history/2", f"{BASE}/fhir/Goal/1"}
    for data in (bytes_of("Task/1", *texts), bytes_of("Task/1", *texts).replace(b"/", rb"\/")):
        names = named_in(data, BASE)
        assert names.texts(frozenset({"Goal/1"})) == texts
        assert names.texts(frozenset()) == frozenset()

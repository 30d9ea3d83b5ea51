"""FHIRPath Patch on stored bytes: operations, values, refusals. https://hl7.org/fhir/R4/fhirpatch.html"""

from __future__ import annotations

import json
from typing import Any

import pytest

from careplan_service.errors import Invalid, Malformed
from careplan_service.resources.patching import patched

PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "ann",
    "birthDate": "1970",
    "name": [
        {"use": "official", "family": "Lee", "given": ["Ann", "Bo", "Cy"]},
        {"use": "usual", "given": ["An"]},
    ],
    "deceasedBoolean": False,
    "gender": "female",
}


def operation(type_: str, path: str, value: Any = None, **parts: Any) -> dict[str, Any]:
    """One parameter; `value` is the part without its name."""
    made = [{"name": "type", "valueCode": type_}, {"name": "path", "valueString": path}]
    for name, part in parts.items():
        made.append({"name": name, "valueString" if isinstance(part, str) else "valueInteger": part})
    if value is not None:
        made.append({"name": "value", **value})
    return {"name": "operation", "part": made}


def by(*operations: dict[str, Any]) -> bytes:
    return json.dumps({"resourceType": "Parameters", "parameter": list(operations)}).encode()


def after(resource: dict[str, Any], *operations: dict[str, Any]) -> dict[str, Any]:
    result: dict[str, Any] = json.loads(patched(json.dumps(resource).encode(), by(*operations), "fhirpath"))
    return result


def changes(resource: dict[str, Any], *operations: dict[str, Any]) -> dict[str, Any]:
    """The members that are different afterwards; None for those that are gone."""
    result = after(resource, *operations)
    names = resource.keys() | result.keys()
    return {name: result.get(name) for name in names if result.get(name) != resource.get(name)}


EXTENSION = {"part": [{"name": "url", "valueUri": "http://x.org/e"}, {"name": "value", "valueString": "hi"}]}
EXTENDED = {"extension": [{"url": "http://x.org/e", "valueString": "hi"}]}
NAMES = PATIENT["name"]

CASES = [
    (operation("add", "Patient", {"valueBoolean": True}, name="active"), {"active": True}),
    (operation("add", "Patient", {"valueInteger": 2}, name="multipleBirth"), {"multipleBirthInteger": 2}),
    (
        operation("add", "Patient.name[1]", {"valueString": "Lo"}, name="family"),
        {"name": [NAMES[0], {**NAMES[1], "family": "Lo"}]},
    ),
    (
        operation("add", "name.where(use='usual')", {"valueString": "Di"}, name="given"),
        {"name": [NAMES[0], {"use": "usual", "given": ["An", "Di"]}]},
    ),
    (operation("add", "Patient.birthDate", EXTENSION, name="extension"), {"_birthDate": EXTENDED}),
    (
        operation("add", "Patient.name[1].given[0]", EXTENSION, name="extension"),
        {"name": [NAMES[0], {**NAMES[1], "_given": [EXTENDED]}]},
    ),
    (
        operation("add", "Patient", {"valueCode": "en", "_valueCode": {"id": "l"}}, name="language"),
        {"language": "en", "_language": {"id": "l"}},
    ),
    (operation("add", "Patient", {"_valueCode": EXTENDED}, name="language"), {"_language": EXTENDED}),
    (
        operation("add", "Patient.name[1]", {"_valueString": {"id": "g"}}, name="given"),
        {"name": [NAMES[0], {"use": "usual", "given": ["An", None], "_given": [None, {"id": "g"}]}]},
    ),
    (
        operation(
            "add", "Patient", {"resource": {"resourceType": "Organization", "id": "o"}}, name="contained"
        ),
        {"contained": [{"resourceType": "Organization", "id": "o"}]},
    ),
    (
        operation(
            "add",
            "Patient",
            {
                "part": [
                    {"name": "name", "valueHumanName": {"text": "Di"}},
                    {"name": "telecom", "valueContactPoint": {"rank": 1}},
                    {"name": "telecom", "valueContactPoint": {"rank": 2}},
                ]
            },
            name="contact",
        ),
        {"contact": [{"name": {"text": "Di"}, "telecom": [{"rank": 1}, {"rank": 2}]}]},
    ),
    (
        operation("insert", "Patient.name[0].given", {"valueString": "Al"}, index=0),
        {"name": [{**NAMES[0], "given": ["Al", "Ann", "Bo", "Cy"]}, NAMES[1]]},
    ),
    (
        operation("insert", "Patient.name[0].given", {"valueString": "Di"}, index=3),
        {"name": [{**NAMES[0], "given": ["Ann", "Bo", "Cy", "Di"]}, NAMES[1]]},
    ),
    (
        operation("insert", "Patient.telecom", {"valueContactPoint": {"rank": 1}}, index=0),
        {"telecom": [{"rank": 1}]},
    ),
    (operation("insert", "Patient.birthDate.extension", EXTENSION, index=0), {"_birthDate": EXTENDED}),
    (operation("delete", "Patient.gender"), {"gender": None}),
    (operation("delete", "Patient.deceased"), {"deceasedBoolean": None}),
    (operation("delete", "Patient.telecom"), {}),
    (operation("delete", "Patient.contact.name.where(use = 'usual')"), {}),
    (
        operation("delete", "Patient.name.where(use = 'official').given[1]"),
        {"name": [{**NAMES[0], "given": ["Ann", "Cy"]}, NAMES[1]]},
    ),
    (operation("replace", "Patient.birthDate", {"valueDate": "1971"}), {"birthDate": "1971"}),
    (
        operation("replace", "Patient.deceased", {"valueDateTime": "2020"}),
        {"deceasedBoolean": None, "deceasedDateTime": "2020"},
    ),
    (
        operation("replace", "Patient.deceased.ofType(boolean)", {"valueBoolean": True}),
        {"deceasedBoolean": True},
    ),
    (
        operation("replace", "Patient.name.last()", {"valueHumanName": {"text": "A"}}),
        {"name": [NAMES[0], {"text": "A"}]},
    ),
    (
        operation("replace", "Patient.name.first().given.where($this = 'Bo')", {"valueString": "Jo"}),
        {"name": [{**NAMES[0], "given": ["Ann", "Jo", "Cy"]}, NAMES[1]]},
    ),
    (operation("move", "Patient.name", source=0, destination=1), {"name": NAMES[::-1]}),
    (
        operation("move", "Patient.name[0].given", source=2, destination=0),
        {"name": [{**NAMES[0], "given": ["Cy", "Ann", "Bo"]}, NAMES[1]]},
    ),
]


@pytest.mark.parametrize(("change", "expected"), CASES, ids=lambda value: str(value)[:90])
def test_an_operation_changes_what_its_path_names_and_nothing_else(
    change: dict[str, Any], expected: Any
) -> None:
    assert changes(PATIENT, change) == expected


def test_a_more_special_type_may_stand_for_the_general_one() -> None:
    add = operation("add", "Patient.name[1]", {"valueCode": "Lo"}, name="family")
    assert changes(PATIENT, add) == {"name": [NAMES[0], {**NAMES[1], "family": "Lo"}]}


def test_a_type_of_its_own_goes_before_the_general_one() -> None:
    parts = [{"name": "url", "valueUri": "http://x.org/e"}, {"name": "value", "valueUrl": "http://x.org"}]
    result = after(PATIENT, operation("add", "Patient", {"part": parts}, name="extension"))
    assert result["extension"] == [{"url": "http://x.org/e", "valueUrl": "http://x.org"}]


def test_a_choice_element_takes_what_stands_beside_it_along() -> None:
    value = {"valueDateTime": "2020", "_valueDateTime": {"id": "d"}}
    expected = {"deceasedBoolean": None, "deceasedDateTime": "2020", "_deceasedDateTime": {"id": "d"}}
    assert changes(PATIENT, operation("replace", "Patient.deceased", value)) == expected


def test_what_is_no_list_where_a_list_must_be_counts_as_absent() -> None:
    add = operation("add", "Patient", {"valueHumanName": {"given": "x"}}, name="name")
    result = after(PATIENT, add, operation("delete", "Patient.name[2].given"))
    assert result["name"][2] == {"given": "x"}


def test_everything_but_the_patched_element_keeps_its_bytes() -> None:
    data = (
        b'{"resourceType":"Goal","id":"g","target":[{"detailQuantity":{"value":1.50,"unit":"kg"}}],"x":1E2}'
    )
    patch = by(operation("replace", "Goal.target.detail.unit", {"valueString": "lb"}))
    assert patched(data, patch, "fhirpath") == data.replace(b"kg", b"lb")


def test_a_number_in_the_patch_keeps_its_digits() -> None:
    patch = by(operation("add", "Observation", {"valueQuantity": {"value": 77777}}, name="value")).replace(
        b"77777", b"1.50"
    )
    assert b'"valueQuantity":{"value":1.50}' in patched(b'{"resourceType":"Observation"}', patch, "fhirpath")


def test_a_choice_element_changes_its_type_where_it_stands() -> None:
    data = b'{"resourceType":"Observation","valueString":"a","_valueString":{"id":"x"},"status":"final"}'
    patch = by(operation("replace", "Observation.value", {"valueQuantity": {"unit": "kg"}}))
    assert (
        patched(data, patch, "fhirpath")
        == b'{"resourceType":"Observation","valueQuantity":{"unit":"kg"},"status":"final"}'
    )


PRIMITIVES: dict[str, Any] = {
    "resourceType": "Patient",
    "birthDate": "1970",
    "_birthDate": EXTENDED,
    "_gender": EXTENDED,
    "name": [{"given": ["A", None, "C"], "_given": [None, EXTENDED, {"id": "c"}]}],
}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (operation("delete", "Patient.birthDate"), {"birthDate": None, "_birthDate": None}),
        (
            operation("replace", "Patient.birthDate", {"valueDate": "1971"}),
            {"birthDate": "1971", "_birthDate": None},
        ),
        (operation("delete", "Patient.birthDate.extension"), {"_birthDate": None}),
        (operation("delete", "Patient.birthDate.extension('http://x.org/e')"), {"_birthDate": None}),
        (operation("delete", "Patient.birthDate.extension('http://x.org/other')"), {}),
        (
            operation("delete", "Patient.gender.extension.value"),
            {"_gender": {"extension": [{"url": "http://x.org/e"}]}},
        ),
        (operation("delete", "Patient.gender.extension"), {"_gender": None}),
        (operation("replace", "Patient.gender", {"valueCode": "male"}), {"gender": "male", "_gender": None}),
        (
            operation("delete", "Patient.name.given[0]"),
            {"name": [{"given": [None, "C"], "_given": [EXTENDED, {"id": "c"}]}]},
        ),
        (
            operation("delete", "Patient.name.given[1].extension"),
            {"name": [{"given": ["A", "C"], "_given": [None, {"id": "c"}]}]},
        ),
        (
            operation("delete", "Patient.name.given[2].id"),
            {"name": [{"given": ["A", None, "C"], "_given": [None, EXTENDED, None]}]},
        ),
        (
            operation("move", "Patient.name.given", source=1, destination=0),
            {"name": [{"given": [None, "A", "C"], "_given": [EXTENDED, None, {"id": "c"}]}]},
        ),
        (
            operation("insert", "Patient.name.given", {"valueString": "B"}, index=1),
            {"name": [{"given": ["A", "B", None, "C"], "_given": [None, None, EXTENDED, {"id": "c"}]}]},
        ),
    ],
    ids=lambda value: str(value)[:90],
)
def test_a_primitive_and_what_stands_beside_it_are_one_element(change: dict[str, Any], expected: Any) -> None:
    assert changes(PRIMITIVES, change) == expected


def test_deleting_the_last_element_deletes_the_objects_that_would_be_empty() -> None:
    nested = {"resourceType": "Patient", "contact": [{"name": {"text": "a"}}], "active": True}
    assert after(nested, operation("delete", "Patient.contact.name.text")) == {
        "resourceType": "Patient",
        "active": True,
    }


def test_elements_of_contained_resources_can_be_patched() -> None:
    contained = [
        {"resourceType": "Medication", "id": "m"},
        {"resourceType": "Organization", "id": "o", "name": "Old"},
    ]
    resource = {"resourceType": "Patient", "contained": contained}
    for path in (
        "Patient.contained.where(name = 'Old').name",
        "Patient.contained.ofType(Organization).name",
        "contained.where(id = 'o').name",
    ):
        result = after(resource, operation("replace", path, {"valueString": "New"}))
        assert result["contained"] == [contained[0], {**contained[1], "name": "New"}]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (operation("add", "Patient.contact", {"valueCode": "male"}, name="gender"), "finds nothing"),
        (operation("add", "Patient.name", {"valueString": "Lo"}, name="family"), "finds 2 elements"),
        (operation("add", "Patient", {"valueCode": "male"}, name="gender"), "there already"),
        (operation("add", "Patient", {"valueDateTime": "2020"}, name="deceased"), "there already"),
        (operation("add", "Patient", {"valueBoolean": True}, name="aktive"), "no element of Patient"),
        (operation("add", "Patient", {"valueBoolean": True}, name="resourceType"), "no element of Patient"),
        (
            operation("add", "Patient", {"valueString": "true"}, name="active"),
            "takes `valueBoolean`, not `valueString`",
        ),
        (operation("add", "Patient", {"valueBoolean": {"a": 1}}, name="active"), "does not hold"),
        (operation("add", "Patient", {"valueIdentifier": "x"}, name="identifier"), "does not hold"),
        (operation("add", "Patient", {"valueCode": None}, name="language"), "does not hold"),
        (operation("replace", "Patient.gender", {"_valueCode": "x"}), "does not hold"),
        (
            operation("move", "Patient.name[0]._given", source=0, destination=1),
            "names no element that repeats",
        ),
        (
            operation(
                "add", "Patient", {"valueIdentifier": {"id": "x"}, "_valueIdentifier": {}}, name="identifier"
            ),
            "does not hold",
        ),
        (operation("add", "Patient", {"valueIdentifier": [{}]}, name="identifier"), "does not hold"),
        (operation("add", "Patient", {}, name="gender"), "exactly one of"),
        (
            operation("add", "Patient", {"valueCode": "a", "valueString": "a"}, name="language"),
            "exactly one of",
        ),
        (operation("add", "Patient", {"valueCode": "a", **EXTENSION}, name="language"), "exactly one of"),
        (operation("add", "Patient", {"part": [{"name": "x"}]}, name="multipleBirth"), "cannot make"),
        (
            operation("add", "Patient", {"part": [{"name": "nope", "valueString": "x"}]}, name="contact"),
            "no element of Patient.contact",
        ),
        (operation("add", "Patient", {"resource": {}}, name="contact"), "takes no resource"),
        (
            operation("insert", "Patient.name", {"valueHumanName": {"text": "a"}}, index=3),
            "`index` must be from 0 to 2, not 3",
        ),
        (operation("insert", "Patient.name", {"valueHumanName": {"text": "a"}}, index=-1), "`index` must be"),
        (
            operation("insert", "Patient.gender", {"valueCode": "male"}, index=0),
            "names no element that repeats",
        ),
        (operation("insert", "Patient.name[0]", {"valueHumanName": {"text": "a"}}, index=0), "names no list"),
        (operation("insert", "Patient", {"valueHumanName": {"text": "a"}}, index=0), "names no list"),
        (operation("insert", "Patient.name.given", {"valueString": "a"}, index=0), "there once, not 2 times"),
        (
            operation("insert", "Patient.contact.telecom", {"valueContactPoint": {"rank": 1}}, index=0),
            "not 0 times",
        ),
        (operation("delete", "Patient.name"), "finds 2 elements"),
        (operation("delete", "Patient"), "not the whole resource"),
        (operation("delete", "Patient.id"), "`id`"),
        (operation("delete", "Goal.description"), "`Goal` is no element of Patient"),
        (operation("replace", "Patient.telecom", {"valueContactPoint": {"rank": 1}}), "finds nothing"),
        (operation("replace", "Patient.id", {"valueId": "bob"}), "`id`"),
        (operation("replace", "Patient.gender", {"valueBoolean": True}), "takes `valueCode`"),
        (operation("move", "Patient.name", source=2, destination=0), "`source` must be from 0 to 1"),
        (operation("move", "Patient.name", source=0, destination=2), "`destination` must be from 0 to 1"),
        (operation("move", "Patient.telecom", source=0, destination=0), "`source` must be"),
    ],
    ids=lambda value: str(value)[:90],
)
def test_an_operation_that_cannot_be_applied_is_refused(change: dict[str, Any], reason: str) -> None:
    with pytest.raises(Invalid) as refused:
        after(PATIENT, operation("delete", "Patient.telecom"), change)
    assert reason in refused.value.text
    assert "\n" not in refused.value.text
    if "`id`" not in reason:
        assert refused.value.faults[0].expression == "Parameters.parameter[1]"


@pytest.mark.parametrize(
    ("parameter", "places"),
    [
        ("x", ["Parameters.parameter"]),
        ([1], ["Parameters.parameter[0]"]),
        ([{"name": "change", "part": []}], ["Parameters.parameter[0]"]),
        ([{"name": "operation"}], ["Parameters.parameter[0].part"]),
        ([{"name": "operation", "part": ["x"]}], ["Parameters.parameter[0].part[0]"]),
        ([{"name": "operation", "part": "x"}], ["Parameters.parameter[0].part"]),
        ([{"name": "operation", "part": [{"name": 1}]}], ["Parameters.parameter[0].part[0]"]),
        (
            [{"name": "operation", "part": [{"name": "type", "valueCode": ["add"]}]}],
            ["Parameters.parameter[0]"],
        ),
        (
            [{"name": "operation", "part": [{"name": "path", "valueString": "Patient"}]}],
            ["Parameters.parameter[0]"],
        ),
        ([operation("upsert", "Patient")], ["Parameters.parameter[0]"]),
        (
            [operation("delete", "Patient.gender"), operation("add", "Patient")],
            ["Parameters.parameter[1]"] * 2,
        ),
        (
            [operation("insert", "Patient.name", {"valueString": "x"}, index="1")],
            ["Parameters.parameter[0].part[2]"],
        ),
        ([operation("delete", "Patient.name", name="name")], ["Parameters.parameter[0].part[2]"]),
        ([operation("delete", "Patient.name", path_again="x")], ["Parameters.parameter[0].part[2]"]),
        (
            [
                {
                    "name": "operation",
                    "part": [*operation("delete", "a")["part"], {"name": "path", "valueString": "b"}],
                }
            ],
            ["Parameters.parameter[0].part[1]"],
        ),
        (
            [operation("add", "Patient", {"part": [{"part": []}]}, name="contact")],
            ["Parameters.parameter[0].part[3].part[0]"],
        ),
        (
            [operation("add", "Patient", {"part": []}, name="contact")],
            ["Parameters.parameter[0].part[3].part"],
        ),
        ([operation("delete", "Patient.telecom")] * 501, [None]),
    ],
    ids=lambda value: str(value)[:90],
)
def test_what_is_no_fhirpath_patch_is_malformed_with_every_place(parameter: Any, places: list[str]) -> None:
    patch = json.dumps({"resourceType": "Parameters", "parameter": parameter}).encode()
    with pytest.raises(Malformed) as refused:
        patched(json.dumps(PATIENT).encode(), patch, "fhirpath")
    assert [fault.expression for fault in refused.value.faults] == places


@pytest.mark.parametrize(
    "patch", [b"", b"[]", b"{}", b'{"resourceType":"Bundle"}', b'{"resourceType":"Parameters",}']
)
def test_bytes_that_are_no_parameters_are_malformed(patch: bytes) -> None:
    with pytest.raises(Malformed):
        patched(json.dumps(PATIENT).encode(), patch, "fhirpath")


def test_parameters_without_operations_change_nothing() -> None:
    assert after(PATIENT) == PATIENT


def test_paths_that_look_at_very_many_elements_are_stopped() -> None:
    group = {"resourceType": "Group", "member": [{"inactive": False}] * 15_000}
    with pytest.raises(Invalid, match="divide the patch"):
        after(group, *[operation("delete", "Group.member.where(inactive = true)")] * 10)

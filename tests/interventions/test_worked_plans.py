"""The worked plans of `fixtures/plans` use the whole of the schema and betray nobody. docs/plans.md"""

import base64
import json
from dataclasses import replace

import pytest
from marshmallow import fields

from careplan_service.interventions.from_fhir import from_fhir
from careplan_service.interventions.intake import plan_to_json
from careplan_service.interventions.record_schema import RecordedPlanPart
from interventions.regenerate_expected import FIXTURES, documents_of, fixtures, labels_of, plan_of

WORKED = {
    "community-organising",
    "crisis-and-safety",
    "elder-isolation",
    "family-conflict",
    "family-eviction",
    "group-psychoeducation",
    "hospital-discharge",
    "individual-cbt",
    "re-entry",
}
ON_RECORD = {"plan.reopens", "referral.consent", "session.cosigned_by", "session.cosigned_at"}
"""What names a document of the agency's own record or is added to one later, and so stands in no plan that
is whole by itself."""

SECRETS = [
    ("crisis-and-safety", "SDV", "Anchor Women's Refuge"),
    ("crisis-and-safety", "SDV", "library book"),
    ("crisis-and-safety", "SDV", "amara@example.org"),
    ("crisis-and-safety", "SDV", "0163"),
    ("crisis-and-safety", "SDV", "0164"),
    ("crisis-and-safety", "SDV", "0166"),
    ("crisis-and-safety", "SDV", "Delphine"),
    ("crisis-and-safety", "SDV", "21 Weaver Street"),
    ("crisis-and-safety", "SDV", "her sister's sofa"),
    ("crisis-and-safety", "SDV", "husband"),
    ("crisis-and-safety", "SDV", "code word"),
    ("crisis-and-safety", "SDV", "bakery. He came"),
    ("crisis-and-safety", "SDV", "back door"),
    ("crisis-and-safety", "SDV", "300 metres"),
    ("crisis-and-safety", "SDV", "bus stop"),
    ("re-entry", "42CFRPart2", "Northside Recovery Centre"),
    ("re-entry", "42CFRPart2", " script"),
    ("re-entry", "42CFRPart2", "Naloxone"),
    ("re-entry", "PRS", "Released on"),
    ("re-entry", "PRS", "Probation"),
    ("family-conflict", "ADOL", "where she stays"),
    ("family-conflict", "ADOL", "report everything at home"),
    ("family-conflict", "MH", "red kitchen towel"),
    ("hospital-discharge", "COGN", "confusion"),
]


def worked(name):
    return plan_of(FIXTURES / f"{name}.json")


def told_by(document):
    """Everything a reader of a document can read, attachments included."""
    notes = [
        base64.b64decode(one["attachment"]["data"]).decode()
        for one in document.get("content", ())
        if "data" in one["attachment"]
    ]
    return "\n".join([json.dumps(document, ensure_ascii=False), *notes])


def parts_of(schema, told, name="plan"):
    """Every field of a schema that a told plan fills in, as `part.field`."""
    for field, kind in schema.fields.items():
        value = told.get(field)
        if value is None or value == []:
            continue
        yield f"{name}.{field}"
        inner = kind.inner if isinstance(kind, fields.List) else kind
        if isinstance(inner, fields.Nested):
            for one in value if isinstance(value, list) else [value]:
                yield from parts_of(inner.schema, one, _named(inner))


def fields_of(schema, name="plan"):
    for field, kind in schema.fields.items():
        yield f"{name}.{field}"
        inner = kind.inner if isinstance(kind, fields.List) else kind
        if isinstance(inner, fields.Nested):
            yield from fields_of(inner.schema, _named(inner))


def _named(nested):
    return type(nested.schema).__name__.removesuffix("Part").lower()


def test_each_kind_of_work_has_its_plan():
    assert {path.stem for path in fixtures()} == WORKED


def test_together_they_fill_in_every_field_that_a_plan_by_itself_can_have():
    schema = RecordedPlanPart()
    filled = {one for path in fixtures() for one in parts_of(schema, plan_to_json(plan_of(path)))}
    assert set(fields_of(schema)) - filled == ON_RECORD


@pytest.mark.parametrize("path", fixtures(), ids=lambda path: path.name)
def test_a_worked_plan_comes_back_from_its_fhir(path):
    documents = json.loads(json.dumps(documents_of(plan_of(path))))
    by_reference = {f"{one['resourceType']}/{one['id']}": one for one in documents}
    assert from_fhir(documents[0], by_reference) == plan_of(path)


@pytest.mark.parametrize(("name", "label", "secret"), SECRETS, ids=lambda part: part)
def test_what_could_harm_is_told_only_under_its_label(name, label, secret):
    telling = [one for one in documents_of(worked(name)) if secret in told_by(one)]
    assert telling
    assert [one["resourceType"] for one in telling if label not in labels_of(one)] == []


def test_a_plan_that_needs_no_label_has_none():
    assert set().union(*map(labels_of, documents_of(worked("elder-isolation")))) == set()


def test_a_session_has_the_labels_of_its_kind():
    plan = worked("elder-isolation")
    first, *rest = plan.sessions
    documents = documents_of(replace(plan, sessions=(replace(first, kind="crisis-intervention"), *rest)))
    labelled = sorted(one["resourceType"] for one in documents if "MH" in labels_of(one))
    assert labelled == ["CarePlan", "DocumentReference", "Encounter", "Procedure"]


def test_an_addendum_has_the_labels_of_its_reason():
    plan = worked("elder-isolation")
    *others, last = plan.sessions
    [addendum] = last.addenda
    told = replace(last, addenda=(replace(addendum, reason="she told of domestic violence"),))
    documents = documents_of(replace(plan, sessions=(*others, told)))
    assert [
        one["resourceType"] for one in documents if "she told" in told_by(one) and not labels_of(one)
    ] == []


@pytest.mark.parametrize(("name", "status"), [("elder-isolation", "inactive"), ("re-entry", "active")])
def test_the_team_of_a_closed_plan_is_inactive(name, status):
    teams = [one for one in documents_of(worked(name)) if one["resourceType"] == "CareTeam"]
    assert [one["status"] for one in teams] == [status]

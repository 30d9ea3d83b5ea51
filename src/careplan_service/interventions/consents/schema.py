"""The JSON shape of a consent form: a marshmallow schema, the rules beyond it, and the JSON Schema of both.

docs/consent-forms.md describes the same shape for agencies; https://json-schema.org/draft/2020-12/schema
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from marshmallow import ValidationError

from careplan_service.errors import Fault, Invalid
from careplan_service.interventions import intake_fields as read
from careplan_service.interventions.catalogue import domain_terms
from careplan_service.interventions.consents import form as words
from careplan_service.interventions.consents.form import WIDE, ConsentForm, Withdrawal
from careplan_service.interventions.intake import as_json, expression, flat
from careplan_service.interventions.intake_fields import Part, Read, quoted, term
from careplan_service.interventions.intake_rules import Faulty
from careplan_service.interventions.intake_schema import line, marks, one_of
from careplan_service.interventions.plan_schema import object_schema
from careplan_service.interventions.practice import private_in
from careplan_service.interventions.record_intake import built

_RECIPIENTS = ("Organization", "Practitioner", "PractitionerRole", "CareTeam", "RelatedPerson")


def reference_to(*types: str) -> Callable[[Any], str]:
    """A reader of a reference to one of these types."""
    pattern = rf"^({'|'.join(types)})/[A-Za-z0-9\-.]{{1,64}}$"

    def read_one(value: Any) -> str:
        written = read.text(value)
        if not re.match(pattern, written):
            listed = " or ".join(f"`{type_}/id`" for type_ in types)
            raise ValidationError(f"{quoted(written)} is no reference: write {listed}")
        return written

    read_one.pattern = pattern  # type: ignore[attr-defined]  # for the JSON Schema
    return read_one


class ConsentFormPart(Part):
    """A consent form."""

    number = line()
    kind = Read(one_of(words.KINDS, "kind of consent"), required=True)
    person = Read(reference_to("Patient"), required=True)
    signer = Read(reference_to("Patient", "RelatedPerson"))
    capacity = Read(one_of(words.CAPACITIES, "capacity"))
    given = Read(one_of(words.GIVEN, "way of consenting"), required=True)
    language = line()
    interpreter = Read(read.flag)
    date = Read(read.day, required=True)
    expires = Read(read.day, required=True)
    agency = Read(reference_to("Organization"), required=True)
    recipients = Read(read.many(reference_to(*_RECIPIENTS)))
    purposes = Read(read.many(one_of(words.PURPOSES, "purpose")))
    data = Read(read.many(one_of(words.DATA, "class of data")))
    domains = Read(read.many(term(domain_terms, "domain")))
    domains_excluded = Read(read.many(term(domain_terms, "domain")))
    sensitive = marks()
    sensitive_excluded = marks()
    redisclosure = Read(one_of(words.REDISCLOSURE, "redisclosure"))
    limits_explained = Read(read.flag)
    copy_given = Read(read.flag)
    comment = line()


class WithdrawalPart(Part):
    """What ends a consent."""

    date = Read(read.day, required=True)
    by = line(required=True)
    reason = line()


def form_from_json(sent: Any) -> ConsentForm:
    """The form that a JSON value tells. Raises Invalid with every fault, by its field."""
    form: ConsentForm = _read(ConsentFormPart(), ConsentForm, sent, _rules)
    return form


def withdrawal_from_json(sent: Any) -> Withdrawal:
    """As `form_from_json`, of a withdrawal."""
    told: Withdrawal = _read(WithdrawalPart(), Withdrawal, sent, lambda _: iter(()))
    return told


def form_to_json(form: ConsentForm | Withdrawal) -> dict[str, Any]:
    """The JSON shape that is read, with codes in place of friendly spellings."""
    told: dict[str, Any] = as_json(form)
    return told


def consent_schema(base_url: str) -> dict[str, Any]:
    """The schema of a form as it is told, with one that is sent and a withdrawal in its `$defs`."""
    form, withdrawal = (object_schema(part, {}) for part in (ConsentFormPart, WithdrawalPart))
    replaces = {"type": "array", "items": {"type": "string", "pattern": "^Consent/"}}
    made = {
        "id": {"type": "string"},
        "consent": {"type": "string", "format": "uri"},
        "state": {"enum": list(words.STATES)},
        "withdrawn": {"$ref": "#/$defs/Withdrawal"},
    }
    definitions = {
        "ConsentForm": {**form, "properties": {**made, **form["properties"]}},
        "NewConsentForm": {
            **form,
            "properties": {**form["properties"], "replaces": replaces},
            "required": [name for name in form["required"] if name != "agency"],
        },
        "Withdrawal": withdrawal,
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"{base_url}/consents/schema",
        "title": "Consent form",
        "$ref": "#/$defs/ConsentForm",
        "$defs": definitions,
    }


def _read(
    part: Part, of: type[Any], sent: Any, rules: Callable[[Mapping[str, Any]], Iterator[Faulty]]
) -> Any:
    found = list(private_in(sent))
    try:
        data = part.load(sent)
        found += rules(data)
    except ValidationError as refused:
        found += flat(refused.messages)
    if found:
        text = f"the form has {len(found)} fault{'s' * (len(found) > 1)}"
        raise Invalid(text, faults=[Fault("invalid", told, expression(path)) for path, told in found])
    return built(of, data)


def _rules(form: Mapping[str, Any]) -> Iterator[Faulty]:
    yield from _said(form)
    if form["expires"] < form["date"]:
        yield (
            ("expires",),
            f"{quoted(form['expires'])} is before the day of the consent {quoted(form['date'])}",
        )
    signer = form.get("signer") or form["person"]
    if signer.startswith("Patient/") and signer != form["person"]:
        yield ("signer",), "only the person herself or a representative signs: write a `RelatedPerson/id`"
    if (signer != form["person"]) != (form.get("capacity") not in (None, "self")):
        yield ("capacity",), "say in which capacity a representative signs, and of nobody else"
    for name in ("domains", "sensitive"):
        if both := set(form.get(name) or ()) & set(form.get(f"{name}_excluded") or ()):
            yield (f"{name}_excluded",), f"{quoted(min(both))} is shared and not shared: leave one out"


def _said(form: Mapping[str, Any]) -> Iterator[Faulty]:
    """A consent to service shares nothing; any other says to whom and what for."""
    if form["kind"] == "service":
        for name in (*WIDE, "redisclosure"):
            if form.get(name):
                yield (name,), "a consent to service shares nothing: leave it out, and file a release"
        return
    for name in ("recipients", "purposes"):
        if not form.get(name):
            yield (name,), read.MISSING
    if form["kind"] == "research" and set(form.get("purposes") or ()) - {"research"}:
        yield ("purposes",), "what is for research is for nothing else: file a release for other purposes"

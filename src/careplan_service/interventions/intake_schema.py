"""The JSON shape of a plan: one marshmallow schema for each part of `plan.Plan`.

docs/plans.md describes the same shape for agencies.
"""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from careplan_service.interventions import intake_fields as read
from careplan_service.interventions import terms
from careplan_service.interventions.catalogue import domain_terms, kind_terms
from careplan_service.interventions.intake_fields import MISSING, Part, Read, term
from careplan_service.interventions.sensitivity import mark_terms
from careplan_service.interventions.terms import Terms

Messages = dict[str, str | list[Any] | dict[Any, Any]]


def _one_of(listed: Terms, what: str) -> Any:
    return term(lambda: listed, what)


def _parts(schema: type[Part]) -> fields.Field[Any]:
    messages: Messages = {"invalid": "write a list here", "null": "write a list here"}
    null: Messages = {"null": "write this as an object with named fields"}
    nested = fields.Nested(schema, error_messages=null)
    return fields.List(nested, load_default=list, error_messages=messages)


def _part(schema: type[Part], *, required: bool = False) -> fields.Field[Any]:
    messages: Messages = {"required": MISSING, "null": MISSING}
    if required:
        return fields.Nested(schema, required=True, error_messages=messages)
    return fields.Nested(schema, allow_none=True, load_default=None, error_messages=messages)


def _text(*, required: bool = False) -> Read:
    return Read(read.text, required=True) if required else Read(read.text)


def _marks() -> Read:
    return Read(read.many(term(mark_terms, "sensitivity")))


class PeriodPart(Part):
    """From when until when."""

    start = Read(read.day)
    end = Read(read.day)


class MemberPart(Part):
    """A person of the client system, flat."""

    given = _text()
    family = _text()
    role = _text()
    client = Read(read.flag)
    identifier = Read(read.identifier)
    birth_date = Read(read.day)
    gender = Read(_one_of(terms.GENDERS, "gender"))
    phone = _text()
    email = _text()
    address = _text()
    language = _text()
    interpreter = Read(read.flag)
    safe_contact = _text()
    address_confidential = Read(read.flag)
    sensitivity = _marks()


class ClientSystemPart(Part):
    """Whom the plan is for."""

    kind = Read(_one_of(terms.CLIENT_SYSTEMS, "kind of client system"), required=True)
    name = _text()
    members = _parts(MemberPart)
    identifier = Read(read.identifier)
    size = Read(read.count)
    locality = _text()
    description = _text()
    sensitivity = _marks()


class NeedPart(Part):
    """A presenting need."""

    text = _text(required=True)
    domain = Read(term(domain_terms, "domain"), required=True)
    severity = Read(_one_of(terms.SEVERITIES, "severity"))
    codes = Read(read.many(read.text))
    sensitivity = _marks()


class StrengthPart(Part):
    """A strength."""

    text = _text(required=True)
    codes = Read(read.many(read.text))
    sensitivity = _marks()


class StrategyPart(Part):
    """A strategy."""

    number = _text(required=True)
    text = _text(required=True)
    kind = Read(term(kind_terms, "kind of intervention"), required=True)
    method = _text()
    frequency = _text()
    duration = _text()
    count = Read(read.count)
    who = Read(read.many(read.text))
    where = _text()
    status = Read(_one_of(terms.ACTIVITY_STATES, "strategy status"))
    sensitivity = _marks()


class ObjectivePart(Part):
    """An objective."""

    number = _text(required=True)
    statement = _text(required=True)
    measure = _text()
    target = Read(read.measured)
    baseline = Read(read.measured)
    due = Read(read.day)
    responsible = _text()
    status = Read(_one_of(terms.GOAL_STATES, "objective status"))
    strategies = _parts(StrategyPart)
    sensitivity = _marks()


class GoalPart(Part):
    """A goal."""

    number = _text(required=True)
    words = _text(required=True)
    domain = Read(term(domain_terms, "domain"), required=True)
    wording = _text()
    priority = Read(_one_of(terms.PRIORITIES, "priority"))
    start = Read(read.day)
    target_date = Read(read.day)
    status = Read(_one_of(terms.GOAL_STATES, "goal status"))
    codes = Read(read.many(read.text))
    objectives = _parts(ObjectivePart)
    sensitivity = _marks()


class ParticipantPart(Part):
    """A worker, another professional, or an agency."""

    role = _text(required=True)
    name = _text()
    agency = _text()
    identifier = Read(read.identifier)
    agency_identifier = Read(read.identifier)
    sensitivity = _marks()


class AgreementPart(Part):
    """The client's agreement."""

    status = Read(_one_of(terms.AGREEMENTS, "agreement"), required=True)
    date = Read(read.day)
    how = Read(_one_of(terms.AGREED_HOW, "way of agreeing"))
    comment = _text()
    reason = _text()


class PlanPart(Part):
    """A plan."""

    number = _text(required=True)
    title = _text(required=True)
    client_system = _part(ClientSystemPart, required=True)
    status = Read(_one_of(terms.PLAN_STATES, "plan status"))
    status_reason = _text()
    period = _part(PeriodPart)
    review_date = Read(read.day)
    needs = _parts(NeedPart)
    strengths = _parts(StrengthPart)
    goals = _parts(GoalPart)
    worker = _part(ParticipantPart)
    participants = _parts(ParticipantPart)
    agreement = _part(AgreementPart)
    sharing_notes = _text()
    sensitivity = _marks()

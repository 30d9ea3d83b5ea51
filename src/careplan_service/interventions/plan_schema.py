"""The JSON Schema of a plan and of what is posted to it, made from the parts that read them.

https://json-schema.org/draft/2020-12/schema
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING
from dataclasses import fields as dataclass_fields
from typing import Any

from marshmallow import fields

from careplan_service.interventions import intake_fields as read
from careplan_service.interventions import record_schema as parts
from careplan_service.interventions.foreign.marks import HOWS, Beyond, Mark
from careplan_service.interventions.intake_fields import Part, Read

TEXT: dict[str, Any] = {"type": "string", "minLength": 1, "maxLength": read.LONGEST_TEXT}
_DAY = {"type": "string", "format": "date"}
_MOMENT = {"type": "string", "format": "date-time"}
_IDENTIFIER: dict[str, Any] = {
    "type": "object",
    "properties": {"system": {"type": "string", "format": "uri"}, "value": TEXT},
    "required": ["system", "value"],
    "additionalProperties": False,
}
_MEASURED: dict[str, Any] = {"type": ["integer", "boolean", "string"]}
_READ: Mapping[Callable[[Any], Any], dict[str, Any]] = {
    read.text: TEXT,
    read.day: _DAY,
    read.moment: _MOMENT,
    read.level: {"type": "integer", "minimum": -2, "maximum": 2},
    read.count: {"type": "integer", "minimum": 1, "maximum": 999_999_999},
    read.flag: {"type": "boolean"},
    read.measured: _MEASURED,
    read.answered: {"anyOf": [_MEASURED, {"type": "array", "items": _MEASURED}]},
    read.identifier: _IDENTIFIER,
    read.further_identifier: _IDENTIFIER,
    read.billing: {
        "type": "object",
        "properties": {"system": {"type": "string", "format": "uri"}, "code": TEXT},
        "required": ["code"],
        "additionalProperties": False,
    },
    read.five: {"type": "array", "items": TEXT, "minItems": 5, "maxItems": 5},
    read.loinc: {"type": "string", "pattern": r"^\d{1,7}-\d$"},
    read.id_: {"type": "string", "pattern": r"^[A-Za-z0-9\-.]{1,64}$"},
    read.consent_id: {"type": "string", "pattern": r"^[A-Za-z0-9\-.]{1,64}$"},
}
_LIMITS = ("minLength", "maxLength", "pattern", "uniqueItems")
SENT: Mapping[str, type[Part]] = {
    "Plan": parts.RecordedPlanPart,
    "NewAssessment": parts.AssessmentPart,
    "NewSession": parts.SessionPart,
    "NewReview": parts.ReviewPart,
    "NewReferral": parts.ReferralPart,
    "Cosignature": parts.CosignaturePart,
    "Adjustment": parts.AdjustmentPart,
    "ReferralState": parts.ReferralStatePart,
    "NewAddendum": parts.NewAddendumPart,
    "ClosingSummary": parts.ClosePart,
    "Reopening": parts.ReopenPart,
}
"""What is sent, by the name of its schema; the number of what is new may be left out."""


def plan_schema(base_url: str) -> dict[str, Any]:
    """The schema of a plan, with those of everything that is posted to one among its `$defs`.

    It describes the codes as the service writes them; on the way in other spellings are taken as well.
    """
    definitions: dict[str, Any] = {}
    for name, part in SENT.items():
        schema = object_schema(part, definitions)
        if name.startswith("New"):
            schema["required"] = [one for one in schema["required"] if one != "number"]
        definitions[name] = schema
    definitions |= _as_read(definitions)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"{base_url}/plans/schema",
        "title": "Intervention plan",
        "$ref": "#/$defs/Plan",
        "$defs": dict(sorted(definitions.items())),
    }


def _as_read(definitions: Mapping[str, Any]) -> dict[str, Any]:
    """The schemas of a plan as it is given, wherever it was made: states, kinds and domains may be texts of
    others there, and what such a plan does not say is left out."""
    found: dict[str, Any] = {}
    waiting = ["Plan"]
    while waiting:
        name = waiting.pop()
        if f"{name}AsRead" not in found:
            found[f"{name}AsRead"] = _loose(definitions[name], waiting)
    plan = found["PlanAsRead"]
    plan["properties"] |= {
        "id": TEXT,
        "care_plan": {"type": "string", "format": "uri"},
        "strategies": {"type": "array", "items": {"$ref": "#/$defs/StrategyAsRead"}},
        "read_only": {
            **TEXT,
            "description": "Why it is not changed here; of plans that were made here, absent.",
        },
        "read_from": {"type": "object", "additionalProperties": TEXT},
        "marks": {"type": "array", "items": _told(Mark, "How a value was found.", {"how": HOWS})},
        "not_in_words": {
            "type": "array",
            "items": _told(Beyond, "what has no place in the plan's words", {}),
        },
    }
    plan["required"] = ["id", "care_plan", "number"]
    return found


def _loose(schema: Any, waiting: list[str]) -> Any:
    """A schema that asks for nothing, and takes any text where ours lists its words."""
    if isinstance(schema, list):
        return [_loose(one, waiting) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if "enum" in schema:
        return {"type": "string"}
    if "$ref" in schema:
        waiting.append(schema["$ref"].removeprefix("#/$defs/"))
        return {"$ref": f"{schema['$ref']}AsRead"}
    return {name: _loose(one, waiting) for name, one in schema.items() if name not in ("required", *_LIMITS)}


def _told(part: type[Mark | Beyond], about: str, words: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    names = {one.name: one.default is MISSING for one in dataclass_fields(part)}
    told = {name: {"enum": list(words[name])} if name in words else {"type": "string"} for name in names}
    required = [name for name, is_required in names.items() if is_required and name != "said"]
    return {"type": "object", "description": about, "properties": told, "required": required}


def object_schema(part: type[Part], definitions: dict[str, Any]) -> dict[str, Any]:
    """The schema of a part; those of the parts in it go into the `definitions`."""
    known = part().fields
    return {
        "type": "object",
        "description": (part.__doc__ or "").strip(),
        "properties": {name: _field(one, definitions) for name, one in known.items()},
        "required": [name for name, one in known.items() if one.required],
        "additionalProperties": False,
    }


def _field(field: fields.Field[Any], definitions: dict[str, Any]) -> dict[str, Any]:
    if isinstance(field, fields.List):
        return {"type": "array", "items": _field(field.inner, definitions)}
    if isinstance(field, fields.Nested):
        part: type[Part] = type(field.schema)  # type: ignore[assignment]  # all of ours are
        name = part.__name__.removesuffix("Part")
        if name not in definitions:
            definitions[name] = {}
            definitions[name] = object_schema(part, definitions)
        return {"$ref": f"#/$defs/{name}"}
    return _value(field.reader) if isinstance(field, Read) else {"type": "object"}


def _value(reader: Callable[[Any], Any]) -> dict[str, Any]:
    terms, each = getattr(reader, "terms", None), getattr(reader, "each", None)
    if terms is not None:
        return {"enum": list(terms().by_code)}
    if each is not None:
        return {"type": "array", "items": _value(each), "uniqueItems": True}
    if pattern := getattr(reader, "pattern", None):
        return {"type": "string", "pattern": pattern}
    return _READ[reader]

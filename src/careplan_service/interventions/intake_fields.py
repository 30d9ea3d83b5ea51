"""How one field of a plan is read: text, day, number, term of a list.

Every message is one lower-case sentence with the sender's input in backticks.
FHIR strings and dates: https://hl7.org/fhir/R4/datatypes.html#primitive
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from difflib import get_close_matches
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields, validates_schema

from careplan_service.interventions.plan import Identifier, Value
from careplan_service.interventions.record import BillingCode
from careplan_service.interventions.terms import Terms, normal

LONGEST_TEXT = 10_000
UNWRITABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\x80-\x9f\ud800-\udfff\ufffe\uffff]")
WHOLE_NUMBER = re.compile(r"0|-?[1-9]\d{0,8}")
URI = re.compile(r"(https?://|urn:)[^\s|]+")
ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
ISO_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?(Z|[+-](0\d|1[0-3]):[0-5]\d)")
PROCESS_NOTES = frozenset(
    {"process note", "process notes", "psychotherapy note", "psychotherapy notes", "personal notes"}
)
"""What is kept apart from every plan (see `practice`)."""

MISSING = "is missing: give it a value"


def quoted(value: object) -> str:
    """The sender's input, shortened, in backticks."""
    written = (
        value
        if not isinstance(value, dict | list | bool | None)
        else json.dumps(value, ensure_ascii=False, default=str)
    )
    text = str(written).replace("\n", " ")
    return f"`{text[:60]}...`" if len(text) > 60 else f"`{text}`"


def did_you_mean(near: str | None) -> str:
    """A suggestion, if there is one."""
    return f", did you mean `{near}`?" if near else ""


class Part(Schema):
    """A part of the plan; a field that it does not know is a fault, with a suggestion."""

    class Meta:
        unknown = EXCLUDE

    error_messages = {"type": "write this as an object with named fields"}  # noqa: RUF012

    @validates_schema(pass_original=True, skip_on_field_errors=False)
    def _no_unknown_fields(self, data: object, original: object, **_: object) -> None:
        if not isinstance(original, Mapping):
            return
        faults = {
            str(name): [f"unknown field {quoted(name)}{did_you_mean(self._near(str(name)))}"]
            for name in original
            if name not in self.fields and normal(str(name)) not in PROCESS_NOTES
        }
        if faults:
            raise ValidationError(faults)

    def _near(self, name: str) -> str | None:
        return next(iter(get_close_matches(name.casefold(), list(self.fields), n=1, cutoff=0.6)), None)


class Read(fields.Field[Any]):
    """A field that `read` makes of a JSON value; None, blank text and empty lists count as not there."""

    default_error_messages = {"required": MISSING, "null": MISSING}  # noqa: RUF012

    def __init__(self, read: Callable[[Any], Any], **options: Any) -> None:
        super().__init__(allow_none=not options.get("required", False), **options)
        self.reader = read

    def deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        """As marshmallow's, except that blank is missing."""
        blank = value is None or (isinstance(value, str) and not value.strip())
        return super().deserialize(None if blank else value, *args, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        return self.reader(value)


def text(value: Any) -> str:
    """Trimmed text; whole numbers are taken as written, for numbers typed without quotes."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if value is None:
        raise ValidationError(MISSING)
    if not isinstance(value, str):
        raise ValidationError(f"write text instead of {quoted(value)}")
    trimmed = re.sub(r"\r\n?", "\n", value).strip()
    if bad := UNWRITABLE.search(trimmed):
        raise ValidationError(f"take out the character U+{ord(bad[0]):04X}, which cannot be shown")
    if len(trimmed) > LONGEST_TEXT:
        raise ValidationError(f"shorten this text of {len(trimmed)} characters to at most {LONGEST_TEXT}")
    return trimmed


def day(value: Any) -> date:
    """A date in ISO form only: every other form means different days to different people."""
    if isinstance(value, str) and ISO_DAY.fullmatch(value.strip()):
        try:
            return date.fromisoformat(value.strip())
        except ValueError:
            raise ValidationError(f"there is no day {quoted(value)} in the calendar") from None
    raise ValidationError(f"write the date {quoted(value)} as YYYY-MM-DD, for example `2025-03-31`")


def moment(value: Any) -> datetime:
    """A date and time with its offset from UTC, to the second."""
    if isinstance(value, str) and ISO_MOMENT.fullmatch(value.strip()):
        try:
            return datetime.fromisoformat(value.strip())
        except ValueError:
            raise ValidationError(f"there is no moment {quoted(value)} in the calendar") from None
    raise ValidationError(
        f"write {quoted(value)} as date, time and offset, for example `2025-03-31T14:30+01:00`"
    )


def level(value: Any) -> int:
    """A level of Goal Attainment Scaling."""
    number = int(value) if isinstance(value, str) and re.fullmatch(r"[+-]?[0-2]", value.strip()) else value
    if isinstance(number, bool) or not isinstance(number, int) or not -2 <= number <= 2:
        raise ValidationError(f"write a level from -2 to 2 instead of {quoted(value)}")
    return number


def count(value: Any) -> int:
    """A whole number from 1."""
    number = int(value) if isinstance(value, str) and WHOLE_NUMBER.fullmatch(value.strip()) else value
    if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= 999_999_999:
        raise ValidationError(f"write a whole number from 1 instead of {quoted(value)}")
    return number


def flag(value: Any) -> bool:
    """Yes or no."""
    answers = {"yes": True, "y": True, "true": True, "no": False, "n": False, "false": False}
    found = answers.get(value.strip().casefold()) if isinstance(value, str) else value
    if not isinstance(found, bool):
        raise ValidationError(f"write `yes` or `no` instead of {quoted(value)}")
    return found


def measured(value: Any) -> Value:
    """A whole number, yes/no as `true`/`false`, or words; decimals stay as they are written."""
    if isinstance(value, bool):
        return value
    words = text(str(value) if isinstance(value, float) else value)
    if words.casefold() in ("true", "false"):
        return words.casefold() == "true"
    return int(words) if WHOLE_NUMBER.fullmatch(words) else words


def answered(value: Any) -> tuple[Value, ...]:
    """An answer, or a list of them."""
    return tuple(measured(_there(one)) for one in value) if isinstance(value, list) else (measured(value),)


def term(terms: Callable[[], Terms], what: str) -> Callable[[Any], str]:
    """A reader of one of a list of terms, friendly to spellings."""

    def read(value: Any) -> str:
        written = text(value)
        code = terms().code(written)
        if code is None:
            near = did_you_mean(terms().near(written)) or f": use one of {', '.join(terms().by_code)}"
            raise ValidationError(f"unknown {what} {quoted(written)}{near}")
        return code

    read.terms = terms  # type: ignore[attr-defined]  # for the JSON Schema
    return read


def many(read: Callable[[Any], Any]) -> Callable[[Any], tuple[Any, ...]]:
    """A reader of a list, or of texts separated by `;`; what comes twice counts once."""

    def read_all(value: Any) -> tuple[Any, ...]:
        if isinstance(value, str):
            value = [part for part in value.split(";") if part.strip()]
        if not isinstance(value, list):
            raise ValidationError(f"write a list instead of {quoted(value)}")
        return tuple(dict.fromkeys(read(_there(one)) for one in value))

    read_all.each = read  # type: ignore[attr-defined]  # for the JSON Schema
    return read_all


def identifier(value: Any) -> Identifier:
    """`{"system": ..., "value": ...}`, or `system|value` as one text."""
    if isinstance(value, str):
        system, bar, number = value.partition("|")
        value = {"system": system, "value": number} if bar else {}
    if not isinstance(value, Mapping) or set(value) != {"system", "value"}:
        raise ValidationError(
            "write the identifier as `system|value`, or as an object with `system` and `value`"
        )
    system, number = text(value["system"]), text(value["value"])
    if not number:
        raise ValidationError("the identifier has no number: write it as `system|value`")
    if not URI.fullmatch(system):
        raise ValidationError(
            f"the identifier's system {quoted(system)} must start with `https://` or `urn:`"
        )
    return Identifier(system, number)


def further_identifier(value: Any) -> Identifier:
    """One of several identifiers, which a table separates by `;`."""
    found = identifier(value)
    if ";" in found.system + found.value:
        raise ValidationError(f"take the `;` out of {quoted(found.value)}: it separates identifiers")
    return found


def billing(value: Any) -> BillingCode:
    """A billing code as one text, with its system in front if that is said: `https://...|T1017`."""
    if isinstance(value, str):
        before, bar, code = value.rpartition("|")
        value = {"system": before, "code": code} if bar else {"code": code}
    if not isinstance(value, Mapping) or not {"code"} <= set(value) <= {"system", "code"}:
        raise ValidationError("write the billing code as text, or as an object with `system` and `code`")
    code, said = text(value["code"]), value.get("system")
    system = None if said is None else text(said)
    if not re.fullmatch(r"[^\s|]+( [^\s|]+)*", code):
        raise ValidationError(f"{quoted(code)} is no billing code: write it like `T1017`")
    if system is not None and not URI.fullmatch(system):
        raise ValidationError(f"the code's system {quoted(system)} must start with `https://` or `urn:`")
    return BillingCode(code, system)


def five(value: Any) -> tuple[str, ...]:
    """The five descriptions of a scale, from the level -2 to +2."""
    if not isinstance(value, list) or len(value) != 5:
        raise ValidationError("describe five levels, from -2 (much less) over 0 (expected) to +2 (much more)")
    return tuple(text(_there(one)) for one in value)


def _there(one: Any) -> Any:
    """One of a list, in which nothing is left blank."""
    if one is None or (isinstance(one, str) and not one.strip()):
        raise ValidationError("one of the list is blank: give it a value, or take it out")
    return one


def loinc(value: Any) -> str:
    """A LOINC code, by its shape."""
    code = text(value)
    if not re.fullmatch(r"\d{1,7}-\d", code):
        raise ValidationError(f"{quoted(code)} is no LOINC code: write it like `71802-3`")
    return code


def id_(value: Any) -> str:
    """The id of a resource."""
    written = text(value)
    if not re.fullmatch(r"[A-Za-z0-9\-.]{1,64}", written):
        raise ValidationError(f"{quoted(written)} is no id: write letters, digits, `-` and `.`")
    return written


def consent_id(value: Any) -> str:
    """The id of the Consent that covers a referral."""
    try:
        return id_(value)
    except ValidationError:
        wanted = "write the id of a Consent on record that covers this referral, such as `4f1c`"
        raise ValidationError(f"{wanted}, without `Consent/`, instead of {quoted(value)}") from None

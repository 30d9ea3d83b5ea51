"""A mapping file: which of our plan columns comes from which column of an agency's file.

TOML: https://toml.io/en/v1.0.0 ; JSON: https://www.rfc-editor.org/rfc/rfc8259 ; docs/agency-imports.md

Every fault is told by its key (`columns.plan_title.column`), with what may have been meant. What the mapping
says itself, fixed values and tables, is checked here once, as the same field of a plan would be.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from careplan_service.errors import Fault, Invalid
from careplan_service.interventions import intake_fields as read
from careplan_service.interventions.columns import reader_of
from careplan_service.interventions.file_text import decoded, json_in, not_toml
from careplan_service.interventions.intake_fields import quoted
from careplan_service.interventions.mapping_rules import faults_in

LARGEST = 1_000_000


@dataclass(frozen=True)
class Source:
    """Where one of our columns comes from: a `column` of the agency's, or a fixed `value`.

    `values` says what the agency's cells are called here, `date_format` how a date is written there,
    `system` whose numbers its identifiers are.
    """

    column: str = ""
    value: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    date_format: str = ""
    system: str = ""


@dataclass(frozen=True)
class PlanMapping:
    """A mapping file without faults: where our columns come from, and how the agency's file is written."""

    columns: Mapping[str, Source]
    ignored: frozenset[str] = frozenset()
    encoding: str = "utf-8"
    delimiter: str = ","


def mapping_from_toml(data: bytes) -> PlanMapping:
    """The mapping that a TOML file says. Raises Invalid with every fault, `expression` being its key."""
    text = _text(data)
    try:
        said = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise not_toml("the mapping", error, text) from None
    return _mapping(said)


def mapping_from_json(data: bytes) -> PlanMapping:
    """The mapping that a JSON file says. Raises Invalid with every fault, `expression` being its key."""
    return _mapping(json_in(data, "the mapping", object_pairs_hook=_once))


def _text(data: bytes) -> str:
    if len(data) > LARGEST:
        raise Invalid(f"the mapping has {len(data)} bytes, at most {LARGEST} are taken")
    return decoded(data, "utf-8-sig", "save the mapping as UTF-8").replace("\r\n", "\n")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Invalid(f"{quoted(twice)} comes twice in the mapping: say it once", expression=twice)
    return found


def _mapping(said: Any) -> PlanMapping:
    faults = list(faults_in(said))
    if faults:
        text = f"the mapping has {len(faults)} fault{'s' * (len(faults) > 1)}"
        raise Invalid(text, faults=[Fault("invalid", one.text, one.key or None) for one in faults])
    default = said.get("date_format", "")
    return PlanMapping(
        {name: _source(name, of, default) for name, of in said["columns"].items()},
        frozenset(one.strip() for one in said.get("ignored", ())),
        said.get("encoding", "utf-8").lower(),
        said.get("delimiter", ","),
    )


def _source(name: str, said: Any, date_format: str) -> Source:
    told: dict[str, Any] = {"column": said} if isinstance(said, str) else dict(said)
    if reader_of(name) is not read.day:
        date_format = ""
    values = {cell.strip(): value.strip() for cell, value in told.get("values", {}).items()}
    return Source(
        told.get("column", "").strip(),
        told.get("value", "").strip(),
        values,
        told.get("date_format", date_format),
        told.get("system", ""),
    )

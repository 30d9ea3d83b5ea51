"""The published facts of FHIR R4 4.0.1 as read from `tables.json`. https://hl7.org/fhir/R4/definitions.json.zip

Per shape (resource type, backbone element, data type): `base` and `elements` with `types`, `min`, `many`,
`targets` of references and the `valueSet` of a required binding. `openTypes` stands for the types `["*"]`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

FACTS: Mapping[str, Any] = json.loads(files(__package__).joinpath("tables.json").read_text(encoding="utf-8"))

SUPPORTED: frozenset[str] = frozenset(
    name for name, shape in FACTS["shapes"].items() if shape["base"] == "DomainResource"
)
"""Resource types whose elements are all in the tables."""

_ABSTRACT = frozenset({"Resource", "DomainResource"})

RESOURCE_TYPES: frozenset[str] = frozenset(FACTS["valueSets"]["resource-types"]) - _ABSTRACT
"""Every resource type of R4."""

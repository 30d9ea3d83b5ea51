"""The Parameters of an operation, read by name. https://hl7.org/fhir/R4/parameters.html"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from careplan_service.errors import Malformed
from careplan_service.resources.patching import document as documents

Parts = Sequence[Mapping[str, Any]]


def parts_of(body: bytes, known: frozenset[str]) -> Parts:
    """The parameters of a body, each with a known name. Raises Malformed (400)."""
    parts = _read(body)
    for n, part in enumerate(parts):
        if not isinstance(part.get("name"), str) or part["name"] not in known:
            text = (
                f"`{part.get('name')}` is no parameter of this operation; it takes {', '.join(sorted(known))}"
            )
            raise Malformed(text, expression=f"Parameters.parameter[{n}].name")
    return parts


def pairs_of(body: bytes) -> list[tuple[str, str]]:
    """The names with their values, each a text, a moment, a code or a reference. Raises Malformed (400)."""
    return [_pair(part, n) for n, part in enumerate(_read(body))]


def _read(body: bytes) -> Parts:
    sent = documents.read(body)
    parts = sent.get("parameter", []) if sent.get("resourceType") == "Parameters" else None
    if not isinstance(parts, list) or not all(isinstance(part, dict) for part in parts):
        raise Malformed("this operation takes `Parameters`", expression="Parameters")
    return parts


def _pair(part: Mapping[str, Any], number: int) -> tuple[str, str]:
    where = f"Parameters.parameter[{number}]"
    if not isinstance(part.get("name"), str):
        raise Malformed("a parameter has a `name` and a value", expression=where)
    values = [value for name, value in part.items() if name.startswith("value")]
    value = (
        values[0].get("reference") if values and isinstance(values[0], dict) else "".join(map(str, values))
    )
    if len(values) != 1 or not isinstance(value, str):
        text = f"`{part['name'][:40]}` takes one value: a text, a moment, a code or a reference"
        raise Malformed(text, expression=where)
    return part["name"], value


def one_text(parts: Parts, name: str, values: Sequence[str]) -> str:
    """The text of a parameter that may stand once, in one of `values` (`valueCode`); empty without it."""
    found = [part[value] for part in parts if part.get("name") == name for value in values if value in part]
    if len(found) > 1 or not all(isinstance(one, str) for one in found):
        raise Malformed(f"`Parameters` hold one `{name}`", expression="Parameters.parameter")
    return found[0] if found else ""


def one_resource(parts: Parts, name: str) -> dict[str, Any] | None:
    """The resource of a parameter that may stand once."""
    found = [part["resource"] for part in parts if part.get("name") == name and "resource" in part]
    if len(found) > 1 or not all(isinstance(one, dict) for one in found):
        raise Malformed(f"`Parameters` hold one `{name}`", expression="Parameters.parameter")
    return found[0] if found else None


def references(parts: Parts, name: str) -> list[str]:
    """The literal references of a parameter that may stand often."""
    found = [part.get("valueReference") for part in parts if part.get("name") == name]
    texts = [one.get("reference") if isinstance(one, dict) else None for one in found]
    if not all(isinstance(text, str) for text in texts):
        text = f"`{name}` takes a `valueReference` with a `reference`"
        raise Malformed(text, expression="Parameters.parameter")
    return [str(text) for text in texts]

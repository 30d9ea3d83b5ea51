"""Invariants of R4's data types, error severity. https://hl7.org/fhir/R4/datatypes.html

Those that need more than the object itself live elsewhere: ele-1, ref-1 and dom-* in the walk, txt-1 and
txt-2 in the narrative. The expressions are those of 4.0.1; where one compares what cannot be compared
(dates of different precision, quantities in different units) nothing is refused.
"""

from __future__ import annotations

from careplan_service.resources.r4.dates import certainly_after
from careplan_service.resources.r4.invariants.reading import (
    Node,
    child,
    count,
    given,
    given_choice,
    number,
    text,
)
from careplan_service.resources.r4.invariants.rule import Invariant, invariant

_UCUM = "http://unitsofmeasure.org"


def _ext_1(node: Node) -> bool:
    return given(node, "extension") == given_choice(node, "value")


def _per_1(node: Node) -> bool:
    return certainly_after(text(node, "start"), text(node, "end"))


def _rng_2(node: Node) -> bool:
    low, high = child(node, "low"), child(node, "high")
    smaller, larger = number(low, "value"), number(high, "value")
    if smaller is None or larger is None:
        return False
    same_unit = all(low.get(name) == high.get(name) for name in ("unit", "system", "code"))
    return same_unit and smaller > larger


def _rat_1(node: Node) -> bool:
    both = given(node, "numerator") == given(node, "denominator")
    return not both or not given(node, "numerator", "extension")


def _not_positive(node: Node) -> bool:
    value = number(node, "value")
    return value is not None and value <= 0


def _fraction(node: Node) -> bool:
    value = number(node, "value")
    return value is not None and "." in str(value)


def _other_system(node: Node) -> bool:
    return given(node, "system") and text(node, "system") != _UCUM


def _value_without_code(node: Node) -> bool:
    return given(node, "value") and not given(node, "code")


def _age_1(node: Node) -> bool:
    return _value_without_code(node) or _other_system(node) or _not_positive(node)


def _cnt_3(node: Node) -> bool:
    other_unit = given(node, "code") and text(node, "code") != "1"
    return _value_without_code(node) or _other_system(node) or other_unit or _fraction(node)


def _dis_1(node: Node) -> bool:
    return _value_without_code(node) or _other_system(node)


def _drt_1(node: Node) -> bool:
    return given(node, "code") and (text(node, "system") != _UCUM or not given(node, "value"))


def _trd_3(node: Node) -> bool:
    kind = text(node, "type")
    return (
        (kind == "named-event" and not given(node, "name"))
        or (kind == "periodic" and not given_choice(node, "timing"))
        or (kind.startswith("data-") and not given(node, "data"))
    )


DATATYPE_INVARIANTS: tuple[Invariant, ...] = (
    invariant("ext-1", "Extension", _ext_1, "must have either a `value[x]` or nested extensions, not both"),
    invariant("per-1", "Period", _per_1, "ends before it starts: `end` must not be before `start`"),
    invariant(
        "att-1",
        "Attachment",
        lambda n: given(n, "data") and not given(n, "contentType"),
        "has `data`: say in `contentType` what it is",
    ),
    invariant(
        "cpt-2",
        "ContactPoint",
        lambda n: given(n, "value") and not given(n, "system"),
        "has a `value`: say in `system` whether it is a phone, email or other",
    ),
    invariant(
        "qty-3",
        "Quantity Age Count Distance Duration",
        lambda n: given(n, "code") and not given(n, "system"),
        "has a `code` for the unit: name its `system`",
    ),
    invariant(
        "sqty-1", "SimpleQuantity", lambda n: given(n, "comparator"), "must not have a `comparator` here"
    ),
    invariant("age-1", "Age", _age_1, "must be above zero, with a UCUM `code` for its unit of time"),
    invariant("cnt-3", "Count", _cnt_3, "must be a whole number with the UCUM `code` 1"),
    invariant("dis-1", "Distance", _dis_1, "must have a UCUM `code` for its unit of length"),
    invariant(
        "drt-1", "Duration", _drt_1, f"has a `code` for the unit: give a `value` and the `system` {_UCUM}"
    ),
    invariant("rng-2", "Range", _rng_2, "has a `low` above its `high`"),
    invariant("rat-1", "Ratio", _rat_1, "must have both `numerator` and `denominator`"),
    invariant(
        "exp-1",
        "Expression",
        lambda n: not given(n, "expression", "reference"),
        "must have an `expression` or a `reference`",
    ),
    invariant(
        "drq-1",
        "DataRequirement.codeFilter",
        lambda n: given(n, "path") == given(n, "searchParam"),
        "must have either a `path` or a `searchParam`, not both",
    ),
    invariant(
        "drq-2",
        "DataRequirement.dateFilter",
        lambda n: given(n, "path") == given(n, "searchParam"),
        "must have either a `path` or a `searchParam`, not both",
    ),
    invariant(
        "trd-1",
        "TriggerDefinition",
        lambda n: given(n, "data") and given_choice(n, "timing"),
        "has both `data` and `timing[x]`: keep one",
    ),
    invariant(
        "trd-2",
        "TriggerDefinition",
        lambda n: given(n, "condition") and not count(n, "data"),
        "has a `condition`: say in `data` what it looks at",
    ),
    invariant(
        "trd-3", "TriggerDefinition", _trd_3, "lacks what its `type` needs: a `name`, a `timing[x]` or `data`"
    ),
)

"""Codes that are known to include others: what `:above` and `:below` go by.

https://hl7.org/fhir/R4/search.html#modifiers
"""

from __future__ import annotations

from collections.abc import Mapping

from careplan_service.access.consent.terminology import (
    ACT_CODE,
    ACT_REASON,
    PURPOSES,
    covered_labels,
    purpose_and_ancestors,
)

_TERMINOLOGY = "http://terminology.hl7.org/CodeSystem"
_REASONS = PURPOSES | {"PurposeOfUse"}
_SENSITIVITIES = covered_labels(["SPI"], widely=False)


def _listed(codes: str, **children: str) -> Mapping[str, frozenset[str]]:
    """Each code with all below it, itself among them; `children` are given to the last generation."""
    named = {code.replace("_", "-"): frozenset(below.split()) for code, below in children.items()}
    return {code: named.get(code, frozenset()) | {code} for code in codes.split()}


BELOW: Mapping[str, Mapping[str, frozenset[str]]] = {
    ACT_REASON: {
        code: frozenset(c for c in _REASONS if code in purpose_and_ancestors(c)) for code in _REASONS
    },
    ACT_CODE: {code: covered_labels([code], widely=False) for code in _SENSITIVITIES},
    f"{_TERMINOLOGY}/condition-clinical": _listed(
        "active recurrence relapse inactive remission resolved",
        active="recurrence relapse",
        inactive="remission resolved",
    ),
    f"{_TERMINOLOGY}/condition-ver-status": _listed(
        "unconfirmed provisional differential confirmed refuted entered-in-error",
        unconfirmed="provisional differential",
    ),
    f"{_TERMINOLOGY}/goal-achievement": _listed(
        "in-progress improving worsening no-change achieved sustaining not-achieved no-progress"
        " not-attainable",
        in_progress="improving worsening no-change",
        achieved="sustaining",
        not_achieved="no-progress not-attainable",
    ),
    "http://hl7.org/fhir/request-intent": _listed(
        "proposal plan directive order original-order reflex-order filler-order instance-order option",
        order="original-order reflex-order filler-order instance-order",
        filler_order="instance-order",
    ),
}
"""By code system, every code with the codes that it includes, itself among them."""


def below(system: str, code: str) -> frozenset[str]:
    """The code and the codes it includes. Raises KeyError when its hierarchy is not known."""
    return BELOW[system][code]


def above(system: str, code: str) -> frozenset[str]:
    """The code and the codes that include it. Raises KeyError when its hierarchy is not known."""
    known = BELOW[system]
    return frozenset(wider for wider, included in known.items() if known[code] <= included)

"""Why a Consent cannot be enforced, as the place that a decision names: `too-deep:provision.provision[0]`.

https://hl7.org/fhir/R4/consent.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from careplan_service.errors import Fault

_REASONS: tuple[tuple[str, str], ...] = (
    (r"Consent(?:\..+)?\.modifierExtension", "modifier-extension"),
    (r"Consent\.(.+)\.extension", r"unknown-extension:\1"),
    (r"Consent\.(.*provision\[\d+\])\.type", r"nested-without-type:\1"),
    (r"Consent\.(.+\.actor\[\d+\]).*", r"actor-unresolvable:\1"),
    (r"Consent\.(.+\.provision)", r"too-deep:\1[0]"),
    (r"Consent\.(.+)", r"unenforceable:\1"),
)


_ROOT = ("Consent.provision.type", "Consent.provision")


def kept(consent: Mapping[str, Any], faults: Sequence[Fault]) -> str:
    """The place of the rule that stands for a Consent of which nobody can tell what it means."""
    expressions = [fault.expression or _ROOT[1] for fault in faults]
    expression = min(expressions, key=lambda one: one in _ROOT)
    if expression in _ROOT:
        stated = set(consent.get("provision") or ()) - {"period", "provision", "id"}
        return f"untyped-root-with-{'conditions' if stated else 'same-type-exception'}"
    return next(
        found.expand(path) for pattern, path in _REASONS if (found := re.fullmatch(pattern, expression))
    )

"""Security labels may be raised and never lowered in passing: what stands on record is put back.

https://hl7.org/fhir/R4/resource.html#security-labels and https://hl7.org/fhir/R4/resource-operation-meta-delete.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from careplan_service.access.consent.terminology import (
    CONFIDENTIALITY,
    LABEL_SYSTEMS,
    NORMAL,
    RANK,
    RESTRICTED,
    sensitivity_keys,
)

Codings = Sequence[Mapping[str, Any]]
_OF_A_COPY = ("v3-ObservationValue", "v3/ObservationValue")
"""`REDACTED` and `SUBSETTED` say something of a copy, not of what is on record."""
_RESTRICTED = {"system": CONFIDENTIALITY, "code": "R", "display": "restricted"}


def raised(stands: Codings, sent: Codings) -> list[Mapping[str, Any]]:
    """What was sent with every label that stands already: the higher confidentiality, all other labels.

    As it was sent where nothing is lost.
    """
    found = [one for one in sent if not _is_rank(one)]
    keys = {key_of(one) for one in found}
    lost = [one for one in stands if not _is_rank(one) and key_of(one) not in keys and not _of_a_copy(one)]
    ranks = [one for one in sent if _is_rank(one)]
    highest = max((RANK[one["code"]] for one in ranks), default=None)
    wanted = max((one for one in stands if _is_rank(one)), key=lambda one: RANK[one["code"]], default=None)
    sensitive = sensitivity_keys([(str(one.get("system", "")), str(one.get("code", ""))) for one in lost])
    if sensitive and (wanted is None or RANK[wanted["code"]] < RESTRICTED):
        wanted = _RESTRICTED
    # what has no confidentiality counts as N
    if wanted is None or RANK[wanted["code"]] <= (NORMAL if highest is None else highest):
        return [*sent, *lost]
    return [wanted, *found, *lost]


def key_of(label: Mapping[str, Any]) -> tuple[str, str]:
    """The one spelling of a label, whatever system it was written under."""
    system, code = str(label.get("system", "")), str(label.get("code", ""))
    return ("", code) if system in LABEL_SYSTEMS else (system, code)


def _is_rank(label: Mapping[str, Any]) -> bool:
    return label.get("system") in LABEL_SYSTEMS and label.get("code") in RANK


def _of_a_copy(label: Mapping[str, Any]) -> bool:
    return str(label.get("system", "")).endswith(_OF_A_COPY)

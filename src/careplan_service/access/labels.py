"""What `meta.security` of a resource says, as far as decisions need it.

https://hl7.org/fhir/R4/security-labels.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from careplan_service.access.consent.terminology import (
    LABEL_SYSTEMS,
    NORMAL,
    PART2,
    PURPOSE_SYSTEMS,
    RANK,
    RESTRICTED,
    TEST_DATA,
    purpose_key,
    sensitivity_keys,
)
from careplan_service.access.facts import Labels

UNLABELLED = Labels(NORMAL)


def labels_of(document: Mapping[str, Any]) -> Labels:
    """The labels of a document; unlabelled data counts as N, a bare sensitivity as R."""
    return labels_in(document.get("meta", {}).get("security", ()))


def labels_in(security: Sequence[Mapping[str, Any]]) -> Labels:
    """The labels of codings, as `labels_of` those of a document."""
    if not security:
        return UNLABELLED
    pairs = [(str(c.get("system", "")), str(c.get("code", ""))) for c in security]
    sensitivities = sensitivity_keys(pairs)
    ranks = [RANK[code] for system, code in pairs if system in LABEL_SYSTEMS and code in RANK]
    rank = max(ranks) if ranks else (RESTRICTED if sensitivities else NORMAL)
    purposes = frozenset(
        purpose_key(system, code) for system, code in pairs if system in PURPOSE_SYSTEMS and code != TEST_DATA
    )
    return Labels(rank, sensitivities, purposes, bool(sensitivities & PART2))

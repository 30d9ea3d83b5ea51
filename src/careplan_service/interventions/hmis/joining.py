"""What an import brings, joined with what is on record: a row's changes go in, everything else stays.

https://hl7.org/fhir/R4/http.html#update
"""

from __future__ import annotations

from collections.abc import Iterable

from careplan_service.interventions import canonical
from careplan_service.interventions.canonical import Document
from careplan_service.interventions.hmis.columns import FILES
from careplan_service.interventions.hmis.staging import Kept
from careplan_service.interventions.merging import merged
from careplan_service.interventions.sensitivity import security

_LEVELS = "ULMNRV"


def together(kept: Kept | None, came: Kept) -> Kept:
    """The rows of a person: those that came in place of those kept under the same key, the rest as it was."""
    return {file: {**(kept or {}).get(file, {}), **came.get(file, {})} for file in FILES}


def joined(stored: Document, before: Document | None, after: Document) -> Document:
    """`stored` with what became other between `before` and `after`.

    Where nothing is known of before, it was made by somebody else, and only what it lacks is filled in.
    """
    was = {name: after[name] for name in after if name in stored} if before is None else before
    changed = merged(_bare(stored), _bare(was), _bare(after))
    changed["meta"] = stored.get("meta", {})
    return changed


def _bare(document: Document) -> Document:
    return {name: value for name, value in document.items() if name != "meta"}


def raised(document: Document, wanted: Iterable[Document]) -> Document:
    """The document with these security labels besides its own; confidentiality only rises."""
    meta = dict(document.get("meta", {}))
    has = list(meta.get("security", ()))
    labels = {one.get("code"): one for one in has}
    for one in wanted:
        labels.setdefault(one["code"], one)
    levels = [one for one in labels.values() if one.get("system") == canonical.CONFIDENTIALITY]
    highest = max(levels, key=lambda one: _LEVELS.find(str(one.get("code"))), default=None)
    others = [one for one in labels.values() if one not in levels]
    now = [*([highest] if highest else security(())), *others]
    if {str(one.get("code")) for one in now} == {str(one.get("code")) for one in has}:
        return document
    return {**document, "meta": {**meta, "security": now}}

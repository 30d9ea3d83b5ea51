"""The rows of one person as they came, in a DocumentReference that is labelled very restricted.

https://hl7.org/fhir/R4/documentreference.html

They hold what no other element does, and tell the next import what its rows change.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping

from careplan_service.interventions import canonical
from careplan_service.interventions.canonical import Document, reference
from careplan_service.interventions.hmis.columns import columns_of
from careplan_service.interventions.hmis.mapping import Part, Where, homeless, identifier
from careplan_service.interventions.hmis.staging import Kept
from careplan_service.interventions.sensitivity import found_in, security

RECORD_TYPE = {"text": "HMIS rows as they came"}
_TITLE = "rows.json"


def record_of(person: str, rows: Kept, agency: str, where: Where) -> Document:
    """The DocumentReference that keeps the rows as they came, labelled very restricted."""
    part = Part("DocumentReference", "PersonalID", person)
    data = json.dumps(rows, ensure_ascii=False, sort_keys=True).encode()
    return {
        "meta": {"security": _sealed(rows)},
        "identifier": identifier(agency, part),
        "status": "current",
        "type": RECORD_TYPE,
        "subject": reference(where(Part("Patient", "PersonalID", person))),
        "author": [reference(agency)],
        "custodian": reference(agency),
        "content": [
            {
                "attachment": {
                    "contentType": "application/json",
                    "data": b64encode(data).decode(),
                    "title": _TITLE,
                }
            }
        ],
    }


def _sealed(rows: Kept) -> list[Document]:
    """Very restricted, with the labels of every column that has a value and of every word in it."""
    labels = set(found_in([[*one.values()] for listed in rows.values() for one in listed.values()]))
    for file, listed in rows.items():
        known = columns_of(file)
        labels.update(*(known[name].labels for one in listed.values() for name in one))
    level = {"system": canonical.CONFIDENTIALITY, "code": "V", "display": "very restricted"}
    return [level, *security(labels | homeless())[1:]]


def rows_in(record: Mapping[str, object]) -> Kept | None:
    """The rows that a DocumentReference of ours keeps, or None."""
    for content in _contents(record):
        attachment = content.get("attachment", {})
        if attachment.get("title") == _TITLE and "data" in attachment:
            found: Kept = json.loads(b64decode(attachment["data"]))
            return found
    return None


def _contents(record: Mapping[str, object]) -> Iterator[Document]:
    listed = record.get("content", ())
    yield from listed if isinstance(listed, list) else ()

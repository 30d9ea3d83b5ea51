"""Which texts of a plan stand in documents with a security label, as they are on record now.

https://hl7.org/fhir/R4/security-labels.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from careplan_service.interventions import canonical
from careplan_service.interventions.sensitivity import Labels, label_displays
from careplan_service.resources.inline_labels import is_labelled_within, labelled_in

Documents = Mapping[str, Mapping[str, Any]]
_SECRET = frozenset({"R", "V"})


def labels_on(document: Mapping[str, Any]) -> Labels:
    """The sensitivity labels of a document, and `R` or `V` where it is more than normally confidential.

    With those of its elements: a print does not take a document apart.
    """
    within = labelled_in(document) if is_labelled_within(document) else ()
    stated = [
        *document.get("meta", {}).get("security", ()),
        *(label for one in within for label in one.labels),
    ]
    labels = {(one.get("system"), one.get("code")) for one in stated}
    return frozenset(
        str(code)
        for system, code in labels
        if (system == canonical.CONFIDENTIALITY and code in _SECRET)
        or (system == canonical.ACT_CODE and code in label_displays())
    )


def texts_by_type(documents: Documents) -> dict[str, dict[str, Labels]]:
    """By resource type, the texts in labelled documents, each with the labels that it stands under."""
    found: dict[str, dict[str, Labels]] = {}
    for document in documents.values():
        labels = labels_on(document)
        texts = found.setdefault(str(document["resourceType"]), {})
        for text in _texts(document) if labels else ():
            texts[text] = texts.get(text, frozenset()) | labels
    return found


def _texts(node: Any) -> Iterator[str]:
    if isinstance(node, Mapping):
        for value in node.values():
            yield from _texts(value)
    elif isinstance(node, list):
        for value in node:
            yield from _texts(value)
    elif isinstance(node, str):
        yield node

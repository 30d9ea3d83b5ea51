"""Security labels of single elements: where they stand in a document, and what of them can be enforced.

https://build.fhir.org/ig/HL7/fhir-security-label-ds4p/inline_security_labels.html

Whoever may not have such an element gets a copy without it, and no search finds the resource by it. Where
that cannot be done the resource is not stored: it is labelled whole, or the element kept in one of its own.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from careplan_service.access.consent.terminology import RANK
from careplan_service.access.labels import UNLABELLED, labels_in
from careplan_service.access.raised import key_of
from careplan_service.errors import Fault
from careplan_service.resources.marks import dated
from careplan_service.resources.r4 import check
from careplan_service.resources.redaction import Redaction, Spot

PROCESS = "PROCESSINLINELABEL"
"""The tag of `meta.security` that tells of labels within; no resource has them without it."""
MOST = 50
_LABEL = "extension-inline-sec-label"
_WHOLE = "label the whole resource in `meta.security`"
_MODIFIERS = frozenset(
    "active clinicalStatus comparator deceasedBoolean deceasedDateTime doNotPerform exclude implicitRules"
    " intent lifecycleStatus operator status use verificationStatus".split()
)
"""The elements that R4 marks as modifiers: https://hl7.org/fhir/R4/conformance-rules.html#isModifier"""
_NOT_ABOVE_NORMAL = ("N", "M", "L", "U")
Codings = Sequence[Mapping[str, Any]]


class Element(NamedTuple):
    """One element: its place in the parsed document, its path (`Patient.address`) and where it stands
    (`Patient.address[0]`), its value, its labels."""

    spot: Spot
    path: str
    where: str
    value: Any
    labels: Codings


def is_labelled_within(document: Mapping[str, Any]) -> bool:
    """Whether a stored document has labels of elements: it says so."""
    return any(one.get("code") == PROCESS for one in document.get("meta", {}).get("security", ()))


def labelled_in(document: Mapping[str, Any]) -> list[Element]:
    """The elements with labels of their own, the outer before the inner."""
    return [one for one in elements_of(document) if one.labels]


def elements_of(document: Mapping[str, Any]) -> Iterator[Element]:
    """Every element of a resource, the outer before the inner."""
    type_ = str(document.get("resourceType", ""))
    return _elements(document, type_, type_)


def _elements(node: Mapping[str, Any], path: str, where: str) -> Iterator[Element]:
    for name in dict.fromkeys(key.removeprefix("_") for key in node):
        held, beside = node.get(name), node.get(f"_{name}")
        many = isinstance(held, list) or isinstance(beside, list)
        values, besides = (one if isinstance(one, list) else [one] if one else [] for one in (held, beside))
        for i in range(max(len(values), len(besides))):
            value = values[i] if i < len(values) else None
            further = besides[i] if i < len(besides) else None
            at = f"{where}.{name}[{i}]" if many else f"{where}.{name}"
            labels = [*_labels(value), *_labels(further)]
            spot = Spot(id(node), name, i if many else None)
            yield Element(spot, f"{path}.{name}", at, value, labels)
            for inner in (value, further):
                if isinstance(inner, dict):
                    yield from _elements(inner, f"{path}.{name}", at)


def _labels(value: Any) -> Codings:
    return [one.get("valueCoding", {}) for one in _extensions(value)]


def _extensions(value: Any) -> list[Mapping[str, Any]]:
    held = value.get("extension") if isinstance(value, dict) else None
    return [
        one
        for one in (held if isinstance(held, list) else ())
        if isinstance(one, dict) and str(one.get("url", "")).endswith(f"/{_LABEL}")
    ]


def without_labelled(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The document as searches may know it: without what has a label of its own."""
    if not is_labelled_within(document):
        return document
    left = copy.deepcopy(dict(document))
    return Redaction(left, _names_nothing, frozenset(one.spot for one in labelled_in(left))).document


def unlabelled_anew(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Paths and codes (`Patient.address`, `R`) of labels that elements lost and the whole has not.

    An element that went with its label lost nothing, as long as what is left at its path without the label
    stood there without it: nobody can tell otherwise what became of it.
    """
    if not is_labelled_within(before):
        return
    earlier, now = _by_path(before), _by_path(after)
    whole = after.get("meta", {}).get("security", ())
    for path, held in earlier.items():
        for label in {key_of(label) for one in held for label in one.labels}:
            kept, plain = _parted(now.get(path, []), label)
            had, free = _parted(held, label)
            lost = any(one in had for one in plain)
            unsure = len(kept) < len(had) and any(one not in free for one in plain)
            if (lost or unsure) and not _covers(whole, label):
                yield path, label[1]


def _by_path(document: Mapping[str, Any]) -> Mapping[str, list[Element]]:
    found: dict[str, list[Element]] = {}
    for one in elements_of(document):
        found.setdefault(one.path, []).append(one)
    return found


def _parted(elements: Sequence[Element], label: tuple[str, str]) -> tuple[list[Any], list[Any]]:
    """What the elements say that have the label or a higher one, and what those say that have not."""
    parted: tuple[list[Any], list[Any]] = [], []
    for one in elements:
        parted[not (one.labels and _covers(one.labels, label))].append(_said(one.value))
    return parted


def _said(value: Any) -> Any:
    """The value without its labels."""
    if not isinstance(value, dict) or "extension" not in value:
        return value
    left = [one for one in value["extension"] if one not in _extensions(value)]
    rest = {name: held for name, held in value.items() if name != "extension"}
    return {**rest, "extension": left} if left else rest


def _covers(labels: Codings, label: tuple[str, str]) -> bool:
    """Whether what has these labels has this one, or a higher confidentiality."""
    if label[0] == "" and label[1] in RANK:
        return labels_in(labels).rank >= RANK[label[1]]
    return label in {key_of(one) for one in labels}


def inline_label_faults(data: bytes, document: Mapping[str, Any], *, is_judged: bool) -> tuple[Fault, ...]:
    """A fault for each label of an element that cannot be enforced.

    `is_judged` tells whether consents decide about such resources.
    """
    type_, tagged = str(document["resourceType"]), is_labelled_within(document)
    security = f"{type_}.meta.security"
    if tagged and PROCESS.encode() not in data:
        return (Fault("not-supported", f"write `{PROCESS}` plainly, without escapes", security),)
    if not tagged and _LABEL.encode() not in data and b"\\u" not in data:
        return ()
    if _labels(document):
        return (Fault("not-supported", f"this labels the resource itself; {_WHOLE}", f"{type_}.extension"),)
    found = labelled_in(document)
    if found and not tagged:
        text = f"elements have labels, so `meta.security` must say so with `{PROCESS}`"
        return (Fault("business-rule", text, security),)
    if len(found) > MOST:
        return (Fault("too-costly", f"more than {MOST} elements have labels; {_WHOLE}", type_),)
    told = ((one, _fault(one, document, is_judged)) for one in found)
    if found and dated(document) != dated(without_labelled(document)):
        text = f"consents look at the dates of a {type_}, so none of these has a label of its own; {_WHOLE}"
        return (Fault("not-supported", text, type_),)
    return tuple(Fault("not-supported", text, one.where) for one, text in told if text)


def _fault(one: Element, document: Mapping[str, Any], is_judged: bool) -> str:
    type_ = document["resourceType"]
    if not is_judged:
        return f"labels of elements are not enforced in {type_}; {_WHOLE}"
    if not all(map(_is_enforced, one.labels)):
        return "this label does not say who may see the element; give a confidentiality or a sensitivity"
    names = one.path.split(".")
    if names[-1] in _MODIFIERS or "modifierExtension" in names:
        return f"the rest would say something else without this element; {_WHOLE}"
    if one.path.startswith(f"{type_}.meta") or not _may_go(one, document):
        return f"the resource is nothing without this element; {_WHOLE}"
    if _refers(one.value):
        return f"an element with a label of its own holds no reference; {_WHOLE}"
    return ""


def _is_enforced(label: Any) -> bool:
    if not isinstance(label, dict) or not isinstance(label.get("code"), str):
        return False
    return label["code"] in _NOT_ABOVE_NORMAL or labels_in([label]) != UNLABELLED


def _may_go(one: Element, document: Mapping[str, Any]) -> bool:
    """Whether a copy without the element is a valid resource with nothing masked in it."""
    left = copy.deepcopy(dict(document))
    spots = frozenset(other.spot for other in labelled_in(left) if other.where == one.where)
    redaction = Redaction(left, _names_nothing, spots)
    return not (redaction.is_whole or redaction.is_masked or check(left, left["resourceType"]))


def _refers(value: Any) -> bool:
    if isinstance(value, list):
        return any(map(_refers, value))
    return isinstance(value, dict) and ("reference" in value or any(map(_refers, value.values())))


def _names_nothing(text: str) -> bool:
    return False

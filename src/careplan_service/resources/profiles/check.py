"""Whether a resource keeps to a profile. https://hl7.org/fhir/R4/profiling.html

Looks only at what the profile adds: what FHIR R4 itself asks for is checked by `r4.check`. Invariants,
bindings whose codes cannot be listed (LOINC, SNOMED CT) and profiles of the resources referred to are not
checked, and a code outside an extensible binding or an absent Must Support element is no fault.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from careplan_service.errors import Fault
from careplan_service.resources.patching import kinds
from careplan_service.resources.patching.places import pairs
from careplan_service.resources.profiles.fit import codings, has_pattern, is_fixed, target_type
from careplan_service.resources.profiles.profile import KNOWN, Profile, Rule, Slice
from careplan_service.resources.r4.finding import Finding, below
from careplan_service.resources.r4.resource import MOST_FAULTS
from careplan_service.resources.r4.tables import SHAPES, Element, Shape
from careplan_service.resources.r4.wording import quoted


class _Item(NamedTuple):
    """One element that is there: its value (None where only extensions stand for it), type and place."""

    value: Any
    kind: str
    element: Element
    step: str


def check_profile(document: Mapping[str, Any], canonical: str) -> tuple[Fault, ...]:
    """What keeps the document from being valid against the profile, at most `MOST_FAULTS`; empty if nothing.

    `canonical` is an address that `known` knows. Answers for any JSON object, without raising or changing it.
    """
    profile = KNOWN[canonical.partition("|")[0]]
    resource = dict(document)
    if resource.get("resourceType") != profile.type:
        text = f"{profile.title} is for {profile.type}, not for {quoted(resource.get('resourceType'))}"
        return (Fault("structure", text, profile.type),)
    findings = _Check(resource).inside(resource, SHAPES[profile.type], profile.rule)
    return tuple(_fault(finding, profile) for finding in findings[:MOST_FAULTS])


def _fault(finding: Finding, profile: Profile) -> Fault:
    """Sentences that do not begin with an element begin with the one that they are about."""
    code, text, path = finding
    subject = "" if text.startswith("`") else f"`{path.rpartition('.')[2]}` "
    return Fault(code, f"{subject}{text} ({profile.title})", profile.type + path)


class _Check:
    """Holds the resource that references within it (`#id`) are looked up in."""

    def __init__(self, resource: dict[str, Any]) -> None:
        self.resource = resource

    def inside(self, node: dict[str, Any], shape: Shape, rule: Rule) -> list[Finding]:
        """The findings on the elements of one object."""
        return [
            finding
            for name, inner in rule.elements.items()
            for finding in self._element(list(_items(node, shape, name)), name, inner)
        ]

    def _element(self, items: list[_Item], name: str, rule: Rule) -> list[Finding]:
        findings = _counted(len(items), rule, f"`{name}`", f".{name}")
        for item in items:
            findings += below(item.step, self._item(item, rule))
        for part in rule.slices.values():
            members = [item for item in items if self._fits(item, part)]
            findings += _counted(len(members), part.rule, f"`{name}` {_wanted(part)}", f".{name}")
            for item in members:
                findings += below(item.step, self._item(item, part.rule))
        return findings

    def _item(self, item: _Item, rule: Rule) -> list[Finding]:
        value = item.value
        if rule.types and item.kind not in rule.types:
            return [("structure", f"may be {_either(rule.types)} only, not {quoted(item.kind)}", "")]
        if value is None:
            return []
        if rule.fixed is not None and not is_fixed(value, rule.fixed):
            return [("value", f"must be {quoted(rule.fixed)}, not {quoted(value)}", "")]
        if rule.pattern is not None and not has_pattern(value, rule.pattern):
            return [("value", f"must have {_codes_of(rule)}", "")]
        if rule.codes and not codings(value) & rule.codes:
            return [("code-invalid", f"must have {_codes_of(rule)}", "")]
        return self._object(item, rule) if type(value) is dict else []

    def _object(self, item: _Item, rule: Rule) -> list[Finding]:
        kind = target_type(item.value, self.resource) if rule.targets else None
        if kind is not None and kind not in rule.targets:
            return [("value", f"points at {quoted(kind)}: refer to {_either(rule.targets)}", "")]
        return self.inside(item.value, kinds.shape_of(item.element, item.value), rule)

    def _fits(self, item: _Item, part: Slice) -> bool:
        """Whether an item is of the slice: every element it is told by is there and keeps its rule."""
        return all(
            any(inner.value is not None and not self._item(inner, rule) for inner in _told_by(item, name))
            for name, rule in part.match.items()
        )


def _items(node: dict[str, Any], shape: Shape, name: str) -> Iterator[_Item]:
    for key, kind in kinds.named(shape.name, name).items():
        element = shape.elements[key]
        for index, (value, _) in enumerate(pairs(node, key, element.many)):
            yield _Item(value, kind, element, f".{name}[{index}]" if element.many else f".{name}")


def _told_by(item: _Item, name: str) -> list[_Item]:
    if name == "$this":
        return [item]
    if type(item.value) is not dict:
        return []
    return list(_items(item.value, kinds.shape_of(item.element, item.value), name))


def _counted(count: int, rule: Rule, name: str, at: str) -> list[Finding]:
    if count < rule.min:
        missing = "is missing" if count == 0 else f"is there {count} times"
        return [("required", f"{name} {missing}: at least {rule.min} must be given", at)]
    if rule.max is not None and count > rule.max:
        allowed = f"at most {rule.max} may be given" if rule.max else "leave it out"
        return [("structure", f"{name} is there {count} times: {allowed}", at)]
    return []


def _wanted(part: Slice) -> str:
    return "with " + " and ".join(_codes_of(rule) or _either(rule.types) for rule in part.match.values())


def _codes_of(rule: Rule) -> str:
    """The codes or value that a rule asks for, as `system|code`."""
    codes = rule.codes or codings(rule.pattern or rule.fixed)
    return _either(f"{system}|{code}".removeprefix("|") for system, code in codes)


def _either(names: Any) -> str:
    return " or ".join(f"`{name}`" for name in sorted(names))

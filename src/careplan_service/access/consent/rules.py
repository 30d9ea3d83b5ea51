"""Consent -> flat rules, or why it cannot be enforced.

https://hl7.org/fhir/R4/consent.html and https://hl7.org/fhir/R4/consent-definitions.html#Consent.provision
A rule is a conjunction of parts; a part holds the dimensions one provision states. A nested
provision is an exception to its parent and inherits what it does not state (docs/consent-in-detail.md).
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from careplan_service.access import instants
from careplan_service.access.consent import dimensions
from careplan_service.access.consent.choices import STRICT, Choices
from careplan_service.access.consent.dimensions import Part, Place
from careplan_service.access.consent.unenforceable import kept
from careplan_service.errors import Fault, Invalid

SHARING_SCOPES = frozenset({"patient-privacy", "research"})
_SCOPE_SYSTEM = "http://terminology.hl7.org/CodeSystem/consentscope"
_SCOPE_SYSTEMS = frozenset({_SCOPE_SYSTEM, "http://hl7.org/fhir/consentscope"})
_RESEARCH = frozenset({"HRESCH"})
_LEVELS = 3
_STATED = {"id", "type", "period", "provision", *dimensions.READERS}
_MODIFIERS = frozenset({"modifierExtension"})
_EXTENSIONS = _MODIFIERS | {"extension"}


@dataclass(frozen=True)
class Rule:
    """One flat rule: matches when the moment lies in valid_from..valid_to and every part matches.

    `path` is the provision's place (`provision.provision[0]`, or `policyRule` without one); valid_from
    and valid_to are microseconds UTC, both inclusive. A `kept` rule stands for a Consent that cannot be
    enforced: it denies what that may concern, and `path` says why. The permits of a representative
    (`guardian`, a RelatedPerson) hold while its authority does, which must be on record for the moment
    `signed` where `authority` is set.
    """

    path: str
    deny: bool
    parts: tuple[Part, ...]
    valid_from: int = instants.BEGINNING
    valid_to: int = instants.END
    open_recipient: bool = False
    open_label: bool = False
    kept: bool = False
    guardian: str = ""
    signed: int = instants.BEGINNING
    authority: bool = True

    @property
    def names_recipient(self) -> bool:
        """Whether some part says who may have the data; without it a permit reaches no partner."""
        return any(part.actors is not None for part in self.parts)

    @property
    def names_labels(self) -> bool:
        """Whether some part says how secret the data may be; without it a permit reaches at most N."""
        return any(part.labels is not None for part in self.parts)


@dataclass(frozen=True)
class Door:
    """What the compiler must know of this service: its base URL, the custodians' references, its choices.

    With `keep` a Consent that cannot be enforced becomes one rule that denies what it may concern.
    """

    base_url: str
    custodians: Container[str] = frozenset()
    choices: Choices = STRICT
    keep: bool = False


def is_sharing(consent: Mapping[str, Any]) -> bool:
    """Whether the Consent is active and of a scope that decides about sharing."""
    return consent.get("status") == "active" and bool(_sharing_scopes(consent))


def _sharing_scopes(consent: Mapping[str, Any]) -> set[str]:
    codings = _dicts(consent.get("scope", {}).get("coding"))
    return {
        c["code"] for c in codings if c.get("system", "") in _SCOPE_SYSTEMS and "code" in c
    } & SHARING_SCOPES


def rules_of(consent: Mapping[str, Any], door: Door) -> tuple[Rule, ...]:
    """The flat rules of a valid Consent; none when it is not active or not about sharing.

    Raises Invalid (422) naming every element that no rule enforces, unless the door keeps it.
    """
    if consent.get("status") != "active":
        return ()
    faults = list(_unclear_scope(consent))
    rules: list[Rule] = []
    if is_sharing(consent):
        faults += _unenforceable_frame(consent, door)
        effect, fault = _base(consent)
        faults += [fault] if fault else []
        root = consent.get("provision") or {}
        path = "provision" if "provision" in consent else "policyRule"
        rules += _flatten(root, effect, _TOP, path, door, faults)
    if faults and door.keep:
        return (_in_force(consent, _kept(consent, faults, door), door),)
    if faults:
        raise Invalid("this Consent asks for what cannot be enforced here", faults=faults)
    return tuple(_in_force(consent, rule, door) for rule in rules if rule.deny or _may_permit(consent, door))


def _kept(consent: Mapping[str, Any], faults: Sequence[Fault], door: Door) -> Rule:
    """Whom, what for and when the root says, as far as that can be told; all else may be concerned."""
    root, unread = consent.get("provision") or {}, list[Fault]()
    own = dimensions.read(root, Place("Consent.provision", door.base_url, unread, door.custodians))
    told = {(fault.expression or "").removeprefix("Consent.provision.").split("[")[0] for fault in unread}
    part = Part(
        actors=None if "actor" in told else own.actors,
        purposes=None if "purpose" in told else own.purposes,
        deny=True,
    )
    period = root.get("period", {})
    window = instants.period(period.get("start"), period.get("end"))
    parts = (part,) if part.states_anything else ()
    return Rule(kept(consent, faults), True, parts, *window, kept=True)


def _unclear_scope(consent: Mapping[str, Any]) -> Iterator[Fault]:
    """A sharing scope under a system nobody knows: a deny that would silently decide nothing."""
    for i, coding in enumerate(_dicts(consent.get("scope", {}).get("coding"))):
        if coding.get("code") in SHARING_SCOPES and coding.get("system", "") not in _SCOPE_SYSTEMS:
            text = f"cannot tell the scope `{coding['code']}` without its system; write `{_SCOPE_SYSTEM}`"
            yield _fault(f"Consent.scope.coding[{i}].system", text)


def _unenforceable_frame(consent: Mapping[str, Any], door: Door) -> Iterator[Fault]:
    patient = _local(consent.get("patient", {}), door)
    if not dimensions.local_reference(patient, "Patient"):
        yield _fault("Consent.patient", "an active sharing consent must name its patient as `Patient/id`")
    frame = {name: value for name, value in consent.items() if name not in ("contained", "provision")}
    for expression in _extended(frame, "Consent", _MODIFIERS):
        yield _fault(expression, "cannot enforce `modifierExtension`; leave it out")
    for i, performer in enumerate(_dicts(consent.get("performer"))):
        given = _local(performer, door)
        if given != patient and not given.startswith(("Organization/", "RelatedPerson/")):
            text = f"cannot verify that `{given}` may consent for `{patient}`; name the patient as performer"
            yield _fault(f"Consent.performer[{i}]", text)


def _base(consent: Mapping[str, Any]) -> tuple[str, Fault | None]:
    """The effect of the root: its type, else what an opt-in or opt-out policy rule says (R4 policyRule)."""
    root = consent.get("provision")
    if root and root.get("type"):
        return root["type"], None
    codes = {c.get("code") for c in _dicts(consent.get("policyRule", {}).get("coding"))}
    effects = {
        e for e, known in (("permit", {"OPTIN", "OPTINR"}), ("deny", {"OPTOUT", "OPTOUTE"})) if codes & known
    }
    if len(effects) == 1:
        effect = effects.pop()
        children = {child.get("type") for child in _dicts((root or {}).get("provision"))}
        if not root or (not set(root) - {"period", "provision", "id"} and effect not in children):
            return effect, None
    where = "Consent.provision.type" if root else "Consent.provision"
    return "deny", _fault(where, "say `permit` or `deny`: without it nobody can tell what this consent means")


class _Above(NamedTuple):
    """What the provisions above one leave it: their parts, windows, effect and number."""

    parts: tuple[Part, ...]
    window: tuple[tuple[int, int], ...]
    effect: str
    level: int


_TOP = _Above((), (), "", 0)


def _flatten(
    node: Mapping[str, Any], effect: str, above: _Above, path: str, door: Door, faults: list[Fault]
) -> Iterator[Rule]:
    where = f"Consent.{path}"
    faults.extend(_not_stated(node, where))
    place = Place(where, door.base_url, faults, door.custodians, door.choices)
    parts = _inherited(dimensions.read(node, place), effect, above, door.choices)
    period = node.get("period", {})
    limits = (*above.window, instants.period(period.get("start"), period.get("end")))
    stated = tuple(dict.fromkeys(part for part in parts if part.states_anything))
    yield Rule(path, effect == "deny", stated, max(lo for lo, _ in limits), min(hi for _, hi in limits))
    children = _dicts(node.get("provision"))
    if children and above.level + 1 == _LEVELS:
        text = f"cannot enforce provisions nested deeper than {_LEVELS} levels; file a second Consent"
        faults.append(_fault(f"{where}.provision", text))
        return
    here = _Above(parts, limits, effect, above.level + 1)
    for i, child in enumerate(children):
        nested = f"{path}.provision[{i}]"
        if child.get("type") not in ("permit", "deny"):
            faults.append(
                _fault(f"Consent.{nested}.type", "say `permit` or `deny` in every nested provision")
            )
            continue
        yield from _flatten(child, child["type"], here, nested, door, faults)


def _inherited(own: Part, effect: str, above: _Above, choices: Choices) -> tuple[Part, ...]:
    """A permit below a deny stays inside every ancestor; any other child replaces what it states."""
    if effect == "permit" and above.effect == "deny":
        return (*above.parts, *(replace(part, deny=False) for part in above.parts), own)
    if effect == above.effect == "permit" and not choices.exceptions_replace:
        return (*above.parts, own)
    inherited = tuple(replace(part.without(own), deny=effect == "deny") for part in above.parts)
    return (*inherited, replace(own, deny=effect == "deny"))


def _not_stated(node: Mapping[str, Any], where: str) -> Iterator[Fault]:
    """What stands in a provision and is none of its elements, or is narrowed by an extension."""
    for name in node:
        if name not in _STATED:
            told = f"cannot enforce `{where}.{name}`; leave it out or ask the custodian"
            yield _fault(f"{where}.{name}", told)
    stated = {name: value for name, value in node.items() if name in _STATED - {"provision"}}
    for expression in _extended(stated, where, _EXTENSIONS):
        yield _fault(expression, "cannot enforce an extension in a provision; leave it out")


def _extended(value: object, where: str, names: frozenset[str]) -> Iterator[str]:
    """Where, at any depth, one of the elements stands."""
    if isinstance(value, list):
        for i, item in enumerate(value):
            yield from _extended(item, f"{where}[{i}]", names)
    elif isinstance(value, Mapping):
        for name, child in value.items():
            here = f"{where}.{name}"
            yield from (here,) if name in names else _extended(child, here, names)


def _may_permit(consent: Mapping[str, Any], door: Door) -> bool:
    """A consent not verified, or managed by another custodian, still denies but permits nothing."""
    if any(v.get("verified") is False for v in _dicts(consent.get("verification"))):
        return False
    managers = [
        dimensions.local(o.get("reference", ""), door.base_url) for o in _dicts(consent.get("organization"))
    ]
    return all(manager in door.custodians for manager in managers)


def _in_force(consent: Mapping[str, Any], rule: Rule, door: Door) -> Rule:
    """A permit dated in the future does not help before that day; a research consent decides on research."""
    choices = door.choices
    if _sharing_scopes(consent) == {"research"}:
        rule = replace(rule, parts=(*rule.parts, Part(purposes=_RESEARCH, deny=rule.deny)))
    if rule.deny:
        return rule
    rule = replace(rule, open_recipient=choices.open_recipient, open_label=not choices.ceiling)
    if guardian := _guardian(consent, door):
        signed = instants.period(consent.get("dateTime"), None)[0]
        rule = replace(rule, guardian=guardian, signed=signed, authority=choices.authority)
    if not consent.get("dateTime"):
        return rule
    return replace(rule, valid_from=max(rule.valid_from, instants.period(consent["dateTime"], None)[0]))


def _guardian(consent: Mapping[str, Any], door: Door) -> str:
    """The representative who consented, where the patient did not."""
    given = [_local(performer, door) for performer in _dicts(consent.get("performer"))]
    patient = _local(consent.get("patient", {}), door)
    relatives = [one for one in given if one.startswith("RelatedPerson/")]
    return relatives[0] if relatives and patient not in given else ""


def _local(reference: Mapping[str, Any], door: Door) -> str:
    return dimensions.local(str(reference.get("reference", "")), door.base_url)


def _fault(expression: str, text: str) -> Fault:
    return Fault("not-supported", text, expression)


def _dicts(value: object) -> Sequence[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []

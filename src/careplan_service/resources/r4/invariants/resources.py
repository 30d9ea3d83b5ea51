"""Invariants of the resource types served, error severity. https://hl7.org/fhir/R4/resourcelist.html

Left out: ppc-2 to ppc-5 of Consent, which ask for a patient where the scope has the system `something`;
no Consent has it, so as published they can never fire. dom-6 and con-3 are warnings.
"""

from __future__ import annotations

from operator import itemgetter

from careplan_service.resources.r4.dates import certainly_after
from careplan_service.resources.r4.invariants.reading import (
    Node,
    child,
    children,
    given,
    given_choice,
    has_coding,
    text,
)
from careplan_service.resources.r4.invariants.rule import Invariant, invariant
from careplan_service.resources.r4.references import literal_type

_CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
_VERIFICATION = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
_ENDED = frozenset({"resolved", "remission", "inactive"})
_IN_ERROR = frozenset({"entered-in-error"})


def _ctm_1(node: Node) -> bool:
    member = literal_type(text(child(node, "member"), "reference"))
    return given(node, "onBehalfOf") and member not in (None, "Practitioner")


def _con_4(node: Node) -> bool:
    ended = has_coding(child(node, "clinicalStatus"), _CLINICAL, _ENDED)
    return given_choice(node, "abatement") and not ended


def _con_5(node: Node) -> bool:
    in_error = has_coding(child(node, "verificationStatus"), _VERIFICATION, _IN_ERROR)
    return in_error and given(node, "clinicalStatus")


def _codings(node: Node) -> set[str]:
    """The codings of `code` in a form that can be compared, each as a whole like FHIRPath does."""
    codings = children(child(node, "code"), "coding")
    return {repr(sorted(coding.items(), key=itemgetter(0))) for coding in codings}


def _obs_7(node: Node) -> bool:
    parts = [key for part in children(node, "component") for key in _codings(part)]
    return given_choice(node, "value") and not _codings(node).isdisjoint(parts)


def _inv_1(node: Node) -> bool:
    return certainly_after(text(node, "authoredOn"), text(node, "lastModified"))


def _at_home(node: Node, name: str) -> bool:
    return any(text(part, "use") == "home" for part in children(node, name))


RESOURCE_INVARIANTS: tuple[Invariant, ...] = (
    invariant(
        "cpl-3",
        "CarePlan.activity",
        lambda n: given(n, "detail") and given(n, "reference"),
        "has both `detail` and `reference`: keep one",
    ),
    invariant(
        "gol-1",
        "Goal.target",
        lambda n: given_choice(n, "detail") and not given(n, "measure"),
        "has a target value: say in `measure` what is measured",
        "detail",
    ),
    invariant(
        "ppc-1",
        "Consent",
        lambda n: not given(n, "policy", "policyRule"),
        "must name a `policy` or a `policyRule`",
    ),
    invariant(
        "pat-1",
        "Patient.contact",
        lambda n: not given(n, "name", "telecom", "address", "organization"),
        "must have a `name`, `telecom`, `address` or `organization`",
    ),
    invariant(
        "org-1",
        "Organization",
        lambda n: not given(n, "identifier", "name"),
        "must have an `identifier` or a `name`",
    ),
    invariant(
        "org-2", "Organization", lambda n: _at_home(n, "address"), "must not have the use `home`", "address"
    ),
    invariant(
        "org-3", "Organization", lambda n: _at_home(n, "telecom"), "must not have the use `home`", "telecom"
    ),
    invariant(
        "ctm-1",
        "CareTeam.participant",
        _ctm_1,
        "has an `onBehalfOf`: its `member` must be a Practitioner",
        "onBehalfOf",
    ),
    invariant(
        "grp-1",
        "Group",
        lambda n: given(n, "member") and n.get("actual") is not True,
        "has members: `actual` must be true",
        "member",
    ),
    invariant(
        "con-1",
        "Condition.stage",
        lambda n: not given(n, "summary", "assessment"),
        "must have a `summary` or an `assessment`",
    ),
    invariant(
        "con-2",
        "Condition.evidence",
        lambda n: not given(n, "code", "detail"),
        "must have a `code` or a `detail`",
    ),
    invariant(
        "con-4",
        "Condition",
        _con_4,
        "has an `abatement[x]`: its `clinicalStatus` must be inactive, remission or resolved",
        "clinicalStatus",
    ),
    invariant(
        "con-5", "Condition", _con_5, "must be left out of a Condition entered in error", "clinicalStatus"
    ),
    invariant(
        "obs-3",
        "Observation.referenceRange",
        lambda n: not given(n, "low", "high", "text"),
        "must have a `low`, a `high` or a `text`",
    ),
    invariant(
        "obs-6",
        "Observation",
        lambda n: given(n, "dataAbsentReason") and given_choice(n, "value"),
        "must be left out where there is a value",
        "dataAbsentReason",
    ),
    invariant(
        "obs-7", "Observation", _obs_7, "must be left out where a component has the same code", "value"
    ),
    invariant(
        "prr-1",
        "ServiceRequest",
        lambda n: given(n, "orderDetail") and not given(n, "code"),
        "needs a `code` beside it",
        "orderDetail",
    ),
    invariant("inv-1", "Task", _inv_1, "must not be before `authoredOn`", "lastModified"),
)

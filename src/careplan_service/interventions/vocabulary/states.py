"""How the states of plans and their parts, and a few other words, are said in FHIR's code sets.

https://hl7.org/fhir/R4/valueset-request-status.html https://hl7.org/fhir/R4/valueset-goal-status.html
https://hl7.org/fhir/R4/valueset-task-status.html https://hl7.org/fhir/R4/valueset-consent-state-codes.html

FHIR has fewer states than social work: where several become one code, the code is wider than each of them,
except for the one that it means when it comes alone.
"""

from __future__ import annotations

from collections.abc import Iterator

from careplan_service.interventions import canonical, terms
from careplan_service.interventions.terms import Term, Terms, display
from careplan_service.interventions.vocabulary.model import Coded, Link
from careplan_service.interventions.vocabulary.systems import WORDS, system_url

REQUEST_STATUS = "http://hl7.org/fhir/request-status"
GOAL_STATUS = "http://hl7.org/fhir/goal-status"
ACHIEVEMENT = "http://terminology.hl7.org/CodeSystem/goal-achievement"
EPISODE_STATUS = "http://hl7.org/fhir/episode-of-care-status"
ACTIVITY_STATUS = "http://hl7.org/fhir/care-plan-activity-status"
TASK_STATUS = "http://hl7.org/fhir/task-status"
CONSENT_STATUS = "http://hl7.org/fhir/consent-state-codes"
ACCEPTANCE = "http://terminology.hl7.org/CodeSystem/goal-acceptance-status"
PRIORITY = "http://terminology.hl7.org/CodeSystem/goal-priority"
GROUP_CODE = "http://terminology.hl7.org/CodeSystem/group-code"
_LOST = frozenset(
    "closed-withdrew cancelled-by-client partly-agreed not-obtained"
    " waitlisted outcome-known not-helped withdrawn".split()
)
"""States whose code says less, though it is first theirs."""
_SAME = frozenset({"pending"})
"""States whose code says just this, though it is first another's."""
_INEXACT = {"partly-achieved": "R4 has no code for a part: the state keeps it"}
_WIDER = "the code says less; the extension sw-state keeps the state"
_REASONS = {
    ("referral-state", "seen"): "R4's `received` is nearer, but Gravity's Task has no such status; "
    "`businessStatus` keeps the state",
    ("consent-state", "withdrawn"): "the code says less; the history tells when, and by whom",
    (
        "consent-state",
        "expired",
    ): "the code says less; `provision.period` tells it, also while it is `active`",
    ("consent-state", "superseded"): "the code says less; the newer Consent stands in its place",
}
"""What keeps a state where the code says less, other than `_WIDER`."""
_NAMED = {"255604002": "Mild", "6736007": "Moderate", "24484000": "Severe"}
_SIMPLE = {
    "plan-state": (REQUEST_STATUS, "States of a plan in `CarePlan.status`"),
    "case-state": (EPISODE_STATUS, "States of a case in `EpisodeOfCare.status`"),
    "activity-state": (ACTIVITY_STATUS, "States of a strategy in `CarePlan.activity.detail.status`"),
    "referral-state": (TASK_STATUS, "States of a referral in `Task.status`"),
    "consent-state": (CONSENT_STATUS, "States of a consent in `Consent.status`"),
    "agreement": (ACCEPTANCE, "Agreement in the acceptance of a goal"),
    "priority": (PRIORITY, "Priorities in `Goal.priority`"),
    "severity": (canonical.SNOMED, "Severities in `Condition.severity`"),
    "client-system-kind": (GROUP_CODE, "Client systems in `Group.code`"),
}
_FHIR = "FHIR R4"


def state_links() -> Iterator[tuple[str, str, list[Link]]]:
    """Id, title and links of the map of each list of words."""
    for id_, (system, title) in _SIMPLE.items():
        listed = WORDS[id_][0]
        yield id_, title, [_link(id_, listed, term, system, term.fhir) for term in listed.by_code.values()]
    yield (
        "goal-state",
        "States of a goal in `Goal.lifecycleStatus` and `Goal.achievementStatus`",
        list(_goals()),
    )


def _goals() -> Iterator[Link]:
    listed = terms.GOAL_STATES
    for term in listed.by_code.values():
        lifecycle, _, achievement = term.fhir.partition(" ")
        if not achievement:
            yield _link("goal-state", listed, term, GOAL_STATUS, lifecycle)
            continue
        own, target = _own("goal-state", term), _target(GOAL_STATUS, lifecycle)
        reason = "`lifecycleStatus`; `achievementStatus` says the rest"
        yield Link(own, target, "wider", reason, _FHIR, GOAL_STATUS)
        yield _link("goal-state", listed, term, ACHIEVEMENT, achievement)


def _link(id_: str, listed: Terms, term: Term, system: str, code: str) -> Link:
    own = _own(id_, term)
    if not code:
        return Link(own, None, "unmatched", "one person is a Patient, not a Group", target_system=system)
    target = _target(system, code)
    if term.code in _INEXACT:
        return Link(own, target, "inexact", _INEXACT[term.code], _FHIR, system)
    first = listed.local(None, term.fhir) == term.code
    alone = (first and term.code not in _LOST) or term.code in _SAME
    reason = "" if alone else _REASONS.get((id_, term.code), _WIDER)
    return Link(own, target, "equivalent" if alone else "wider", reason, _FHIR, system)


def _own(id_: str, term: Term) -> Coded:
    return Coded(system_url(id_), term.code, display(term.code))


def _target(system: str, code: str) -> Coded:
    return Coded(system, code, _NAMED.get(code, code.replace("-", " ").title()))

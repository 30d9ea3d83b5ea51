"""Who does it: the names that strategies and objectives may use, and what they stand for.

The plan's people and agencies become CareTeam members: https://hl7.org/fhir/R4/careteam.html
"""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

from careplan_service.interventions.intake_fields import did_you_mean, quoted
from careplan_service.interventions.intake_rules import Data, Faulty, Path, each, objectives, strategies
from careplan_service.interventions.terms import normal

RESERVED = ("client", "worker")


class Names:
    """What each spelling of a name may stand for in one plan."""

    def __init__(self, plan: Data) -> None:
        self._meant: dict[str, set[tuple[Any, str]]] = {}
        self._add("the client", "client", "client", "the client")
        system = plan.get("client_system") or {}
        members = [member for _, member in each(system, "members")]
        clients = [member for member in members if member.get("client") is not False]
        index = clients[0] if clients and system.get("kind") in ("individual", "family") else None
        self._people: set[Any] = {"the client"} if index else set()
        for i, member in enumerate(members):
            label = " ".join(part for part in (member.get("given"), member.get("family")) if part)
            if member is index:
                self._add("the client", "client", label, member.get("given"))
            else:
                self._people.add(i)
                self._add(i, label, label, member.get("given"))
        if worker := plan.get("worker"):
            self._add("the worker", "worker", "worker", "the worker", worker.get("name"))
        for path, one in each(plan, "participants"):
            label = one.get("name") or one.get("agency") or ""
            self._add(path, label, label, one.get("agency"))

    def _add(self, whom: Any, label: str, *spellings: str | None) -> None:
        for spelling in spellings:
            if spelling:
                self._meant.setdefault(normal(spelling), set()).add((whom, label))

    def label(self, name: str) -> str:
        """What a `name` without fault stands for."""
        [(_, label)] = self._meant[normal(name)]
        return label

    def member_or_text(self, text: str) -> str:
        """What a member of this name is called, or the text as it stands where it is no name of one."""
        return self.label(text) if self._may_be_a_member(text) else text

    def unclear(self, text: str) -> str | None:
        """Why a text that may also be no name cannot be used: several are called so."""
        return self.fault(text) if self._may_be_a_member(text) else None

    def _may_be_a_member(self, text: str) -> bool:
        return any(whom in self._people for whom, _ in self._meant.get(normal(text), ()))

    def is_a_member(self, name: str) -> bool:
        """Whether a `name` without fault is a person of the client system."""
        [(whom, _)] = self._meant[normal(name)]
        return whom in self._people

    def is_in_the_team(self, name: str) -> bool:
        """Whether a `name` without fault is the worker or a participant."""
        [(whom, _)] = self._meant[normal(name)]
        return whom == "the worker" or isinstance(whom, tuple)

    def fault(self, name: str) -> str | None:
        """Why `name` cannot be used."""
        meant = self._meant.get(normal(name), set())
        if len(meant) == 1:
            return None
        if meant:
            return f"{quoted(name)} may be {len(meant)} different ones: give each a name of its own"
        near = get_close_matches(normal(name), list(self._meant), n=1, cutoff=0.6)
        hint = (
            did_you_mean(near[0] if near else None) or ": name a member, a participant, `client` or `worker`"
        )
        return f"nobody in the plan is called {quoted(name)}{hint}"


def names(plan: Data) -> Iterator[Faulty]:
    """Whoever acts is named in the plan, once, and nobody is called like a role that is taken."""
    known = Names(plan)
    people: list[tuple[Path, Data]] = each(plan.get("client_system") or {}, "members", ("client_system",))
    for path, one in [*people, *each(plan, "participants")]:
        for field in ("given", "family", "name", "agency"):
            if normal(str(one.get(field) or "")) in RESERVED:
                yield (*path, field), f"{quoted(one[field])} stands for a role in the plan: give another name"
            if ";" in str(one.get(field)):
                yield (*path, field), f"take the `;` out of {quoted(one[field])}: it separates names"
    for path, member in people:
        if member.get("guardian") and (fault := known.unclear(member["guardian"])):
            yield (*path, "guardian"), fault
    for _, path, strategy in strategies(plan):
        for name in strategy.get("who") or ():
            if fault := known.fault(name):
                yield (*path, "who"), fault
    for _, path, objective in objectives(plan):
        responsible = objective.get("responsible")
        if responsible and (fault := known.fault(responsible)):
            yield (*path, "responsible"), fault
    for path, name in _of_record(plan):
        if fault := known.fault(name):
            yield path, fault
    yield from _accepting(plan, known)
    yield from _assessing(plan, known)


def _accepting(plan: Data, known: Names) -> Iterator[Faulty]:
    """A goal is accepted by people whom the plan is for, each of them once."""
    for path, goal in each(plan, "goals"):
        seen: set[str] = set()
        for inner, one in each(goal, "acceptance", path):
            name = one.get("who")
            if not name:
                continue
            if fault := known.fault(name):
                yield (*inner, "who"), fault
            elif not known.is_a_member(name):
                yield (*inner, "who"), f"{quoted(name)} is no person of the client system: name a member"
            elif known.label(name) in seen:
                yield (*inner, "who"), f"{quoted(name)} comes twice for this goal"
            else:
                seen.add(known.label(name))


def _assessing(plan: Data, known: Names) -> Iterator[Faulty]:
    """Whoever assesses is of the team."""
    for path, assessment in each(plan, "assessments"):
        name = assessment.get("worker")
        if name and (fault := known.fault(name)):
            yield (*path, "worker"), fault
        elif name and not known.is_in_the_team(name):
            yield (*path, "worker"), f"{quoted(name)} is not of the team: name the worker or a participant"


def _of_record(plan: Data) -> Iterator[tuple[Path, str]]:
    for path, session in each(plan, "sessions"):
        for field in ("by", "cosigned_by"):
            if session.get(field):
                yield (*path, field), session[field]
        for inner, one in each(session, "attendance", path):
            if one.get("who"):
                yield (*inner, "who"), one["who"]
    for path, referral in each(plan, "referrals"):
        if referral.get("to"):
            yield (*path, "to"), referral["to"]

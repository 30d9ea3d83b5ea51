"""The queue of codes that the catalogue does not know. docs/plans.md"""

from __future__ import annotations

from typing import Any

import pytest

from builders import AGENCY, Api, a_care_plan, a_goal, a_patient
from careplan_service.cli.common import operator_desk
from careplan_service.interactions.unmapped import Unmapped, unmapped


@pytest.mark.timeout(60)
def test_all_goals_are_looked_at_however_many_a_query_gives(api: Api) -> None:
    ann = api.agency.make(a_patient())
    theirs = {"coding": [{"system": "https://vendor.example.org", "code": "v", "display": "Rent"}]}
    for _ in range(5):
        api.agency.make({**a_goal(of=ann), "category": [theirs]})
    api.agency.make(a_goal(of=ann))
    desk = operator_desk(api.service, AGENCY, "read-plan", "unmapped")
    for at_once in (1, 2, 6, 500):
        found = unmapped(desk, at_once)
        assert found == [(Unmapped("domain", "https://vendor.example.org", "v", "Rent"), 5)]


@pytest.mark.timeout(60)
def test_plans_made_elsewhere_are_looked_at_in_all_their_parts(api: Api) -> None:
    """What the catalogue knows is no work for anybody, and a Condition of no plan none for this queue."""
    ann = api.agency.make(a_patient())
    about = {"subject": {"reference": ann}}

    def coded(code: str, system: str = "https://vendor.example.org") -> dict[str, Any]:
        return {"coding": [{"system": system, "code": code}]}

    need = api.agency.make({"resourceType": "Condition", **about, "code": coded("need")})
    api.agency.make({"resourceType": "Condition", **about, "code": coded("of no plan")})
    request = {"resourceType": "ServiceRequest", "status": "active", "intent": "plan", **about}
    asked = api.agency.make({**request, "code": coded("asked")})
    goal = {**a_goal(of=ann), "description": {"text": "work", **coded("aim")}}
    del goal["category"]
    inner = {"resourceType": "Condition", "id": "c", **about, "code": coded("inner")}
    known = coded("228557008", "http://snomed.info/sct")
    acts = [{"detail": {"status": "scheduled", "code": one}} for one in (coded("act"), known)]
    api.agency.make(
        a_care_plan(
            ann,
            (api.agency.make(goal),),
            contained=[inner],
            addresses=[{"reference": need}, {"reference": "#c"}],
            activity=[*acts, {"reference": {"reference": asked}}],
        )
    )
    found = unmapped(operator_desk(api.service, AGENCY, "read-plan", "unmapped"))
    assert {(one.what, one.code) for one, _ in found} == {
        ("kind", "act"),
        ("kind", "asked"),
        ("domain", "aim"),
        ("domain", "need"),
        ("domain", "inner"),
    }
    assert {times for _, times in found} == {1}

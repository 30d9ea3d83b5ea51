"""The queue of codes that the catalogue does not know. docs/plans.md"""

from __future__ import annotations

import pytest

from builders import AGENCY, Api, a_goal, a_patient
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

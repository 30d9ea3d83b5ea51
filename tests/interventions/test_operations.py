"""What a practitioner does with a plan, as changes of its JSON shape. docs/plans.md"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from careplan_service.interventions.operations import OPERATIONS

NOW = datetime(2025, 3, 1, tzinfo=UTC)
PLAN = {"number": "P-1", "goals": [{"number": "1"}], "sessions": [{"number": "S4"}]}


@pytest.mark.parametrize("number", [None, ""])
def test_a_number_left_empty_is_given_as_one_left_out(number):
    told = OPERATIONS["sessions"](PLAN, {"number": number, "narrative": "x"}, NOW)
    assert [one["number"] for one in told.plan["sessions"]] == ["S4", "S5"]


@pytest.mark.parametrize("goal", [None, [], {}, 1])
def test_a_finding_about_no_goal_changes_none(goal):
    told = OPERATIONS["reviews"](PLAN, {"findings": [{"goal": goal, "status": "achieved"}]}, NOW)
    assert told.plan["goals"] == PLAN["goals"]

"""Goal Attainment Scaling against scores worked out by hand, and what an evaluation tells."""

from datetime import date

import pytest

from careplan_service.interventions.evaluation import evaluation
from careplan_service.interventions.intake import plan_from_json
from careplan_service.interventions.scaling import t_score

LEVELS = ["a", "b", "c", "d", "e"]


@pytest.mark.parametrize(
    ("scored", "score"),
    [
        ([(1, 0)], 50.0),
        ([(1, 2)], 70.0),  # one scale: 50 + 10 * 2 / sqrt(0.7 + 0.3)
        ([(5, -1)], 40.0),  # a weight alone changes nothing
        ([(1, 1), (1, 1)], 62.4),  # 50 + 20 / sqrt(0.7*2 + 0.3*4) = 50 + 20 / 1.6125
        ([(1, -2), (1, -2), (1, -2)], 22.6),  # 50 - 60 / sqrt(0.7*3 + 0.3*9) = 50 - 60 / 2.1909
        ([(2, 1), (1, -1)], 54.0),  # 50 + 10 / sqrt(0.7*5 + 0.3*9) = 50 + 10 / 2.4900
        ([(3, 2), (2, 0), (1, -1)], 61.0),  # 50 + 50 / sqrt(0.7*14 + 0.3*36) = 50 + 50 / 4.5387
        ([], None),
    ],
)
def test_a_t_score_is_that_of_the_published_formula(scored, score):
    assert t_score(scored) == score


def a_goal(number, **more):
    return {"number": number, "words": "w", "domain": "housing", **more}


def a_plan(**more):
    system = {"kind": "individual", "members": [{"given": "Rosa"}]}
    return plan_from_json({"number": "P", "title": "t", "client_system": system, **more})


def a_review(n, day, *findings):
    told = [{"goal": goal, "status": "improving", "evidence": "seen", "level": x} for goal, x in findings]
    return {"number": f"R{n}", "date": day, "findings": told}


def test_each_review_is_scored_with_the_latest_level_of_every_goal_whatever_their_order():
    plan = a_plan(
        goals=[a_goal("1", scaling={"levels": LEVELS}), a_goal("2", scaling={"levels": LEVELS, "weight": 2})],
        reviews=[a_review(2, "2026-03-01", ("2", 1)), a_review(1, "2026-02-01", ("1", 0), ("2", 0))],
    )
    told = evaluation(plan, date(2026, 3, 2))
    assert [(one["at"], one["t_score"]) for one in told["t_scores"]] == [
        ("baseline", 38.0),  # 50 - 30 / sqrt(0.7*5 + 0.3*9) = 50 - 30 / 2.4900
        ("R1", 50.0),
        ("R2", 58.0),
    ]
    second = told["goals"][1]
    assert (second["baseline"], second["level"], second["trend"]) == (-1, 1, "improving")
    assert [one["date"] for one in second["timeline"]] == ["2026-02-01", "2026-03-01"]


def test_what_is_due_is_told_until_it_is_reached_or_the_plan_is_closed():
    steps = [
        {"number": "1.1", "statement": "s", "due": "2026-01-31"},
        {"number": "1.2", "statement": "s", "due": "2026-01-30", "status": "achieved", "evidence": "e"},
        {"number": "1.3", "statement": "s", "due": "2026-02-10"},
    ]
    goals = [a_goal("1", objectives=steps, target_date="2026-02-16")]
    told = evaluation(a_plan(goals=goals, review_date="2026-02-01"), date(2026, 2, 1))
    assert told["overdue"] == [{"what": "objective 1.1", "due": "2026-01-31"}]
    assert [one["what"] for one in told["due_soon"]] == ["review", "objective 1.3"]
    goals[0]["status"] = "abandoned"
    closed = a_plan(goals=goals, review_date="2026-01-01", status="closed-died")
    assert evaluation(closed, date(2026, 2, 1))["overdue"] == []

"""The counselling columns of one stay, where attendance was taken."""

from __future__ import annotations

import pytest

from careplan_service.interventions.canonical import INTERVENTION, sw
from careplan_service.interventions.hmis.counselling import Stay, counselling, exit_reason
from careplan_service.interventions.hmis.joining import joined, raised
from careplan_service.interventions.sensitivity import security

ANN, BEN = "Patient/ann", "Patient/ben"


def _session(kind="group-therapy", day="2024-03-01"):
    return {
        "id": "p",
        "extension": [{"url": sw("session"), "valueString": "S1"}],
        "status": "completed",
        "code": {"coding": [{"system": INTERVENTION, "code": kind}]},
        "encounter": {"reference": "Encounter/e"},
        "performedPeriod": {"start": f"{day}T10:00:00Z"},
    }


def _encounter(*came):
    parts = [
        {
            "url": sw("attendance"),
            "extension": [
                {"url": "who", "valueReference": {"reference": who}},
                {"url": "state", "valueCode": state},
            ],
        }
        for who, state in came
    ]
    return {"status": "finished", "extension": parts}


@pytest.mark.parametrize(
    ("came", "held"),
    [
        ((), "1"),
        (((ANN, "attended"), (BEN, "no-show")), "1"),
        (((ANN, "no-show"), (BEN, "attended")), "0"),
        (((BEN, "attended"),), "0"),
    ],
)
def test_of_a_group_session_those_count_who_came(came, held):
    stay = Stay(ANN, "2024-02-01", "2024-04-01", [_session()], {"Encounter/e": _encounter(*came)})
    told = counselling(stay)
    assert (told["GroupCounseling"], told["CounselingReceived"], told["SessionCountAtExit"]) == (held,) * 3


def test_two_procedures_of_one_encounter_are_one_session():
    both = [_session(), _session("individual-counselling")]
    told = counselling(Stay(ANN, "2024-02-01", "2024-04-01", both, {"Encounter/e": _encounter()}))
    assert (told["GroupCounseling"], told["IndividualCounseling"], told["SessionCountAtExit"]) == (
        "1",
        "1",
        "1",
    )


def test_where_nothing_is_on_record_for_the_stay_nothing_is_told():
    later = _session(day="2024-05-01")
    plan = {"status": "active", "period": {"start": "2024-04-02"}}
    assert counselling(Stay(ANN, "2024-02-01", "2024-04-01", [later], {}, [plan])) == {}


def test_the_last_plan_that_was_closed_gives_the_reason():
    plans = [
        {"period": {"end": end}, "extension": [{"url": sw("state"), "valueCode": state}]}
        for end, state in (("2024-03-01", "closed-died"), ("2024-02-01", "closed-withdrew"), ("", "active"))
    ]
    assert exit_reason(plans) == "12"
    assert exit_reason(plans[2:]) is None


def test_labels_rise_and_never_fall():
    hidden = {"meta": {"security": [{**security(["SDV"])[0], "code": "V"}, *security(["SDV"])[1:]]}}
    now = raised(hidden, security(["LIVARG"]))["meta"]["security"]
    assert [one["code"] for one in now] == ["V", "SDV", "LIVARG"]
    assert raised(hidden, security([])) is hidden


def test_what_both_sides_left_as_it_was_stays_byte_for_byte():
    stored = {"id": "x", "status": "active", "note": [{"text": "a worker's"}], "meta": {"versionId": "3"}}
    assert joined(stored, {"status": "active"}, {"status": "active", "meta": {}}) == stored
    assert joined(stored, None, {"status": "finished", "period": {}})["status"] == "active"

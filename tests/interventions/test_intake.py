"""Plans as JSON: what is refused, where, and with which sentence. docs/plans.md"""

import json
from copy import deepcopy

import pytest

from careplan_service.errors import Invalid
from careplan_service.interventions.catalogue import kinds
from careplan_service.interventions.intake import plan_from_json, plan_to_json
from interventions.regenerate_expected import FIXTURES, fixtures, plan_of

GONE = object()


def a_plan():
    return {
        "number": "P-1",
        "title": "A plan",
        "status": "active",
        "period": {"start": "2025-01-10", "end": "2025-07-10"},
        "review_date": "2025-04-10",
        "client_system": {
            "kind": "family",
            "name": "Delgado",
            "members": [
                {"given": "Rosa", "family": "Delgado"},
                {"given": "Mateo", "family": "Delgado"},
                {"given": "Carmen", "client": False},
            ],
        },
        "needs": [{"text": "Arrears", "domain": "housing"}],
        "strengths": [{"text": "Humour"}],
        "goals": [
            {
                "number": "1",
                "words": "We stay.",
                "domain": "housing",
                "start": "2025-01-10",
                "target_date": "2025-06-30",
                "objectives": [
                    {
                        "number": "1.1",
                        "statement": "Pay",
                        "measure": "months paid",
                        "target": 3,
                        "due": "2025-06-30",
                        "status": "in progress",
                        "strategies": [
                            {
                                "number": "1.1.a",
                                "text": "Budget",
                                "kind": "case management",
                                "who": ["worker"],
                            }
                        ],
                    }
                ],
            }
        ],
        "worker": {"name": "Dana Whitlock", "role": "social worker"},
        "participants": [{"role": "food support", "agency": "Food Bank"}],
        "agreement": {"status": "agreed", "date": "2025-01-10"},
    }


def changed(plan, path, value):
    plan = deepcopy(plan)
    *way, last = path
    holder = plan
    for step in way:
        holder = holder[step]
    if value is GONE:
        del holder[last]
    elif isinstance(holder, list) and last == len(holder):
        holder.append(value)
    else:
        holder[last] = value
    return plan


def faults_of(obj):
    with pytest.raises(Invalid) as refused:
        plan_from_json(obj)
    return {fault.expression: fault.text for fault in refused.value.faults}


G, OB, S = ("goals", 0), ("goals", 0, "objectives", 0), ("goals", 0, "objectives", 0, "strategies", 0)
SYSTEM = ("client_system",)

REFUSED = [
    (("titel",), "x", "titel", "unknown field `titel`, did you mean `title`?"),
    ((*OB, "dew"), "x", "goals[0].objectives[0].dew", "unknown field `dew`, did you mean `due`?"),
    (("number",), "  ", "number", "is missing: give it a value"),
    (("title",), GONE, "title", "is missing: give it a value"),
    (("title",), ["x"], "title", 'write text instead of `["x"]`'),
    (("title",), "a\x00b", "title", "take out the character U+0000"),
    (("title",), "a\ud800b", "title", "take out the character U+D800"),
    (("title",), "x" * 10_001, "title", "shorten this text of 10001 characters"),
    (("status",), "activ", "status", "unknown plan status `activ`, did you mean `active`?"),
    (("goals",), [], "goals", "an active plan needs at least one goal"),
    (("goals",), "x", "goals", "write a list here"),
    (("review_date",), GONE, "review_date", "an active plan needs the date of its next review"),
    (("agreement",), GONE, "agreement", "an active plan needs the client's agreement"),
    (("agreement",), {"status": "refused"}, "agreement.reason", "needs the reason why there is none"),
    (("review_date",), "10/04/2025", "review_date", "write the date `10/04/2025` as YYYY-MM-DD"),
    (("review_date",), "2025-02-30", "review_date", "there is no day `2025-02-30`"),
    (("review_date",), "2024-12-31", "review_date", "is before the plan's start"),
    (("period", "end"), "2025-01-01", "period.end", "is before the plan's start"),
    ((*G, "target_date"), "2025-01-01", "goals[0].target_date", "is before the goal's start"),
    ((*G, "domain"), "housng",
     "goals[0].domain", "unknown domain `housng`, did you mean `housing-instability`?"),
    ((*G, "codes"), ["224165006"], "goals[0].codes", "`224165006` is not in the list of codes"),
    ((*G, "number"), "A", "goals[0].number", "`A` is out of step"),
    ((*OB, "measure"), GONE, "goals[0].objectives[0].measure", "an active objective needs its `measure`"),
    ((*OB, "target"), GONE, "goals[0].objectives[0].target", "an active objective needs its `target`"),
    ((*OB, "due"), GONE, "goals[0].objectives[0].due", "an active objective needs its `due`"),
    ((*OB, "due"), "2025-08-01", "goals[0].objectives[0].due", "is outside the plan's period"),
    ((*OB, "due"), "2025-01-09", "goals[0].objectives[0].due", "is outside the plan's period"),
    (("sensitivity",), [None], "sensitivity", "one of the list is blank"),
    (("client_system", "identifier"), {"system": "urn:x", "value": " "},
     "client_system.identifier", "the identifier has no number"),
    (("client_system", "identifier"), {"system": "urn:x", "value": None},
     "client_system.identifier", "is missing"),
    ((*OB, "number"), "2.1", "goals[0].objectives[0].number", "number an objective of goal `1` `1.1`"),
    ((*OB, "responsible"), "Rosaa",
     "goals[0].objectives[0].responsible", "nobody in the plan is called `Rosaa`"),
    ((*S, "number"), "1.2.a", "goals[0].objectives[0].strategies[0].number", "number a strategy"),
    ((*S, "kind"), "hypnosis", "goals[0].objectives[0].strategies[0].kind", "unknown kind of intervention"),
    ((*S, "count"), 0, "goals[0].objectives[0].strategies[0].count", "write a whole number from 1"),
    ((*S, "who"), ["Food Bnk"], "goals[0].objectives[0].strategies[0].who", "did you mean `food bank`?"),
    ((*S, "sensitivity"), ["secret"],
     "goals[0].objectives[0].strategies[0].sensitivity", "unknown sensitivity"),
    ((*SYSTEM, "kind"), "individual",
     "client_system.members", "an individual's plan has one client, here are 2"),
    ((*SYSTEM, "name"), GONE, "client_system.name", "give the name"),
    ((*SYSTEM, "members"), [], "client_system.members", "needs at least one member who is a client"),
    ((*SYSTEM, "members", 0), {"role": "x"}, "client_system.members[0].given", "first name or family name"),
    ((*SYSTEM, "members", 0, "given"), "Client", "client_system.members[0].given", "stands for a role"),
    ((*SYSTEM, "members", 0, "given"), "A;B", "client_system.members[0].given", "it separates names"),
    ((*SYSTEM, "members", 0, "identifier"), "C-1", "client_system.members[0].identifier", "`system|value`"),
    ((*SYSTEM, "kind"), "group", "client_system.members[2].client", "a group has no relatives"),
    (("needs", 0, "codes"), ["Z59.49"], "needs[0].codes", "`Z59.49` is not in the list of codes"),
    (("strengths", 0, "codes"), ["x"], "strengths[0].codes", "`x` is not in the list of codes for strengths"),
    (("worker",), {"role": "x"}, "worker.name", "give the responsible worker's name"),
    (("worker",), {"name": "x"}, "worker.role", "is missing"),
    (("participants", 0), {"role": "x"}, "participants[0].name", "give a name or an agency"),
    (("participants", 0, "identifier"), "urn:x|1", "participants[0].name", "whose `identifier` is it?"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "value", "where", "text"), REFUSED, ids=[f"{i} {case[2]}" for i, case in enumerate(REFUSED)]
)
def test_what_is_wrong_is_told_by_field_path(path, value, where, text):
    assert text in faults_of(changed(a_plan(), path, value))[where]


def test_the_plan_that_the_cases_spoil_is_itself_taken():
    assert plan_from_json(a_plan()).number == "P-1"


def test_all_faults_are_told_at_once():
    plan = changed(a_plan(), ("title",), GONE)
    plan = changed(plan, (*OB, "due"), "31.3.2025")
    plan = changed(plan, (*OB, "target"), GONE)
    plan = changed(plan, ("review_date",), GONE)
    assert set(faults_of(plan)) == {
        "title",
        "review_date",
        "goals[0].objectives[0].due",
        "goals[0].objectives[0].target",
    }


def test_a_closed_objective_may_have_been_due_before_the_period():
    plan = changed(changed(a_plan(), (*OB, "status"), "achieved"), (*OB, "due"), "2024-12-01")
    plan = changed(plan, (*OB, "result"), 3)
    assert plan_from_json(plan).goals[0].objectives[0].status == "achieved"


@pytest.mark.parametrize("path", [(*G, "number"), (*OB, "number"), (*S, "number")])
def test_a_number_left_empty_is_missing_and_nothing_else_is_said_of_it(path):
    (where,) = found = faults_of(changed(a_plan(), path, None))
    assert (where.rpartition(".")[2], found[where]) == ("number", "is missing: give it a value")


def test_numbers_of_the_record_left_empty_are_missing_and_nothing_else_is_said_of_them():
    plan = json.loads((FIXTURES / "crisis-and-safety.json").read_text())
    review, sessions = plan["reviews"][0], plan["sessions"]
    findings = review["findings"] = [{**review["findings"][0], "level": 0} for _ in range(2)]
    for one in findings:
        one["goal"] = None
    for one in (*sessions[:2], *plan["referrals"]):
        one["number"] = None
    # what names a session without its number is told besides
    found = {
        where: text for where, text in faults_of(plan).items() if where.endswith(("number", ".goal", "level"))
    }
    assert set(found.values()) == {"is missing: give it a value"}
    assert {"reviews[0].findings[1].goal", "sessions[1].number", "referrals[0].number"} <= found.keys()


def test_no_fault_tells_an_empty_field_in_a_word_of_the_programming_language():
    plan = json.loads((FIXTURES / "crisis-and-safety.json").read_text())
    fields = {tuple(name for name in path if isinstance(name, str)): path for path in places_in(plan)}
    for path in fields.values():
        assert not [text for text in faults_if_any(changed(plan, path, None)) if "None" in text], path


def faults_if_any(plan):
    try:
        plan_from_json(plan)
    except Invalid as refused:
        return [fault.text for fault in refused.faults]
    return []


def places_in(part, path=()):
    named = part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ()
    for name, value in named:
        yield (*path, name)
        yield from places_in(value, (*path, name))


def test_a_number_that_comes_twice_is_refused():
    goal = deepcopy(a_plan()["goals"][0])
    assert faults_of(changed(a_plan(), ("goals", 1), goal))["goals[1].number"] == "number `1` comes twice"


def test_an_identifier_of_two_people_is_refused():
    plan = changed(a_plan(), (*SYSTEM, "members", 0, "identifier"), {"system": "urn:x", "value": "1"})
    plan = changed(plan, ("worker", "identifier"), {"system": "urn:x", "value": "1"})
    assert "is given to somebody else" in faults_of(plan)["worker.identifier"]


def test_a_name_of_two_people_cannot_say_who_acts():
    plan = changed(a_plan(), ("participants", 1), {"role": "adviser", "name": "Mateo Delgado"})
    plan = changed(plan, (*S, "who"), ["Mateo Delgado"])
    assert "may be 2 different ones" in faults_of(plan)["goals[0].objectives[0].strategies[0].who"]


def test_a_draft_may_be_incomplete():
    draft = {
        "number": "P-2",
        "title": "t",
        "client_system": {"kind": "individual", "members": [{"given": "Jo"}]},
    }
    assert plan_from_json(draft).status == "draft"


def test_a_plan_is_closed_with_an_outcome_on_every_goal():
    plan = changed(a_plan(), ("status",), "goals met")
    assert "needs an outcome" in faults_of(plan)["goals[0].status"]


def test_a_target_says_what_it_is_a_value_of():
    plan = changed(changed(a_plan(), (*OB, "status"), "planned"), (*OB, "measure"), GONE)
    assert "say what the target is" in faults_of(plan)["goals[0].objectives[0].measure"]


@pytest.mark.parametrize(
    "obj", [None, 1, "x", [], {"goals": [None, 1]}, {"goals": {"a": 1}}, {"client_system": []}]
)
def test_what_is_not_a_plan_at_all_is_refused_without_a_crash(obj):
    assert faults_of(obj)


@pytest.mark.parametrize(
    ("name", "size", "where"),
    [("goals", 501, "goals"), ("needs", 501, "needs"), ("participants", 501, "participants")],
)
def test_a_plan_of_invalid_size_is_refused(name, size, where):
    assert f"at most 500 {name}, here are 501" in faults_of(changed(a_plan(), (name,), [{}] * size))[where]


@pytest.mark.parametrize(
    ("spelling", "code"),
    [
        ("CBT", "cbt"),
        ("cognitive behavioural therapy", "cbt"),
        ("Cognitive-Behavioral  Therapy", "cbt"),
        ("counseling", "individual-counselling"),
        ("Community Organizing", "community-organising"),
        ("psycho-education", "psychoeducation"),
        ("early intervention", "prevention"),
        ("family_therapy", "family-therapy"),
    ],
)
def test_a_kind_may_be_spelled_as_people_spell_it(spelling, code):
    plan = plan_from_json(changed(a_plan(), (*S, "kind"), spelling))
    assert plan.goals[0].objectives[0].strategies[0].kind == code


@pytest.mark.parametrize(
    ("path", "written", "read"),
    [
        ((*OB, "target"), 3, 3),
        ((*OB, "target"), "3", 3),
        ((*OB, "target"), "3.50", "3.50"),
        ((*OB, "target"), "true", True),
        ((*OB, "target"), False, False),
        ((*OB, "target"), "007", "007"),
    ],
)
def test_a_target_is_a_whole_number_a_truth_or_words(path, written, read):
    target = plan_from_json(changed(a_plan(), path, written)).goals[0].objectives[0].target
    assert (target, type(target)) == (read, type(read))


def test_names_stand_for_roles_and_the_client_comes_first():
    plan = plan_from_json(changed(a_plan(), (*S, "who"), "Dana Whitlock; food bank; Rosa"))
    assert plan.goals[0].objectives[0].strategies[0].who == ("client", "worker", "Food Bank")


def test_the_fixtures_use_all_thirteen_kinds():
    used = {
        strategy.kind
        for path in fixtures()
        for goal in plan_of(path).goals
        for objective in goal.objectives
        for strategy in objective.strategies
    }
    assert used == set(kinds())
    assert len(used) == 13


def test_the_family_is_the_same_plan_as_json_and_as_csv():
    assert plan_of(FIXTURES / "family-eviction.json") == plan_of(FIXTURES / "family-eviction.csv")


@pytest.mark.parametrize("path", fixtures(), ids=lambda path: path.name)
def test_a_fixture_comes_back_as_json(path):
    assert plan_from_json(plan_to_json(plan_of(path))) == plan_of(path)

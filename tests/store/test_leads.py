"""Where a statement starts that fixes neither patient nor id."""

from __future__ import annotations

import pytest

from builders import a_goal
from careplan_service.access.filters import EVERYTHING, All, Any, Filter, Has, Is, Link, Linked
from careplan_service.store.bind import Binds
from careplan_service.store.leads import Leads
from careplan_service.store.lists import is_among, listed
from careplan_service.store.tables import fact
from store.archive import Archive

HELD = Link("CarePlan.goal", "CarePlan", EVERYTHING, reverse=True, source="Goal")


@pytest.mark.parametrize(
    "end",
    [
        Is("id", "plan"),
        Is("patient", "Patient/ann"),
        Any((Is("id", "plan"), Is("id", "other"))),
        All((Has("CarePlan.status", "active"), Is("id", "plan"))),
    ],
    ids=repr,
)
def test_a_chain_that_ends_at_an_id_or_a_patient_starts_there(archive: Archive, end: Filter) -> None:
    chain = Linked((HELD,), end)
    number, lead = Leads(archive.database).best(chain) or (None, ())
    assert (number, lead[:1]) == (0, (chain,))


@pytest.mark.parametrize(
    "end", [Is("contributor", "x"), Any((Is("id", "plan"), Is("contributor", "x")))], ids=repr
)
def test_one_that_ends_anywhere_is_walked_to(archive: Archive, end: Filter) -> None:
    assert Leads(archive.database).best(Linked((HELD,), end)) is None


def test_what_a_list_names_is_found_and_looked_up_in_an_index(archive: Archive) -> None:
    for of in ("ann", "ben", "cem"):
        archive.put(a_goal(of=f"Patient/{of}"), f"goal-{of}")
    database, binds = archive.database, Binds()
    among = {"binds": binds, "sqlite": database.is_sqlite}
    of_values, of_params = is_among(fact.c.value, **among), is_among(fact.c.param, **among)
    asked = database.compiled(fact.select().where(of_values, of_params))
    values = {
        "p0": listed(["Patient/ann", "Patient/cem", "Patient/nobody"]),
        "p1": listed(["Goal.subject", "Goal.patient", "Goal.category"]),
    }
    found = {row[2] for row in database.rows(asked, values)}
    assert found == {"Patient/ann", "Patient/cem"}
    if not database.is_sqlite:
        explained = asked._replace(text=f"EXPLAIN {asked.text}")
        plan = "\n".join(line for (line,) in database.rows(explained, values))
        assert "value = ANY" in plan.split("Index Cond:", 1)[1], plan

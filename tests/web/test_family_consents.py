"""A plan of two adults: each consents for herself, and who refuses is taken out of what a partner sees."""

from __future__ import annotations

from typing import Any

import pytest

from builders import PARTNER, Answer, Api, a_consent, a_provision

EVERY = ["N", "R", "MH", "SDV", "LIVARG", "SUD"]
ROSA, MARC = "Rosalinda", "Marcellus"
HIS = ("Marcellus", "Thistlewood", "+1-555-0177", "marcellus@example.org", "1979-08-09", "M-2002")
SESSION = {
    "kind": "advocacy", "start": "2026-05-29T10:00+02:00", "end": "2026-05-29T11:00+02:00",
    "narrative": "We wrote to the landlord.", "goals": ["1"],
    "attendance": [
        {"who": "Marcellus Thistlewood", "state": "attended"},
        {"who": "Rosalinda Quimbledon", "state": "no-show"},
    ],
}  # fmt: skip


def a_plan(kind: str) -> dict[str, Any]:
    return {
        "number": "Q-1", "title": "Keep the flat", "status": "active",
        "period": {"start": "2026-01-10", "end": "2026-12-10"}, "review_date": "2026-09-10",
        "client_system": {"kind": kind, "name": "Household seven", "members": [
            {"given": ROSA, "family": "Quimbledon",
             "identifier": {"system": "https://agency.example.org/n", "value": "R-2001"}},
            {"given": MARC, "family": "Thistlewood", "birth_date": "1979-08-09", "phone": "+1-555-0177",
             "email": "marcellus@example.org",
             "identifier": {"system": "https://agency.example.org/n", "value": "M-2002"}},
        ]},
        "needs": [{"text": "Rent arrears", "domain": "housing"}],
        "goals": [{"number": "1", "words": "We want to stay.", "domain": "housing", "status": "planned",
                   "objectives": [{"number": "1.1", "statement": "Pay the rent",
                                   "responsible": "Marcellus Thistlewood",
                                   "strategies": [{"number": "1.1.a", "text": "Budget",
                                                   "kind": "case management",
                                                   "who": ["Marcellus Thistlewood"]}]}]}],
        "worker": {"name": "Dana Whitlock", "role": "social worker"},
        "agreement": {"status": "agreed", "date": "2026-01-10", "how": "written"},
    }  # fmt: skip


def everything(who: Any, patients: list[str], plan: str) -> list[Answer]:
    return [who.get(path) for path in paths_of(patients, plan)]


def paths_of(patients: list[str], plan: str) -> list[str]:
    """All that can be asked: searches of every type, whole records, the plan, histories, includes."""
    types = ("CarePlan", "Goal", "Condition", "CareTeam", "Group", "Patient", "RelatedPerson", "Encounter",
             "Procedure", "DocumentReference", "Observation", "Provenance", "ServiceRequest", "Task",
             "QuestionnaireResponse", "Consent")  # fmt: skip
    paths = [f"/fhir/{type_}?_include=*&_revinclude=*" for type_ in types]
    paths += ["/fhir?_count=200", "/fhir/_history", f"/fhir/CarePlan/{plan}",
              f"/fhir/CarePlan/{plan}/$everything",
              f"/fhir/CarePlan/{plan}/_history", f"/plans/{plan}", f"/plans/{plan}.csv"]  # fmt: skip
    return paths + [f"/fhir/{patient}{rest}" for patient in patients for rest in ("", "/$everything")]


@pytest.mark.parametrize("kind", ["family", "group"])
def test_one_refusal_takes_that_persons_data_out_and_leaves_the_plan(api: Api, kind: str) -> None:
    told = a_plan(kind)
    made = api.agency("POST", "/plans", told, Content_Type="application/json")
    assert made.status == 201, made.body
    plan = made.json["id"]
    session = api.agency("POST", f"/plans/{plan}/sessions", SESSION, Content_Type="application/json",
                         If_Match=made.headers["ETag"])  # fmt: skip
    assert session.status == 200, session.body
    found = [one["resource"] for one in api.agency.get("/fhir/Patient").json["entry"]]
    rosa, marc = (
        f"Patient/{one['id']}" for name in (ROSA, MARC) for one in found if name in str(one["name"])
    )
    nothing = [one.body.decode() for one in everything(api.partner, [rosa, marc], plan)]
    for word in (ROSA, *HIS, "We want to stay", "Rent arrears"):
        assert not any(word in body for body in nothing), word

    api.agency.make(a_consent(rosa, a_provision(to=PARTNER, labels=EVERY)))
    answers = everything(api.partner, [rosa, marc], plan)
    bodies = [one.body.decode() for one in answers]
    marcs = marc.partition("/")[2]
    for word in (*HIS, marcs):
        shown = [body for path, body in zip(paths_of([rosa, marc], plan), bodies, strict=True)
                 if word in body and word not in path]  # fmt: skip
        assert not shown, (word, shown)
    assert any(ROSA in body for body in bodies)
    if kind == "family":  # the plan itself names him, and is hidden while he has not consented
        assert api.partner.get(f"/fhir/CarePlan/{plan}").status == 404
        assert any("We want to stay" in body for body in bodies)
        assert any("Rent arrears" in body for body in bodies)

    api.agency.make(a_consent(marc, a_provision(to=PARTNER, labels=EVERY)))
    both = [one.body.decode() for one in everything(api.partner, [rosa, marc], plan)]
    assert any(MARC in body for body in both)
    # a CarePlan about a group is in nobody's record: it stays with the agency
    assert any("Keep the flat" in body for body in both) == (kind == "family")
    assert api.agency.get(f"/plans/{plan}").json["client_system"]["members"][1]["given"] == MARC

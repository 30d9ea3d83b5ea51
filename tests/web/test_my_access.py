"""`$my-access`: what a partner is permitted now, and nothing of what is hidden from it."""

from __future__ import annotations

from typing import Any

from builders import (
    DOMAIN,
    FOOD,
    HOUSING,
    PARTNER,
    STRANGER,
    Answer,
    Api,
    Document,
    a_consent,
    a_goal,
    a_patient,
    a_provision,
)
from conftest import Clock

ASKED = "/fhir/$my-access"
PARAMETERS = {"resourceType": "Parameters", "parameter": []}


def permitted(answer: Answer) -> list[dict[str, Any]]:
    """Each `permitted` with its parts by name; what may be several is a list."""
    assert answer.status == 200, answer.body
    found = []
    for one in answer.json["parameter"]:
        told: dict[str, Any] = {}
        for part in one.get("part", ()):
            (value,) = (part[name] for name in part if name.startswith("value"))
            if part["name"] in ("code", "purpose", "sensitivity", "profile"):
                told.setdefault(part["name"], []).append(value["code"] if part["name"] == "code" else value)
            else:
                told[part["name"]] = value
        found += [told] if one["name"] == "permitted" else []
    return found


def clients(answer: Answer) -> int:
    (told,) = (one["valueInteger"] for one in answer.json["parameter"] if one["name"] == "clients")
    return int(told)


def a_record(api: Api, name: str, *provisions: Document) -> str:
    """A client with a goal about housing, and consents of these provisions."""
    of = f"Patient/{name}"
    api.agency.put(of, a_patient(name))
    api.agency.put(f"Goal/{name}", a_goal(of))
    for number, provision in enumerate(provisions):
        api.agency.put(f"Consent/{name}-{number}", a_consent(of, provision))
    return of


def test_a_partner_is_told_what_opens_something_to_it_and_until_when(api: Api, clock: Clock) -> None:
    share = a_provision(to=PARTNER, purpose=["COC"], classes=["Goal"])
    for name, end in (("ann", "2026-07-01"), ("ben", "2026-09-30")):
        a_record(api, name, {**share, "period": {"end": end}})
    a_record(api, "cyd", a_provision(to=PARTNER, purpose=["COC", "TREAT"], codes=[HOUSING]))
    a_record(api, "dan", a_provision(to=PARTNER, labels=["R"], classes=["Patient"]))

    answer = api.partner.get(ASKED)

    first, *_ = answer.json["parameter"]
    assert first == {"name": "organization", "valueReference": {"reference": PARTNER}}
    assert clients(answer) == 4
    ends = {"firstEnd": "2026-07-01T23:59:59.999Z", "lastEnd": "2026-09-30T23:59:59.999Z"}
    assert permitted(answer) == [
        {"type": "Goal", "purpose": ["COC"], "confidentiality": "N", "clients": 2, **ends},
        {
            "type": "Goal",
            "code": [HOUSING],
            "purpose": ["COC", "TREAT"],
            "confidentiality": "N",
            "clients": 1,
        },
        {"type": "Patient", "confidentiality": "R", "clients": 1},
    ]
    assert DOMAIN.encode() in answer.body
    assert api.partner("POST", ASKED, PARAMETERS).body == answer.body
    narrow = api.asking("partner", scope="system/Patient.s")
    assert [one["type"] for one in permitted(narrow.get(ASKED))] == ["Patient"]
    assert clients(narrow.get(ASKED)) == 1
    clock.go_on(days=60)
    later = api.partner.get(ASKED)
    assert (clients(later), permitted(later)[0]["clients"]) == (3, 1)
    assert (api.audit()[-1]["interaction"], api.audit()[-1]["shown"]) == ("my-access", "")


def test_who_asks_is_found_by_its_groups_and_others_are_told_only_of_themselves(api: Api) -> None:
    team = {
        "resourceType": "CareTeam",
        "status": "active",
        "participant": [{"member": {"reference": PARTNER}}],
    }
    api.agency.put("CareTeam/team", team)
    a_record(api, "ann", a_provision(to="CareTeam/team", classes=["Goal"]))
    a_record(api, "ben", a_provision(to=STRANGER, classes=["Goal"]))

    assert [(one["type"], one["clients"]) for one in permitted(api.partner.get(ASKED))] == [("Goal", 1)]
    assert [(one["type"], one["clients"]) for one in permitted(api.stranger.get(ASKED))] == [("Goal", 1)]
    refused = api.agency.get(ASKED)
    assert (refused.status, refused.json["issue"][0]["code"]) == (403, "forbidden")
    assert api.partner.get(f"{ASKED}?partner={STRANGER}").status == 400
    told = {**PARAMETERS, "parameter": [{"name": "partner", "valueString": STRANGER}]}
    assert api.partner("POST", ASKED, told).status == 400


def test_a_permit_that_a_deny_outweighs_is_as_if_it_had_never_been(api: Api) -> None:
    """Denies, what they hide, clients of whom nothing is seen: the answer is that without them."""
    share = a_provision(to=PARTNER, classes=["Goal", "Patient"])
    a_record(api, "ann", share)
    before = api.partner.get(ASKED).body
    deny = a_provision("deny", to=PARTNER)
    a_record(api, "ben", share, deny)
    a_record(api, "cyd", {**share, "provision": [a_provision("deny", codes=[HOUSING, FOOD]), deny]})
    a_record(api, "dan", a_provision(to=PARTNER, purpose=["HPAYMT"]))
    a_record(api, "eve", {**share, "period": {"end": "2026-05-01"}})
    api.agency.put("Goal/secret", a_goal("Patient/ann", about=FOOD, labels=("R",)))
    api.agency.make(a_consent("Patient/ann", a_provision(to=PARTNER, codes=[FOOD])))
    api.agency.make(a_consent("Patient/fay", share))

    assert api.partner.get(ASKED).body == before
    # what it wrote itself it sees, but no consent permits it
    own = api.partner.make(a_goal("Patient/ben"))
    assert api.partner.get(f"/fhir/{own}").status == 200
    assert api.partner.get(ASKED).body == before

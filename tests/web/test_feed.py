"""The feed of a partner: `_since` tells it what it received and may use no longer, and what came back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from builders import (
    FOOD,
    HOUSING,
    PARTNER,
    STRANGER,
    Answer,
    Api,
    As,
    a_consent,
    a_goal,
    a_patient,
    a_provision,
    judging,
)
from careplan_service.access.clients import Client
from careplan_service.app import Service, assemble
from careplan_service.settings import Settings
from conftest import BASE_URL, Clock

SQLITE_ONLY = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
SHARE = a_provision(to=PARTNER, purpose=["COC"])
NOON = "2026-06-01T12:00:00Z"
Told = list[tuple[str, str]]


def told(*pages: Answer) -> Told:
    """The entries in their order: the method, and what it is about."""
    return [
        (entry["request"]["method"], entry["fullUrl"].removeprefix(f"{BASE_URL}/fhir/"))
        for page in pages
        for entry in page.json.get("entry", ())
    ]


def stopped(caller: As, since: str, path: str = "") -> Told:
    """What a pull says that is shared no longer."""
    pages = caller.pages(f"/fhir{path}/_history?_since={since}&_count=2")
    return sorted(entry for entry in told(*pages) if entry[0] == "DELETE")


def moment(clock: Clock) -> str:
    return clock.now.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_a_revoked_consent_leaves_tombstones_once_and_for_what_was_received_alone(
    api: Api, clock: Clock
) -> None:
    ann, ben = (api.agency.make(a_patient(name)) for name in ("Ann", "Ben"))
    consent = api.agency.make(a_consent(ann, SHARE))
    api.agency.make(a_consent(ann, a_provision(to=STRANGER, purpose=["COC"])))
    kept, received, never = (api.agency.make(a_goal(of)) for of in (ben, ann, ann))
    api.agency.make(a_consent(ben, SHARE))
    for reference in (kept, received):
        assert api.partner.get(f"/fhir/{reference}").status == 200
    assert api.stranger.get(f"/fhir/{never}").status == 200
    clock.go_on(days=1)
    since = moment(clock)
    assert stopped(api.partner, since) == []
    clock.go_on(hours=1)
    api.agency.put(consent, a_consent(ann, SHARE, status="inactive"))
    clock.go_on(hours=1)
    found = moment(clock)

    assert told(*api.partner.pages(f"/fhir/_history?_since={since}")) == [("DELETE", received)]
    assert told(*api.partner.pages(f"/fhir/Goal/_history?_since={since}")) == [("DELETE", received)]
    (entry,) = api.partner.get(f"/fhir/{received}/_history?_since={since}").json["entry"]
    assert set(entry) == {"fullUrl", "request", "response"}
    assert entry["request"] == {"method": "DELETE", "url": received}
    assert (entry["response"]["status"], entry["response"]["lastModified"]) == ("204", found[:-1] + ".000Z")
    (issue,) = entry["response"]["outcome"]["issue"]
    assert issue["code"] == "suppressed"
    clock.go_on(hours=1)
    assert stopped(api.partner, since) == [("DELETE", received)]
    assert stopped(api.partner, moment(clock)) == []
    assert stopped(api.partner, since, "/Patient") == []
    assert stopped(api.stranger, since) == []
    assert stopped(api.agency, since) == []
    # without `_since`, and for what it never received, hidden looks absent as ever
    absent = api.partner.get("/fhir/Goal/none/_history?_since=2026")
    for path in (f"{received}/_history", f"{never}/_history?_since=2026", f"{received}?_format=json"):
        assert (api.partner.get(f"/fhir/{path}").status, absent.status) == (404, 404)
    assert api.partner.get(f"/fhir/{never}/_history?_since=2026").body == absent.body
    assert api.partner.get(f"/fhir/{received}/_history?_since={moment(clock)}").body == absent.body


def _deny(api: Api, goal: str, of: str) -> None:
    api.agency.make(a_consent(of, a_provision("deny", to=PARTNER, codes=[HOUSING])))


def _label(api: Api, goal: str, of: str) -> None:
    api.agency.put(goal, a_goal(of, labels=("R",)))


def _delete(api: Api, goal: str, of: str) -> None:
    assert api.agency("DELETE", f"/fhir/{goal}").status == 204


def _move(api: Api, goal: str, of: str) -> None:
    api.agency.put(goal, a_goal("Patient/somebody-else"))


def _change(api: Api, goal: str, of: str) -> None:
    api.agency.put(goal, a_goal(of, about=FOOD))


def _merge(api: Api, goal: str, of: str) -> None:
    """What the record that stays denies, the merged one denies, too."""
    api.agency.put("Patient/stays", a_patient("Ann"))
    api.agency.make(a_consent("Patient/stays", a_provision("deny", to=PARTNER)))
    link = {"type": "replaced-by", "other": {"reference": "Patient/stays"}}
    api.agency.put(of, a_patient("Ann", link=[link]))


def _expire(api: Api, goal: str, of: str) -> None:
    """Nothing is written: the clock ends it."""


ENDS = (_deny, _label, _delete, _move, _change, _merge, _expire)


def test_whatever_ended_it_the_tombstone_looks_the_same(api: Api, clock: Clock) -> None:
    """Attack 22: deleted, denied, labelled, merged and expired are not told apart."""
    looks: dict[str, Any] = {}
    for end in ENDS:
        name = end.__name__.strip("_")
        of = f"Patient/{name}"
        permit = a_provision(to=PARTNER, purpose=["COC"], codes=[HOUSING])
        until = {"period": {"end": moment(clock)[:10]}} if end is _expire else {}
        api.agency.put(of, a_patient("Ann"))
        api.agency.make(a_consent(of, {**permit, **until}))
        goal = api.agency.make(a_goal(of))
        assert api.partner.get(f"/fhir/{goal}").status == 200, name
        since = moment(clock)
        assert stopped(api.partner, since) == [], name
        clock.go_on(days=1)
        end(api, goal, of)
        assert stopped(api.partner, since) == [("DELETE", goal)], name
        clock.go_on(days=1)
        page = api.partner.get(f"/fhir/{goal}/_history?_since={since}")
        text = page.body.decode().replace(goal, "*").replace(since, "*")
        found = page.json["entry"][0]["response"]["lastModified"]
        assert (page.status, page.json["total"]) == (200, 1)
        looks[name] = text.replace(found, "moment")
        assert stopped(api.partner, moment(clock)) == [], name
    assert len(set(looks.values())) == 1, looks


def test_what_is_shared_again_comes_as_it_is_now_and_its_tombstone_goes(api: Api, clock: Clock) -> None:
    ann = api.agency.make(a_patient("Ann"))
    consent = api.agency.make(a_consent(ann, SHARE))
    goal, changed = (api.agency.make(a_goal(ann)) for _ in range(2))
    api.partner.get("/fhir/Goal")
    clock.go_on(days=1)
    api.agency.put(consent, a_consent(ann, SHARE, status="inactive"))
    first = moment(clock)
    assert stopped(api.partner, first) == sorted([("DELETE", goal), ("DELETE", changed)])
    clock.go_on(days=1)
    api.agency.put(consent, a_consent(ann, SHARE))
    api.agency.put(changed, a_goal(ann, labels=("N",)))
    second = moment(clock)
    clock.go_on(hours=1)

    page = api.partner.get(f"/fhir/Goal/_history?_since={second}")

    assert told(page) == [("POST", goal), ("PUT", changed)]
    assert page.json["entry"][0]["resource"]["meta"]["versionId"] == "1"
    assert page.json["total"] == 2
    assert api.audit()[-1]["shown"].split("\n") == [f"{goal}/_history/1", f"{changed}/_history/2"]
    assert stopped(api.partner, first) == []
    assert told(api.partner.get(f"/fhir/{goal}/_history?_since={first}")) == [("POST", goal)]
    assert api.partner.get(f"/fhir/{goal}/_history?_since={first}&_count=0").json["total"] == 1
    clock.go_on(hours=1)
    assert told(api.partner.get(f"/fhir/Goal/_history?_since={moment(clock)}")) == []


def test_pages_with_tombstones_neither_repeat_nor_lose(api: Api, clock: Clock) -> None:
    ann, ben = (api.agency.make(a_patient(name)) for name in ("Ann", "Ben"))
    consent = api.agency.make(a_consent(ann, SHARE))
    api.agency.make(a_consent(ben, SHARE))
    gone = [api.agency.make(a_goal(ann)) for _ in range(5)]
    back = [api.agency.make(a_goal(ben, about=FOOD)) for _ in range(3)]
    api.partner.pages("/fhir/Goal")
    clock.go_on(days=1)
    since = moment(clock)
    deny = api.agency.make(a_consent(ben, a_provision("deny", to=PARTNER, codes=[FOOD])))
    assert len(stopped(api.partner, since, "/Goal")) == 3
    clock.go_on(hours=1)
    api.agency("DELETE", f"/fhir/{deny}")
    fresh = [api.agency.make(a_goal(ben)) for _ in range(3)]
    api.agency.put(consent, a_consent(ann, SHARE, status="inactive"))
    expected = sorted([*(("DELETE", one) for one in gone), *(("POST", one) for one in (*back, *fresh))])
    for count in (1, 2, 3, 4, 10, 11, 50):
        pages = api.partner.pages(f"/fhir/Goal/_history?_since={since}&_count={count}")
        entries = told(*pages)
        assert sorted(entries) == expected, count
        assert len(pages) == -(-len(expected) // count), count
        if count == 4:
            clock.go_on(hours=1)
            later = api.agency.make(a_goal(ben))
            expected = sorted([*expected, ("POST", later)])


def test_each_client_and_purpose_has_its_own_and_so_does_a_narrow_token(api: Api, clock: Clock) -> None:
    api.service.clients.add(Client("second", "second", "partner", PARTNER, "system/*.cruds", "COC", ()))
    doubled = api.register("research", "partner", purpose="HRESCH", further=("COC",))
    ann = api.agency.make(a_patient("Ann"))
    share = a_provision(to="Organization/research")
    consent = api.agency.make(a_consent(ann, share))
    other = api.agency.make(a_consent(ann, SHARE))
    goal = api.agency.make(a_goal(ann))
    assert doubled.get(f"/fhir/{goal}").status == 200
    assert api.partner.get(f"/fhir/{goal}").status == 200
    clock.go_on(days=1)
    since = moment(clock)
    for one in (consent, other):
        api.agency("DELETE", f"/fhir/{one}")
    assert stopped(doubled, since) == [("DELETE", goal)]
    assert stopped(api.asking("research", purpose="COC"), since) == []
    assert stopped(api.asking("second"), since) == []
    assert stopped(api.asking("partner", scope="system/Patient.rs"), since) == []
    assert api.asking("partner", scope="system/Patient.rs").get("/fhir/Goal/_history").status == 403
    assert stopped(api.partner, since) == [("DELETE", goal)]
    # a token for less takes nothing back
    fresh = api.agency.make(a_goal(ann))
    api.agency.make(a_consent(ann, SHARE))
    api.partner.get(f"/fhir/{fresh}")
    narrow = api.asking("partner", scope=f"system/Goal.rs?category={FOOD}")
    clock.go_on(hours=1)
    assert stopped(narrow, moment(clock), "/Goal") == []
    assert told(narrow.get(f"/fhir/Goal/_history?_since={moment(clock)}")) == []  # nor does it open more
    assert told(api.partner.get(f"/fhir/Goal/_history?_since={moment(clock)}")) == [("POST", goal)]


def test_an_answer_that_is_judged_twice_tells_what_ended_too(service: Service, clock: Clock) -> None:
    api = Api(judging(service, 1))
    ann = api.agency.make(a_patient("Ann"))
    consent = api.agency.make(a_consent(ann, SHARE))
    goal = api.agency.make(a_goal(ann))
    assert api.partner.get(f"/fhir/{goal}").status == 200
    clock.go_on(days=1)
    since = moment(clock)
    api.agency.put(consent, a_consent(ann, SHARE, status="inactive"))
    assert stopped(api.partner, since) == [("DELETE", goal)]
    api.agency.put(consent, a_consent(ann, SHARE))
    assert told(api.partner.get(f"/fhir/Goal/_history?_since={since}")) == [("POST", goal)]


@SQLITE_ONLY
def test_what_an_administrator_saw_through_its_eyes_a_partner_did_not_receive(api: Api, clock: Clock) -> None:
    ann = api.agency.make(a_patient("Ann"))
    consent = api.agency.make(a_consent(ann, SHARE))
    seen, received = (api.agency.make(a_goal(ann)) for _ in range(2))
    through: Any = {"X_Careplan_View_As": "partner"}
    assert api.agency.get(f"/fhir/{seen}", **through).status == 200
    assert api.partner.get(f"/fhir/{received}").status == 200
    clock.go_on(days=1)
    since = moment(clock)
    api.agency("DELETE", f"/fhir/{consent}")

    assert api.agency.get(f"/fhir/_history?_since={since}", **through).json.get("entry", []) == []
    assert stopped(api.partner, since) == [("DELETE", received)]


@SQLITE_ONLY
def test_without_the_log_of_reads_nobody_is_known_to_have_received_anything(
    database_url: str, keys_dir: Any, clock: Clock
) -> None:
    settings = Settings(
        database_url=database_url, base_url=BASE_URL, keys_dir=keys_dir, references="open", audit=False
    )
    service = assemble(settings, clock, migrated=False)
    api = Api(service)
    ann = api.agency.make(a_patient("Ann"))
    consent = api.agency.make(a_consent(ann, SHARE))
    goal = api.agency.make(a_goal(ann))
    assert api.partner.get(f"/fhir/{goal}").status == 200
    api.agency("DELETE", f"/fhir/{consent}")
    assert stopped(api.partner, NOON) == []
    service.database.close()


def _world(url: str, keys_dir: Path, hours: int, end: Callable[[Api, str, str], None]) -> list[bytes]:
    """What a partner is told that received a goal, which was then hidden somehow, some hours later."""
    clock = Clock()
    settings = Settings(database_url=url, base_url=BASE_URL, keys_dir=keys_dir, references="open")
    service = assemble(settings, clock, migrated=False)
    api = Api(service)
    for of in ("Patient/ann", "Patient/ben"):
        api.agency.put(of, a_patient("Ann"))
        api.agency.put(of.replace("Patient", "Consent"), a_consent(of, SHARE))
        api.agency.put(of.replace("Patient", "Goal"), a_goal(of))
    api.partner.get("/fhir?_type=Goal,Patient")
    clock.go_on(hours=hours)
    end(api, "Goal/ann", "Patient/ann")
    clock.go_on(hours=24 - hours)
    paths = [f"/fhir{of}/_history?_since={NOON}" for of in ("", "/Goal", "/Goal/ann", "/Goal/ben", "/Goal/x")]
    answers = [api.partner.get(path) for path in ("/fhir/$my-access", *paths, "/fhir/Goal/ann")]
    service.database.close()
    return [b"%d %s" % (answer.status, answer.body) for answer in answers]


def test_when_and_how_it_was_hidden_is_told_by_nothing(
    new_database: Callable[[str, str], str], keys_dir: Path
) -> None:
    """Databases that differ in hidden things alone give answers that are the same to the byte."""
    worlds = [
        _world(new_database("sqlite", end.__name__), keys_dir, hours, end)
        for hours, end in ((1, _label), (9, _delete), (17, _move), (20, _change_label))
    ]
    assert b"Goal/ann" in worlds[0][1]
    assert b"DELETE" in worlds[0][1]
    assert worlds[1:] == worlds[:-1]


def _change_label(api: Api, goal: str, of: str) -> None:
    """Hidden versions, one after the other, and a deny that comes too late to matter."""
    for code in "RVR":
        api.agency.put(goal, a_goal(of, labels=(code,)))
    api.agency.make(a_consent(of, a_provision("deny", to=PARTNER, codes=[HOUSING])))

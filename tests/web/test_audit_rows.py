"""Every read and search leaves a row: who, why, what was asked, shown and because of what, or the refusal."""

from __future__ import annotations

import threading

from builders import HOUSING, PARTNER, Api, Document, a_consent, a_goal, a_patient, a_provision

SHARE = a_provision(to=PARTNER, purpose=["COC"], codes=[HOUSING])


def _last(api: Api) -> Document:
    row = api.audit()[-1]
    return {name: row[name] for name in ("interaction", "asked", "status", "shown", "because", "refusal")}


def test_each_interaction_leaves_one_row_with_what_it_showed_and_why(api: Api) -> None:
    ann = api.agency.make(a_patient("Ann"))
    goal = api.agency.make(a_goal(of=ann))
    hidden = api.agency.make(a_goal(of=ann, about="food-insecurity"))
    consent = api.agency.make(a_consent(ann, SHARE))
    because = f"{consent}/_history/1#provision"
    shown = f"{goal}/_history/1"
    before = len(api.audit())
    cases = [
        ("GET", f"/fhir/{goal}", "read", 200, shown, because, ""),
        ("HEAD", f"/fhir/{goal}", "read", 200, shown, because, ""),
        ("GET", f"/fhir/{goal}/_history/1", "vread", 200, shown, because, ""),
        ("GET", f"/fhir/{goal}/_history", "history-instance", 200, shown, because, ""),
        ("GET", f"/fhir/Goal?patient={ann}&_format=json", "search-type", 200, shown, because, ""),
        ("GET", "/fhir/Goal?_count=0", "search-type", 200, "", "", ""),
        (
            "GET",
            f"/fhir/{hidden}",
            "read",
            404,
            "",
            "",
            "no such resource was found; check the type, the id and the version",
        ),
        ("GET", "/fhir/Goal?colour=blue", "search-type", 400, "", "", None),
        ("GET", "/fhir/Foo", "search-type", 404, "", "", None),
        ("GET", f"/fhir/{goal}?_format=turtle", "read", 406, "", "", None),
        ("PUT", f"/fhir/{goal}", "update", 415, "", "", None),
        ("DELETE", f"/fhir/{goal}", "delete", 403, "", "", None),
    ]
    for method, path, interaction, status, seen, why, refusal in cases:
        assert api.partner(method, path).status == status, path
        row = _last(api)
        told = bool(row.pop("refusal")) if refusal is None else row.pop("refusal") == refusal
        assert told, path
        assert row == {
            "interaction": interaction,
            "asked": f"{method} {path}",
            "status": status,
            "shown": seen,
            "because": why,
        }
    assert len(api.audit()) == before + len(cases)
    last = api.audit()[-1]
    assert (last["client"], last["organization"], last["purpose"]) == ("partner", PARTNER, "COC")
    assert last["at"] == 1780315200_000000


def test_a_write_is_in_the_record_with_the_version_it_made(api: Api) -> None:
    goal = api.agency.make(a_goal(of="Patient/ann"))
    api.agency.put(goal, a_goal(of="Patient/ann"))
    api.agency("DELETE", f"/fhir/{goal}")
    rows = [(row["interaction"], row["status"], row["shown"]) for row in api.audit()]
    assert rows == [
        ("create", 201, f"{goal}/_history/1"),
        ("update", 200, f"{goal}/_history/2"),
        ("delete", 204, f"{goal}/_history/3"),
    ]


def test_a_token_with_less_is_refused_and_the_refusal_is_recorded(api: Api) -> None:
    goal = api.agency.make(a_goal(of="Patient/ann"))
    searcher = api.asking("partner", scope="system/Goal.s")
    assert searcher.get("/fhir/Goal").status == 200
    assert searcher.get(f"/fhir/{goal}").status == 403
    assert "does not allow to read Goal" in _last(api)["refusal"]
    assert searcher.get("/fhir/CarePlan").status == 403
    assert "does not allow to search CarePlan" in _last(api)["refusal"]


def test_what_was_asked_is_kept_within_bounds_and_as_text(api: Api) -> None:
    api.agency.get("/fhir/Goal?identifier=" + "x" * 5000)
    api.agency.get("/fhir/Goal?" + "y" * 5000)
    api.agency.get("/fhir/Goal?identifier=%00")
    for row in api.audit():
        assert len(row["asked"]) <= 2000
        assert len(row["refusal"]) <= 2000
        assert "\x00" not in row["asked"] + row["refusal"]


def test_many_at_once_leave_one_row_each(api: Api) -> None:
    goal = api.agency.make(a_goal(of="Patient/ann"))
    token = api.token("agency")
    statuses: list[int] = []

    def read() -> None:
        client = api.http.application.test_client()
        headers = {"Authorization": f"Bearer {token}"}
        statuses.extend(client.get(f"/fhir/{goal}", headers=headers).status_code for _ in range(5))

    threads = [threading.Thread(target=read) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert statuses == [200] * 30
    assert len([row for row in api.audit() if row["interaction"] == "read"]) == 30

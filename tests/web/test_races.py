"""Requests at the same moment, in threads and in processes of their own, on both databases."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from builders import Answer, Api, As, a_care_plan, a_goal, a_patient, a_transaction, an_entry
from careplan_service.access.filters import EVERYTHING
from careplan_service.app import Service

SYSTEM = "http://example.org/goals"
PATCH = {"Content_Type": "application/json-patch+json"}
TIMES = 6

PROCESS = """
import sys
sys.path.insert(0, {tests!r})
from pathlib import Path
from builders import As, Api, a_goal
from careplan_service.app import app_of, assemble
from careplan_service.settings import Settings
settings = Settings(database_url={url!r}, keys_dir=Path({keys!r}), references="open")
api = Api.__new__(Api)
api.service = assemble(settings, migrated=False)
api.http, api._tokens = app_of(api.service).test_client(), {{}}
print("ready", flush=True)
sys.stdin.readline()
for number in range(8):
    goal = a_goal(of="Patient/ann", identifier=[{{"system": "x", "value": str(number)}}])
    answer = As(api, "agency")("POST", "/fhir/Goal", goal, If_None_Exist=f"identifier=x|{{number}}")
    assert answer.status in (200, 201), answer.body
    print(answer.status, answer.json["id"], flush=True)
"""


def at_once(api: Api, *sends: Callable[[As], Answer]) -> list[Answer]:
    """Send all at the same moment, each in a thread with a client of its own."""
    api.token("agency")
    barrier, app = threading.Barrier(len(sends), timeout=30), api.http.application

    def run(send: Callable[[As], Answer]) -> Answer:
        own = Api.__new__(Api)
        own.__dict__.update(api.__dict__)
        own.http = app.test_client()
        barrier.wait(60)
        return send(As(own, "agency"))

    with ThreadPoolExecutor(len(sends)) as threads:
        return list(threads.map(run, sends))


def statuses(answers: Sequence[Answer]) -> Counter[int]:
    return Counter(answer.status for answer in answers)


def test_conditional_creates_of_one_moment_make_one_resource(api: Api) -> None:
    for n in range(TIMES):
        goal = a_goal(of="Patient/ann", identifier=[{"system": SYSTEM, "value": str(n)}])
        where = f"identifier={SYSTEM}|{n}"

        def alone(caller: As, goal: Any = goal, where: str = where) -> Answer:
            return caller("POST", "/fhir/Goal", goal, If_None_Exist=where)

        def within(caller: As, goal: Any = goal, where: str = where) -> Answer:
            entry = an_entry("POST", "Goal", goal, ifNoneExist=where)
            return caller("POST", "/fhir", a_transaction(entry))

        def update(caller: As, goal: Any = goal, where: str = where) -> Answer:
            return caller("PUT", f"/fhir/Goal?{where}", goal)

        answers = at_once(api, alone, within, update, alone)
        assert {answer.status for answer in answers} <= {200, 201}, [a.body for a in answers]
        assert api.agency.get(f"/fhir/Goal?{where}").json["total"] == 1


def test_conditional_creates_of_two_processes_make_one_resource(
    api: Api, database_url: str, keys_dir: Path, tmp_path: Path
) -> None:
    url = api.service.settings.database_url
    script = PROCESS.format(tests=str(Path(__file__).parents[1]), url=url, keys=str(keys_dir))
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    for process in processes:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    told = [line.split() for process in processes for line in process.communicate()[0].splitlines()]
    assert [process.returncode for process in processes] == [0, 0]
    assert Counter(status for status, _ in told) == {"201": 8, "200": 8}
    assert len({id_ for _, id_ in told}) == 8
    assert api.agency.get("/fhir/Goal").json["total"] == 8


def test_one_key_at_one_moment_is_one_write(api: Api) -> None:
    for n in range(TIMES):

        def send(caller: As, key: str = f"key-{n}") -> Answer:
            return caller("POST", "/fhir/Goal", a_goal(of="Patient/ann"), Idempotency_Key=key)

        answers = at_once(api, send, send, send)
        assert statuses(answers) == {201: 3}
        assert len({answer.body for answer in answers}) == 1
    assert api.agency.get("/fhir/Goal").json["total"] == TIMES


def test_no_patch_is_lost(api: Api) -> None:
    goal = api.agency.make(a_goal(of="Patient/ann", note=[{"text": "first"}]))

    def note(caller: As) -> Answer:
        add = [{"op": "add", "path": "/note/-", "value": {"text": "another"}}]
        return caller("PATCH", f"/fhir/{goal}", add, **PATCH)

    for _ in range(TIMES):
        assert statuses(at_once(api, note, note, note)) == {200: 3}
    found = api.agency.get(f"/fhir/{goal}")
    assert len(found.json["note"]) == 1 + 3 * TIMES
    assert found.headers["ETag"] == f'W/"{1 + 3 * TIMES}"'


def test_a_condition_still_holds_when_its_match_is_changed(api: Api) -> None:
    """Between the search and the lock another request may change what matched."""
    for n in range(TIMES):
        goal = api.agency.make(a_goal(of="Patient/ann", identifier=[{"system": SYSTEM, "value": str(n)}]))
        where = f"identifier={SYSTEM}|{n}&lifecycle-status=active"

        def delete(caller: As, where: str = where) -> Answer:
            return caller("DELETE", f"/fhir/Goal?{where}")

        def complete(caller: As, goal: str = goal) -> Answer:
            return caller.put(goal, a_goal(of="Patient/ann", lifecycleStatus="completed"), If_Match='W/"1"')

        deleted, completed = at_once(api, delete, complete)
        assert (deleted.status, completed.status) in {(204, 412), (404, 200), (409, 200)}, deleted.body


def test_a_reference_and_a_deletion_never_pass_each_other(strict_api: Api) -> None:
    api = strict_api
    for _ in range(TIMES):
        ann = api.agency.make(a_patient("Ann"))

        def refer(caller: As, ann: str = ann) -> Answer:
            return caller("POST", "/fhir/Goal", a_goal(of=ann))

        def refer_within(caller: As, ann: str = ann) -> Answer:
            entries = [
                an_entry("POST", "CarePlan", a_care_plan(ann)),
                an_entry("POST", "Goal", a_goal(of=ann)),
            ]
            return caller("POST", "/fhir", a_transaction(*entries))

        def delete(caller: As, ann: str = ann) -> Answer:
            return caller("DELETE", f"/fhir/{ann}")

        referred, within, deleted = at_once(api, refer, refer_within, delete)
        left = api.agency.get(f"/fhir/Goal?patient={ann}").json["total"]
        if deleted.status == 204:
            assert (referred.status, within.status, left) == (422, 422, 0)
        else:
            assert deleted.status == 409
            assert left == (referred.status == 201) + (within.status == 200) > 0


def test_updates_do_not_wait_for_references(strict_service: Service) -> None:
    """Many refer to one patient while it is updated: nothing deadlocks, nothing is lost."""
    api = Api(strict_service)
    ann = api.agency.make(a_patient("Ann"))

    def refer(caller: As) -> Answer:
        return caller("POST", "/fhir/Goal", a_goal(of=ann))

    def update(caller: As) -> Answer:
        return caller.put(ann, a_patient("Anne"))

    for _ in range(TIMES):
        assert statuses(at_once(api, refer, update, refer, update)) == {201: 2, 200: 2}


def test_a_deletion_waits_for_who_is_about_to_refer(strict_api: Api) -> None:
    ann = strict_api.agency.make(a_patient("Ann"))
    with ThreadPoolExecutor(1) as threads:
        with strict_api.service.records.changes() as changes:
            assert changes.found([ann], EVERYTHING) == {ann: 1}
            deletion = threads.submit(at_once, strict_api, lambda caller: caller("DELETE", f"/fhir/{ann}"))
            with pytest.raises(TimeoutError):
                deletion.result(timeout=0.5)
        (deleted,) = deletion.result(timeout=30)
    assert deleted.status == 204

"""What is read in a snapshot is of one moment, whatever others write meanwhile."""

from __future__ import annotations

import threading

from builders import Api, a_goal, a_patient
from careplan_service.access.filters import EVERYTHING
from careplan_service.interactions.records import Page


def test_a_snapshot_does_not_see_what_is_written_meanwhile(api: Api) -> None:
    records = api.service.records
    ann = api.agency.make(a_patient("Ann"))

    def write() -> None:
        api.agency.make(a_goal(ann))

    with records.snapshot():
        assert records.count("Goal", EVERYTHING) == 0
        other = threading.Thread(target=write)
        other.start()
        other.join(30)
        assert not other.is_alive()
        assert records.count("Goal", EVERYTHING) == 0
        assert records.find("Goal", EVERYTHING, Page(limit=5)) == []
    assert records.count("Goal", EVERYTHING) == 1
    try:
        with records.snapshot():
            raise KeyError
    except KeyError:
        pass
    api.agency.make(a_goal(ann))
    assert records.count("Goal", EVERYTHING) == 2


def test_apart_from_a_snapshot_is_written_and_another_moment_is_seen_after_it(api: Api) -> None:
    database, records = api.service.database, api.service.records
    ann = api.agency.make(a_patient("Ann"))
    with records.snapshot():
        assert records.count("Goal", EVERYTHING) == 0
        with database.apart():
            api.agency.make(a_goal(ann))
        assert records.count("Goal", EVERYTHING) == 1
        other = threading.Thread(target=lambda: api.agency.make(a_goal(ann)))
        other.start()
        other.join(30)
        assert records.count("Goal", EVERYTHING) == 1
    with database.apart():
        api.agency.make(a_goal(ann))
    assert records.count("Goal", EVERYTHING) == 3


def test_inside_a_transaction_it_is_what_that_sees(api: Api) -> None:
    """An entry of a transaction that asks why is answered by what the transaction has written."""
    ann = api.agency.make(a_patient("Ann"))
    goal = api.agency.make(a_goal(ann))
    for kind in ("batch", "transaction"):
        request = {"method": "GET", "url": f"{goal}/$why-access?partner=partner"}
        bundle = {"resourceType": "Bundle", "type": kind, "entry": [{"request": request}]}
        answer = api.agency("POST", "/fhir", bundle)
        assert answer.status == 200, answer.body
        (entry,) = answer.json["entry"]
        assert entry["response"]["status"] == "200 OK"
        assert entry["resource"]["parameter"][5] == {"name": "decision", "valueCode": "deny"}
        refused = api.partner("POST", "/fhir", {**bundle, "type": "batch"})
        assert refused.json["entry"][0]["response"]["status"] == "404 Not Found"

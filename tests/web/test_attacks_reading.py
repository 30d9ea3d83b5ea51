"""Ways in through reading, tried over HTTP on both databases: what is hidden changes no answer.

The law: a caller that may not see something gets, to every question, the bytes it got before that thing was
there. Numbers are those of docs/attacks.md; ways in through writes are in `test_attacks_writing.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import pytest

from builders import (
    FOOD,
    HOUSING,
    PARTNER,
    Answer,
    Api,
    As,
    Document,
    a_care_plan,
    a_consent,
    a_goal,
    a_patient,
    a_provision,
    a_transaction,
    an_entry,
)
from careplan_service.app import app_of
from careplan_service.interventions.vocabulary.whole import TYPES

FORM = "application/x-www-form-urlencoded"
XML = "application/fhir+xml"
ANN, BEN = "Patient/ann", "Patient/ben"
SHOWN = ("Goal/g1", "Goal/g2", "Goal/g3", "CarePlan/plan")


def a_batch(*entries: Document) -> Document:
    return {**a_transaction(*entries), "type": "batch"}


def a_provenance(target: str) -> Document:
    return {
        "resourceType": "Provenance",
        "target": [{"reference": target}],
        "recorded": "2026-05-01T08:00:00Z",
        "agent": [{"who": {"reference": "Practitioner/case"}}],
    }


def _putting(api: Api) -> Callable[[str, Document], None]:
    def put(reference: str, document: Document) -> None:
        answer = api.agency.put(reference, document)
        assert answer.status in (200, 201), answer.body

    return put


@pytest.fixture
def world(api: Api) -> Api:
    """Ann's housing goals and her plan are open to the partner; the plan names what will be hidden."""
    put = _putting(api)
    put(ANN, a_patient("Ann"))
    for number, reference in enumerate(SHOWN[:3], 1):
        put(
            reference, a_goal(of=ANN, startDate=f"2024-0{number}-01", target=[{"dueDate": f"2025-0{number}"}])
        )
    named = ("Goal/g1", "Goal/secret", "Goal/g2")
    put("CarePlan/plan", a_care_plan(ANN, named, careTeam=[{"reference": "CareTeam/team"}]))
    api.agency.make(a_consent(ANN, a_provision(to=PARTNER, codes=[HOUSING])))
    api.agency.make(a_consent(ANN, a_provision(to=PARTNER, classes=["CarePlan"])))
    put("Goal/once", a_goal(of=ANN))
    put("Goal/once", a_goal(of=ANN, labels=("R",)))
    return api


def _hide(api: Api) -> None:
    """Make everything that the partner must not notice: goals between the others, people, teams, versions."""
    put = _putting(api)
    secret = {
        "description": {"text": "secret"},
        "startDate": "2024-02-15",
        "target": [{"dueDate": "2025-02"}],
        "identifier": [{"value": "secret"}],
    }
    put("Goal/secret", a_goal(of=ANN, about=FOOD, meta={"tag": [{"code": "hidden"}]}, **secret))
    put("Goal/secret", a_goal(of=ANN, about=FOOD, **secret))
    put("Goal/once", a_goal(of=ANN, labels=("R",), **secret))
    put("Goal/labelled", a_goal(of=ANN, labels=("R",), **secret))
    put("Goal/gone", a_goal(of=ANN))
    api.agency("DELETE", "/fhir/Goal/gone")
    put(BEN, a_patient("Ben", link=[{"other": {"reference": ANN}, "type": "seealso"}]))
    put("Goal/bens", a_goal(of=BEN))
    put("CarePlan/bens", a_care_plan(BEN, SHOWN[:1]))
    put("Practitioner/case", {"resourceType": "Practitioner", "name": [{"family": "Case"}]})
    put("CareTeam/team", {"resourceType": "CareTeam", "subject": {"reference": ANN}, "status": "active",
                          "participant": [{"member": {"reference": "Practitioner/case"}}]})  # fmt: skip
    for number, reference in enumerate(SHOWN):
        put(f"Provenance/p{number}", a_provenance(reference))
        put(f"Observation/o{number}", {
            "resourceType": "Observation", "status": "final", "code": {"text": "secret"},
            "subject": {"reference": ANN}, "focus": [{"reference": reference}],
        })  # fmt: skip


TYPED: dict[str, list[str]] = {
    "1: chains, _has and _filter": [
        "CarePlan?goal.identifier=secret", "CarePlan?goal:Goal.category=" + FOOD, "CarePlan?goal._id=secret",
        "CarePlan?goal.start-date=2024-02-15", "CarePlan?care-team.participant:Practitioner.name=Case",
        "CarePlan?subject:Patient.family=Ann", "CarePlan?patient.name=Ann", "Goal?subject:Patient.family=Ann",
        "Goal?_has:CarePlan:goal:_id=bens", "Goal?_has:CarePlan:goal:patient=Patient/ben",
        "Goal?_has:Provenance:target:agent=Practitioner/case", "Goal?_has:Observation:focus:code:text=secret",
        "Goal?_has:CarePlan:goal:care-team._id=team", "CarePlan?_has:Provenance:target:_id=p3",
        "Patient?_has:Goal:subject:category=" + FOOD, "Patient?_has:Goal:patient:_id=secret",
        "Goal?subject:Patient._has:Patient:link:family=Ben", "CarePlan?_filter=goal.identifier eq secret",
        "Goal?_filter=not (subject:Patient.family eq Ann)",
        "CarePlan?_filter=goal._id eq secret or _id eq no",
        "CarePlan?_filter=not (goal.identifier eq secret)", "Goal?_filter=_has:Provenance:target:_id eq p0",
        "CarePlan?goal.identifier:not=x", "CarePlan?goal.category:missing=true", "Goal?category:not=x",
        "CarePlan?_content=secret", "Goal?_content=secret", "Goal?_text=secret", "Goal?_tag=hidden",
    ],
    "2: includes": [
        "CarePlan?_include=CarePlan:goal", "CarePlan?_include=*", "CarePlan?_include=CarePlan:*",
        "CarePlan?_include=CarePlan:subject", "CarePlan?_include=CarePlan:care-team&_include:iterate=*",
        "CarePlan?_include:iterate=*", "Goal?_revinclude=CarePlan:goal", "Goal?_revinclude=*",
        "Goal?_revinclude=Provenance:target", "Goal?_revinclude=Observation:focus",
        "Goal?_revinclude=CarePlan:goal&_include:iterate=CarePlan:goal", "Goal?_include=Goal:subject",
        "Goal?_include=Goal:subject&_revinclude:iterate=Goal:subject",
        "CarePlan?_revinclude=Provenance:target",
        "Patient?_revinclude=Goal:subject", "Goal?_include:iterate=*&_revinclude:iterate=*",
    ],
    "5: totals": [
        f"{type_}?{total}{more}"
        for type_ in ("Goal", "CarePlan", "Patient", "Provenance")
        for total in ("_total=accurate", "_total=estimate", "_total=none", "_summary=count", "_count=0")
        for more in ("", "&patient=Patient/ann" if type_ != "Provenance" else "&_id=p0")
    ],
    "6: pages": ["Goal?_count=1", "Goal?_count=2", "Goal?_count=3", "Goal?_count=2&_sort=-start-date"],
    "7: orders": [
        f"Goal?_sort={key}&_count={count}"
        for key in ("start-date", "-start-date", "target-date", "patient", "category", "-category,start-date",
                    "lifecycle-status,-_id", "_lastUpdated", "-_lastUpdated", "_id", "-_id", "subject")
        for count in (1, 2)
    ],
    "no condition": ["Goal", "CarePlan", "Patient", "Provenance", "Practitioner", "CareTeam", "Consent",
                     "Goal?category=" + FOOD, "Goal?_id=secret,g1", "Goal?_lastUpdated=ge2020"],
}  # fmt: skip
"""Searches of one type by what they attack."""

ADDRESSES = [
    # 9: the same in the other places of a search
    "", "?_type=Goal,CarePlan", "?_type=Goal&_total=accurate", "?_type=Goal,Patient&_summary=count",
    "?_count=0",
    "?_count=1", "?_sort=-_lastUpdated", "?_type=Goal,CarePlan&_include=*", "?_revinclude=*", "?_id=secret",
    "Patient/ann/Goal", "Patient/ann/*", "Patient/ann/Goal?_count=1", "Patient/ann/Goal?_total=accurate",
    "Patient/ann/*?_summary=count", "Patient/ann/*?_revinclude=*", "Patient/ben/Goal", "Patient/ben/*",
    "Patient/ann/CarePlan?goal.identifier=secret", "Patient/ann/Observation",
    # 10: histories
    "_history", "Goal/_history", "Patient/_history", "CarePlan/_history", "Goal/g1/_history",
    "Goal/once/_history",
    "Goal/secret/_history", "Goal/gone/_history", "_history?_count=1", "Goal/_history?_count=1",
    "_history?_count=0",
    "Goal/_history?_count=0", "_history?_since=2020", "Goal/_history?_at=2026-06", "_history?_at=2026-06-01",
    "Goal/once/_history/1", "Goal/once/_history/2", "Goal/once/_history/3", "Goal/secret/_history/1",
    # 20: operations
    "Patient/ann/$everything", "Patient/ann/$everything?_count=1", "Patient/ann/$everything?_type=Goal",
    "Patient/ann/$everything?start=2024-02-01&end=2024-02-28", "Patient/ann/$everything?_since=2020",
    "Patient/ben/$everything", "CarePlan/plan/$everything", "CarePlan/bens/$everything", "$meta",
    "Goal/$meta",
    "Patient/$meta", "Provenance/$meta", "Goal/g1/$meta", "Goal/secret/$meta", "Goal/secret/_history/1/$meta",
    "Goal/secret/$validate", "Goal/once/$validate", "metadata",
    # 4, 23: what is shown, and what it names
    "CarePlan/plan", "Goal/g1", "Goal/secret", "Goal/gone", BEN, "CareTeam/team", "Practitioner/case",
    "CarePlan/plan?_summary=true", "CarePlan/plan?_elements=goal", "CarePlan/plan/_history", "Provenance/p0",
]  # fmt: skip
ADDRESSES += [address for those in TYPED.values() for address in those]


def _callers(api: Api) -> dict[str, As]:
    return {
        "partner": api.partner,
        "partner of few types": api.asking("partner", scope="system/Goal.rs system/CarePlan.rs"),
        "stranger": api.stranger,
    }


_CURSOR = re.compile(rb"_cursor=[^\"&]+")


def _told(answer: Answer) -> tuple[Any, ...]:
    """The whole of an answer; where a page ends is sealed and says nothing (`test_paging.py`)."""
    return answer.status, sorted(answer.headers.items()), _CURSOR.sub(b"_cursor=*", answer.body)


def _address(address: str) -> str:
    path, mark, query = address.partition("?")
    return f"/fhir/{path}".rstrip("/") + mark + quote(query, safe="=&:,-.*/$|")


def _pages(caller: As, address: str) -> Iterator[tuple[Any, ...]]:
    """Every page of it."""
    page: Answer | None = caller.get(_address(address))
    while page is not None:
        yield _told(page)
        page = caller.next_of(page) if page.status == 200 and "link" in page.json else None


def _by_form(caller: As, address: str) -> Iterator[tuple[Any, ...]]:
    path, _, query = _address(address).partition("?")
    yield _told(caller("POST", f"{path}/_search", query, Content_Type=FORM))


def _is_search(address: str) -> bool:
    path = address.partition("?")[0]
    return "$" not in path and "_history" not in path and path.count("/") in (0, 2) and path != "metadata"


def _heard(caller: As) -> dict[str, Any]:
    found: dict[str, Any] = {address: list(_pages(caller, address)) for address in ADDRESSES}
    entries = [
        an_entry("GET", _address(one).removeprefix("/fhir").removeprefix("/")) for one in ADDRESSES if one
    ]
    found["batch"] = _told(caller("POST", "/fhir", a_batch(*entries)))
    return found


def test_what_is_hidden_changes_no_answer(world: Api) -> None:
    """Attacks 1, 2, 4, 5, 6, 7, 10, 20: asked before and after all that is hidden was written."""
    before = {name: _heard(caller) for name, caller in _callers(world).items()}
    plain = before["partner"]
    assert [page[0] for page in plain["Goal?_count=1"]] == [200] * 3
    assert b'"total":3' in plain["Goal?_summary=count"][0][2]
    assert b"REDACTED" in plain["CarePlan/plan"][0][2]
    _hide(world)
    for name, caller in _callers(world).items():
        for question, told in _heard(caller).items():
            assert told == before[name][question], (name, question)
    seen = world.agency.get("/fhir/CarePlan?goal.identifier=secret&_include=CarePlan:goal")
    assert len(seen.ids) == 4, "to the agency the questions are good ones"


@pytest.mark.parametrize("who", ["partner", "agency"])
def test_by_form_and_by_address_the_same_is_found_in_every_place(world: Api, who: str) -> None:
    """Attack 9."""
    _hide(world)
    caller: As = getattr(world, who)
    for address in filter(_is_search, ADDRESSES):
        got = caller.get(_address(address))
        (posted,) = _by_form(caller, address)
        assert posted == _told(got), address
        path, _, query = _address(address).partition("?")
        first, _, rest = query.partition("&")
        if rest:  # half in the address and half in the form
            split = caller("POST", f"{path}/_search?{first}", rest, Content_Type=FORM)
            assert _told(split) == _told(got), address


# 5: totals


@pytest.mark.parametrize("place", ["Goal", "", "Patient/ann/Goal", "Patient/ann/*"])
def test_no_total_counts_what_is_hidden(world: Api, place: str) -> None:
    """Attack 5: on the only page, on the first of many and without any."""
    _hide(world)
    path = f"/fhir/{place}".rstrip("/") + ("?" if place.endswith("Goal") else "?_type=Goal&")
    for ask in (
        "_total=accurate", "_total=estimate", "_summary=count", "_count=0", "_count=1",
        "_count=1&_total=accurate",
        "_count=1&_total=estimate", "_count=3", "_summary=count&_total=accurate", "_count=0&_total=accurate",
    ):  # fmt: skip
        assert world.partner.get(path + ask).json["total"] == 3, ask
        assert world.stranger.get(path + ask).json["total"] == 0, ask
    for ask in ("_total=none", "_total=none&_count=1", "_total=none&_count=0", "_total=none&_summary=count"):
        assert world.partner.get(path + ask).json.get("total", 3) == 3, ask


# 12: what is not understood is not left out


MISSPELT = [
    "pateint=Patient/ben", "patient:missing=x", "patient:nonsense=x", "_total=exact", "_sort=colour",
    "_foo=1",
    "_summary=all", "_elements=nonsense", "subject:Patient.nonsense=x", "subject.nonsense=x",
    "_type=Nonsense",
    "_has:Goal:nonsense:_id=x", "_has:Nonsense:patient:_id=x", "_has:CarePlan:goal:nonsense=x", "_list=x",
    "_filter=nonsense eq x", "_filter=category zz x", "_include=Goal:nonsense", "_include=Nonsense",
    "_revinclude=Nonsense:target", "_include:nonsense=Goal:subject", "_query=x", "_contained=true",
    "_count=many",
    "start-date=yesterday", "start-date=xx2024", "category=", "_id=", "_lastUpdated=x", "_format=html",
    "lifecycle-status:of-type=a", "category:contains=x", "patient:Goal=x", "PATIENT=x", "patient%20=x",
    "_id&x",
]  # fmt: skip


def test_what_is_misspelt_is_refused_in_every_place(world: Api) -> None:
    """Attack 12: by address, by form, in a batch and as a condition; nothing is read past."""
    _hide(world)
    for caller, places in ((world.agency, ("Goal", "Patient/ann/Goal", "")), (world.partner, ("Goal",))):
        for query in MISSPELT:
            for place in places:
                path = f"/fhir/{place}".rstrip("/")
                got = caller.get(f"{path}?{quote(query, safe='=&:,%')}")
                posted = caller("POST", f"{path}/_search", quote(query, safe="=&:,%"), Content_Type=FORM)
                for answer in (got, posted):
                    assert answer.status in (400, 403, 406, 501), (place, query, answer.body[:300])
                    assert b'"entry"' not in answer.body
                    assert b"secret" not in answer.body, (place, query)
    for query in MISSPELT:
        created = world.agency("POST", "/fhir/Goal", a_goal(of=ANN), If_None_Exist=query)
        deleted = world.agency("DELETE", f"/fhir/Goal?{quote(query, safe='=&:,%')}")
        assert created.status in (400, 501), query
        assert deleted.status in (400, 406, 501), query
    assert world.agency.get("/fhir/Goal").json["total"] == 7


# 22: hidden, absent and deleted, on every route that reads one resource


READING = [
    "", "?_format=json", "?_format=xml", "?_summary=true", "?_elements=id", "?_pretty=true", "?nonsense=1",
    "/_history", "/_history?_count=0", "/_history?_count=1", "/_history?_since=2030", "/_history?_at=2026",
    "/_history?nonsense=1", "/_history/1", "/_history/2", "/_history/3", "/_history/0", "/_history/x",
    "/_history/1?_format=xml", "/$meta", "/_history/1/$meta", "/_history/9/$meta", "/$validate",
    "/$validate?mode=delete", "/$validate?mode=update", "/$validate?profile=http://example.org/none",
    "/$everything", "/$everything?_count=0", "/$everything?_since=2030", "/$everything?_type=Goal",
    "/Goal", "/*", "/$disclosures", "/$disclosures?_format=text/csv",
    "/$seen-by?partner=Organization/partner", "/$why-access", "/$why-access?partner=partner",
    "/_history/1/$why-access", "/$extract",
    "/Goal?_total=accurate", "/nonsense", "/$nonsense", "/_search",
]  # fmt: skip
HEADERS: list[dict[str, str]] = [
    {},
    {"Accept": XML},
    {"Accept": "text/html"},
    {"If_None_Match": 'W/"1"'},
    {"If_None_Match": 'W/"2"'},
    {"If_None_Match": "*"},
    {"If_Modified_Since": "Mon, 01 Jun 2099 12:00:00 GMT"},
    {"Prefer": "return=OperationOutcome"},
    {"Prefer": "handling=lenient"},
    {"Accept_Encoding": "gzip"},
]
PARAMETERS: Document = {
    "resourceType": "Parameters",
    "parameter": [{"name": "mode", "valueCode": "delete"}],
}


def _asked_of(caller: As, reference: str) -> dict[str, tuple[Any, ...]]:
    type_, id_ = reference.split("/")
    found = {
        f"{method} {path} {headers}": caller(method, f"/fhir/{reference}{path}", **headers)
        for method in ("GET", "HEAD")
        for path in READING
        for headers in HEADERS
        if (headers == {} and (method == "GET" or "?" not in path)) or (method, path) == ("GET", "")
    }
    resource = {**a_goal(of=ANN), "id": id_}
    for name, body in (("delete", PARAMETERS), ("resource", resource)):
        found[f"$validate {name}"] = caller("POST", f"/fhir/{reference}/$validate", body)
        for operation in ("$disclosures", "$seen-by", "$why-access", "$extract", "$extract?store=true"):
            found[f"{operation} {name}"] = caller("POST", f"/fhir/{reference}/{operation}", body)
        found[f"$validate {name} in XML"] = caller("POST", f"/fhir/{reference}/$validate", body, Accept=XML)
    for query in (
        f"{type_}?_id={id_}", f"{type_}?_id={id_}&_total=accurate", f"{type_}?_id={id_}&_summary=count",
        f"?_type={type_}&_id={id_}", f"Goal?subject={reference}", f"CarePlan?goal={reference}",
        f"Goal?_has:CarePlan:goal:_id={id_}", f"CarePlan?goal._id={id_}&_include=CarePlan:goal",
        f"Provenance?target={reference}", f"Patient/{id_}/Goal?_total=accurate", f"Patient/{id_}/*",
        f"{type_}?_filter=_id eq {id_}",
    ):  # fmt: skip
        found[query.replace(id_, "*")] = caller.get(_address(query))
    # what repeats the id of the question cannot be the same; everything else is
    return {
        name.replace(id_, "*"): (
            answer.status,
            sorted((n, text.replace(id_, "*")) for n, text in answer.headers.items()),
            answer.body.replace(id_.encode(), b"*"),
        )
        for name, answer in found.items()
    }


@pytest.mark.parametrize("type_", ["Goal", "CarePlan", "Patient", "QuestionnaireResponse"])
def test_no_reading_tells_hidden_deleted_and_absent_apart(api: Api, type_: str) -> None:
    """Attacks 4, 11 and 22: status, headers and body are alike on every way of reading."""
    documents = {
        "Goal": a_goal(of=ANN, about=FOOD),
        "CarePlan": a_care_plan(ANN),
        "Patient": a_patient("Ann"),
        "QuestionnaireResponse": {
            "resourceType": "QuestionnaireResponse",
            "status": "completed",
            "subject": {"reference": ANN},
        },
    }
    api.agency.make(a_consent(ANN, a_provision(to=PARTNER, codes=[HOUSING])))
    ids = ["0000000000000000000-hidden", "0000000000000000000--gone-", "0000000000000000000-absent"]
    hidden, deleted, absent = (f"{type_}/{id_}" for id_ in ids)
    for reference in (hidden, deleted):
        api.agency.put(reference, documents[type_])
        api.agency.put(reference, documents[type_])
    api.agency("DELETE", f"/fhir/{deleted}")
    for caller in (api.partner, api.stranger) if type_ == "Goal" else (api.partner,):
        plain = _asked_of(caller, absent)
        for reference in (hidden, deleted):
            found = _asked_of(caller, reference)
            for name in plain:
                assert found[name] == plain[name], (reference, name)
        assert {status for status, _, _ in plain.values()} <= {200, 400, 403, 404, 405, 406}
        for name in ("GET  {}", "HEAD  {}", "GET /_history {}", "GET /_history/1 {}", "GET /$meta {}"):
            assert plain[name][0] == 404, name


def test_every_route_of_one_resource_is_among_those_asked(api: Api) -> None:
    """A route that is added is asked above, in `test_attacks_writing.py` or in `test_break_glass.py`.

    Definitions are open to everybody: there is nothing to hide.
    """
    of_definitions = tuple(f"/fhir/{kind}/" for kind in TYPES)
    rules = {
        (rule.rule.partition("/<string:id_>")[2] or "", method)
        for rule in app_of(api.service).url_map.iter_rules()
        for method in rule.methods or ()
        if rule.rule.startswith("/fhir") and "<string:id_>" in rule.rule and method != "OPTIONS"
        if not rule.rule.startswith(of_definitions)
    }
    paths = {re.sub(r"<any[^>]*>|<string:[^>]*>", "{}", path) for path, method in rules if method == "GET"}
    assert paths == {
        "", "/_history", "/_history/{}", "/$meta", "/_history/{}/$meta", "/$validate", "/$everything", "/{}",
        "/$disclosures", "/$seen-by", "/$why-access", "/_history/{}/$why-access",
        "/$extract",
    }  # fmt: skip
    others = {(path, method) for path, method in rules if method not in ("GET", "HEAD")}
    assert {(re.sub(r"<any[^>]*>", "{}", path), method) for path, method in others} == {
        ("", "PUT"), ("", "PATCH"), ("", "DELETE"), ("/$validate", "POST"), ("/{}/_search", "POST"),
        ("/$disclosures", "POST"), ("/$seen-by", "POST"), ("/$break-glass", "POST"), ("/$why-access", "POST"),
        ("/$extract", "POST"), ("/$meta-add", "POST"), ("/$meta-delete", "POST"),
    }  # fmt: skip


# 23: what is shown names what is hidden


def test_what_names_the_hidden_leaves_redacted_and_opens_nothing_that_it_named(world: Api) -> None:
    """Attack 23: references go with their display, and the narrative with them; nothing named is reached."""
    _hide(world)
    div = '<div xmlns="http://www.w3.org/1999/xhtml">also about the pantry</div>'
    inside = {"resourceType": "Goal", "id": "in", "lifecycleStatus": "active", "subject": {"reference": ANN},
              "description": {"text": "of the pantry"}}  # fmt: skip
    named = {"reference": "Goal/secret", "display": "the pantry"}
    plan = a_care_plan(
        ANN,
        goal=[named, {"reference": "#in"}],
        text={"status": "additional", "div": div},
        contained=[inside],
    )
    assert world.agency.put("CarePlan/plan", plan).status == 200
    shown = world.partner.get("/fhir/CarePlan/plan")
    assert shown.json["goal"] == [{"reference": "#in"}]
    assert b"secret" not in shown.body
    assert b"also about" not in shown.body
    for path in (
        "Goal/secret",
        "Goal/secret/_history",
        "Goal/secret/$meta",
        "Goal/in",
        "Goal/secret/$validate",
    ):
        assert world.partner.get(f"/fhir/{path}").status == 404, path
    for path in ("CarePlan?_include=*", "CarePlan?_include=CarePlan:goal", "CarePlan/plan/$everything"):
        answer = world.partner.get(f"/fhir/{path}")
        assert answer.ids == ["plan"], path
    for query in ("goal.identifier=secret", "goal._id=secret", "goal.category=" + FOOD):
        assert world.partner.get(f"/fhir/CarePlan?{query}").json["total"] == 0, query
    assert "secret" not in world.partner.get("/fhir/Goal").ids


def test_a_provenance_of_what_is_hidden_is_hidden(world: Api) -> None:
    """Attack 23: it is open only where a consent opens it by itself; what it names does not open it."""
    _hide(world)
    for target in ("Goal/secret", "Goal/g1", "CarePlan/plan"):
        provenance = world.agency.make(a_provenance(target))
        assert world.partner.get(f"/fhir/{provenance}").status == 404
        assert world.partner.get(f"/fhir/Provenance?target={target}").json["total"] == 0
    assert world.partner.get("/fhir/Goal?_revinclude=Provenance:target").json["total"] == 3


def test_what_a_write_answers_names_nothing_hidden(world: Api) -> None:
    """Attack 23: a fault repeats what was sent, and nothing of what is on record."""
    _hide(world)
    wrong = {**a_goal(of=ANN), "lifecycleStatus": "no", "addresses": [{"reference": "Goal/secret"}]}
    for answer in (
        world.partner("POST", "/fhir/Goal", wrong),
        world.partner.put("Goal/secret", wrong),
        world.partner("POST", "/fhir/Goal/secret/$validate", wrong),
        world.partner("POST", "/fhir", a_batch(an_entry("PUT", "Goal/secret", {**wrong, "id": "secret"}))),
    ):
        assert b"pantry" not in answer.body
        assert FOOD.encode() not in answer.body
        assert b'"text":"secret"' not in answer.body

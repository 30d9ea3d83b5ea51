"""Requests that were thought of: every interaction on what is shown, hidden, deleted and absent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from builders import (
    FOOD,
    HOUSING,
    Document,
    a_care_plan,
    a_consent,
    a_goal,
    a_patient,
    a_transaction,
    an_entry,
    an_example,
)
from nonleak.asking import Request, form

JSON_PATCH = (("Content-Type", "application/json-patch+json"),)
_TAGS = (("If-None-Match", 'W/"1"'), ("If-None-Match", "*"), ("If-None-Match", 'W/"7", W/"2"'))
_SINCE = (("If-Modified-Since", "Mon, 01 Jun 2026 00:30:00 GMT"), ("If-Modified-Since", "yesterday"))
_GUARDS = (("If-Match", 'W/"1"'), ("If-Match", 'W/"2"'), ("If-Match", "*"), ("If-Match", "x"))
_NONE = (("If-None-Match", "*"), ("If-None-Match", 'W/"1"'))
_EVERYTHING_SINCE = "$everything?_since=2026-06-01T01:00:00Z"
_TO_ALL = ("/fhir/Goal", "/fhir", "/fhir/Goal?patient.family=Doe", "/fhir/CarePlan?_include=*")
_PAGED = ("/fhir/Goal?_include=*&_revinclude=*", "/fhir/Goal/_history?_count=2")
_UNREADABLE = (
    "/fhir/Device", "/fhir/Goal/%00", "/fhir/Goal/" + "x" * 70, "/fhir/Goal?_count=x", "/fhir/Goal?_sort=x",
    "/fhir/Goal?_id=", "/fhir/Goal?_include=x", "/fhir/Goal?patient.=x", "/fhir/Goal/_history/", "/plans/x",
)  # fmt: skip
_PURPOSES = ("COC", "TREAT", "HRESCH")


def reads(names: Sequence[str]) -> Iterator[Request]:
    """Each name read in every way."""
    for name in names:
        path = f"/fhir/{name}"
        for beyond in ("", "?_format=xml", "?_summary=true", "?_elements=status", "?_pretty=true"):
            yield Request("GET", path + beyond)
        yield Request("HEAD", path)
        for header in (*_TAGS, *_SINCE, ("Accept-Encoding", "gzip"), ("Accept", "text/html")):
            yield Request("GET", path, headers=(header,))
        for version in ("1", "2", "3", "9", "0", "x"):
            yield Request("GET", f"{path}/_history/{version}")
        yield Request("HEAD", f"{path}/_history/1")
        for query in (
            "",
            "?_count=0",
            "?_count=1",
            "?_since=2026-06-01T00:40:00Z",
            "?_at=2026-06-01T00:45:00Z",
        ):
            yield Request("GET", f"{path}/_history{query}")
        for operation in (
            "$meta",
            "$validate",
            "_history/1/$meta",
            "$everything",
            "$disclosures",
            "$why-access",
            "$nothing",
        ):
            yield Request("GET", f"{path}/{operation}")
        yield Request("POST", f"{path}/$validate?mode=delete", "")
        if name.startswith("Patient/"):
            for query in (
                "*",
                "Goal",
                "*?_count=2",
                "$everything?_count=3",
                "$everything?_since=2026-06-01T01:00:00Z",
            ):
                yield Request("GET", f"{path}/{query}")
        if name.startswith("CarePlan/"):
            yield Request("GET", f"/plans/{name.split('/')[1]}")
            yield Request("GET", f"/plans/{name.split('/')[1]}.csv")


def moments(veiled: Mapping[str, datetime]) -> Iterator[Request]:
    """What was current when a hidden version came, or soon would."""
    for name, moment in veiled.items():
        at = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
        for path in (name, name.split("/")[0]):
            yield Request("GET", f"/fhir/{path}/_history?_at={at}")
            yield Request("GET", f"/fhir/{path}/_history?_since={at}&_count=2")


def searches(types: Sequence[str]) -> Iterator[Request]:
    """Whole types, everything, histories."""
    counts = ("_count=2", "_total=accurate&_count=1", "_summary=count", "_count=0")
    for type_ in types:
        for query in ("", "_sort=-_lastUpdated", *counts):
            yield Request("GET", f"/fhir/{type_}?{query}")
            yield form(f"/fhir/{type_}/_search", query)
        yield Request("GET", f"/fhir/{type_}?_include=*&_count=2")
        yield Request("GET", f"/fhir/{type_}?_include:iterate=*&_revinclude:iterate=*&_count=5")
        for query in ("", "?_count=2", "?_since=2026-06-01T00:50:00Z", "?_at=2026-06-01T00:50:00Z"):
            yield Request("GET", f"/fhir/{type_}/_history{query}")
        yield Request("GET", f"/fhir/{type_}/$meta")
    for path in ("", "/_history", "?_count=3", "/_history?_count=4", "/$meta", "?_summary=count"):
        yield Request("GET", f"/fhir{path}")
    for path in ("/AuditEvent", "/AuditEvent/1", "/AuditEvent?_count=2", "/metadata", "/$my-access"):
        yield Request("GET", f"/fhir{path}")


def links(names: Sequence[str]) -> Iterator[Request]:
    """Searches that go through what is hidden: chains, reverse chains, references to each name."""
    for tag in "pqr":
        yield Request("GET", f"/fhir/CarePlan?goal._tag={tag}")
        yield Request("GET", f"/fhir/CarePlan?encounter._tag={tag}")
        yield Request("GET", f"/fhir/Encounter?practitioner:Practitioner._tag={tag}")
        yield Request("GET", f"/fhir/Condition?encounter._tag={tag}")
    for source in ("Goal", "Condition", "Encounter", "Observation", "Procedure", "Task"):
        for asked in ("_security=R", "_tag=p", "_tag=q", "_tag=r"):
            yield Request("GET", f"/fhir/Patient?_has:{source}:patient:{asked}")
    for query in (
        "patient.family=Rivera", "patient:missing=true", "subject:Patient.name=Doe", "category:not=x",
        "colour=red",
        "patient.organization.name:contains=a", "_filter=category eq x", "_sort=patient", "_cursor=AAAA",
        "_sort=-start-date,_id&_count=1", "category:in=http://example.org/none",
        "_has:CarePlan:goal:status=active", "patient.general-practitioner:Practitioner._tag=p",
    ):  # fmt: skip
        yield Request("GET", f"/fhir/Goal?{query}")
    for name in names:
        yield from _pointing(name)


def _pointing(name: str) -> Iterator[Request]:
    type_, id_ = name.split("/")
    yield Request("GET", f"/fhir/{type_}?_id={id_}&_revinclude=*")
    if type_ == "Patient":
        yield Request("GET", f"/fhir/Goal?patient={id_}")
        yield Request("GET", f"/fhir/CarePlan?subject={name}&_include=CarePlan:goal&_total=accurate")
        yield Request("GET", f"/fhir/Patient?_id={id_}&_has:Goal:patient:category={FOOD}")
    if type_ in ("Goal", "Condition", "CareTeam", "Encounter"):
        param = {"CareTeam": "care-team"}.get(type_, type_.lower())
        yield Request("GET", f"/fhir/CarePlan?{param}={name}")
        yield Request("GET", f"/fhir/CarePlan?{param}:{type_}._id={id_}")


def scopes(names: Sequence[str]) -> Iterator[Request]:
    """Tokens for less, for something else, for another purpose."""
    shown = next(n for n in names if n.startswith("Goal/"))
    for scope in (
        "system/Goal.rs",
        "system/Goal.s",
        f"system/Goal.rs?category={HOUSING}",
        "system/Patient.c",
    ):
        for path in (f"/fhir/{shown}", *_TO_ALL, *_PAGED, "/fhir/$my-access"):
            yield Request("GET", path, token=(("scope", scope),))
    for purpose in _PURPOSES:
        for path in ("/fhir/Goal", f"/fhir/{shown}", "/fhir/_history?_count=5", "/fhir/$my-access"):
            yield Request("GET", path, token=(("purpose", purpose),))


def writes(names: Sequence[str], own: Sequence[str]) -> Iterator[Request]:
    """Writes under and about each name; most are refused, and all must be refused alike."""
    for name in names:
        type_, id_ = name.split("/")
        patient = name if type_ == "Patient" else "Patient/client-0"
        document = {**an_example(type_, patient), "id": id_}
        for headers in ((), *((guard,) for guard in (*_GUARDS, *_NONE))):
            yield Request("PUT", f"/fhir/{name}", document, headers)
        for headers in ((), (_GUARDS[0],), (_GUARDS[2],)):
            yield Request("DELETE", f"/fhir/{name}", None, headers)
        patch = [{"op": "add", "path": "/language", "value": "de"}]
        yield Request("PATCH", f"/fhir/{name}", patch, JSON_PATCH)
        yield Request("PATCH", f"/fhir/{name}", [{"op": "test", "path": "/id", "value": id_}], JSON_PATCH)
        yield Request("POST", f"/fhir/{type_}", document, (("If-None-Exist", f"_id={id_}"),))
        yield Request("PUT", f"/fhir/{type_}?_id={id_}", document)
        yield Request("DELETE", f"/fhir/{type_}?_id={id_}")
        yield Request("PATCH", f"/fhir/{type_}?_id={id_}", patch, JSON_PATCH)
        for entry in (
            an_entry("PUT", name, document),
            an_entry("DELETE", name),
            an_entry("GET", name),
            an_entry("GET", name, ifNoneMatch='W/"1"'),
            an_entry("PUT", name, document, ifMatch='W/"1"'),
            an_entry("POST", type_, document, ifNoneExist=f"_id={id_}"),
        ):
            yield Request("POST", "/fhir", a_transaction(entry))
            yield Request("POST", "/fhir", {**a_transaction(entry), "type": "batch"})
        yield Request("POST", "/fhir/Consent/$file-consent", a_consent(patient))
        yield Request("POST", "/fhir/Consent/$revoke-consent", {**document, "resourceType": "Consent"})
        yield from _referring(name, own)


def _referring(name: str, own: Sequence[str]) -> Iterator[Request]:
    """What refers to the name: plainly, to a version of it, by a search; alone and in a Bundle."""
    id_ = name.split("/")[1]
    plan = _about(name)
    yield Request("POST", "/fhir/CarePlan", plan)
    yield Request("POST", "/fhir/CarePlan", _about(f"{name}/_history/2"))
    yield Request("POST", "/fhir/CarePlan", plan, (("Idempotency-Key", f"key-{id_}"),))
    yield Request("POST", "/fhir", a_transaction(an_entry("POST", "CarePlan", plan)))
    by_search = _about(f"{name.split('/')[0]}?_id={id_}")
    yield Request("POST", "/fhir", a_transaction(an_entry("POST", "CarePlan", by_search)))
    if name.startswith("Patient/"):
        yield Request("POST", "/fhir/Goal", a_goal(name))
        yield Request("POST", "/fhir/Consent", a_consent(name, status="proposed"))
        yield Request("POST", "/fhir/Consent", a_consent(name))
    plan_id = next(o for o in own if o.startswith("CarePlan/")).split("/")[1]
    reference = [{"op": "add", "path": "/supportingInfo", "value": [{"reference": name}]}]
    yield Request("PATCH", f"/fhir/CarePlan/{plan_id}", reference, JSON_PATCH)


def _about(reference: str) -> Document:
    """A CarePlan that refers to anything."""
    return a_care_plan("Patient/client-0", supportingInfo=[{"reference": reference}])


def changes(own: Sequence[str]) -> Iterator[Request]:
    """The partner changes and deletes what is its own, and asks what became of it."""
    for name in own:
        type_, id_ = name.split("/")
        document: Document = {**an_example(type_, "Patient/client-0"), "id": id_}
        yield Request("PUT", f"/fhir/{name}", document, (("If-Match", 'W/"1"'),))
        yield Request("PUT", f"/fhir/{name}", {**document, "language": "en"})
        yield Request("GET", f"/fhir/{name}/_history")
        yield Request("GET", f"/fhir/{type_}/_history?_count=1")
        yield Request("DELETE", f"/fhir/{name}")
        yield Request("GET", f"/fhir/{name}")
    yield Request("POST", "/fhir/Patient", a_patient("Rivera"), (("If-None-Exist", "family=Rivera"),))
    yield Request("POST", "/fhir/Patient", a_patient("Rivera"), (("If-None-Exist", "identifier=code-a"),))
    for query in ("family=Rivera", "identifier=code-b", "_tag=p", "family=Nobody"):
        yield Request("PUT", f"/fhir/Patient?{query}", a_patient("Doe"))
        yield Request("DELETE", f"/fhir/Patient?{query}")


def malformed() -> Iterator[Request]:
    """What cannot be read."""
    for path in _UNREADABLE:
        yield Request("GET", path)
    for body in (
        "",
        "{",
        "[]",
        '{"resourceType":"Goal"}',
        '{"resourceType":"Patient","birthDate":"x"}',
        b"\xff",
    ):
        yield Request("POST", "/fhir/Goal", body)
        yield Request("POST", "/fhir", body)
        yield Request("POST", "/plans", body, (("Content-Type", "application/json"),))
    yield Request("POST", "/fhir/Goal", "x", (("Content-Type", "text/plain"),))
    yield Request("GET", "/fhir/Goal", headers=(("Authorization", "Bearer x"),))
    yield Request("GET", "/fhir/Goal", headers=(("Authorization", ""),))

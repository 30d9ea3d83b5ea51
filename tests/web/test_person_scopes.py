"""`patient/` and `user/` scopes, and people as callers: on every path one record, or what the person may see.

https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html#scopes-for-requesting-fhir-resources
"""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from builders import (
    FOOD,
    HOUSING,
    PARTNER,
    Answer,
    Api,
    As,
    a_care_plan,
    a_consent,
    a_goal,
    a_patient,
    a_provision,
    a_transaction,
    an_entry,
    an_example,
)
from careplan_service.app import Service
from web.persons import Persons

DANA = "Practitioner/dana"
EVERYTHING = "patient/*.cruds"
PATCH = {"Content_Type": "application/json-patch+json"}
LETTERBOX = "http://agency.example/numbers"


@dataclass
class Scene:
    """Ann's and Ben's records; their plans cross. `of` has references by a name as `goal` of a family."""

    api: Api
    persons: Persons
    of: dict[str, dict[str, str]] = field(default_factory=dict)

    def dana(self, *scopes: str, patient: str | None = None) -> As:
        """A practitioner of the agency, at an app that was launched with Ann."""
        context = self.of["ann"]["patient"] if patient is None else patient
        return self.persons.signed_in(DANA, *scopes, patient=context)

    def ann(self, *scopes: str, patient: str = "") -> As:
        """The patient herself."""
        return self.persons.signed_in(self.of["ann"]["patient"], *scopes, patient=patient, purpose="PATRQT")


def _record(api: Api, family: str) -> dict[str, str]:
    make = api.agency.make
    patient = make(a_patient(family, identifier=[{"system": LETTERBOX, "value": family}]))
    number = [{"system": LETTERBOX, "value": f"goal-{family}"}]
    goal = make(a_goal(of=patient, identifier=number))
    food = make(a_goal(of=patient, about=FOOD))
    condition = make({"resourceType": "Condition", "subject": {"reference": patient}})
    consent = make(a_consent(of=patient, status="draft"))
    relative = make({"resourceType": "RelatedPerson", "patient": {"reference": patient}})
    return {
        "patient": patient,
        "goal": goal,
        "food": food,
        "condition": condition,
        "consent": consent,
        "relative": relative,
    }


@pytest.fixture
def scene(service: Service, api: Api) -> Scene:
    scene = Scene(api, Persons(service), {name: _record(api, name) for name in ("ann", "ben")})
    for name, other in (("ann", "ben"), ("ben", "ann")):
        own, theirs = scene.of[name], scene.of[other]
        own["plan"] = api.agency.make(a_care_plan(own["patient"], (own["goal"], theirs["goal"])))
        member = [{"member": {"reference": theirs["patient"]}}]
        both = {**an_example("CareTeam", own["patient"]), "participant": member}
        own["team"] = api.agency.make(both)
        own["own team"] = api.agency.make(an_example("CareTeam", own["patient"]))
    for type_ in ("Practitioner", "Organization", "Location", "HealthcareService", "Questionnaire"):
        scene.of["ann"][type_] = api.agency.make(an_example(type_, ""))
    return scene


def found(answer: Answer) -> set[str]:
    assert answer.status == 200, answer.body[:300]
    entries = (entry["resource"] for entry in answer.json.get("entry", ()))
    return {f"{resource['resourceType']}/{resource['id']}" for resource in entries}


def told(answer: Answer, *names: str) -> tuple[int, bytes]:
    """Status and body without the names that stand in the address."""
    body = answer.body
    for name in names:
        body = body.replace(name.encode(), b"NAME")
    return answer.status, body


RECORD = ("patient", "goal", "food", "condition", "consent", "relative", "plan", "own team")
READINGS = ("", "/_history", "/_history/1", "/$meta")


@pytest.mark.parametrize("suffix", READINGS)
def test_what_is_in_another_record_is_absent_to_the_byte_and_the_own_is_there(
    scene: Scene, suffix: str
) -> None:
    dana = scene.dana(EVERYTHING)
    for name in RECORD:
        assert dana.get(f"/fhir/{scene.of['ann'][name]}{suffix}").status == 200, name
        type_, _, id_ = scene.of["ben"][name].partition("/")
        hidden, absent = dana.get(f"/fhir/{type_}/{id_}{suffix}"), dana.get(f"/fhir/{type_}/no{suffix}")
        assert hidden.status == 404, name
        assert told(hidden) == told(absent), name
    assert dana.get(f"/fhir/{scene.of['ann']['team']}{suffix}").status == 404


def test_operations_and_compartments_of_another_record_are_absent_too(scene: Scene) -> None:
    dana, ben = scene.dana(EVERYTHING), scene.of["ben"]
    paths = ["{}/$everything", "{}/Goal", "{}/*", "{}/CareTeam"]
    for path in paths:
        own = dana.get("/fhir/" + path.format(scene.of["ann"]["patient"]))
        assert found(own) <= {*scene.of["ann"].values()}, path
        assert found(own), path
        hidden, absent = (dana.get("/fhir/" + path.format(one)) for one in (ben["patient"], "Patient/no"))
        assert told(hidden, ben["patient"]) == told(absent, "Patient/no"), path
    hidden, absent = (dana.get(f"/fhir/{one}/$everything") for one in (ben["plan"], "CarePlan/no"))
    assert told(hidden) == told(absent)
    plan = found(dana.get(f"/fhir/{scene.of['ann']['plan']}/$everything"))
    assert ben["goal"] not in plan
    assert scene.of["ann"]["goal"] in plan


SEARCHES = [
    "Goal",
    "Goal?patient={ann},{ben}",
    "Goal?_sort=-_lastUpdated&_total=accurate",
    "Goal?identifier=goal-ann,goal-ben",
    "Goal?_id={goals}",
    "Goal?_filter=lifecycle-status eq active",
    "?_type=Goal,Condition",
    "Patient",
    "Patient?_revinclude=*",
    "CarePlan?_include=*",
    "CarePlan?_include=CarePlan:goal",
    "Goal?_revinclude=CarePlan:goal",
    "Goal?_revinclude=CarePlan:goal&_include:iterate=CarePlan:goal",
    "CareTeam",
    "CareTeam?participant={ben}",
    "Goal/_history",
    "_history",
    "Consent",
]


@pytest.mark.parametrize("path", SEARCHES)
def test_a_search_finds_one_record_and_counts_no_other(scene: Scene, path: str) -> None:
    ann, ben = scene.of["ann"], scene.of["ben"]
    text = path.format(
        ann=ann["patient"], ben=ben["patient"], goals=",".join((ann["goal"][5:], ben["goal"][5:]))
    )
    answer = scene.dana(EVERYTHING).get(f"/fhir/{text}")
    theirs = {*ben.values(), ann["team"]}
    assert not found(answer) & theirs
    matches = [e for e in answer.json.get("entry", ()) if e.get("search", {}).get("mode") != "include"]
    assert answer.json.get("total", len(matches)) == len(matches)
    assert found(scene.dana("user/*.cruds").get(f"/fhir/{text}")) & theirs
    system = scene.api.agency.get(f"/fhir/{text}")
    assert found(system) == found(scene.dana("user/*.cruds").get(f"/fhir/{text}"))


def test_counts_chains_and_reverse_chains_step_on_one_record_only(scene: Scene) -> None:
    dana, user = scene.dana(EVERYTHING), scene.dana("user/*.cruds")
    asked = {
        "Goal?_summary=count": (2, 4),
        "CarePlan?goal.identifier=goal-ann": (1, 2),
        "CarePlan?goal.identifier=goal-ben": (0, 2),
        "Goal?patient.family=ben": (0, 2),
        "Patient?_has:CarePlan:patient:goal.identifier=goal-ben": (0, 2),
        "Goal?_has:CarePlan:goal:subject={ben}": (0, 2),
        "Patient?_has:Goal:patient:identifier=goal-ben": (0, 1),
    }
    for path, counts in asked.items():
        text = path.format(ben=scene.of["ben"]["patient"])
        totals = tuple(one.get(f"/fhir/{text}").json["total"] for one in (dana, user))
        assert totals == counts, path


def test_what_belongs_to_nobody_is_read_and_searched_and_never_written(scene: Scene) -> None:
    dana = scene.dana(EVERYTHING)
    for type_ in ("Practitioner", "Organization", "Location", "HealthcareService", "Questionnaire"):
        reference = scene.of["ann"][type_]
        assert dana.get(f"/fhir/{reference}").status == 200
        assert reference in found(dana.get(f"/fhir/{type_}"))
        example = an_example(type_, "")
        refused = [
            dana("POST", f"/fhir/{type_}", example),
            dana.put(reference, example),
            dana("PATCH", f"/fhir/{reference}", [], **PATCH),
            dana("DELETE", f"/fhir/{reference}"),
            dana("POST", "/fhir", a_transaction(an_entry("POST", type_, example))),
        ]
        for letter, answer in zip("cuudc", refused, strict=True):
            assert answer.status == 403
            assert f"ask for `user/{type_}.{letter}`" in answer.faults[0][1]
        assert scene.api.agency.get(f"/fhir/{reference}").json["meta"]["versionId"] == "1"


def test_without_a_patient_in_context_patient_scopes_open_nothing(scene: Scene) -> None:
    dana = scene.dana(EVERYTHING, patient="")
    for path in ("Goal", scene.of["ann"]["goal"], "Practitioner"):
        refused = dana.get(f"/fhir/{path}")
        assert refused.status == 403
        assert "ask for `user/" in refused.faults[0][1]
    assert found(dana.get("/fhir/_history")) == set()
    assert dana("POST", "/fhir/Goal", a_goal(of=scene.of["ann"]["patient"])).status == 403


def test_context_type_and_query_of_one_scope_hold_together(scene: Scene) -> None:
    ann, ben = scene.of["ann"], scene.of["ben"]
    dana = scene.dana(f"patient/Goal.rs?category={HOUSING}", f"user/Goal.r?category={FOOD}")
    read = {
        one
        for one in (ann["goal"], ann["food"], ben["goal"], ben["food"])
        if dana.get(f"/fhir/{one}").status == 200
    }
    assert read == {ann["goal"], ann["food"], ben["food"]}
    assert found(dana.get("/fhir/Goal")) == {ann["goal"]}
    assert found(dana.get("/fhir/Goal?_summary=count")) == set()
    assert dana.get("/fhir/Goal?_summary=count").json["total"] == 1
    assert dana.get("/fhir/Condition").status == 403


WRITES = ["patient/*.cruds", "patient/*.cruds user/Patient.rs user/Goal.rs"]


@pytest.mark.parametrize("scopes", WRITES)
def test_nothing_is_written_into_another_record(scene: Scene, scopes: str) -> None:
    dana, ann, ben = scene.dana(scopes), scene.of["ann"], scene.of["ben"]
    before = scene.api.agency.get("/fhir/Goal/_history").json["total"]
    assert dana("POST", "/fhir/Goal", a_goal(of=ann["patient"])).status == 201
    entries = [an_entry("POST", "Goal", a_goal(of=one["patient"])) for one in (ann, ben)]
    move = [{"op": "replace", "path": "/subject/reference", "value": ben["patient"]}]
    away = a_goal(of=ben["patient"], id=ann["goal"][5:])
    refused = [
        dana("POST", "/fhir/Goal", a_goal(of=ben["patient"])),
        dana("POST", "/fhir/Goal", a_goal(of="Group/everybody")),
        dana("POST", "/fhir/Goal", a_goal(of=ben["patient"]), If_None_Exist="identifier=none"),
        dana("PUT", "/fhir/Goal?identifier=none", a_goal(of=ben["patient"])),
        dana("POST", "/fhir", a_transaction(*entries)),
        dana("PUT", f"/fhir/{ann['goal']}", away),
        dana("PUT", "/fhir/Goal?identifier=goal-ann", a_goal(of=ben["patient"])),
        dana("PATCH", f"/fhir/{ann['goal']}", move, **PATCH),
        dana("PATCH", "/fhir/Goal?identifier=goal-ann", move, **PATCH),
        dana("POST", "/fhir", a_transaction(an_entry("PUT", ann["goal"], away))),
        dana(
            "POST",
            "/fhir/CareTeam",
            {
                **an_example("CareTeam", ann["patient"]),
                "participant": [{"member": {"reference": ben["patient"]}}],
            },
        ),
        dana("POST", "/fhir/Patient", a_patient("new")),
    ]
    for number, answer in enumerate(refused):
        assert answer.status == 403, number
        assert f"only what is about `{ann['patient']}`" in answer.faults[0][1], number
    batch = dana("POST", "/fhir", {**a_transaction(*entries), "type": "batch"})
    assert [entry["response"]["status"][:3] for entry in batch.json["entry"]] == ["201", "403"]
    assert scene.api.agency.get("/fhir/Goal/_history").json["total"] == before + 2


@pytest.mark.parametrize("scopes", WRITES[:1])
def test_nothing_is_taken_over_from_another_record(scene: Scene, scopes: str) -> None:
    dana, ann, ben = scene.dana(scopes), scene.of["ann"], scene.of["ben"]
    take = [{"op": "replace", "path": "/subject/reference", "value": ann["patient"]}]
    for method, body in (("PUT", {}), ("PATCH", take), ("DELETE", None)):
        answers = []
        for id_ in (ben["goal"][5:], "no"):
            sent = a_goal(of=ann["patient"], id=id_) if method == "PUT" else body
            more = PATCH if method == "PATCH" else {}
            answers.append(told(dana(method, f"/fhir/Goal/{id_}", sent, **more)))
            entry = an_entry("PUT", f"Goal/{id_}", a_goal(of=ann["patient"], id=id_))
            if method == "PUT":
                answers.append(told(dana("POST", "/fhir", a_transaction(entry))))
        assert answers[: len(answers) // 2] == answers[len(answers) // 2 :], method
        assert answers[0][0] == 404
    for method, body in (("PATCH", take), ("DELETE", None)):
        more = PATCH if method == "PATCH" else {}
        hidden, absent = (
            told(dana(method, f"/fhir/Goal?identifier={one}", body, **more)) for one in ("goal-ben", "none")
        )
        assert hidden == absent
    assert scene.api.agency.get(f"/fhir/{ben['goal']}/_history").json["total"] == 1


def test_a_condition_matches_in_one_record_only(scene: Scene) -> None:
    dana, ann, ben = scene.dana(EVERYTHING), scene.of["ann"], scene.of["ben"]
    own = a_goal(of=ann["patient"])
    assert dana("POST", "/fhir/Goal", own, If_None_Exist="identifier=goal-ann").status == 200
    assert dana("POST", "/fhir/Goal", own, If_None_Exist="identifier=goal-ben").status == 201
    assert dana("PUT", "/fhir/Goal?identifier=goal-ben", own).status == 201
    refused, none = (
        dana("POST", "/fhir", a_transaction(an_entry("POST", "Goal", a_goal(of=f"Patient?identifier={one}"))))
        for one in ("ben", "nobody")
    )
    assert told(refused, "=ben") == told(none, "=nobody")
    assert refused.status == 422
    assert scene.api.agency.get(f"/fhir/{ben['goal']}/_history").json["total"] == 1


@pytest.mark.parametrize("scopes", ["patient/*.cruds", "patient/*.cruds user/Practitioner.rs"])
def test_a_reference_to_another_record_is_refused_as_if_nothing_were_there(
    strict_service: Service, scopes: str
) -> None:
    api, persons = Api(strict_service), Persons(strict_service)
    ann, ben = (api.agency.make(a_patient(name)) for name in ("ann", "ben"))
    goal, own = api.agency.make(a_goal(of=ben)), api.agency.make(a_goal(of=ann))
    dana = persons.signed_in(DANA, scopes, patient=ann)
    assert dana("POST", "/fhir/CarePlan", a_care_plan(ann, (own,))).status == 201
    hidden, absent = (dana("POST", "/fhir/CarePlan", a_care_plan(ann, (one,))) for one in (goal, "Goal/no"))
    assert hidden.status == 422
    assert told(hidden, goal) == told(absent, "Goal/no")
    assert (
        persons.signed_in(DANA, "user/*.cruds")("POST", "/fhir/CarePlan", a_care_plan(ann, (goal,))).status
        == 201
    )


def test_what_was_in_another_record_once_is_not_shown_as_it_was(scene: Scene) -> None:
    ann, ben = scene.of["ann"], scene.of["ben"]
    scene.api.agency.put(ben["goal"], a_goal(of=ann["patient"]))
    dana = scene.dana(EVERYTHING)
    assert dana.get(f"/fhir/{ben['goal']}").status == 200
    assert dana.get(f"/fhir/{ben['goal']}/_history/1").status == 404
    assert dana.get(f"/fhir/{ben['goal']}/_history").json["total"] == 1
    scene.api.agency.put(ann["goal"], a_goal(of=ben["patient"]))
    assert dana.get(f"/fhir/{ann['goal']}/_history/1").status == 404


def test_user_scopes_of_staff_open_what_their_organisation_sees(scene: Scene) -> None:
    dana = scene.dana("user/*.cruds", patient="")
    assert found(dana.get("/fhir/Goal")) == found(scene.api.agency.get("/fhir/Goal"))
    made = dana("POST", "/fhir/Goal", a_goal(of=scene.of["ben"]["patient"]))
    assert made.status == 201
    deny = a_provision("deny", "Organization/agency", role="IRCP", classes=["Goal"])
    scene.api.agency.make(a_consent(scene.of["ben"]["patient"], deny))
    assert found(dana.get("/fhir/Goal")) == {scene.of["ann"]["goal"], scene.of["ann"]["food"]}
    assert told(dana.get(f"/fhir/{scene.of['ben']['goal']}")) == told(dana.get("/fhir/Goal/no"))


def test_staff_name_no_ids_when_they_create(scene: Scene) -> None:
    for scopes in (EVERYTHING, "user/*.cruds"):
        goal = a_goal(of=scene.of["ann"]["patient"])
        assert scene.dana(scopes).put("Goal/named", goal).status == 404


def test_a_practitioner_of_a_partner_is_a_recipient_as_her_organisation_is(scene: Scene) -> None:
    ann = scene.of["ann"]
    pat = scene.persons.signed_in("PractitionerRole/pat", "user/*.cruds", organization=PARTNER)
    assert found(pat.get("/fhir/Goal")) == set()
    consent = scene.api.agency.make(a_consent(ann["patient"], a_provision("permit", PARTNER, codes=[FOOD])))
    assert found(pat.get("/fhir/Goal")) == {ann["food"]} == found(scene.api.partner.get("/fhir/Goal"))
    bound = scene.persons.signed_in(
        "PractitionerRole/pat", EVERYTHING, organization=PARTNER, patient=scene.of["ben"]["patient"]
    )
    assert found(bound.get("/fhir/Goal")) == set()
    own = pat.make(a_goal(of=ann["patient"]))
    assert own in found(scene.api.partner.get("/fhir/Goal"))
    assert pat("POST", "/fhir/Consent", a_consent(ann["patient"])).status == 403
    scene.api.agency("DELETE", f"/fhir/{consent}")
    assert found(pat.get("/fhir/Goal")) == {own}


PATIENT_SCOPES = ["user/*.cruds", "patient/*.cruds"]


@pytest.mark.parametrize("scopes", PATIENT_SCOPES)
def test_a_patient_sees_her_record_whatever_the_consents_say_and_nothing_of_others(
    scene: Scene, scopes: str
) -> None:
    ann, ben = scene.of["ann"], scene.of["ben"]
    scene.api.agency.make(a_consent(ann["patient"], a_provision("deny")))
    scene.api.agency.make(a_consent(ben["patient"], a_provision("permit", "Organization/agency")))
    herself = scene.ann(scopes, patient=ann["patient"])
    hers = {ann[name] for name in RECORD}
    everything = found(herself.get(f"/fhir/{ann['patient']}/$everything"))
    assert hers <= everything
    assert ann["team"] not in everything
    for name in RECORD:
        assert herself.get(f"/fhir/{ann[name]}").status == 200, name
        type_, _, id_ = ben[name].partition("/")
        for suffix in READINGS:
            hidden, absent = (herself.get(f"/fhir/{type_}/{one}{suffix}") for one in (id_, "no"))
            assert told(hidden) == told(absent)
            assert hidden.status == 404
    assert found(herself.get("/fhir/Goal?_revinclude=CarePlan:goal")) == {
        ann["goal"],
        ann["food"],
        ann["plan"],
    }
    assert herself.get(f"/fhir/{ann['team']}").status == 404
    assert herself.get("/fhir/Practitioner").json["total"] == 0


def test_a_patient_sees_what_is_current_and_living(scene: Scene) -> None:
    ann = scene.of["ann"]
    scene.api.agency.put(ann["goal"], a_goal(of=ann["patient"], lifecycleStatus="on-hold"))
    scene.api.agency("DELETE", f"/fhir/{ann['food']}")
    herself = scene.ann("user/*.rs")
    versions = [
        e["resource"]["meta"]["versionId"] for e in herself.get(f"/fhir/{ann['goal']}/_history").json["entry"]
    ]
    assert versions == ["2"]
    assert herself.get(f"/fhir/{ann['goal']}/_history/1").status == 404
    assert told(herself.get(f"/fhir/{ann['food']}")) == told(herself.get("/fhir/Goal/no"))


def test_what_a_patient_writes_is_about_herself_and_hers(scene: Scene) -> None:
    ann, ben = scene.of["ann"], scene.of["ben"]
    herself = scene.ann("user/*.cruds")
    own = herself.make(a_goal(of=ann["patient"]))
    assert herself.put(own, a_goal(of=ann["patient"], lifecycleStatus="completed")).status == 200
    move = [{"op": "replace", "path": "/subject/reference", "value": ben["patient"]}]
    refused = [
        herself("POST", "/fhir/Goal", a_goal(of=ben["patient"])),
        herself("POST", "/fhir/Practitioner", an_example("Practitioner", "")),
        herself("POST", "/fhir/Patient", a_patient("new")),
        herself.put(own, a_goal(of=ben["patient"])),
        herself("PATCH", f"/fhir/{own}", move, **PATCH),
        herself.put(ann["goal"], a_goal(of=ann["patient"])),
        herself("DELETE", f"/fhir/{ann['goal']}"),
        herself("POST", "/fhir/Consent", a_consent(ann["patient"], a_provision("permit", PARTNER))),
    ]
    assert [answer.status for answer in refused] == [403] * len(refused)
    assert herself.make(a_consent(ann["patient"], status="proposed")).startswith("Consent/")
    assert own in found(scene.dana(EVERYTHING).get("/fhir/Goal"))
    assert own not in found(scene.api.partner.get("/fhir/Goal"))
    assert herself("DELETE", f"/fhir/{own}").status == 204


def test_a_patient_with_another_patient_in_context_sees_and_writes_nothing(scene: Scene) -> None:
    ann, ben = scene.of["ann"], scene.of["ben"]
    herself = scene.ann(EVERYTHING, patient=ben["patient"])
    assert found(herself.get("/fhir/?_type=Goal,Patient,Consent")) == set()
    for one in (ann, ben):
        assert herself("POST", "/fhir/Goal", a_goal(of=one["patient"])).status == 403


def test_a_relative_sees_her_own_resource_and_nothing_else_until_a_consent_names_her(scene: Scene) -> None:
    ann, ben = scene.of["ann"], scene.of["ben"]
    scene.api.agency.make(a_consent(ann["patient"], a_provision("permit", "Organization/agency")))
    relative = scene.persons.signed_in(
        ann["relative"], "user/*.cruds", "patient/*.cruds", patient=ann["patient"]
    )
    assert found(relative.get("/fhir/?_type=Goal,Patient,RelatedPerson,Consent")) == {ann["relative"]}
    own = relative.make(a_goal(of=ann["patient"]))
    assert found(relative.get("/fhir/Goal")) == {own}
    assert relative("POST", "/fhir/Goal", a_goal(of=ben["patient"])).status == 403
    alone = scene.persons.signed_in(ann["relative"], "user/*.cruds")
    assert alone("POST", "/fhir/Goal", a_goal(of=ann["patient"])).status == 403
    assert found(alone.get("/fhir/Goal")) == {own}


def test_an_audit_row_names_the_person_and_the_client(scene: Scene) -> None:
    scene.dana(EVERYTHING).get(f"/fhir/{scene.of['ann']['goal']}")
    scene.dana(EVERYTHING).get(f"/fhir/{scene.of['ben']['goal']}")
    scene.dana(EVERYTHING)("POST", "/fhir/Goal", a_goal(of=scene.of["ann"]["patient"]))
    rows = scene.api.audit()[-3:]
    assert [(row["client"], row["organization"], row["status"]) for row in rows] == [
        ("calm-app Practitioner/dana", "Organization/agency", status) for status in (200, 404, 201)
    ]
    scene.api.agency.get("/fhir/Goal")
    assert scene.api.audit()[-1]["client"] == "agency"


def test_a_page_is_for_one_person_and_one_patient(scene: Scene) -> None:
    dana = scene.dana("user/Goal.rs")
    page = dana.get("/fhir/Goal?_count=1")
    following = next(one["url"] for one in page.json["link"] if one["relation"] == "next")
    path = following.removeprefix("http://127.0.0.1:8000")
    assert dana.get(path).status == 200
    assert scene.dana("user/Goal.rs", "user/Patient.r").get(path).status == 200
    others = [
        scene.dana("user/Goal.rs", patient=scene.of["ben"]["patient"]),
        scene.dana("user/Goal.rs", patient=""),
        scene.persons.signed_in("Practitioner/eve", "user/Goal.rs", patient=scene.of["ann"]["patient"]),
    ]
    assert [other.get(path).status for other in others] == [400] * 3


def test_a_key_of_a_request_is_for_one_person_and_one_patient(scene: Scene) -> None:
    goal = a_goal(of=scene.of["ann"]["patient"])

    def send(asker: As) -> tuple[int, str]:
        answer = asker("POST", "/fhir/Goal", goal, Idempotency_Key='"k-1"')
        return answer.status, answer.json.get("id", "")

    first = send(scene.dana("user/*.cruds"))
    assert first[0] == 201
    assert send(scene.dana("user/*.cruds")) == first
    eve = send(scene.persons.signed_in("Practitioner/eve", "user/*.cruds"))
    alone = send(scene.dana("user/*.cruds", patient=""))
    assert eve[0] == alone[0] == 201
    assert len({first, eve, alone}) == 3
    assert send(scene.dana(EVERYTHING, patient=scene.of["ben"]["patient"]))[0] == 403

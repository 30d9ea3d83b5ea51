"""A person at an app as a Caller: every kind there is, and everything else refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from builders import AGENCY, PARTNER
from careplan_service.access.caller import Caller
from careplan_service.access.clients import Client
from careplan_service.access.people import User
from careplan_service.access.person import caller_for_person
from careplan_service.access.scope_text import parse_scopes
from careplan_service.access.scopes import Opening
from careplan_service.errors import Unauthenticated

APP = Client("calm-app", "Calm", "app", "Organization/calm", "user/*.rs", "COC", ("PATRQT",))
USER = User("u1", "dana", "", "Practitioner/dana", AGENCY)


def made(client: Client = APP, user: User = USER, **given: Any) -> Caller:
    asked = {
        "scopes": parse_scopes("user/*.rs patient/*.rs"),
        "purposes": ("COC",),
        "patient": "Patient/ann",
        "expires": 7,
        "custodians": {AGENCY},
    }
    return caller_for_person(client, user, **{**asked, **given})


@pytest.mark.parametrize(
    ("fhir_user", "organization", "kind", "contributor", "actors"),
    [
        ("Practitioner/dana", AGENCY, "agency", AGENCY, (AGENCY, "Practitioner/dana")),
        ("PractitionerRole/d", AGENCY, "agency", AGENCY, (AGENCY, "PractitionerRole/d")),
        ("Practitioner/pat", PARTNER, "partner", PARTNER, (PARTNER, "Practitioner/pat")),
        ("PractitionerRole/p", PARTNER, "partner", PARTNER, (PARTNER, "PractitionerRole/p")),
        ("Patient/ann", AGENCY, "patient", "Patient/ann", ("Patient/ann",)),
        ("Patient/ann", PARTNER, "patient", "Patient/ann", ("Patient/ann",)),
        ("RelatedPerson/r", AGENCY, "related", "RelatedPerson/r", ("RelatedPerson/r",)),
        ("RelatedPerson/r", PARTNER, "related", "RelatedPerson/r", ("RelatedPerson/r",)),
    ],
)
def test_who_she_is_says_what_kind_of_caller_she_is(
    fhir_user: str, organization: str, kind: str, contributor: str, actors: tuple[str, ...]
) -> None:
    caller = made(user=replace(USER, fhir_user=fhir_user, organization=organization))
    assert (caller.kind, caller.contributor) == (kind, contributor)
    assert tuple(actor for actor in caller.actors if actor != caller.device) == actors
    assert caller.is_agency is (kind == "agency")
    assert (caller.organization, caller.fhir_user, caller.patient) == (organization, fhir_user, "Patient/ann")
    assert (caller.client_id, caller.expires, caller.purposes) == ("calm-app", 7, ("COC",))
    assert caller.name == f"calm-app {fhir_user}"


REFUSED: list[tuple[str, dict[str, Any]]] = [
    ("not registered any more", {"client": replace(APP, enabled=False)}),
    ("not registered any more", {"client": replace(APP, kind="agency")}),
    ("not registered any more", {"client": replace(APP, kind="partner")}),
    ("not enabled", {"user": replace(USER, enabled=False)}),
    *(
        ("no kind that may call", {"user": replace(USER, fhir_user=fhir_user)})
        for fhir_user in (
            "",
            "Person/x",
            "Device/x",
            "Organization/agency",
            "Practitioner",
            "Practitioner/",
            "practitioner/x",
            "Practitioner/x/y",
            "Practitioner/x ",
            "Practitioner/x\n",
            "https://elsewhere.example/fhir/Practitioner/x",
        )
    ),
    ("an organization that cannot be", {"user": replace(USER, organization="")}),
    ("an organization that cannot be", {"user": replace(USER, organization="Practitioner/x")}),
    ("a patient that cannot be", {"patient": "ann"}),
    ("a patient that cannot be", {"patient": "Goal/1"}),
    ("a patient that cannot be", {"patient": "Patient/"}),
    ("a purpose that is not registered", {"purposes": ()}),
    ("a purpose that is not registered", {"purposes": ("HPAYMT",)}),
]


@pytest.mark.parametrize(("why", "given"), REFUSED)
def test_everything_else_is_nobody(why: str, given: dict[str, Any]) -> None:
    with pytest.raises(Unauthenticated, match=why) as refused:
        made(**given)
    assert refused.value.error == "invalid_token"


def test_only_registered_purposes_are_asserted() -> None:
    assert made(purposes=("HPAYMT", "PATRQT", "COC")).purposes == ("PATRQT", "COC")


def test_scopes_of_systems_open_nothing_to_people_nor_theirs_to_systems() -> None:
    every = parse_scopes("patient/Goal.r user/Goal.r system/Goal.r")
    person = made(scopes=every)
    assert person.openings("r", "Goal") == {Opening("patient"), Opening("user")}
    assert str(person.scopes) == "patient/Goal.r user/Goal.r"
    assert replace(person, scopes=every).openings("r", "Goal") == {Opening("patient"), Opening("user")}
    assert Caller("s", "partner", PARTNER, ("COC",), every).openings("r", "Goal") == {Opening("system")}
    with_patient = Caller("s", "partner", PARTNER, ("COC",), every, patient="Patient/ann")
    assert with_patient.openings("r", "Goal") == {Opening("system")}
    assert not made(scopes=parse_scopes("system/*.cruds")).allows("r", "Goal")


def test_without_a_patient_in_context_its_scopes_open_nothing() -> None:
    caller = made(scopes=parse_scopes("patient/*.cruds user/Goal.r"), patient="")
    assert caller.openings("r", "Goal") == {Opening("user")}
    assert not caller.allows("c", "Goal")
    assert not caller.allows("r", "*")


@pytest.mark.parametrize("letter", "cud")
def test_the_context_of_a_patient_writes_nothing_that_is_in_no_record(letter: str) -> None:
    caller = made(scopes=parse_scopes("patient/*.cruds"))
    assert caller.allows(letter, "Goal")
    assert not caller.allows(letter, "Practitioner")
    assert caller.allows("r", "Practitioner")
    both = made(scopes=parse_scopes("patient/*.cruds user/Practitioner.cruds"))
    assert both.openings(letter, "Practitioner") == {Opening("user")}


def test_keys_belong_to_a_client_a_person_and_a_patient() -> None:
    system = Caller("calm-app", "partner", PARTNER, ("COC",))
    owners = [system.owner, made().owner, made(patient="").owner, made(patient="Patient/ben").owner]
    owners.append(made(user=replace(USER, fhir_user="Practitioner/eve")).owner)
    assert owners[0] == "calm-app"
    assert len(set(owners)) == len(owners)

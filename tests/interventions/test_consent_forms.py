"""A consent form, the Consent that it becomes, and what that lets through. https://hl7.org/fhir/R4/consent.html"""

import json
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import ACT_CODE, CONFIDENTIALITY, a_goal, coding
from careplan_service.access.consent.decide import Request, decide
from careplan_service.access.consent.decision import Compiled
from careplan_service.access.consent.rules import Door, rules_of
from careplan_service.access.consent.terminology import purpose_and_ancestors
from careplan_service.access.facts import Record
from careplan_service.access.instants import period
from careplan_service.errors import Invalid
from careplan_service.interventions.catalogue import domain_terms
from careplan_service.interventions.consents import form as words
from careplan_service.interventions.consents.form import ConsentForm, Withdrawal
from careplan_service.interventions.consents.schema import consent_schema, form_from_json, form_to_json
from careplan_service.interventions.consents.writing import (
    consent_of,
    form_of,
    types_of,
    withdrawal_of,
    withdrawn,
)
from careplan_service.interventions.sensitivity import mark_terms, marked
from careplan_service.resources.profiles import check_profile
from careplan_service.resources.r4 import check
from careplan_service.resources.registry import SERVED
from interventions.generated import maybe, maybe_texts, one_of
from interventions.test_laws import few

AGENCY = "Organization/agency"
DOOR = Door("http://localhost", frozenset({AGENCY}))
RELEASE = {
    "kind": "release",
    "person": "Patient/ann",
    "given": "in writing",
    "date": "2026-05-01",
    "expires": "2026-12-31",
    "agency": AGENCY,
    "recipients": ["Organization/partner"],
    "purposes": ["coordination of care"],
}
LABELS = ["SDV", "MH", "SUD", "HIV"]
DOMAINS = ["housing-instability", "food-insecurity", "intimate-partner-violence", "stress"]
booleans = maybe(st.booleans())


def some(listed, least=0):
    return st.lists(st.sampled_from(list(listed)), min_size=least, max_size=3, unique=True).map(tuple)


@st.composite
def shares(draw, kind):
    domains, out = draw(some(DOMAINS)), draw(some(DOMAINS))
    labels, kept = draw(some(LABELS)), draw(some(LABELS))
    return {
        "recipients": draw(some(["Organization/partner", "Practitioner/jo", "CareTeam/x"], 1)),
        "purposes": ("research",) if kind == "research" else draw(some(words.PURPOSES.by_code, 1)),
        "data": draw(some(words.DATA.by_code)),
        "domains": domains,
        "domains_excluded": tuple(one for one in out if one not in domains),
        "sensitive": labels,
        "sensitive_excluded": tuple(one for one in kept if one not in labels),
        "redisclosure": draw(maybe(one_of(words.REDISCLOSURE))),
    }


@st.composite
def forms(draw, kinds=tuple(words.KINDS.by_code)):
    kind = draw(st.sampled_from(kinds))
    represented = draw(st.booleans())
    return ConsentForm(
        kind=kind,
        person="Patient/ann",
        given=draw(one_of(words.GIVEN)),
        date=date(2026, 5, draw(st.integers(1, 31))),
        expires=date(2026, draw(st.integers(6, 12)), 30),
        agency=AGENCY,
        number=draw(maybe_texts),
        signer="RelatedPerson/bo" if represented else draw(st.sampled_from([None, "Patient/ann"])),
        capacity=draw(one_of(words.CAPACITIES, but=("self",)))
        if represented
        else draw(maybe(st.just("self"))),
        language=draw(maybe_texts),
        interpreter=draw(booleans),
        limits_explained=draw(booleans),
        copy_given=draw(booleans),
        comment=draw(maybe_texts),
        **(draw(shares(kind)) if kind != "service" else {}),
    )


@few
@given(forms())
def test_a_form_comes_back_from_its_consent_as_it_was(form):
    assert form_of(json.loads(json.dumps(consent_of(form)))) == form


@few
@given(forms())
def test_a_form_comes_back_from_json_as_it_was(form):
    assert form_from_json(json.loads(json.dumps(form_to_json(form)))) == form


@few
@given(forms())
def test_the_consent_of_a_form_is_valid_r4_and_can_be_enforced(form):
    consent = consent_of(form)
    assert check(consent, "Consent") == ()
    claimed = consent["meta"].get("profile", [])
    assert len(claimed) == (form.kind == "release")
    assert [check_profile(consent, one) for one in claimed] == [()] * len(claimed)
    assert bool(rules_of(consent, DOOR)) == (form.kind != "service")


@settings(few, max_examples=300)
@given(forms(("release",)), st.data())
def test_what_a_form_says_is_what_is_let_through(form, data):
    """Most of what is asked for is what the form says, so that one thing decides."""
    form = replace(form, signer=None, capacity=None)
    who = data.draw(st.sampled_from([*form.recipients * 4, "Organization/other"]))
    said = [words.PURPOSES.fhir(one) for one in form.purposes]
    purpose = data.draw(st.sampled_from([*said * 2, "HMARKT"]))
    about = data.draw(st.sampled_from([*form.domains, *form.domains_excluded, *DOMAINS]))
    labels = data.draw(st.just(()) | some([*form.sensitive, *form.sensitive_excluded, "MH"]))
    day = data.draw(st.sampled_from(["2026-04-30", *["2026-06-15"] * 6, "2027-01-01"]))
    interaction = data.draw(st.sampled_from([*["read"] * 6, "update"]))
    security = [coding(CONFIDENTIALITY, "R"), *(coding(ACT_CODE, one) for one in labels)] if labels else []
    document = {**a_goal("Patient/ann", about), "id": "g", "meta": {"security": security}}
    facts = SERVED["Goal"].facts(document, DOOR.base_url)
    request = Request((who,), (purpose,), interaction, period(day, None)[0])
    rules = rules_of({**consent_of(form), "id": "c"}, DOOR)
    found = decide(request, Record(facts), {"Patient/ann": [Compiled(rules, "Consent/c")]})
    assert found.permitted == _reads(form, who, purpose, about, labels, day, interaction)


def _reads(form, who, purpose, about, labels, day, interaction):
    """The form as a person reads it."""
    return (
        interaction == "read"
        and who in form.recipients
        and not set(purpose_and_ancestors(purpose)).isdisjoint(
            words.PURPOSES.fhir(one) for one in form.purposes
        )
        and form.date.isoformat() <= day <= form.expires.isoformat()
        and (not form.data or "Goal" in types_of(form))
        and (not form.domains or about in form.domains)
        and about not in form.domains_excluded
        and set(labels) <= set(form.sensitive)
        and not set(labels) & set(form.sensitive_excluded)
    )


@pytest.mark.parametrize(
    ("said", "where"),
    [
        ({"recipients": []}, ["recipients"]),
        ({"purposes": None}, ["purposes"]),
        ({"purposes": ["curiosity"]}, ["purposes"]),
        ({"recipients": ["the food bank"]}, ["recipients"]),
        ({"expires": "2026-04-30"}, ["expires"]),
        ({"expires": None}, ["expires"]),
        ({"signer": "Patient/bo"}, ["signer", "capacity"]),
        ({"signer": "RelatedPerson/bo"}, ["capacity"]),
        ({"capacity": "guardian"}, ["capacity"]),
        ({"domains": ["housing"], "domains_excluded": ["housing"]}, ["domains_excluded"]),
        ({"sensitive": ["SDV"], "sensitive_excluded": ["domestic violence"]}, ["sensitive_excluded"]),
        ({"kind": "service"}, ["recipients", "purposes"]),
        ({"kind": "research"}, ["purposes"]),
        ({"withdrawn": {"by": "Ann"}}, ["withdrawn"]),
        ({"process_notes": "she lies"}, ["process_notes"]),
    ],
)
def test_what_a_form_cannot_say_is_refused_by_its_field(said, where):
    with pytest.raises(Invalid) as refused:
        form_from_json({**RELEASE, **said})
    assert [fault.expression for fault in refused.value.faults] == where


def test_a_consent_that_was_changed_is_not_told_as_its_form():
    consent = consent_of(form_from_json(RELEASE))
    consent["provision"]["actor"][0]["reference"]["reference"] = "Organization/other"
    with pytest.raises(Invalid, match="changed over FHIR"):
        form_of(consent)


@pytest.mark.parametrize("element", ["verification", "policy", "sourceReference", "modifierExtension"])
def test_a_consent_to_which_something_was_added_is_not_told_as_its_form(element):
    with pytest.raises(Invalid, match="changed over FHIR"):
        form_of({**consent_of(form_from_json(RELEASE)), element: [{}]})


def test_a_consent_that_was_made_of_no_form_has_none():
    consent = consent_of(form_from_json(RELEASE))
    with pytest.raises(Invalid, match="was not made of a form"):
        form_of({name: value for name, value in consent.items() if name != "extension"})


def test_a_form_whose_source_others_took_away_cannot_be_read():
    consent = consent_of(form_from_json(RELEASE))
    for source in ({"contentType": "application/json"}, {"data": "e30="}, {"data": "!"}):
        with pytest.raises(Invalid, match="cannot be read"):
            form_of({**consent, "sourceAttachment": source})


@pytest.mark.parametrize("reason", [None, "does not trust them any more"])
def test_a_withdrawal_comes_back_from_its_extension(reason):
    told = Withdrawal(date(2026, 6, 1), "Ann herself", reason)
    assert withdrawal_of({"extension": [withdrawn(told)]}) == told


def test_a_form_that_touches_violence_is_labelled_so():
    plain, dangerous = (form_from_json({**RELEASE, **more}) for more in ({}, {"domains_excluded": ["ipv"]}))
    assert [one["code"] for one in consent_of(plain)["meta"]["security"]] == ["N"]
    dangerous = replace(dangerous, domains_excluded=("intimate-partner-violence",))
    assert "SDV" in [one["code"] for one in consent_of(dangerous)["meta"]["security"]]


def test_classes_of_data_are_of_types_that_are_served_and_each_of_one_word():
    types = [type_ for one in words.DATA.by_code.values() for type_ in one.fhir.split()]
    assert len(types) == len(set(types))
    assert set(types) <= SERVED.keys()


def test_every_label_of_a_mark_can_stand_in_a_provision():
    for code in mark_terms().by_code:
        form = replace(form_from_json(RELEASE), sensitive=(code,))
        stated = {one["code"] for one in consent_of(form)["provision"]["securityLabel"]}
        assert stated == {"N", *marked([code])}


def test_the_schema_has_every_field_and_the_words_that_are_taken():
    schema = consent_schema("http://localhost")
    told, form = (schema["$defs"][name] for name in ("ConsentForm", "NewConsentForm"))
    assert form["required"] == ["kind", "person", "given", "date", "expires"]
    assert set(told["properties"]) ^ set(form["properties"]) == {
        "id", "consent", "state", "withdrawn", "replaces"
    }  # fmt: skip
    assert form["properties"]["purposes"]["items"]["enum"] == list(words.PURPOSES.by_code)
    assert form["properties"]["domains"]["items"]["enum"] == list(domain_terms().by_code)
    assert form["properties"]["person"]["pattern"] == r"^(Patient)/[A-Za-z0-9\-.]{1,64}$"


@pytest.mark.parametrize(("excluded", "seen"), [([], True), (["SDV"], False)])
def test_what_a_form_excludes_stays_hidden_whatever_another_form_shares(excluded, seen):
    shares = form_from_json({**RELEASE, "sensitive": ["SDV"]})
    excludes = form_from_json({**RELEASE, "sensitive_excluded": excluded})
    goal = {**a_goal("Patient/ann", labels=("R", "SDV")), "id": "g"}
    record = Record(SERVED["Goal"].facts(goal, DOOR.base_url))
    request = Request(("Organization/partner",), ("COC",), "read", period("2026-06-15", None)[0])
    consents = [Compiled(rules_of(consent_of(form), DOOR)) for form in (shares, excludes)]
    assert decide(request, record, {"Patient/ann": consents}).permitted == seen

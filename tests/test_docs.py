"""The documents are true: what they name exists, what they show is what the code does."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text

import markdown
import names
from builders import AGENCY, Answer, Api, As, a_consent, a_goal, a_patient, a_provision, judging
from careplan_service.access import filters
from careplan_service.access.caller import Caller
from careplan_service.access.clients import Client
from careplan_service.access.consent.rules import Door, rules_of
from careplan_service.access.filters import all_of
from careplan_service.access.instants import microseconds
from careplan_service.access.scope_text import parse_scopes
from careplan_service.access.view import view_for
from careplan_service.errors import Invalid
from careplan_service.interactions.conditions import Asker
from careplan_service.interactions.query import query_of
from careplan_service.interactions.why_words import BECAUSE
from careplan_service.settings import ABOUT, PREFIX, Settings
from careplan_service.store.tables import audit
from conftest import BASE_URL, Clock
from web.visiting import Visitor

Document = dict[str, Any]

DOCS = names.ROOT / "docs"
PAGES = {
    str(file.relative_to(names.ROOT)): file.read_text(encoding="utf-8")
    for file in (*sorted(DOCS.rglob("*.md")), names.ROOT / "CONTRIBUTING.md")
}
README = (names.ROOT / "README.md").read_text(encoding="utf-8")
SEARCH, CONSENT = PAGES["docs/a-goal-search.md"], PAGES["docs/consent-in-detail.md"]
OPERATING, VALIDATION = PAGES["docs/operating.md"], PAGES["docs/validation.md"]
SQLITE_ONLY = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


# Names and links


@pytest.mark.parametrize("page", PAGES)
def test_what_a_page_names_in_backticks_exists(page: str) -> None:
    missing = {wrong for quoted in markdown.quoted(PAGES[page]) if (wrong := names.unknown(quoted))}

    assert missing == set()


@pytest.mark.parametrize(
    "quoted",
    [
        "access/nothing.py",
        "view_for_nobody()",
        "Filters",
        "Desk.hide()",
        "Consent.provision.actors",
        "CAREPLAN_NOTHING",
        "careplan nothing",
        "careplan load --nothing",
        "make nothing",
        "/nothing",
        "consent_rules",
        "tests/test_docs.py::test_nothing",
        "tests/test_nothing.py::test_nothing",
    ],
)
def test_a_name_that_does_not_exist_is_found(quoted: str) -> None:
    assert names.unknown(quoted) is not None


@pytest.mark.parametrize("page", [*PAGES, "README.md"])
def test_links_lead_somewhere(page: str) -> None:
    text = PAGES.get(page, README)
    for link in markdown.links(text):
        if link.startswith(("https://", "http://")):
            continue
        path, _, anchor = link.partition("#")
        target = (names.ROOT / page).parent / path if path else names.ROOT / page
        assert target.exists(), link
        if anchor:
            assert anchor in markdown.anchors(target.read_text(encoding="utf-8")), link


@pytest.mark.parametrize("page", [page for page in PAGES if page.startswith("docs/adr/")])
def test_a_decision_has_its_four_headings_and_the_number_of_its_file(page: str) -> None:
    headings = re.findall(r"^## (.+)$", PAGES[page], re.MULTILINE)

    assert headings == ["Context", "Decision", "Status", "Consequences"]
    assert PAGES[page].startswith(f"# {int(Path(page).name[:4])}. ")


# Settings


def settings_table() -> str:
    """The table of the README, made of `Settings` and `ABOUT`."""
    lines = ["| variable | default | what |", "|---|---|---|"]
    for field in dataclasses.fields(Settings):
        shown = f"`{_written(field.default)}`" if _written(field.default) else ""
        lines.append(f"| `{PREFIX}{field.name.upper()}` | {shown} | {ABOUT[field.name]} |")
    return "\n".join(lines) + "\n"


def _written(default: object) -> str:
    """A default as it would be written in the environment."""
    if isinstance(default, bool):
        return "on" if default else "off"
    return ",".join(default) if isinstance(default, tuple) else str(default)


def test_the_settings_table_of_the_readme_is_what_the_settings_are() -> None:
    assert settings_table() in README, f"paste this:\n{settings_table()}"


def test_the_readme_names_no_setting_that_there_is_not() -> None:
    named = set(re.findall(rf"\b{PREFIX}[A-Z_]+", README))

    assert {name for name in named if names.unknown(name)} == set()


# A goal search


@pytest.fixture
def walk(api: Api) -> Api:
    """Ann, her goal and her consent, as the walk has them; the second judge has statements of its own."""
    api = Api(judging(api.service, 0))
    _put(api, {**a_patient("Ann"), "id": "ann"})
    _put(api, {**a_goal(of="Patient/ann"), "id": "g1"})
    permit = a_provision(to="Organization/partner", purpose=["COC"], codes=["housing-instability"])
    _put(api, {**a_consent("Patient/ann", permit), "id": "c1"})
    return api


WALKED = "/fhir/Goal?patient=Patient/ann&lifecycle-status=active"
NAMES = {**vars(filters), "Caller": Caller, "parse_scopes": parse_scopes}


def _shown(info: str) -> Any:
    """The value that a block of the walk shows."""
    return eval(markdown.blocks(SEARCH, f"python {info}")[0].text.replace("\n", " "), NAMES)


@SQLITE_ONLY
def test_the_walk_shows_the_caller_and_the_filters(walk: Api) -> None:
    now = microseconds(walk.service.clock())
    asker = Asker(BASE_URL, lambda _: filters.EVERYTHING)
    pairs = [("patient", "Patient/ann"), ("lifecycle-status", "active")]
    asked = query_of(["Goal"], pairs, asker).about
    visible = view_for(_shown("caller"), "s", "Goal", now)

    assert _shown("asked") == asked
    assert _shown("visible") == visible
    assert all_of(_shown("asked"), _shown("visible")) == all_of(asked, visible)


@SQLITE_ONLY
def test_the_walk_shows_the_statement_and_there_is_only_one(walk: Api) -> None:
    statements: list[str] = []
    walk.service.database.close()
    event.listen(
        walk.service.database.engine, "connect", lambda c, _: c.set_trace_callback(statements.append)
    )
    walk.partner.get("/fhir/Goal/none")  # the client is looked up once a second
    statements.clear()
    assert walk.partner.get(WALKED).json["total"] == 1
    of_the_token, *asked = [" ".join(sql.split()) for sql in statements if sql.startswith(("SELECT", "WITH"))]

    assert "FROM oauth_revoked" in of_the_token
    assert len(asked) == 1
    at = 0
    for piece in " ".join(markdown.blocks(SEARCH, "sql abridged")[0].text.split()).split("..."):
        found = asked[0].find(piece.strip(), at)
        assert found >= 0, piece
        at = found + len(piece.strip())


def test_the_walk_shows_the_audit_row(walk: Api) -> None:
    assert walk.partner.get(WALKED).ids == ["g1"]

    assert walk.audit()[-1] == json.loads(markdown.blocks(SEARCH, "json audit")[0].text)


# Consent


def _examples() -> Iterator[tuple[Document, list[list[str]]]]:
    for block in markdown.blocks(CONSENT, "json"):
        if block.info == "json":
            yield json.loads(block.text), list(markdown.rows(block.after))


def _as(api: Api, organization: str, purpose: str) -> As:
    """A client of an organisation that is registered for one purpose of use."""
    kind = "agency" if organization == AGENCY else "partner"
    id_ = f"{organization.rpartition('/')[2]}-{purpose}"
    if api.service.clients.get(id_) is None:
        api.service.clients.add(Client(id_, id_, kind, organization, "system/*.rs", purpose))
    return As(api, id_)


def test_the_consent_examples_are_compiled() -> None:
    examples = list(_examples())

    assert len(examples) == 5
    for consent, _ in examples:
        assert rules_of(consent, Door(BASE_URL, {AGENCY}))


def test_the_two_pages_are_two_and_their_example_is_the_first_of_those_carried_out() -> None:
    page = PAGES["docs/consent.md"]
    (_, cases), *_ = _examples()
    told = markdown.rows(page.partition("## An example")[2].partition("## ")[0])

    assert [row[-1] for row in told] == [row[-1] for row in cases]
    assert page.count("\n") <= 150
    assert "```" not in page


def test_who_sees_what_in_the_consent_examples(api: Api) -> None:
    for number, (consent, cases) in enumerate(_examples()):
        ann = f"Patient/ann{number}"
        _put(api, {**a_patient(), "id": f"ann{number}"})
        assert len(cases) >= 2
        goals = {}
        for goal in {goal for _, _, goal, _ in cases}:
            about, _, labels = goal.partition(", labelled ")
            goals[goal] = api.agency.make(a_goal(of=ann, about=about, labels=tuple(labels.split())))
        api.agency.make(json.loads(json.dumps(consent).replace("Patient/ann", ann)))
        for who, purpose, goal, seen in cases:
            status = _as(api, who, purpose).get(f"/fhir/{goals[goal]}").status
            assert (status, seen) in ((200, "yes"), (404, "no")), (number, who, purpose, goal)


@SQLITE_ONLY
def test_what_a_partner_is_told_of_its_access_is_as_shown(api: Api, clock: Clock) -> None:
    (first, _), *_ = _examples()
    for name, end in (("ann", "2026-12-31"), ("ben", "2026-09-30")):
        text = json.dumps(first).replace("Patient/ann", f"Patient/{name}").replace("2026-12-31", end)
        _put(api, {**a_patient(), "id": name})
        _put(api, {**json.loads(text), "id": f"{name}-consent"})
    _put(api, {**a_goal("Patient/ann"), "id": "g1"})
    _put(api, {**a_goal("Patient/ben"), "id": "g2"})

    (shown,) = markdown.blocks(CONSENT, "json my-access")
    assert api.partner.get("/fhir/$my-access").json == json.loads(shown.text)

    assert api.partner.get("/fhir/Goal/g1").status == 200
    clock.go_on(days=1)
    since = clock.now.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert api.agency("DELETE", "/fhir/Consent/ann-consent").status == 204
    clock.go_on(days=1)
    (tombstone,) = markdown.blocks(CONSENT, "json tombstone")
    told = api.partner.get(f"/fhir/_history?_since={since}").json
    assert told["entry"] == [json.loads(tombstone.text)]


@SQLITE_ONLY
def test_why_is_told_as_shown(api: Api) -> None:
    consent, _ = next(_examples())
    _put(api, {**a_patient("Ann"), "id": "ann"})
    _put(api, {**consent, "id": "c1"})
    _put(api, {**a_goal(of="Patient/ann", about="food-insecurity"), "id": "food"})
    of_one, of_search = (block.text.split()[1] for block in markdown.blocks(CONSENT, "http why"))

    assert api.agency.get(of_one).json == json.loads(markdown.blocks(CONSENT, "json why")[0].text)
    assert api.partner.get(of_one).status == 404
    api.agency.make(a_goal(of="Patient/ann"))
    told = {one["name"]: one for one in api.agency.get(of_search).json["parameter"]}
    numbers = [told[name]["valueInteger"] for name in ("found", "returned", "withheld")]
    assert numbers == [2, 1, 1]
    reasons = {row[0] for row in markdown.rows(CONSENT.partition("## Asking why")[2]) if len(row) == 3}
    named = {name.strip(" `") for row in reasons for name in row.split(",")}
    assert BECAUSE.keys() <= named


@SQLITE_ONLY
def test_the_refused_consent_is_refused_as_shown(api: Api) -> None:
    refused = json.loads(markdown.blocks(CONSENT, "json refused")[0].text)
    with pytest.raises(Invalid):
        rules_of(refused, Door(BASE_URL, {AGENCY}))

    _assert_outcome(api.agency("POST", "/fhir/Consent", refused), CONSENT)


@pytest.mark.parametrize(
    ("element", "at", "value"),
    [
        ("action", "Consent.provision.action[0]", [{"text": "access"}]),
        ("data", "Consent.provision.data[0]", [{"meaning": "instance", "reference": {"display": "a goal"}}]),
        ("extension", "Consent.provision.extension", [{"url": "http://example.org", "valueCode": "x"}]),
        ("class", "Consent.provision.class[0]", [{"system": "http://example.org", "code": "x"}]),
        ("code", "Consent.provision.code[0]", [{"text": "only text"}]),
        ("purpose", "Consent.provision.purpose[0]", [{"code": "COC"}]),
        ("provision", "Consent.provision.provision[0].type", [{}]),
        (
            "provision",
            "Consent.provision.provision[0].provision[0].provision",
            [{"type": "deny", "provision": [{"type": "permit", "provision": [{"type": "deny"}]}]}],
        ),
    ],
)
def test_what_the_consent_page_says_is_refused_is_refused(element: str, at: str, value: Any) -> None:
    provision = {**a_provision(to="Organization/partner"), element: value}
    with pytest.raises(Invalid) as refusal:
        rules_of(a_consent("Patient/ann", provision), Door(BASE_URL, {AGENCY}))

    assert [fault.expression for fault in refusal.value.faults] == [at]


def test_a_consent_that_decides_nothing_is_stored_with_anything(api: Api) -> None:
    refused = json.loads(markdown.blocks(CONSENT, "json refused")[0].text)

    assert api.partner("POST", "/fhir/Consent", {**refused, "status": "proposed"}).status == 201
    assert api.partner("POST", "/fhir/Consent", a_consent("Patient/ann", a_provision())).status == 403


# Operating


def _statements(database_url: str) -> list[str]:
    kind = database_url.partition(":")[0].partition("+")[0]
    return [b.text for b in markdown.blocks(OPERATING, "sql") if b.info in ("sql", f"sql {kind}")]


def test_the_questions_to_the_audit_log_are_answered(
    walk: Api, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    walk.partner.get(WALKED)
    walk.partner.get("/fhir/Goal/none")
    Visitor(walk.service).sign_in("nobody", "something else")
    engine = walk.service.database.engine.execution_options(isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in _statements(database_url):
            result = connection.execute(text(statement))
            assert not result.returns_rows or result.all(), statement


def test_every_column_of_the_audit_table_is_explained() -> None:
    explained = [row[0].strip("`") for row in markdown.rows(OPERATING) if len(row) == 2]

    assert explained == [column.name for column in audit.c]


def test_requests_of_a_verified_caller_leave_a_row_and_others_do_not(walk: Api) -> None:
    before = len(walk.audit())
    for path in ("/fhir/metadata", "/health/live", "/nothing", "/fhir/Goal"):
        walk.http.get(path)
    assert len(walk.audit()) == before

    for path in ("/fhir/Goal", "/fhir/Goal?x=1", "/fhir/Goal/none", "/plans/none"):
        walk.partner.get(path)
    assert len(walk.audit()) == before + 4


# Validation


@SQLITE_ONLY
def test_faults_look_as_shown(api: Api) -> None:
    goal = json.loads(markdown.blocks(VALIDATION, "json goal")[0].text)

    _assert_outcome(api.agency("POST", "/fhir/Goal", goal), VALIDATION)


def _assert_outcome(answer: Answer, page: str) -> None:
    assert answer.status == 422
    assert answer.json == json.loads(markdown.blocks(page, "json outcome")[0].text)


def _put(api: Api, document: Document) -> None:
    answer = api.agency("PUT", f"/fhir/{document['resourceType']}/{document['id']}", document)
    assert answer.status == 201, answer.body

"""The searches that US Core asks of a server, with values of real examples, checked by simple code of ours.

The combinations, their expectations and comparators are read from the metadata of the US Core test suite; the
resources are the examples of the guide. http://hl7.org/fhir/us/core/STU6.1/CapabilityStatement-us-core-server.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

import pytest
import yaml
from sqlalchemy import make_url

from builders import Api, Document, a_transaction, an_entry
from careplan_service.app import assemble
from careplan_service.resources.registry import SERVED
from careplan_service.settings import Settings
from careplan_service.store import migrate
from careplan_service.store.database import Database
from conftest import BASE_URL, Clock, _administer, _names

FORM = "application/x-www-form-urlencoded"
PROFILES = (
    "care_plan", "care_team", "condition_problems_health_concerns", "document_reference", "encounter", "goal",
    "observation_screening_assessment", "organization", "patient", "practitioner", "practitioner_role",
    "procedure", "provenance", "questionnaire_response", "related_person", "service_request",
    "simple_observation",
)  # fmt: skip
EXAMPLES = 2
"""So many examples of a profile are tried with each combination."""


def _code(system: str, code: str) -> Document:
    """A CodeableConcept."""
    return {"coding": [{"system": system, "code": code}]}


ANN: Document = {"reference": "Patient/example"}
HL7 = "http://terminology.hl7.org/CodeSystem"
MEMBERS = (
    "PractitionerRole/ours",
    "Practitioner/practitioner-2",
    "Patient/example",
    "RelatedPerson/shaw-niece",
)
OURS: list[Document] = [
    {
        "resourceType": "CarePlan",
        "id": "ours",
        "status": "active",
        "intent": "plan",
        "category": [_code("http://hl7.org/fhir/us/core/CodeSystem/careplan-category", "assess-plan")],
        "subject": ANN,
        "period": {"start": "2024-02-03", "end": "2024-05"},
    },
    {
        "resourceType": "CareTeam",
        "id": "ours",
        "status": "active",
        "subject": ANN,
        "participant": [{"member": {"reference": reference}} for reference in MEMBERS],
    },
    {
        "resourceType": "Condition",
        "id": "ours",
        "extension": [
            {
                "url": "http://hl7.org/fhir/StructureDefinition/condition-assertedDate",
                "valueDateTime": "2024-02-03",
            }
        ],
        "clinicalStatus": _code(f"{HL7}/condition-clinical", "resolved"),
        "category": [_code(f"{HL7}/condition-category", "problem-list-item")],
        "code": _code("http://snomed.info/sct", "160245001"),
        "subject": ANN,
        "encounter": {"reference": "Encounter/example-1"},
        "onsetPeriod": {"start": "2023-11", "end": "2024"},
        "abatementDateTime": "2024-06-01",
        "recordedDate": "2024-02-04T10:00:00+02:00",
    },
    {
        "resourceType": "Encounter",
        "id": "ours",
        "identifier": [{"system": "http://example.org/visits", "value": "7"}],
        "status": "finished",
        "class": {"system": f"{HL7}/v3-ActCode", "code": "AMB"},
        "type": [_code("http://snomed.info/sct", "308335008")],
        "subject": ANN,
        "period": {"start": "2024-02-03T10:00:00-05:00"},
        "location": [{"location": {"reference": "Location/hospital"}}],
        "hospitalization": {"dischargeDisposition": _code(f"{HL7}/discharge-disposition", "home")},
    },
    {
        "resourceType": "PractitionerRole",
        "id": "ours",
        "practitioner": {"reference": "Practitioner/practitioner-1"},
        "specialty": [_code("http://nucc.org/provider-taxonomy", "207Q00000X")],
        "endpoint": [{"reference": "Endpoint/elsewhere"}],
    },
]
"""What the guide has no example of: what a parameter is about, and what an include leads to."""


class Search(NamedTuple):
    """A combination of parameters that US Core names."""

    names: tuple[str, ...]
    expectation: str


@dataclass(frozen=True)
class Profile:
    """What US Core says of one profile: its type, searches, how each parameter is defined, includes."""

    type: str
    url: str
    searches: tuple[Search, ...]
    definitions: dict[str, dict[str, Any]]
    includes: tuple[str, ...]
    revincludes: tuple[str, ...]


@pytest.fixture(scope="module")
def profiles(shared: Path) -> dict[str, Profile]:
    """The metadata; its keys are Ruby symbols (`:searches`)."""
    return {name: _profile(shared / "corpora" / "us-core-search-tests" / name) for name in PROFILES}


def _profile(folder: Path) -> Profile:
    read = yaml.safe_load((folder / "metadata.yml").read_text())
    return Profile(
        type=read[":resource"],
        url=read[":profile_url"],
        searches=tuple(Search(tuple(s[":names"]), s[":expectation"]) for s in read[":searches"]),
        definitions={name.removeprefix(":"): d for name, d in read[":search_definitions"].items()},
        includes=tuple(read[":include_params"]),
        revincludes=tuple(read[":revincludes"]),
    )


@pytest.fixture(scope="module")
def examples(shared: Path) -> list[Document]:
    """The examples of the types that are served, ours among them, and a Provenance of each."""
    files = sorted((shared / "corpora" / "us-core-6.1.0").glob("*.json"))
    found = [json.loads(file.read_bytes()) for file in files]
    found = [one for one in found if one["resourceType"] in SERVED] + OURS
    origin = {
        "resourceType": "Provenance",
        "id": "of-all",
        "target": [{"reference": f"{one['resourceType']}/{one['id']}"} for one in found],
        "recorded": "2026-05-01T08:00:00Z",
        "agent": [{"who": {"reference": "Practitioner/practitioner-1"}}],
    }
    return [*found, origin]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def loaded(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    keys_dir: Path,
    examples: list[Document],
) -> Iterator[Api]:
    """The service with the examples, loaded once into each kind of database."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('us-core')}/careplan.db"
        database = Database(url)
        migrate.upgrade(database)
        database.close()
    else:
        server, template = (request.getfixturevalue(name) for name in ("postgres_url", "_postgres_template"))
        name = next(_names)
        _administer(server, f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        url = make_url(server).set(database=name).render_as_string(hide_password=False)
    settings = Settings(database_url=url, base_url=BASE_URL, keys_dir=keys_dir, references="open")
    service = assemble(settings, Clock(), migrated=False)
    api = Api(service)
    entries = (an_entry("PUT", f"{one['resourceType']}/{one['id']}", one) for one in examples)
    answer = api.agency("POST", "/fhir", a_transaction(*entries))
    assert answer.status == 200, answer.body[:2000]
    yield api
    service.database.close()
    if request.param == "postgresql":
        _administer(server, f'DROP DATABASE "{name}" WITH (FORCE)')


# Our own reading of values and of what matches them


def at(document: Any, path: str) -> list[Any]:
    """What stands at `participant.role`, also in lists and where the type is chosen (`effective`)."""
    if where := re.fullmatch(r"extension\.where\(url='([^']+)'\)\.(\w+)", path):
        return [e[where[2]] for e in document.get("extension", ()) if e["url"] == where[1]]
    here = [document]
    for step in path.split("."):
        found = [one[name] for one in here for name in one if _is_named(name, step)]
        here = [one for held in found for one in (held if isinstance(held, list) else [held])]
    return here


def _is_named(name: str, step: str) -> bool:
    return name == step or (step in ("effective", "performed") and re.match(f"{step}[A-Z]", name) is not None)


def values(definition: dict[str, Any], document: Document) -> list[Any]:
    """What a parameter is about in a document."""
    return [value for path in definition[":paths"] for value in at(document, path)]


Token = tuple[str | None, str]


def tokens(value: Any) -> list[Token]:
    """The (system, code) that a code, Coding, CodeableConcept or Identifier holds."""
    if isinstance(value, str):
        return [(None, value)]
    if "coding" in value:
        return [(c.get("system"), c["code"]) for c in value["coding"] if "code" in c]
    return [(value.get("system"), value[n]) for n in ("code", "value") if n in value]


def span(text: str) -> tuple[datetime, datetime]:
    """The first moment of a date and the first one after it; what has no zone is UTC."""
    parts = [int(part) for part in text[:10].split("-")]
    if len(text) > 10:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(UTC)
        return moment, moment + (timedelta(milliseconds=1) if "." in text else timedelta(seconds=1))
    year, month, day = (*parts, 1, 1)[:3]
    begin = datetime(year, month, day, tzinfo=UTC)
    if len(parts) == 3:
        return begin, begin + timedelta(days=1)
    months = year * 12 + month - 1 + (1 if len(parts) == 2 else 12)
    return begin, datetime(months // 12, months % 12 + 1, 1, tzinfo=UTC)


EVER = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)


def reach(value: Any) -> tuple[datetime, datetime]:
    """The span of a date or a Period."""
    if isinstance(value, str):
        return span(value)
    begin = span(value["start"])[0] if "start" in value else EVER[0]
    return begin, span(value["end"])[1] if "end" in value else EVER[1]


def words(value: Any) -> list[str]:
    """The texts of a string, HumanName or Address."""
    if isinstance(value, str):
        return [value]
    parts = (part for name, part in value.items() if name not in ("use", "type", "period", "extension"))
    return [text for part in parts for text in (part if isinstance(part, list) else [part])]


DATES = {"date", "dateTime", "instant", "Period"}
TOKENS = {"CodeableConcept", "Coding", "code", "Identifier"}
STRINGS = {"string", "HumanName", "Address"}


def asked(definition: dict[str, Any], document: Document) -> list[str]:
    """Texts to search for by what a document holds: each should find it."""
    kind, found = definition[":type"], []
    for value in values(definition, document):
        if kind == "Reference":
            if "reference" in value:
                found += [value["reference"], value["reference"].rpartition("/")[2]]
        elif kind in TOKENS:
            found += [f"{system}|{code}" if system else code for system, code in tokens(value)]
            found += [code for _, code in tokens(value)]
        elif kind in DATES:
            found += _dates_around(value, definition[":comparators"])
        elif kind in STRINGS:
            found += [text[:4] for text in words(value)][:2] + words(value)[:1]
        else:
            found.append(value)
    return list(dict.fromkeys(text.replace(",", "\\,") for text in found))


def _dates_around(value: Any, comparators: dict[str, str]) -> Iterator[str]:
    begin, end = reach(value)
    if isinstance(value, str):
        yield value
        yield value[:7]
    day = timedelta(days=1)
    if begin != EVER[0]:
        yield from (f"{c}{begin - day:%Y-%m-%d}" for c in ("gt", "ge"))
    if end != EVER[1]:
        yield from (f"{c}{end + day:%Y-%m-%d}" for c in ("lt", "le"))
    for comparator in ("ge", "le"):
        if isinstance(value, str):
            yield f"{comparator}{value}"
    assert all(comparators[f":{c}"] in ("SHALL", "MAY") for c in ("gt", "ge", "lt", "le"))


def matches(definition: dict[str, Any], document: Document, text: str) -> bool:
    """Whether one value of a search (without commas) matches the document."""
    kind, text = definition[":type"], text.replace("\\,", ",")
    held = values(definition, document)
    if kind == "Reference":
        ends = [value.get("reference", "") for value in held]
        return any(text in (end, end.rpartition("/")[2]) for end in ends)
    if kind in TOKENS:
        system, bar, code = text.rpartition("|")
        pairs = [pair for value in held for pair in tokens(value)]
        return any(code == its and (not bar or system == whose) for whose, its in pairs)
    if kind in DATES:
        return any(_compares(*reach(value), text) for value in held)
    if kind in STRINGS:
        return any(word.casefold().startswith(text.casefold()) for value in held for word in words(value))
    return text in held


def _compares(begin: datetime, end: datetime, text: str) -> bool:
    prefix, date = (text[:2], text[2:]) if text[:2].isalpha() else ("eq", text)
    lo, hi = span(date)
    return {
        "eq": lo <= begin and end <= hi,
        "gt": end > hi,
        "ge": end > lo,
        "lt": begin < lo,
        "le": begin < hi,
    }[prefix]


# The searches


def _named(profile: Profile, examples: list[Document], names: tuple[str, ...]) -> list[Document]:
    """Examples of the type that have a value for each parameter, those of the profile first."""
    of_type = [one for one in examples if one["resourceType"] == profile.type]
    able = [one for one in of_type if all(asked(profile.definitions[name], one) for name in names)]
    return sorted(able, key=lambda one: profile.url not in one.get("meta", {}).get("profile", ()))


def _ask(api: Api, type_: str, pairs: list[tuple[str, str]]) -> list[Document]:
    """The matches, which GET and POST give alike."""
    query = urlencode([*pairs, ("_count", "1000")])
    got = api.agency.get(f"/fhir/{type_}?{query}")
    posted = api.agency("POST", f"/fhir/{type_}/_search", query, Content_Type=FORM)
    assert (got.status, posted.status) == (200, 200), (pairs, got.body[:500])
    assert got.body == posted.body
    return [entry["resource"] for entry in got.json.get("entry", ()) if entry["search"]["mode"] == "match"]


@pytest.mark.parametrize("name", PROFILES)
def test_every_combination_finds_its_example_and_nothing_else(
    loaded: Api, profiles: dict[str, Profile], examples: list[Document], name: str
) -> None:
    profile = profiles[name]
    of_type = [one for one in examples if one["resourceType"] == profile.type]
    for search in profile.searches:
        params = {param: profile.definitions[param] for param in search.names}
        able = _named(profile, examples, search.names)
        assert able, f"no example has {search.names}"
        for example in able[:EXAMPLES]:
            texts = {param: asked(params[param], example) for param in params}
            # each value of each parameter, with the first of the others
            rows = {
                tuple(text if param == turned else texts[param][0] for param in params)
                for turned in params
                for text in texts[turned]
            }
            for row in sorted(rows):
                pairs = list(zip(params, row, strict=True))
                found = {one["id"] for one in _ask(loaded, profile.type, pairs)}
                right = {
                    one["id"] for one in of_type if all(matches(params[p], one, text) for p, text in pairs)
                }
                assert example["id"] in found, (search, pairs)
                assert found == right, (search, pairs)


@pytest.mark.parametrize("name", PROFILES)
def test_several_values_of_a_parameter_find_what_has_any_of_them(
    loaded: Api, profiles: dict[str, Profile], examples: list[Document], name: str
) -> None:
    profile = profiles[name]
    of_type = [one for one in examples if one["resourceType"] == profile.type]
    for param, definition in profile.definitions.items():
        if definition[":type"] in DATES or param not in {n for s in profile.searches for n in s.names}:
            continue
        texts = sorted({text for one in of_type for text in asked(definition, one)})[:4]
        for several in (texts, [*texts[:1], "nothing-has-this"]):
            found = {one["id"] for one in _ask(loaded, profile.type, [(param, ",".join(several))])}
            right = {one["id"] for one, text in product(of_type, several) if matches(definition, one, text)}
            assert found == right, (param, several)


@pytest.mark.parametrize("name", PROFILES)
def test_what_a_search_should_bring_along_comes(
    loaded: Api, profiles: dict[str, Profile], examples: list[Document], name: str
) -> None:
    profile = profiles[name]
    example = _named(profile, examples, ())[0]["id"]
    example = "ours" if profile.includes else example
    for parameter, wanted in (("_revinclude", profile.revincludes), ("_include", profile.includes)):
        for include in wanted:
            source, param, *target = include.split(":")
            query = urlencode({"_id": example, parameter: include})
            for answer in (
                loaded.agency.get(f"/fhir/{profile.type}?{query}"),
                loaded.agency("POST", f"/fhir/{profile.type}/_search", query, Content_Type=FORM),
            ):
                assert answer.status == 200, answer.body
                entries = answer.json["entry"]
                assert [e["search"]["mode"] for e in entries] == ["match"] + ["include"] * (len(entries) - 1)
                brought = [f"{e['resource']['resourceType']}/{e['resource']['id']}" for e in entries[1:]]
                whole = {f"{one['resourceType']}/{one['id']}": one for one in examples}
                key = f"{profile.type}/{example}"
                if parameter == "_revinclude":
                    right = {k for k, one in whole.items() if source == k.partition("/")[0]
                             and key in [t.get("reference") for t in one.get(param, ())]}  # fmt: skip
                else:
                    ends = [*at(whole[key], "participant.member"), *at(whole[key], param)]
                    right = {end["reference"] for end in ends if "reference" in end} & whole.keys()
                    right = {end for end in right if not target or end.startswith(f"{target[0]}/")}
                assert right or param == "endpoint", include  # the type Endpoint is not served
                assert set(brought) == right - {key}, include
                assert len(brought) == len(set(brought))


def test_a_practitioner_role_is_found_by_what_its_practitioner_has(
    loaded: Api, profiles: dict[str, Profile], examples: list[Document]
) -> None:
    profile = profiles["practitioner_role"]
    (role,) = [one for one in examples if one["resourceType"] == "PractitionerRole"]
    key = role["practitioner"]["reference"]
    who = next(one for one in examples if f"{one['resourceType']}/{one['id']}" == key)
    chains = [one[":chain"] for one in profile.definitions["practitioner"][":chain"]]
    assert sorted(chains) == ["identifier", "name"]
    for chain in chains:
        for head in ("practitioner", "practitioner:Practitioner"):
            for text in asked(profiles["practitioner"].definitions[chain], who):
                assert _ask(loaded, "PractitionerRole", [(f"{head}.{chain}", text)])[0]["id"] == "ours"
            assert _ask(loaded, "PractitionerRole", [(f"{head}.{chain}", "nobody")]) == []

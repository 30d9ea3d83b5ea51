"""What a code means, and whether there is such a code.

https://hl7.org/fhir/R4/codesystem-operation-lookup.html
https://hl7.org/fhir/R4/codesystem-operation-validate-code.html
https://hl7.org/fhir/R4/valueset-operation-validate-code.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from careplan_service.errors import Malformed, NotFound, shown
from careplan_service.interactions.terminology.asked import Asked, Known
from careplan_service.interactions.terminology.finding import known
from careplan_service.interventions.terms import normal
from careplan_service.interventions.vocabulary import Vocabulary
from careplan_service.interventions.vocabulary.maps import validity
from careplan_service.interventions.vocabulary.model import ALWAYS, Coded, CodeSystem, Concept

LOOKUP: Known = {"code": "text", "system": "text", "version": "text", "coding": "Coding", "date": "day",
                 "property": "text"}  # fmt: skip
_VALIDATE = {"code": "text", "display": "text", "coding": "Coding", "codeableConcept": "CodeableConcept",
             "date": "day"}  # fmt: skip
VALIDATE_IN_SYSTEM: Known = {**_VALIDATE, "url": "text", "version": "text"}
VALIDATE_IN_SET: Known = {**_VALIDATE, "url": "text", "valueSetVersion": "text", "system": "text",
                          "systemVersion": "text"}  # fmt: skip
_ALWAYS_TOLD = ("name", "version", "display")
Told = dict[str, Any]


def parameters(parts: Iterator[Told]) -> Told:
    """Parameters of these parts."""
    return {"resourceType": "Parameters", "parameter": list(parts)}


def lookup(words: Vocabulary, asked: Asked) -> Told:
    """What is known of a code. Raises NotFound (404) for a system or code that is not, Malformed (400)."""
    ((system_url, code, _),) = asked.codings()
    asked.day("date")  # every code that is known stays readable
    system = known(words.systems, f"{system_url}{_version(asked.text('version'))}", "system")
    concept = system.by_code.get(code)
    if concept is None:
        raise NotFound(f"`code` is `{shown(code)}`, which `{system.url}` does not have", expression="code")
    wanted = asked.values.get("property", ())
    told = [part for name, part in _told(system, concept) if not wanted or name in (*_ALWAYS_TOLD, *wanted)]
    return parameters(iter(told))


def _version(text: str) -> str:
    return f"|{text}" if text else ""


def _told(system: CodeSystem, concept: Concept) -> Iterator[tuple[str, Told]]:
    yield "name", {"name": "name", "valueString": system.name}
    yield "version", {"name": "version", "valueString": system.version}
    yield "display", {"name": "display", "valueString": concept.display}
    for spelling in concept.spellings:
        yield "designation", {"name": "designation", "part": [{"name": "value", "valueString": spelling}]}
    if concept.definition:
        yield "definition", _property("definition", valueString=concept.definition)
    if concept.parent:
        yield "parent", _property("parent", valueCode=concept.parent)
    for child in system.concepts:
        if child.parent == concept.code:
            yield "child", _property("child", valueCode=child.code)


def _property(code: str, **value: str) -> Told:
    return {"name": "property", "part": [{"name": "code", "valueCode": code}, {"name": "value", **value}]}


def validate_in_system(words: Vocabulary, asked: Asked, url: str = "") -> Told:
    """Whether a code system has a code; `url` is that of the instance that is asked.

    Raises NotFound (404) for a code system that is not here, Malformed (400).
    """
    system = known(words.systems, _named(asked, url, "version"), "url")
    members = {(system.url, one.code): (one.display, one.spellings) for one in system.concepts}
    return _judged(asked, members, system.url, f"`{system.url}`")


def validate_in_set(words: Vocabulary, asked: Asked, url: str = "") -> Told:
    """Whether a value set has a code. Raises as `validate_in_system`."""
    listed = known(words.sets, _named(asked, url, "valueSetVersion"), "url")
    members = {one.key: (one.display, spellings_of(words, one)) for one in listed.members}
    if "code" in asked.values and "system" not in asked.values:
        raise Malformed("`system` is missing: name the code system of `code`", expression="system")
    return _judged(asked, members, asked.text("system"), f"`{listed.url}`")


def _named(asked: Asked, url: str, version: str) -> str:
    if url and asked.text("url"):
        raise Malformed("`url` is not needed here: the address names what is asked", expression="url")
    return f"{url or asked.text('url')}{_version(asked.text(version))}"


def spellings_of(words: Vocabulary, coded: Coded) -> tuple[str, ...]:
    """How else a code is written."""
    system = words.systems.get(coded.system)
    concept = system.by_code.get(coded.code) if system else None
    return concept.spellings if concept else ()


def _judged(
    asked: Asked, members: Mapping[tuple[str, str], tuple[str, tuple[str, ...]]], system: str, where: str
) -> Told:
    """True when one of the codes is there, may be used on the day asked, and is called so."""
    day, why = asked.day("date"), ""
    for of, code, display in asked.codings():
        key = (system if "code" in asked.values else of, code)
        if key not in members:
            why = why or f"`{shown(code)}` of `{shown(key[0])}` is not in {where}"
        elif day and not validity().get(key, ALWAYS).on(day):
            why = f"`{shown(code)}` may not be used on `{day}`"
        elif display and normal(display) not in map(normal, (members[key][0], *members[key][1])):
            why = f"`{shown(code)}` is called `{members[key][0]}`, not `{shown(display)}`"
        else:
            return parameters(iter((_result(True), {"name": "display", "valueString": members[key][0]})))
    return parameters(iter((_result(False), {"name": "message", "valueString": why})))


def _result(value: bool) -> Told:
    return {"name": "result", "valueBoolean": value}

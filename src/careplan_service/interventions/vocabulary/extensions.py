"""The extensions that the mapping uses, each as a StructureDefinition. https://hl7.org/fhir/R4/defining-extensions.html"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from careplan_service.interventions.canonical import Document, sw
from careplan_service.interventions.vocabulary.extension import Extension, Part
from careplan_service.interventions.vocabulary.record_extensions import OF_THE_RECORD
from careplan_service.interventions.vocabulary.service_extensions import OF_SERVICES
from careplan_service.interventions.vocabulary.systems import VERSION, camel, system_url

_EXTENSION = "http://hl7.org/fhir/StructureDefinition/Extension"
_SENSITIVITY = "sensitivity"


_MARKS = Part(_SENSITIVITY, "A label that a person set by hand.", many=True)
_RUNG = (
    Part("name", "Who it is.", ("string",)),
    Part("phone", "The number to ring.", ("string",)),
    Part("relationship", "Who that is to the person, in the sender's words.", ("string",)),
)
_MEMBER = Part("member", "A member of the client system.", many=True, parts=(
    Part("person", "Who it is.", ("Reference",)),
    Part("role", "The part the person has in it, in the sender's words.", ("string",)),
    Part("safe-contact", "How the person may be reached without danger.", ("string",)),
    Part("confidential", "Whether contact details stay out of the person's own resource.", ("boolean",)),
    Part("contact", "Contact details kept here instead.", ("ContactPoint",), many=True),
    Part("address", "The address kept here instead.", ("string",)),
    Part("emergency-contact", "Whom to ring in an emergency, kept here instead.", parts=_RUNG),
    Part("guardian", "Who decides for the person: a member, or in the sender's words.",
         ("Reference", "string")),
    _MARKS,
))  # fmt: skip

EXTENSIONS = (
    Extension("client-system", ("CarePlan",), "Whom the plan is for: a person, family, group, community or "
              "organisation.", parts=(
        Part("kind", "Individual, family, group, community or organisation.", ("code",)),
        Part("group", "The Group it is, unless one person.", ("Reference",)),
        Part("name", "Its name.", ("string",)),
        Part("identifier", "Household, group or register number.", ("Identifier",)),
        Part("size", "How many people it has.", ("integer",)),
        Part("locality", "Where it is.", ("string",)),
        Part("description", "What it is.", ("string",)),
        _MARKS,
        _MEMBER,
    )),
    Extension("alleged-abuser", ("RelatedPerson",), "Kept from the records of whom this person may have "
              "harmed, whatever any consent says; false ends it.", ("boolean",)),
    Extension("kept-from", ("RelatedPerson",), "A further patient from whom an alleged abuser is kept.",
              ("Reference",), many=True),
    Extension("agreement", ("CarePlan", "Provenance"), "The client's agreement.", parts=(
        Part("status", "Agreed, in part, pending, refused or not obtained.", ("code", "string")),
        Part("date", "When.", ("date", "string")),
        Part("how", "In writing, by word, electronically, by interpreter or representative.",
             ("code", "string")),
        Part("comment", "What the client said to it.", ("string",)),
        Part("reason", "Why there is none.", ("string",)),
    )),
    Extension("alert", ("CarePlan",), "What everybody who works with the client must know first.", many=True,
              parts=(
        Part("kind", "Safety, a mandated report or a no-contact order.", ("Coding",)),
        Part("text", "What it is.", ("string",)),
        Part("start", "Since when.", ("date",)),
        Part("end", "Until when.", ("date",)),
        _MARKS,
    )),
    Extension("state", ("CarePlan", "Goal", "CarePlan.activity.detail", "ServiceRequest", "EpisodeOfCare"),
              "The state in the words of social work, where FHIR has fewer codes.", ("code",)),
    Extension("status-reason", ("CarePlan",), "Why the plan has its state.", ("string",)),
    Extension("review-date", ("CarePlan", "Observation"), "When the plan is reviewed next.", ("date",)),
    Extension("number", ("Goal", "Goal.target", "CarePlan.activity", "ServiceRequest"),
              "The number that practitioners call it by: 1, 1.1, 1.1.a.", ("string",)),
    Extension("method", ("CarePlan.activity.detail", "ServiceRequest"),
              "How the intervention is done, in the practitioner's words.", ("string",)),
    Extension("evidence-base", ("CarePlan.activity.detail", "ServiceRequest"),
              "What is known of the intervention's effect.", ("string",)),
    Extension("performer", ("CarePlan.activity.detail", "ServiceRequest"),
              "A Group that acts, which R4 does not take as a performer.", ("Reference",), many=True),
    Extension("responsible", ("Goal", "CareTeam.participant"),
              "Who answers for an objective; or that this participant answers for the plan.",
              ("Reference", "boolean")),
    Extension("baseline", ("Goal.target",), "The value at the beginning.", ("string", "integer", "boolean")),
    Extension("result", ("Goal.target",), "The value that was measured in the end.",
              ("string", "integer", "boolean")),
    Extension("result-date", ("Goal.target",), "When it was measured.", ("date",)),
    Extension("stated", ("Extension", "Identifier", "Patient.contact"), "That the plan says it itself: it "
              "does not follow from something else, and was not put there by others.", ("boolean",)),
    Extension("note-kind", ("Annotation",), "What a note is.", ("code",), codes="note-kind"),
    Extension("duration", ("Timing",), "How long, in the practitioner's words.", ("string",)),
    Extension("pronouns", ("Patient", "RelatedPerson"), "How the person is spoken of.", ("string",)),
    Extension("emergency-contact", ("RelatedPerson",), "Whom to ring in an emergency.", parts=_RUNG),
    Extension("interpreter-required", ("RelatedPerson",), "Whether an interpreter is needed.", ("boolean",)),
    Extension(_SENSITIVITY, ("Element",), "A label that a person set by hand, beside those of the rules.",
              ("code",), codes="sensitivity-mark", many=True),
    Extension("valid-period", ("ConceptMap.group.element.target",),
              "From and until when the target may be used.", ("Period",)),
    *OF_THE_RECORD,
    *OF_SERVICES,
)  # fmt: skip
"""In the order of the plan."""


def structure_definitions() -> Iterator[Document]:
    """Every extension as a StructureDefinition."""
    for one in EXTENSIONS:
        yield {
            "resourceType": "StructureDefinition",
            "id": f"sw-{one.name}",
            "url": sw(one.name),
            "version": VERSION,
            "name": f"Sw{camel(one.name)}",
            "title": one.name.replace("-", " ").capitalize(),
            "status": "active",
            "description": one.about,
            "fhirVersion": "4.0.1",
            "kind": "complex-type",
            "abstract": False,
            "context": [{"type": "element", "expression": place} for place in one.contexts],
            "type": "Extension",
            "baseDefinition": _EXTENSION,
            "derivation": "constraint",
            "differential": {"element": _elements(one)},
        }


def _elements(one: Extension) -> list[Document]:
    root: Document = {
        "id": "Extension",
        "path": "Extension",
        "short": one.about,
        "definition": one.about,
        "min": 0,
        "max": "*" if one.many else "1",
    }
    url = _fixed("Extension.url", "Extension.url", sw(one.name))
    if one.parts:
        return [root, *_inside("Extension", "Extension", one.parts), url, _none("Extension.value[x]")]
    value: Document = {
        "id": "Extension.value[x]",
        "path": "Extension.value[x]",
        "min": 1,
        "type": [{"code": type_} for type_ in one.types],
    }
    if one.codes:
        about = {
            "strength": "required",
            "valueSet": system_url(one.codes).replace("/CodeSystem/", "/ValueSet/"),
        }
        value["binding"] = about
    return [root, _none("Extension.extension"), url, value]


def _inside(id_: str, path: str, parts: tuple[Part, ...]) -> Iterator[Document]:
    slicing: dict[str, Any] = {"discriminator": [{"type": "value", "path": "url"}], "rules": "closed"}
    yield {"id": f"{id_}.extension", "path": f"{path}.extension", "slicing": slicing}
    for part in parts:
        yield from _slice(f"{id_}.extension:{part.name}", f"{path}.extension", part)


def _slice(id_: str, path: str, part: Part) -> Iterator[Document]:
    head: Document = {"id": id_, "path": path, "sliceName": part.name, "short": part.about, "min": 0,
                      "max": "*" if part.many else "1"}  # fmt: skip
    if part is _MARKS:
        yield {**head, "type": [{"code": "Extension", "profile": [sw(_SENSITIVITY)]}]}
        return
    yield head
    if part.parts:
        yield from _inside(id_, path, part.parts)
    yield _fixed(f"{id_}.url", f"{path}.url", part.name)
    if part.types:
        types = [{"code": type_} for type_ in part.types]
        yield {"id": f"{id_}.value[x]", "path": f"{path}.value[x]", "min": 1, "type": types}


def _fixed(id_: str, path: str, url: str) -> Document:
    return {"id": id_, "path": path, "fixedUri": url}


def _none(path: str) -> Document:
    return {"id": path, "path": path, "max": "0"}

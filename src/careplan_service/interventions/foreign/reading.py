"""What every part of reading somebody else's plan needs: documents by reference, and marks of what is unsure.

https://hl7.org/fhir/R4/references.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from careplan_service.interventions.foreign.codes import Meaning
from careplan_service.interventions.foreign.marks import INFERRED, NOT_MAPPED, Mark
from careplan_service.interventions.foreign.place import Place, Sheet
from careplan_service.interventions.foreign.readable import readable

_TITLES = ("title", "description", "name", "code", "medicationCodeableConcept", "type", "serviceType")


@dataclass
class Reading:
    """The resources at hand by `Type/id`; what was found, and from which resource each part came."""

    resources: Mapping[str, Mapping[str, Any]]
    sheets: dict[str, Sheet] = field(default_factory=dict)
    marks: list[Mark] = field(default_factory=list)
    read_from: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)

    def sheet(self, ref: str) -> Sheet | None:
        """The document that a relative reference leads to."""
        if ref not in self.sheets and ref in self.resources:
            self.sheets[ref] = Sheet(ref, self.resources[ref])
        return self.sheets.get(ref)

    def follow(self, reference: Place) -> Place | None:
        """What a Reference leads to, contained or not, where it is at hand."""
        ref = reference.at("reference").text
        if ref.startswith("#"):
            contained = reference.sheet.whole.each("contained")
            return next((one for one in contained if one.at("id").value == ref[1:]), None)
        sheet = self.sheet(ref)
        return sheet.whole if sheet else None

    def came(self, field_: str, reference: Place, target: Place | None = None) -> None:
        """A part of the plan was read from what the Reference leads to."""
        self.read_from[field_] = reference.at("reference").word()
        if target is not None and target.steps:  # it is contained
            target.at("id").say()
            target.at("resourceType").say()

    def mark(self, field_: str, place: Place, how: str, by: str, relation: str | None = None) -> None:
        """Mark a value that what stands at `place` was read as."""
        if place:
            said = readable(place.value, self.tell(place.sheet))
            self.marks.append(Mark(field_, how, by, place.sheet.ref, place.where, said, relation))
            place.say()

    def meant(self, field_: str, place: Place, meaning: Meaning | None, text: str) -> str:
        """Mark the kind or domain that a concept means; gives it, or the text where it means none."""
        if meaning is None:
            self.mark(field_, place, NOT_MAPPED, "its text")
            return text
        self.mark(field_, place, meaning.how, meaning.by or "its code", meaning.relation)
        return meaning.word

    def tell(self, sheet: Sheet) -> Any:
        """What references in a document lead to, in a few words."""

        def told(ref: str) -> str:
            found = self.follow(Place(sheet, (), {"reference": ref}))
            return title(found) if found else ""

        return told

    def day(self, field_: str, place: Place) -> date | None:
        """The day of a date or time; None, and nothing said, for a year or a month."""
        try:
            found = date.fromisoformat(place.text[:10])
        except ValueError:
            return None
        if len(place.text) == len("2025-01-31"):
            place.say()
        else:
            self.mark(field_, place, INFERRED, "the day of a time")
        return found


def title(of: Place) -> str:
    """What a resource is called, in a few words; empty where nothing says it."""
    for name in _TITLES:
        if text := _title(of.at(name).value):
            return text
    return ""


def _title(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return _title(value[0]) if value else ""
    return concept_text(value) or name_text(value) if isinstance(value, Mapping) else ""


def concept_text(value: Any) -> str:
    """The text of a CodeableConcept, or what its first code is called."""
    if not isinstance(value, Mapping):
        return ""
    codings = [one for one in value.get("coding", ()) if isinstance(one, Mapping)]
    texts = [
        value.get("text"),
        *(one.get("display") for one in codings),
        *(one.get("code") for one in codings),
    ]
    return str(next((one for one in texts if one), ""))


def concept_words(value: Any) -> str:
    """The text of a CodeableConcept, or what its first code is called; a bare code says nothing to people."""
    codes = {one.get("code") for one in value.get("coding", ())} if isinstance(value, Mapping) else set()
    text = concept_text(value)
    return "" if text in codes else text


def name_text(value: Any) -> str:
    """A HumanName as one text."""
    if not isinstance(value, Mapping):
        return ""
    whole = " ".join(str(one) for one in [*value.get("given", ()), value.get("family")] if one)
    return str(value.get("text") or whole)


def codings_of(*concepts: Place) -> list[Mapping[str, Any]]:
    """The Codings of CodeableConcepts."""
    return [one.value for concept in concepts for one in concept.each("coding")]

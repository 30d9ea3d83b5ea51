"""What every part of reading a plan back from FHIR needs: references resolved, extensions and dates read.

https://hl7.org/fhir/R4/references.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from careplan_service.errors import Invalid
from careplan_service.interventions.canonical import extension_value, extension_values, sw
from careplan_service.interventions.foreign.marks import Mark
from careplan_service.interventions.terms import Terms

Resource = Mapping[str, Any]
Place = tuple[str, str]
"""An element: the reference of its document, and its FHIRPath."""


@dataclass
class Readings:
    """The resources at hand by `Type/id`, what the plan calls the people among them, and what others changed.

    The `field` of a mark begins with the number of its part: `1.1.a.kind`.
    """

    resources: Mapping[str, Resource]
    names: dict[str, str] = field(default_factory=dict)
    marks: list[Mark] = field(default_factory=list)

    def get(self, ref: str) -> Resource:
        """The resource that `ref` refers to. Raises Invalid when it is not there."""
        if ref not in self.resources:
            raise Invalid(f"the plan refers to `{ref}`, which is not there: send it along")
        return self.resources[ref]

    def who(self, ref: str) -> str:
        """What the plan calls somebody. Raises Invalid for somebody it does not name."""
        if ref not in self.names:
            raise Invalid(
                f"`{ref}` acts in the plan without being a member or a participant: add it to the CareTeam"
            )
        return self.names[ref]


def references(of: Iterable[Mapping[str, Any]]) -> list[str]:
    """The `Type/id` of a list of References."""
    return [one["reference"] for one in of]


def day(text: str | None) -> date | None:
    """A FHIR date as a date."""
    return date.fromisoformat(text) if text else None


def marks(document: Mapping[str, Any]) -> tuple[str, ...]:
    """The labels that a person set by hand."""
    return tuple(extension_values(document, sw("sensitivity")))


def note(document: Mapping[str, Any], kind: str) -> str | None:
    """The text of the note of this kind."""
    texts = [one["text"] for one in document.get("note", ()) if extension_value(one, sw("note-kind")) == kind]
    return texts[0] if texts else None


def number(document: Mapping[str, Any]) -> str:
    """The plan's number of a goal, an objective or a strategy. Raises LookupError where there is none."""
    return str(extension_values(document, sw("number"))[0])


def is_numbered(document: Mapping[str, Any]) -> bool:
    """Whether the plan has a number for it: what others added has none."""
    return extension_value(document, sw("number")) is not None


class Unreadable(Invalid):
    """A status that the plan has no word for: `resource` is the reference of its document."""

    def __init__(self, status: str, of: Place, known: Iterable[str]) -> None:
        text = f"`{status}` has no word in a plan: send {', '.join(dict.fromkeys(known))}"
        super().__init__(text, expression=of[1])
        self.resource = of[0]


def state(states: Terms, document: Mapping[str, Any], fhir: str, place: Place) -> str:
    """The local state of a document with this FHIR status, which stands at `place`."""
    found = states.local(extension_value(document, sw("state")), fhir)
    if found is None:
        raise Unreadable(fhir, place, (term.fhir for term in states.by_code.values()))
    return found


def codes_picked(concept: Resource) -> tuple[str, ...]:
    """The codes that a person picked, not those that the domain brought along."""
    return tuple(coding["code"] for coding in concept.get("coding", ()) if coding.get("userSelected"))

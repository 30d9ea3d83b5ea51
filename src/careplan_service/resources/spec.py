"""What a FHIR type is to this service: its search parameters, its patients, what it is about.

Search parameters: https://hl7.org/fhir/R4/searchparameter-registry.html
Patient compartment: https://hl7.org/fhir/R4/compartmentdefinition-patient.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from careplan_service.access.consent.dimensions import local
from careplan_service.access.facts import Fact, Facts
from careplan_service.access.labels import labels_of
from careplan_service.resources.extract import codings_in, told_in, values_at
from careplan_service.resources.inline_labels import without_labelled
from careplan_service.resources.literals import uncovered
from careplan_service.resources.marks import dated, decisive, marks
from careplan_service.resources.params import COMMON, SearchParam


@dataclass(frozen=True)
class ResourceSpec:
    """One served type.

    `patient` is the path of the reference that says whose record it is (`id` for Patient itself,
    empty for types that belong to nobody), `other_patients` the further paths that put it into a
    patient's compartment, `primary` the coded paths that say what the resource is about.
    """

    name: str
    params: tuple[SearchParam, ...]
    patient: str = ""
    other_patients: tuple[str, ...] = ()
    primary: tuple[str, ...] = ()

    @cached_property
    def by_name(self) -> Mapping[str, SearchParam]:
        """The search parameters by their names, those that every type has among them."""
        return {param.name: param for param in (*self.params, *COMMON)}

    def facts(self, document: Mapping[str, Any], base_url: str) -> Facts:
        """The facts of a valid document; references to `base_url` are read as local ones."""
        patients = list(self._patients(document, base_url))
        patient = patients[0] if patients else ""
        typed = {**document, "resourceType": self.name}
        codings, literals = told_in([value for name, value in document.items() if name != "meta"])
        literals |= told_in(document.get("meta"))[1]
        marked, seen = marks(typed, literals, base_url), without_labelled(typed)
        return Facts(
            type=self.name,
            patient=patient,
            other_patients=frozenset(patients[1:]) - {patient, ""},
            labels=labels_of(document),
            primary=frozenset(_codings_at(seen, self._primary_paths)),
            codes=frozenset(codings),
            profiles=frozenset(_profiles(document.get("meta", {}).get("profile", ()))),
            rows=(*self._rows(seen, literals, base_url, patient), *decisive(typed, marked)),
            dated=dated(document),
            marks=marked,
        )

    @cached_property
    def _primary_paths(self) -> tuple[tuple[str, ...], ...]:
        return tuple(tuple(path.split(".")) for path in self.primary)

    @cached_property
    def _patient_paths(self) -> tuple[tuple[str, ...], ...]:
        return tuple(
            tuple(path.split(".")) for path in (self.patient, *self.other_patients) if path not in ("", "id")
        )

    def _patients(self, document: Mapping[str, Any], base_url: str) -> Iterator[str]:
        """The patient whose record it is first (empty when there is none), then the others named."""
        if self.patient == "id":
            yield f"Patient/{document['id']}"
        elif not self.patient:
            yield ""
        for i, path in enumerate(self._patient_paths):
            named = [
                reference
                for value in values_at(document, path)
                if isinstance(value, dict)
                and (reference := local(str(value.get("reference", "")), base_url)).startswith("Patient/")
            ]
            yield from named or ([""] if i == 0 and self.patient not in ("", "id") else [])

    @cached_property
    def _reference_names(self) -> frozenset[str]:
        return frozenset(f"{self.name}.{param.name}" for param in self.params if param.kind == "reference")

    @cached_property
    def _with_facts(self) -> tuple[SearchParam, ...]:
        return tuple(param for param in self.by_name.values() if not param.combines)

    def _rows(
        self, document: Mapping[str, Any], literals: Iterable[str], base_url: str, patient: str
    ) -> tuple[Fact, ...]:
        found: dict[Fact, None] = {}
        for param in self._with_facts:
            if param.roots and param.roots.isdisjoint(document):
                continue
            for row in param.facts(self.name, document, base_url):
                found[row] = None
        covered = {row.value for row in found if row.param in self._reference_names}
        return (*found, *uncovered(literals, base_url, {*covered, patient}))


def _profiles(claimed: Iterable[str]) -> Iterator[str]:
    """Each profile as claimed, and without its version: a Consent may name it either way."""
    for profile in claimed:
        yield profile
        yield profile.split("|", 1)[0]


def _codings_at(document: Mapping[str, Any], paths: tuple[tuple[str, ...], ...]) -> Iterator[str]:
    for path in paths:
        for value in values_at(document, path):
            yield from codings_in(value)

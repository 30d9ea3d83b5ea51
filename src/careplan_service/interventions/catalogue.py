"""The thirteen kinds of intervention and the social domains, with the standard codes that carry them.

A kind's own code is always sent first (`userSelected`), then the standard codings whose row says so. `fit`
tells how far a standard code says the same (equivalent, broader, narrower, related); a narrower one is sent
only when the practitioner names the method it stands for, and a billing code never. Every row of `data/*.csv`
names the public source in which the code was found with that meaning; none was taken from memory.

Domains: https://hl7.org/fhir/us/sdoh-clinicalcare/CodeSystem-SDOHCC-CodeSystemTemporaryCodes.html Coding:
https://hl7.org/fhir/R4/datatypes.html#Coding

Licences: SNOMED CT codes and terms are copyright of SNOMED International and need a licence outside its
member countries; ids with `1000124` before their last three digits are the US extension. ICD-10-CM (CDC/NCHS)
and HCPCS Level II (CMS) are published by the US government; CPT is not used. Service types are HL7
Terminology (CC0).
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from importlib import resources

from careplan_service.interventions import canonical
from careplan_service.interventions.added import Service, added, mapped_in, service_in
from careplan_service.interventions.canonical import Document
from careplan_service.interventions.terms import Term, Terms, normal

SYSTEMS = {
    "sct": canonical.SNOMED,
    "icd-10-cm": canonical.ICD_10_CM,
    "service-type": canonical.SERVICE_TYPE,
    "hcpcs": canonical.HCPCS,
    "gravity": canonical.GRAVITY,
}


@dataclass(frozen=True)
class StandardCoding:
    """A standard code for a kind: `use` says in which element, `sent` when (`always`, `method`, `never`)."""

    system: str
    code: str
    display: str
    fit: str
    use: str
    sent: str
    method: str
    source: str

    @property
    def coding(self) -> Document:
        """As a FHIR Coding."""
        return {"system": self.system, "code": self.code, "display": self.display}


@dataclass(frozen=True)
class Kind:
    """One kind of intervention; `category` is what sort of work it is: clinical, case-work or community.

    `service` is what an agency calls it, where it was named so.
    """

    code: str
    display: str
    category: str
    codings: tuple[StandardCoding, ...]
    service: Service | None = None

    def sent(self, method: str | None, *uses: str) -> list[Document]:
        """The standard Codings that go out for this kind, done by `method`, in elements of these uses."""
        named = self.service.method if self.service else ""
        said = f" {normal(method or '')} {normal(named)} "
        return [
            row.coding
            for row in self.codings
            if row.use in uses
            and (row.sent == "always" or (row.sent == "method" and f" {normal(row.method)} " in said))
        ]

    @property
    def own_codings(self) -> list[Document]:
        """What is read back, as a person chose it: the agency's service before our kind, or our kind."""
        if self.service is None:
            return [self.own_coding]
        ours = {name: value for name, value in self.own_coding.items() if name != "userSelected"}
        return [{**self.service.coding, "userSelected": True}, ours]

    @property
    def own_coding(self) -> Document:
        """The project's own Coding, the one that is read back."""
        return {
            "system": canonical.INTERVENTION,
            "code": self.code,
            "display": self.display,
            "userSelected": True,
        }


@dataclass(frozen=True)
class DomainCoding:
    """A verified code of a domain for one role: `condition` or `goal`; `default` when none is picked."""

    system: str
    code: str
    display: str
    default: bool

    def coding(self, *, picked: bool) -> Document:
        """As a FHIR Coding, `userSelected` when a person picked it."""
        coding: Document = {"system": self.system, "code": self.code, "display": self.display}
        return {**coding, "userSelected": True} if picked else coding


@dataclass(frozen=True)
class Domain:
    """A social domain of the Gravity Project with its verified findings and goals."""

    code: str
    display: str
    conditions: tuple[DomainCoding, ...]
    goals: tuple[DomainCoding, ...]

    @property
    def category(self) -> Document:
        """The Gravity category as a CodeableConcept."""
        return canonical.concept(canonical.GRAVITY, self.code, self.display)


def chosen(rows: tuple[DomainCoding, ...], codes: tuple[str, ...]) -> list[Document]:
    """The Codings of the `codes` that were picked, in that order; the domain's default ones when none was."""
    if not codes:
        return [row.coding(picked=False) for row in rows if row.default]
    by_code = {row.code: row for row in rows}
    return [by_code[code].coding(picked=True) for code in codes if code in by_code]


def rows(name: str) -> Iterator[dict[str, str]]:
    """The rows of a table in `data/`."""
    with resources.files(__package__).joinpath("data", name).open(encoding="utf-8") as table:
        yield from csv.DictReader(table)


@cache
def kinds() -> dict[str, Kind]:
    """The thirteen kinds by local code."""
    codings: dict[str, list[StandardCoding]] = {}
    for row in rows("kind_codings.csv"):
        codings.setdefault(row.pop("kind"), []).append(
            StandardCoding(**{**row, "system": SYSTEMS[row["system"]]})
        )
    return {
        row["code"]: Kind(row["code"], row["display"], row["category"], tuple(codings[row["code"]]))
        for row in rows("kinds.csv")
    }


@cache
def domains() -> dict[str, Domain]:
    """The Gravity domains by code, `protective-factor` (strengths) among them."""
    found: dict[str, dict[str, list[dict[str, str]]]] = {}
    for row in rows("domain_codings.csv"):
        found.setdefault(row["domain"], {}).setdefault(row["role"], []).append(row)
    return {
        code: Domain(
            code,
            roles["category"][0]["display"],
            _domain_codings(roles.get("condition", [])),
            _domain_codings(roles.get("goal", [])),
        )
        for code, roles in found.items()
    }


def _domain_codings(table: list[dict[str, str]]) -> tuple[DomainCoding, ...]:
    return tuple(
        DomainCoding(SYSTEMS[row["system"]], row["code"], row["display"], row["default"] == "yes")
        for row in table
    )


def kind_of(text: str) -> Kind:
    """The kind of that code, or of a service of that name. Raises KeyError for neither."""
    if text in kinds():
        return kinds()[text]
    service = added().by_name[text]
    return replace(kinds()[service.kind], service=service)


def kind_in(codings: Sequence[Mapping[str, object]]) -> str | None:
    """What a plan calls the kind in a concept: an agency's name, our code, or what a code was mapped to."""
    ours = [str(one["code"]) for one in codings if one.get("system") == canonical.INTERVENTION]
    return service_in(codings) or next(iter(ours), None) or mapped_in(codings, kinds())


def domain_in(codings: Sequence[Mapping[str, object]]) -> str | None:
    """The domain in a category: a Gravity code, or what a code was mapped to."""
    theirs = [str(one["code"]) for one in codings if one.get("system") == canonical.GRAVITY]
    return next(iter(theirs), None) or mapped_in(codings, domains())


def kind_terms(services: tuple[Service, ...] | None = None) -> Terms:
    """How practitioners write the kinds, by the names of services, too: those that were added."""
    return _kind_terms(added().services if services is None else services)


@lru_cache(maxsize=4)
def _kind_terms(services: tuple[Service, ...]) -> Terms:
    named = (Term(one.name, spellings=one.former) for one in services)
    return Terms(*_spellings("kinds.csv"), *named)


@cache
def domain_terms() -> Terms:
    """How practitioners write the domains (strengths have no domain to write)."""
    return Terms(*_spellings("domains.csv"))


def _spellings(name: str) -> Iterator[Term]:
    for row in rows(name):
        yield Term(row["code"], spellings=(row["display"], *row["spellings"].split("; ")))

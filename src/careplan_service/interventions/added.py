"""What agencies add to the catalogue: names of their own services, and codes that were mapped by hand.

https://hl7.org/fhir/R4/terminology-module.html

It stands in the database, and is given to each request and command as a context: whoever reads or writes a
plan there understands it, and nobody else is changed by it.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from contextvars import ContextVar, Token
from dataclasses import dataclass
from functools import cached_property

from careplan_service.interventions.canonical import BASE, Document

RELATIONS = ("equivalent", "wider", "narrower", "relatedto")
"""How a kind of intervention is to a service: `wider` says that the service is one of that kind."""


@dataclass(frozen=True)
class Service:
    """A service as an agency calls it: one row of its list.

    `kind` is the code of the kind it is of, `version` that of the list in which the row was last changed,
    `former` are the names it had before.
    """

    organization: str
    code: str
    name: str
    kind: str
    method: str = ""
    relation: str = "wider"
    version: int = 1
    former: tuple[str, ...] = ()

    @property
    def list_id(self) -> str:
        """The id of the list: `services-riverside`."""
        return f"services-{self.organization.rpartition('/')[2]}"[:64]

    @property
    def system(self) -> str:
        """The address of the list as a code system."""
        return f"{BASE}/CodeSystem/{self.list_id}"

    @property
    def coding(self) -> Document:
        """As a FHIR Coding."""
        return {"system": self.system, "code": self.code, "display": self.name}

    @property
    def content(self) -> tuple[str, ...]:
        """What makes two rows say the same."""
        return self.code, self.name, self.kind, self.method, self.relation


@dataclass(frozen=True)
class Mapped:
    """A code of somebody else's system, and the kind or the domain that it stands for here."""

    system: str
    code: str
    to: str


@dataclass(frozen=True)
class Added:
    """All that was added."""

    services: tuple[Service, ...] = ()
    mapped: tuple[Mapped, ...] = ()

    @cached_property
    def by_code(self) -> Mapping[tuple[str, str], Service]:
        """The services by system and code."""
        return {(one.system, one.code): one for one in self.services}

    @cached_property
    def by_name(self) -> Mapping[str, Service]:
        """The services by the names that they have or had."""
        return {name: one for one in self.services for name in (*one.former, one.name)}

    @cached_property
    def to_by_code(self) -> Mapping[tuple[str, str], str]:
        """What codes were mapped to, by system and code."""
        return {(one.system, one.code): one.to for one in self.mapped}


NOTHING = Added()
_ADDED: ContextVar[Added] = ContextVar("added", default=NOTHING)


def added() -> Added:
    """What was added, as far as this request or command was told."""
    return _ADDED.get()


def tell(what: Added) -> Token[Added]:
    """Have plans understood with these additions, until `forget`."""
    return _ADDED.set(what)


def forget(token: Token[Added]) -> None:
    """As it was before `tell`."""
    _ADDED.reset(token)


def service_in(codings: Iterable[Mapping[str, object]]) -> str | None:
    """What an agency calls the service in a concept, by the name that stands there if it ever had it."""
    for coding in codings:
        if found := added().by_code.get((str(coding.get("system")), str(coding.get("code")))):
            name = str(coding.get("display"))
            return name if name in found.former else found.name
    return None


def mapped_in(codings: Iterable[Mapping[str, object]], among: Container[str]) -> str | None:
    """The kind or domain, one of `among`, that the codes in a concept were mapped to."""
    mapped = added().to_by_code
    found = (mapped.get((str(one.get("system")), str(one.get("code")))) for one in codings)
    return next((to for to in found if to and to in among), None)

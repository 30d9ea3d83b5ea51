"""What agencies add to the catalogue: names of their own services, and codes that were mapped by hand.

https://hl7.org/fhir/R4/terminology-module.html

It stands in the database, and is given to each request and command as a context: whoever reads or writes a
plan there understands it, and nobody else is changed by it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextvars import ContextVar, Token
from dataclasses import dataclass

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
    """A code of somebody else's system that stands for one of our kinds here."""

    system: str
    code: str
    kind: str


@dataclass(frozen=True)
class Added:
    """All that was added."""

    services: tuple[Service, ...] = ()
    mapped: tuple[Mapped, ...] = ()


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


def kind_in(codings: Iterable[Mapping[str, object]], own: str) -> str | None:
    """What a plan calls the kind in a concept: an agency's name, our code (of system `own`), or a mapped one."""
    listed, told = list(codings), added()
    services = {(one.system, one.code): one for one in told.services}
    mapped = {(one.system, one.code): one.kind for one in told.mapped}
    keys = [(str(one.get("system")), str(one.get("code"))) for one in listed]
    for key, coding in zip(keys, listed, strict=True):
        if key in services:
            name = str(coding.get("display"))
            return name if name in services[key].former else services[key].name
    ours = [code for system, code in keys if system == own]
    return next(iter([*ours, *(mapped[key] for key in keys if key in mapped)]), None)

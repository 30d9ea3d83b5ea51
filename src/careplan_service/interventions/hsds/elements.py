"""Elements of a directory of services: kinds, ways of contact, addresses, costs, languages.

https://hl7.org/fhir/R4/healthcareservice-definitions.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from careplan_service.interventions.canonical import BASE, Document, element, extension, sw
from careplan_service.interventions.catalogue import kind_of, kind_terms
from careplan_service.interventions.hsds.hours import is_simple, told
from careplan_service.interventions.hsds.tables import COST, SCHEDULE, Record

_LANGUAGE = "urn:ietf:bcp:47"
_PHONES = {"fax": "fax", "text": "sms", "sms": "sms", "pager": "pager"}
_DETAILS = {
    "alternate_name": "Also called",
    "application_process": "How to apply",
    "wait_time": "Waiting time",
    "interpretation_services": "Interpreting",
    "accreditations": "Accreditations",
    "licenses": "Licences",
    "alert": "Notice",
}


def types(agency: str, record: Record) -> list[Document]:
    """What sort of service it is: its taxonomy terms, and the kinds of intervention of those names."""
    terms = [one for held in record.all("attributes") for one in held.all("taxonomy_term")]
    concepts = [_term(agency, term.said) for term in terms]
    kinds = {code for name in [record.said.get("name", ""), *(one.said.get("name", "") for one in terms)]
             if (code := kind_terms(()).code(name))}  # fmt: skip
    for code in sorted(kinds):
        kind = kind_of(code)
        concepts.append({"coding": [*kind.own_codings, *kind.sent(None, "service-type")]})
    return once(concepts)


def _term(agency: str, said: Mapping[str, str]) -> Document:
    given = next(
        (said[name] for name in ("taxonomy", "taxonomy_detail") if _is_address(said.get(name, ""))), ""
    )
    slug = re.sub(r"[^a-z0-9]+", "-", said.get("taxonomy", "own").lower()).strip("-") or "own"
    system = given or f"{BASE}/identifier/{agency.partition('/')[2]}/taxonomy/{slug}"
    code = said.get("code") or said.get("id")
    coding = element(system=system, code=" ".join((code or "").split()), display=said.get("name"))
    return element(coding=[coding] if code else [], text=said.get("name"))


def _is_address(text: str) -> bool:
    return bool(re.fullmatch(r"(https?://|urn:)[^\s|]+", text))


def telecom(record: Record) -> list[Document]:
    """Its phones."""
    return [
        element(
            system=_PHONES.get(one.said.get("type", "").lower(), "phone"),
            value=" ext. ".join(present(one.said, "number", "extension")),
            use="mobile" if one.said.get("type", "").lower() == "cell" else None,
        )
        for one in record.all("phones")
    ]


def on_the_net(said: Mapping[str, str], *names: str) -> list[Document]:
    """Fields that are addresses on the net, as ContactPoints."""
    return [
        {"system": "email" if name == "email" else "url", "value": said[name]}
        for name in names
        if name in said
    ]


def address(record: Record) -> Document | None:
    """Where it is: R4 takes one address, so one that people can go to before one for letters."""
    order = ("physical", "postal", "virtual")
    known = sorted(
        (one.said for one in record.all("addresses")),
        key=lambda said: order.index(kind) if (kind := said.get("address_type", "physical")) in order else 3,
    )
    if not known:
        return None
    said = known[0]
    kind = said.get("address_type", "physical")
    return element(
        type=kind if kind in ("physical", "postal") else None,
        line=present(said, "attention", "address_1", "address_2"),
        city=said.get("city"),
        district=said.get("region"),
        state=said.get("state_province"),
        postalCode=said.get("postal_code"),
        country=said.get("country"),
    )


def costs(record: Record) -> list[Document]:
    """Its costs, as extensions."""
    return [
        part
        for one in record.all("cost_options")
        for part in extension(sw("cost-option"), extension=_parts(one.said, COST))
    ]


def schedules(record: Record) -> list[Document]:
    """Schedules that days and hours do not tell whole, as extensions."""
    return [
        part
        for one in record.all("schedules")
        if not is_simple(one)
        for part in extension(sw("service-schedule"), extension=_parts(told(one), SCHEDULE))
    ]


def _parts(said: Mapping[str, str], names: Iterable[str]) -> list[Document]:
    return [part for name in names for part in extension(name.replace("_", "-"), valueString=said.get(name))]


def details(said: Mapping[str, str]) -> list[str]:
    """What R4 has no element for, a line each."""
    return [f"{label}: {said[name]}" for name, label in _DETAILS.items() if name in said]


def person(contact: Record) -> str:
    """A person to turn to, in a line."""
    return f"Contact: {', '.join(present(contact.said, 'name', 'title', 'department'))}"


def area(said: Mapping[str, str]) -> str:
    """The name of an area."""
    return said.get("name") or said.get("description") or ""


def language(said: Mapping[str, str]) -> Document:
    """A language that is spoken."""
    code = said.get("code", "")
    coding = [{"system": _LANGUAGE, "code": code}] if re.fullmatch(r"[A-Za-z]{2,3}(-\w+)*", code) else []
    return element(coding=coding, text=said.get("name") or code)


def present(said: Mapping[str, str], *names: str) -> list[str]:
    """Those of the fields that are filled in."""
    return [said[name] for name in names if name in said]


def once(parts: list[Document]) -> list[Document]:
    """Each part once."""
    return [one for i, one in enumerate(parts) if one not in parts[:i]]

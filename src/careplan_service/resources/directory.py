"""The edges of the directory that a document of the custodian states: members, roles, parts, representatives.

https://hl7.org/fhir/R4/group.html, careteam.html, practitionerrole.html, relatedperson.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from careplan_service.access.barring import alleged, kept_from
from careplan_service.access.consent.directory import (
    ACTING,
    BARRED,
    HELD,
    MEMBER,
    MERGED,
    PARENT,
    PART,
    REPRESENTS,
    STATING,
    Edge,
)
from careplan_service.access.consent.recipients import identifier_key, local
from careplan_service.access.instants import period
from careplan_service.resources.extract import values_at

Document = Mapping[str, Any]
_REPRESENTING = frozenset({"GUARD", "POWATT", "DPOWATT", "HPOWATT", "SPOWATT", "RESPRSN"})
_PARENTS = frozenset({"PRN", "MTH", "FTH", "NMTH", "NFTH", "ADOPTP", "ADOPTF", "ADOPTM", "STPPRN"})
_ROLE_CODES = ("v3-RoleCode", "v3/RoleCode")


def edges_of(document: Document, base_url: str) -> tuple[Edge, ...]:
    """The edges of one document; who is named by an identifier is found over one, too."""
    type_ = str(document.get("resourceType", ""))
    if type_ not in STATING:
        return ()
    own = f"{type_}/{document['id']}"
    found = list(_EDGES[type_](document, own, base_url)) if type_ in _EDGES else []
    for identifier in _dicts(document.get("identifier")):
        if key := identifier_key(identifier):
            found.append(Edge(own, key))
    return tuple(dict.fromkeys(found))


def _group(document: Document, own: str, base_url: str) -> Iterator[Edge]:
    if document.get("active") is False or document.get("actual") is False:
        return
    for member in _dicts(document.get("member")):
        if member.get("inactive") is not True:
            yield from _named(member.get("entity"), own, base_url, _period(member))


def _team(document: Document, own: str, base_url: str) -> Iterator[Edge]:
    if document.get("status") != "active":
        return
    lo, hi = _period(document)
    for one in _dicts(document.get("participant")):
        first, last = _period(one)
        within = _key(one.get("onBehalfOf"), base_url)
        yield from _named(one.get("member"), own, base_url, (max(lo, first), min(hi, last)), within)


def _role(document: Document, own: str, base_url: str) -> Iterator[Edge]:
    """Who acts in a role is its practitioner; denies of the role concern who acts as the practitioner.

    In a role that is not active he may be denied things, too.
    """
    who, within = _key(document.get("practitioner"), base_url), _key(document.get("organization"), base_url)
    if document.get("active") is False:
        if who:
            yield Edge(ACTING + own, who, HELD, within)
        return
    lo, hi = _period(document)
    yield Edge(ACTING + own, own, MEMBER, within, lo, hi)
    if who:
        yield Edge(ACTING + own, who, MEMBER, within, lo, hi)
        yield Edge(who, own, HELD, within, lo, hi)


def _organization(document: Document, own: str, base_url: str) -> Iterator[Edge]:
    if parent := _key(document.get("partOf"), base_url):
        yield Edge(own, parent, PART)


def _relative(document: Document, own: str, base_url: str) -> Iterator[Edge]:
    """An alleged abuser represents nobody and is kept away, active or not, until that is lifted."""
    if alleged(document):
        keys = [own, *map(identifier_key, _dicts(document.get("identifier")))]
        patients = [_key(one, base_url) for one in kept_from(document)]
        yield from (Edge(key, one, BARRED) for key in keys for one in patients if key and one)
        return
    if document.get("active") is False:
        return
    codes = {
        coding.get("code")
        for coding in values_at(document, ("relationship", "coding"))
        if str(coding.get("system", "")).endswith(_ROLE_CODES)
    }
    patient = _key(document.get("patient"), base_url)
    for kind, known in ((REPRESENTS, _REPRESENTING), (PARENT, _PARENTS)):
        if patient and codes & known:
            yield Edge(own, patient, kind, "", *_period(document))


def _patient(document: Document, own: str, base_url: str) -> Iterator[Edge]:
    for link in _dicts(document.get("link")):
        other = _key(link.get("other"), base_url)
        if link.get("type") in ("replaced-by", "replaces") and other.startswith("Patient/"):
            yield Edge(own, other, MERGED)
            yield Edge(other, own, MERGED)


_EDGES: Mapping[str, Callable[[Document, str, str], Iterator[Edge]]] = {
    "Group": _group,
    "CareTeam": _team,
    "PractitionerRole": _role,
    "Organization": _organization,
    "RelatedPerson": _relative,
    "Patient": _patient,
}


def _named(
    reference: object, own: str, base_url: str, when: tuple[int, int], within: str = ""
) -> Iterator[Edge]:
    if key := _key(reference, base_url):
        yield Edge(key, own, MEMBER, within, *when)


def _key(reference: object, base_url: str) -> str:
    literal = reference.get("reference") if isinstance(reference, Mapping) else None
    key = local(literal, base_url) if isinstance(literal, str) else ""
    return key if key.count("/") == 1 and ":" not in key else ""


def _period(holder: Document) -> tuple[int, int]:
    stated = holder.get("period")
    return (
        period(stated.get("start"), stated.get("end")) if isinstance(stated, Mapping) else period(None, None)
    )


def _dicts(value: object) -> Sequence[Document]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []

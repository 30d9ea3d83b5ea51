"""The entries of a transaction Bundle, read and placed. https://hl7.org/fhir/R4/bundle.html#transaction"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from careplan_service.errors import Fault, Invalid, Problem, TooLarge, Unavailable
from careplan_service.interactions.admission import Admitted, require_plain_names, spec_of
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.update import version_of
from careplan_service.resources import r4
from careplan_service.resources.r4.wording import quoted
from careplan_service.resources.spec import ResourceSpec
from careplan_service.resources.splice import entry_resources

MOST_ENTRIES = 2000
METHODS = ("DELETE", "POST", "PUT")
"""What a transaction takes, in the order R4 has it carried out."""

_URL = re.compile(r"([A-Z][A-Za-z]+)(?:/([A-Za-z0-9\-.]{1,64}))?")
_STAND_IN = {"method": "GET", "url": "metadata"}
_NOT_OFFERED = {"ifNoneExist", "ifNoneMatch", "ifModifiedSince"}


@dataclass
class Entry:
    """One entry as it was understood; `id` is made by the server for POST."""

    number: int
    method: str
    spec: ResourceSpec
    id: str
    full_url: str
    data: bytes | None
    if_match: str | None
    admitted: Admitted | None = None

    @property
    def key(self) -> str:
        """What the entry is about: `Goal/1`."""
        return f"{self.spec.name}/{self.id}"

    @property
    def where(self) -> str:
        """The place of the entry for an OperationOutcome."""
        return f"Bundle.entry[{self.number}]"


def entries_of(desk: Desk, data: bytes) -> list[Entry]:
    """The entries as they were understood. Raises Malformed, TooLarge, or Invalid with every fault."""
    bundle = r4.parse(data)
    require_plain_names(data)
    if bundle.get("resourceType") != "Bundle" or bundle.get("type") != "transaction":
        text = "this address takes a Bundle of type `transaction`"
        raise Invalid(text, expression="Bundle.type")
    given = bundle.get("entry", [])
    if not isinstance(given, list) or not all(isinstance(entry, dict) for entry in given):
        raise Invalid("`entry` must be a list of entries", expression="Bundle.entry")
    if len(given) > MOST_ENTRIES:
        raise TooLarge(f"a transaction takes at most {MOST_ENTRIES} entries, not {len(given)}")
    entries: list[Entry] = []
    faults = list(_frame_faults(bundle, given))
    if faults:
        raise Invalid("this Bundle is not a transaction that can be read", faults=faults)
    for number, (entry, body) in enumerate(zip(given, entry_resources(data), strict=True)):
        try:
            entries.append(_entry(desk, number, entry, body))
        except Problem as problem:
            faults += placed(problem, f"Bundle.entry[{number}]")
    faults += _twice(entries)
    if faults:
        raise Invalid("this transaction cannot be carried out", faults=faults)
    return entries


def _frame_faults(bundle: Mapping[str, Any], given: Sequence[Mapping[str, Any]]) -> Iterable[Fault]:
    """What is wrong with the Bundle around the resources."""
    for number, entry in enumerate(given):
        if not isinstance(entry.get("request"), dict):
            text = "every entry of a transaction has a `request`"
            yield Fault("required", text, f"Bundle.entry[{number}].request")
    frames = [{"request": _STAND_IN, **entry} for entry in given]
    for frame in frames:
        frame.pop("resource", None)  # checked on its own, by its own bytes
    yield from r4.check({**bundle, "entry": frames} if frames else bundle, "Bundle")


def _entry(desk: Desk, number: int, entry: Mapping[str, Any], body: bytes | None) -> Entry:
    request = entry["request"]
    method, url = request.get("method"), request.get("url", "")
    if method not in METHODS:
        raise Invalid(f"`request.method` is {quoted(method)}; a transaction here takes POST, PUT and DELETE")
    for name in sorted(_NOT_OFFERED & request.keys()):
        raise Invalid(f"`request.{name}` is not offered; search first, then send PUT or POST")
    found = _URL.fullmatch(url)
    if not found or bool(found[2]) == (method == "POST"):
        shape = "`Type`" if method == "POST" else "`Type/id`"
        raise Invalid(f"`request.url` is {quoted(url)}; {method} takes {shape}")
    if body is None and method != "DELETE":
        raise Invalid(f"{method} needs a `resource`")
    return Entry(
        number=number,
        method=method,
        spec=spec_of(found[1]),
        id=found[2] or desk.new_id(),
        full_url=entry.get("fullUrl", ""),
        data=body,
        if_match=version_of(request.get("ifMatch")),
    )


def _twice(entries: Sequence[Entry]) -> Iterable[Fault]:
    """R4: no resource may be touched twice, and no two entries share a fullUrl."""
    seen: set[str] = set()
    for entry in entries:
        for key in (entry.key, entry.full_url):
            if key and key in seen:
                yield Fault("invalid", f"`{key}` stands in this transaction twice", entry.where)
            seen.add(key)


@contextmanager
def placing(where: str) -> Iterator[None]:
    """A problem in the block is told with its place in the Bundle."""
    try:
        yield
    except Unavailable:
        raise
    except Problem as problem:
        raise type(problem)(problem.text, faults=placed(problem, where)) from None


def placed(problem: Problem, where: str) -> list[Fault]:
    """The faults of one entry under its place in the Bundle: `Bundle.entry[2].resource.status`."""
    placed = []
    for fault in problem.faults:
        inner = (fault.expression or "").partition(".")[2]
        placed.append(Fault(fault.code, fault.text, f"{where}.{inner}" if inner else where, fault.severity))
    return placed

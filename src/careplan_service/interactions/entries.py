"""The entries of a batch or transaction, read one by one. https://hl7.org/fhir/R4/bundle.html#transaction"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

from careplan_service.errors import Fault, Invalid, Problem, TooLarge, Unavailable
from careplan_service.interactions.admission import require_plain_names, spec_of
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.guard import Guard, guard_of
from careplan_service.interactions.patch import Patch
from careplan_service.resources import r4
from careplan_service.resources.r4.wording import quoted
from careplan_service.resources.spec import ResourceSpec
from careplan_service.resources.splice import entry_resources

METHODS = ("DELETE", "POST", "PUT", "PATCH", "GET", "HEAD")
"""What an entry may ask for, in the order R4 has it carried out."""

READING = frozenset({"GET", "HEAD"})
_KINDS = ("batch", "transaction")
_URL = re.compile(r"([A-Z][A-Za-z]+)(?:/([A-Za-z0-9\-.]{1,64})|\?(.*))?", re.DOTALL)
_STAND_IN = {"method": "GET", "url": "metadata"}
_CONDITIONS = {
    "ifNoneExist": frozenset({"POST"}),
    "ifMatch": frozenset({"PUT", "PATCH", "DELETE"}),
    "ifNoneMatch": frozenset({"PUT", *READING}),
    "ifModifiedSince": READING,
}


class Frame(NamedTuple):
    """One entry as it was sent: its parsed members and the bytes of its resource."""

    number: int
    entry: Mapping[str, Any]
    body: bytes | None

    @property
    def where(self) -> str:
        """The place of the entry for an OperationOutcome."""
        return f"Bundle.entry[{self.number}]"

    @property
    def request(self) -> Mapping[str, Any]:
        """Its `request`."""
        request: Mapping[str, Any] = self.entry["request"]
        return request


@dataclass
class Entry:
    """One writing entry as it was understood; `id` is empty where none was named.

    `query` is the condition of a POST (`ifNoneExist`) or of a PUT, PATCH or DELETE (its url), `data`
    the resource of a POST or PUT.
    """

    frame: Frame
    method: str
    spec: ResourceSpec
    id: str
    query: str | None
    full_url: str
    data: bytes
    patch: Patch | None
    guard: Guard

    @property
    def where(self) -> str:
        """The place of the entry for an OperationOutcome."""
        return self.frame.where

    @property
    def key(self) -> str:
        """What the entry is about: `Goal/1`."""
        return f"{self.spec.name}/{self.id}"


class Shown(NamedTuple):
    """What a reading entry is answered with; `etag` and `modified` are empty where there are none."""

    status: int
    body: bytes
    etag: str = ""
    modified: str = ""


Reader = Callable[[Desk, Frame], Shown]
"""Carries out a reading entry by the same rules as its address alone."""


def frames_of(desk: Desk, data: bytes) -> tuple[str, list[Frame]]:
    """`batch` or `transaction`, and the entries. Raises Malformed, TooLarge, or Invalid with every fault."""
    bundle = r4.parse(data)
    require_plain_names(data)
    kind = bundle.get("type")
    if bundle.get("resourceType") != "Bundle" or kind not in _KINDS:
        raise Invalid(
            "this address takes a Bundle of type `batch` or `transaction`", expression="Bundle.type"
        )
    given = bundle.get("entry", [])
    if not isinstance(given, list) or not all(isinstance(entry, dict) for entry in given):
        raise Invalid("`entry` must be a list of entries", expression="Bundle.entry")
    if len(given) > desk.policy.most_entries:
        raise TooLarge(f"a {kind} takes at most {desk.policy.most_entries} entries, not {len(given)}")
    faults = list(_frame_faults(kind, bundle, given))
    if faults:
        raise Invalid(f"this Bundle is not a {kind} that can be read", faults=faults)
    bodies = entry_resources(data)
    return kind, [Frame(*found) for found in zip(range(len(given)), given, bodies, strict=True)]


def _frame_faults(
    kind: str, bundle: Mapping[str, Any], given: Sequence[Mapping[str, Any]]
) -> Iterable[Fault]:
    """What is wrong with the Bundle around the resources."""
    for number, entry in enumerate(given):
        if not isinstance(entry.get("request"), dict):
            text = f"every entry of a {kind} has a `request`"
            yield Fault("required", text, f"Bundle.entry[{number}].request")
    frames = [{"request": _STAND_IN, **entry} for entry in given]
    for frame in frames:
        frame.pop("resource", None)  # checked on its own, by its own bytes
    yield from r4.check({**bundle, "entry": frames} if frames else bundle, "Bundle")


def entry_of(frame: Frame) -> Entry:
    """A writing entry as it was understood. Raises Invalid, Malformed or NotFound."""
    require_conditions(frame)
    request = frame.request
    method = request["method"]
    found = _URL.fullmatch(request.get("url", ""))
    if not found or not _fits(method, found[2], found[3]):
        shape = "`Type`" if method == "POST" else "`Type/id` or `Type?search`"
        raise Invalid(f"`request.url` is {quoted(request.get('url'))}; {method} takes {shape}")
    if frame.body is None and method != "DELETE":
        raise Invalid(f"{method} needs a `resource`")
    return Entry(
        frame=frame,
        method=method,
        spec=spec_of(found[1]),
        id=found[2] or "",
        query=request.get("ifNoneExist") if method == "POST" else found[3],
        full_url=frame.entry.get("fullUrl", ""),
        data=frame.body or b"",
        patch=_patch_of(frame.body or b"") if method == "PATCH" else None,
        guard=guard_of(request.get("ifMatch"), request.get("ifNoneMatch")),
    )


def require_conditions(frame: Frame) -> None:
    """Raise Invalid (422) for a method that is none, and for a condition that nobody would look at."""
    method = frame.request.get("method")
    if method not in METHODS:
        raise Invalid(f"`request.method` is {quoted(method)}; it takes {', '.join(METHODS)}")
    for name, methods in _CONDITIONS.items():
        if name in frame.request and method not in methods:
            raise Invalid(f"`request.{name}` says nothing about {method}; leave it out")


def _fits(method: str, id_: str | None, query: str | None) -> bool:
    """A POST names a type only, everything else an id or a condition."""
    return (id_ is None and query is None) if method == "POST" else (id_ is not None or query is not None)


def _patch_of(body: bytes) -> Patch:
    """The patch in an entry: Parameters are a FHIRPath Patch, a Binary holds a JSON Patch.

    https://hl7.org/fhir/R4/http.html#patch
    """
    document = r4.parse(body)
    type_ = document.get("resourceType")
    if type_ == "Parameters":
        return Patch("fhirpath", body)
    if type_ == "Binary" and document.get("contentType") == "application/json-patch+json":
        try:
            return Patch("json-patch", base64.b64decode(str(document.get("data", "")), validate=True))
        except binascii.Error:
            raise Invalid("`data` is not base64", expression="Binary.data") from None
    text = "PATCH takes Parameters (FHIRPath Patch) or a Binary of `application/json-patch+json`"
    raise Invalid(text, expression=f"{type_}.resourceType")


@contextmanager
def placing(where: str) -> Iterator[None]:
    """A problem in the block is told with its place in the Bundle."""
    try:
        yield
    except Unavailable:
        raise
    except Problem as problem:
        problem.faults = tuple(placed(problem, where))
        raise


def placed(problem: Problem, where: str) -> list[Fault]:
    """The faults of one entry under its place in the Bundle: `Bundle.entry[2].resource.status`."""
    placed = []
    for fault in problem.faults:
        inner = (fault.expression or "").partition(".")[2]
        placed.append(Fault(fault.code, fault.text, f"{where}.{inner}" if inner else where, fault.severity))
    return placed

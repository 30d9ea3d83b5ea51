"""At the door: what was sent is read and checked once, whole, before anything is written.

https://hl7.org/fhir/R4/validation.html
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from careplan_service.access.caller import Caller
from careplan_service.access.consent.rules import Door, Rule, is_sharing, rules_of
from careplan_service.access.facts import Facts
from careplan_service.errors import Conflict, Fault, Forbidden, Invalid, Malformed, NotAllowed, NotFound
from careplan_service.interactions.records import Write
from careplan_service.interventions.screening.checking import form_faults, response_faults
from careplan_service.interventions.screening.tools import tools
from careplan_service.resources import r4
from careplan_service.resources.audit_event import AUDIT_EVENT
from careplan_service.resources.directory import edges_of
from careplan_service.resources.inline_labels import inline_label_faults
from careplan_service.resources.narrowing import subsetted_at
from careplan_service.resources.r4.wording import quoted
from careplan_service.resources.redaction import is_redacted
from careplan_service.resources.registry import SERVED
from careplan_service.resources.spec import ResourceSpec
from careplan_service.resources.splice import stamped

_ESCAPED_NAME = re.compile(rb'\\.[^"\\]*"\s*:', re.DOTALL)
"""In every such name, and hardly anywhere else: most texts with line breaks need no second look."""
_STRING_OR_NAME = re.compile(rb'"((?:[^"\\]|\\.)*)"(\s*:)?')


@dataclass(frozen=True)
class Admitted:
    """A valid resource: the bytes as sent, what they parse to, and a Consent's flat rules."""

    spec: ResourceSpec
    data: bytes
    document: dict[str, Any]
    rules: tuple[Rule, ...]
    _worked_out: dict[tuple[str, str], Facts] = field(init=False, default_factory=dict, compare=False)

    def work_out(self, id_: str, base_url: str) -> Facts:
        """The facts of the version under an id, worked out once: best before the transaction begins."""
        key = id_, base_url
        if key not in self._worked_out:
            self._worked_out[key] = self.spec.facts({**self.document, "id": id_}, base_url)
        return self._worked_out[key]

    def write(self, id_: str, method: str, base_url: str) -> Write:
        """The version to store under an id. Raises Conflict (409) for that of a definition."""
        if self.spec.name == "Questionnaire" and id_ in tools():
            text = f"`Questionnaire/{id_}` is a definition of this service; store yours under another id"
            raise Conflict(text, expression="Questionnaire.id")
        facts = self.work_out(id_, base_url)
        stamp = partial(stamped, self.data, self.document, id_)
        edges = edges_of({**self.document, "id": id_}, base_url)
        return Write(self.spec.name, id_, method, stamp, facts, self.rules, edges)

    def exchanged(self, data: bytes, door: Door) -> Admitted:
        """The same resource with other references in its bytes; valid ones stay valid."""
        if data == self.data:
            return self
        document = r4.parse_stored(data)
        rules = rules_of(document, door) if self.spec.name == "Consent" else ()
        return Admitted(self.spec, data, document, rules)


def spec_of(type_: str) -> ResourceSpec:
    """The served type of that name; raises NotFound for any other, NotAllowed for what is made here."""
    if type_ == AUDIT_EVENT.name:
        raise NotAllowed("AuditEvents are made by this service itself; they are read and searched only")
    if type_ not in SERVED:
        raise NotFound(f"`{type_}` is not served here; see `metadata` for the types that are")
    return SERVED[type_]


def admit(spec: ResourceSpec, data: bytes, door: Door) -> Admitted:
    """Read and check a resource. Raises Malformed (400) or Invalid (422) with every fault found."""
    return admit_document(spec, data, r4.parse(data), door)


def admit_document(spec: ResourceSpec, data: bytes, document: dict[str, Any], door: Door) -> Admitted:
    """`admit` for bytes that are parsed already."""
    data = data.removeprefix(codecs.BOM_UTF8)
    require_plain_names(data)
    if document.get("resourceType") != spec.name:
        text = f"`resourceType` is {quoted(document.get('resourceType'))}; this address takes {spec.name}"
        raise Invalid(text, expression=f"{spec.name}.resourceType")
    is_judged = spec.patient != "" and spec.name != "Consent"
    faults = r4.check(document, spec.name) or inline_label_faults(data, document, is_judged=is_judged)
    if not faults and spec.name == "QuestionnaireResponse":
        faults = response_faults(document)
    if not faults and spec.name == "Questionnaire":
        faults = form_faults(document)
    if faults:
        raise Invalid(_summary(spec.name, faults), faults=faults)
    rules = rules_of(document, door) if spec.name == "Consent" else ()
    return Admitted(spec, data, document, rules)


def require_plain_names(data: bytes) -> None:
    """Raise Malformed (400) when an element's name is written with escapes.

    The stamp is put in by name: an escaped `versionId` would stay and contradict it.
    """
    if _ESCAPED_NAME.search(data) and any(
        name[2] and b"\\" in name[1] for name in _STRING_OR_NAME.finditer(data)
    ):
        raise Malformed("write the names of elements plainly, without escapes")


def require_whole(admitted: Admitted) -> None:
    """Raise Invalid (422) for a copy that was cut, Conflict (409) for a redacted one: it would lose the rest.

    https://hl7.org/fhir/R4/search.html#summary
    """
    name = admitted.spec.name
    if is_redacted(admitted.document):
        text = f"this {name} is a redacted copy, and storing it would lose the rest; send a JSON Patch"
        raise Conflict(text, faults=[Fault("conflict", text, f"{name}.meta.security")])
    at = subsetted_at(admitted.document)
    if at is not None:
        text = f"this {name} is tagged SUBSETTED: it is a part only; read it whole, then change it"
        raise Invalid(text, faults=[Fault("business-rule", text, f"{name}.meta.tag[{at}]")])


def _summary(name: str, faults: tuple[Fault, ...]) -> str:
    return f"this {name} has {len(faults)} fault{'s' if len(faults) > 1 else ''}"


def forbid_self_service(caller: Caller, document: Mapping[str, Any]) -> None:
    """Nobody but the custodian's staff opens a client's record, lest a partner opens it to itself."""
    if document.get("resourceType") == "Consent" and not caller.is_agency and is_sharing(document):
        text = "a partner may file a Consent as `proposed` only; the custodian makes it active"
        raise Forbidden(text, expression="Consent.status")

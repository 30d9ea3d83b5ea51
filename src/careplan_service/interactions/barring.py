"""Writing who is an alleged abuser: only the custodian's staff do, and nobody ends it by leaving it out.

https://hl7.org/fhir/R4/relatedperson.html
"""

from __future__ import annotations

from typing import Any

from careplan_service.access.barring import ALLEGED_ABUSER, alleged, kept_from
from careplan_service.access.caller import Caller
from careplan_service.access.consent.recipients import local, local_reference
from careplan_service.access.facts import Facts
from careplan_service.errors import Conflict, Forbidden, Invalid
from careplan_service.resources import r4

Document = dict[str, Any]
_NAME = ALLEGED_ABUSER.rpartition("/")[2]
_VIOLENCE = "SDV"
_WHERE = "RelatedPerson.extension"


def require_kept(caller: Caller, sent: bytes, facts: Facts, before: bytes, base_url: str) -> None:
    """Raise Forbidden (403), Invalid (422) or Conflict (409) where a bar could not be kept or would be lost.

    `sent` are the bytes of a RelatedPerson to be stored, empty for a deletion, with their `facts`; `before`
    those of the version now, empty if there is none.
    """
    now, was = _document(sent), _document(before)
    if alleged(now):
        _require_enforceable(caller, now, facts, base_url)
    if not alleged(was):
        return
    if not now:
        text = f"deleting this RelatedPerson would end `{_NAME}` unseen; set it to false first"
        raise Conflict(text, expression=_WHERE)
    if alleged(now) is None:
        text = f"this RelatedPerson has `{_NAME}`: keep it, or set it to false to end it"
        raise Conflict(text, expression=_WHERE)
    if alleged(now) and not _patients(was, base_url) <= _patients(now, base_url):
        text = f"with `{_NAME}` a RelatedPerson stays with its patients; make another for other ones"
        raise Conflict(text, expression="RelatedPerson.patient")


def _require_enforceable(caller: Caller, relative: Document, facts: Facts, base_url: str) -> None:
    if not caller.is_agency:
        text = f"only the custodian's staff say that somebody is an alleged abuser (`{_NAME}`)"
        raise Forbidden(text, expression=_WHERE)
    if not all(local_reference(one, "Patient") for one in _patients(relative, base_url)):
        text = f"cannot enforce `{_NAME}` without the patient; name it as `Patient/id`"
        raise Invalid(text, expression="RelatedPerson.patient")
    if _VIOLENCE not in facts.labels.sensitivities:
        text = f"`{_NAME}` tells of violence; label this RelatedPerson `{_VIOLENCE}`"
        raise Invalid(text, expression="RelatedPerson.meta.security")


def _document(data: bytes) -> Document:
    return r4.parse(data) if data else {}


def _patients(relative: Document, base_url: str) -> set[str]:
    return {local(str(one.get("reference", "")), base_url) for one in kept_from(relative)}

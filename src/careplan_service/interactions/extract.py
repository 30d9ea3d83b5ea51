"""$extract: what the answers of a screening say, as a transaction; and that transaction carried out.

https://hl7.org/fhir/uv/sdc/OperationDefinition-QuestionnaireResponse-extract.html; the parameter `store` is
our own: the guide leaves it to the client to send the Bundle.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from careplan_service.access.consent.rules import Door
from careplan_service.access.filters import Has, any_of
from careplan_service.access.view import require_scope
from careplan_service.errors import Conflict, Fault, Invalid, Malformed
from careplan_service.interactions.admission import admit, spec_of
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.entries import Frame, Shown, frames_of
from careplan_service.interactions.once import Written
from careplan_service.interactions.parameters import one_resource, parts_of
from careplan_service.interactions.read import read
from careplan_service.interactions.records import Page
from careplan_service.interactions.transaction import transaction
from careplan_service.interventions.screening.amending import amended, key_of
from careplan_service.interventions.screening.extraction import extract
from careplan_service.interventions.screening.observations import IDENTIFIER, needs
from careplan_service.resources import r4
from careplan_service.resources.inline_labels import is_labelled_within
from careplan_service.resources.patching import document as documents
from careplan_service.resources.redaction import is_redacted

RESPONSE = "QuestionnaireResponse"
_PARAMETER = "questionnaire-response"
_KNOWN = frozenset({_PARAMETER, "store"})
_MOST = 500
_YES_NO: Mapping[str, bool] = {"true": True, "false": False, "": False}


@dataclass(frozen=True)
class Extraction:
    """What was asked: the response that was sent, if one was, and whether what it says is to be stored."""

    response: dict[str, Any] | None
    store: bool


def asked_of(body: bytes, store: str) -> Extraction:
    """The body, a response or Parameters, and the query parameter `store`. Raises Malformed (400)."""
    sent = documents.read(body) if body else {}
    if sent.get("resourceType") != "Parameters":
        return Extraction(sent or None, _yes(store))
    parts = parts_of(body, _KNOWN)
    given = [part.get("valueBoolean") for part in parts if part["name"] == "store"]
    told = [one for one in given if isinstance(one, bool)]
    if len(given) > 1 or given != told:
        raise Malformed("`store` is one `valueBoolean`", expression="Parameters.parameter")
    return Extraction(one_resource(parts, _PARAMETER), told[0] if told else _yes(store))


def _yes(text: str) -> bool:
    if text not in _YES_NO:
        raise Malformed(f"`store` is `{text[:40]}`; it takes `true` or `false`", expression="store")
    return _YES_NO[text]


def extracted(desk: Desk, id_: str, asked: Extraction, door: Door) -> dict[str, Any]:
    """The transaction Bundle of a response that was sent, or of the one that is on record under `id_`.

    Raises Malformed (400) when there is none, Invalid (422) for one that cannot be extracted, Conflict for
    a copy that the caller sees redacted; NotFound and the like as `read`.
    """
    if id_:
        if asked.response is not None:
            raise Malformed("the address names the response already; leave it out of the body")
        document = r4.parse(read(desk, RESPONSE, id_).body)
        if is_redacted(document):
            raise Conflict("you see a part of this response only, and it cannot be extracted from that")
        _require_one_label(document)
        bundle = extract(document, f"{RESPONSE}/{id_}")
        return amended(bundle, dict(_came_of(desk, id_)))
    if asked.response is None:
        text = f"send the response, alone or as `{_PARAMETER}` of `Parameters`"
        raise Malformed(text, expression="Parameters.parameter")
    require_scope(desk.caller, "r", RESPONSE)
    document = admit(spec_of(RESPONSE), documents.written(asked.response).encode(), door).document
    _require_one_label(document)
    bundle = extract(document)
    named = asked.response.get("id")
    return amended(bundle, dict(_came_of(desk, named))) if named else bundle


def _require_one_label(document: Mapping[str, Any]) -> None:
    """Raise Invalid (422) where answers have labels of their own: what came of them would have none."""
    if is_labelled_within(document):
        text = "single answers have labels; label the whole response in `meta.security`, then extract it"
        raise Invalid(text, faults=[Fault("not-supported", text, f"{RESPONSE}.meta.security")])


def _came_of(desk: Desk, id_: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """What is on record of an earlier extraction, as far as the caller may see it, by its identifier."""
    named = any_of(*(Has("Condition.identifier", f"{id_}/{need}", IDENTIFIER) for need in needs()))
    for type_, about in (("Observation", Has("Observation.derived-from", f"{RESPONSE}/{id_}")),
                         ("Condition", named)):  # fmt: skip
        for stored in desk.show_all(desk.find("s", type_, about, Page(limit=_MOST))):
            document = r4.parse(stored.body)
            key = key_of(document)
            if key and key.startswith(f"{id_}/"):
                yield key, document


def store(desk: Desk, bundle: Mapping[str, Any], door: Door) -> list[Written | Shown]:
    """Carry the transaction out. Raises as every transaction does; then nothing was stored."""
    _, frames = frames_of(desk, documents.written(bundle).encode())
    return transaction(desk, frames, door, _reads_nothing)


def _reads_nothing(desk: Desk, frame: Frame) -> Shown:
    raise AssertionError("nothing is read in what was extracted")

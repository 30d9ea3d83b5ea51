"""$meta-add and $meta-delete: labels, tags and profiles are put on a resource, or taken off with a reason.

https://hl7.org/fhir/R4/resource-operation-meta-add.html and .../resource-operation-meta-delete.html

A label that is set here is a person's, and says so (`userSelected`). What the rules set is lowered by
changing what it stands for: the plan, or the words and codes of the resource.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from careplan_service.access.consent.rules import Door
from careplan_service.access.raised import key_of, raised
from careplan_service.access.view import require_scope
from careplan_service.errors import Fault, Forbidden, Invalid, Malformed
from careplan_service.interactions.admission import admit
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.guard import UNGUARDED, Guard
from careplan_service.interactions.integrity import Integrity, write_one
from careplan_service.interactions.labelling import born_here, called_for
from careplan_service.interactions.leaving import seen_of
from careplan_service.interactions.once import Made, Written
from careplan_service.interactions.parameters import one_text, parts_of
from careplan_service.interactions.read import absent, gone
from careplan_service.interactions.records import Changes
from careplan_service.interactions.update import held, put, require_may_change
from careplan_service.interventions.sensitivity import label_displays
from careplan_service.resources import r4
from careplan_service.resources.patching import document as documents
from careplan_service.resources.spec import ResourceSpec

_LISTS = ("profile", "security", "tag")
LONGEST_REASON = 500


@dataclass(frozen=True)
class Labelled:
    """What is put on or taken off, by list of the meta, and why; `adds` tells which."""

    adds: bool
    lists: Mapping[str, Sequence[Any]]
    reason: str


def labelled_of(body: bytes, *, adds: bool) -> Labelled:
    """Read the Parameters. Raises Malformed (400)."""
    parts = parts_of(body, frozenset({"meta", "reason"}))
    metas = [part.get("valueMeta") for part in parts if part["name"] == "meta"]
    if len(metas) != 1 or not isinstance(metas[0], dict):
        raise Malformed("`Parameters` hold one `meta` as `valueMeta`", expression="Parameters.parameter")
    lists = {name: metas[0][name] for name in _LISTS if name in metas[0]}
    codings = [one for name in ("security", "tag") for one in _list(lists.get(name, []))]
    if not all(isinstance(one, dict) and isinstance(one.get("code"), str) for one in codings):
        text = "`security` and `tag` are lists of codings with a `code`"
        raise Malformed(text, expression="Parameters.parameter.valueMeta")
    reason = one_text(parts, "reason", ("valueString",)).strip()
    if len(reason) > LONGEST_REASON:
        raise Malformed(
            f"`reason` has at most {LONGEST_REASON} characters", expression="Parameters.parameter"
        )
    return Labelled(adds, {name: _list(held) for name, held in lists.items()}, reason)


def change_labels(
    desk: Desk, spec: ResourceSpec, id_: str, wanted: Labelled, door: Door, guard: Guard = UNGUARDED
) -> Written:
    """A version with other labels. Raises NotFound, Gone and PreconditionFailed as an update does, Forbidden
    for who may not lower labels, Invalid without a reason and for labels that the rules set."""
    require_scope(desk.caller, "u", spec.name)
    lowers = not wanted.adds and bool(wanted.lists.get("security"))
    if lowers and not desk.caller.is_agency:
        raise Forbidden("labels are lowered by the custodian's staff only; ask who keeps the record")
    if lowers and not wanted.reason:
        text = "say why these labels are taken off: `reason` as `valueString`"
        raise Invalid(text, faults=[Fault("required", text, "Parameters.parameter")])
    if wanted.reason:
        desk.also_asked(_told(wanted))

    def carry_out(changes: Changes, integrity: Integrity) -> Made:
        before = held(desk, changes, spec.name, id_, "u", None)
        if before is None:
            raise absent()
        if before.deleted:
            raise gone(spec.name, id_)
        seen = seen_of(desk, before)
        seen.require_whole()
        require_may_change(desk, changes, before)
        document = documents.read(before.body)
        meta = _changed(document, wanted)
        if meta == document.get("meta", {}):  # nothing to put on or take off: no version that says so
            guard.require(seen.stored)
            return Made(200, before)
        kept = {name: value for name, value in meta.items() if name not in ("versionId", "lastUpdated")}
        made = {**document, "meta": kept} if kept else _without_meta(document)
        admitted = admit(spec, documents.written(made).encode(), door)
        return put(desk, changes, admitted, id_, integrity, guard, lower=not wanted.adds)

    return write_one(desk, door, carry_out)


def _changed(document: Mapping[str, Any], wanted: Labelled) -> dict[str, Any]:
    meta = dict(document.get("meta", {}))
    for name, sent in wanted.lists.items():
        held = meta.get(name, [])
        if name == "security":
            meta[name] = _raised(held, sent) if wanted.adds else _lowered(document, held, sent)
        else:
            meta[name] = [*held, *_without(sent, held)] if wanted.adds else _without(held, sent)
    return {name: value for name, value in meta.items() if value != []}


def _without(held: Sequence[Any], sent: Sequence[Any]) -> list[Any]:
    keys = [_key(one) for one in sent]
    return [one for one in held if _key(one) not in keys]


def _raised(held: Sequence[Any], sent: Sequence[Any]) -> list[Any]:
    keys = [_key(one) for one in sent]
    mine = [one for one in held if _key(one) in keys]
    rest = [one for one in held if _key(one) not in keys]
    chosen = [{**one, "userSelected": True} for one in [*mine, *_without(sent, mine)]]
    return [dict(one) for one in raised(rest, chosen)]


def _lowered(document: Mapping[str, Any], held: Sequence[Any], sent: Sequence[Any]) -> list[Any]:
    """Raises Invalid (422) for a label that the rules call for: it would be set again."""
    called = {key_of(one)[1] for one in called_for(r4.parse(documents.written(document).encode()))}
    plans = set(label_displays()) if born_here(document) else set()
    for one in sent:
        by_person = any(_key(one) == _key(other) and other.get("userSelected") for other in held)
        code = key_of(one)[1]
        if code in called or (code in plans and not by_person):
            text = (
                f"`{code}` is set by the rules, for what this says or what its plan says; change that first"
            )
            raise Invalid(
                text, faults=[Fault("business-rule", text, "Parameters.parameter.valueMeta.security")]
            )
    return _without(held, sent)


def _key(one: Any) -> Any:
    return key_of(one) if isinstance(one, dict) else one


def _without_meta(document: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name != "meta"}


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise Malformed(
            "`profile`, `security` and `tag` are lists", expression="Parameters.parameter.valueMeta"
        )
    return value


def _told(wanted: Labelled) -> str:
    codes = " ".join(str(one["code"]) for one in wanted.lists.get("security", ()))
    return f"{'raised' if wanted.adds else 'lowered'}: {codes}; reason: {wanted.reason}"

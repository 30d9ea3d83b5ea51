"""An administrator who looks through a partner's eyes: what the partner would get, audited as hers.

FHIR has nothing like it (docs/operating.md); who asks is told apart from for whom it is answered, as
https://hl7.org/fhir/R4/security.html#audit wants it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from careplan_service.access.caller import Caller
from careplan_service.access.clients import Client
from careplan_service.access.scope_text import parse_scopes
from careplan_service.access.view import administers
from careplan_service.errors import Forbidden, Malformed

VIEW_AS = "X-Careplan-View-As"
"""The header that names the partner's client and, if not its default, the purpose of use."""

_FORM = re.compile(r"(?P<client>[\x21-\x3a\x3c-\x7e]{1,200})(?:; ?purpose=(?P<purpose>[A-Za-z0-9]{1,40}))?")
_LONGEST_SHOWN = 80


@dataclass(frozen=True)
class Partners:
    """The register of clients, as far as questions about partners need it: one by its id, and all."""

    find: Callable[[str], Client | None]
    all: Callable[[], Sequence[Client]]

    def let_in(self) -> list[str]:
        """The ids of the partners' clients that may call."""
        return sorted(one.id for one in self.all() if one.is_let_in and one.kind == "partner")


def may_view_as(viewer: Caller) -> bool:
    """Whether it is a system of the agency that may read and search everything, the audit log included."""
    return all(administers(viewer, letter, "*") for letter in "rs")


def seen_as(viewer: Caller, asked: str, find_client: Callable[[str], Client | None]) -> Caller:
    """The caller whom the header `food-bank; purpose=TREAT` names, until the viewer's token expires.

    Raises Forbidden (403) for who may not look through others' eyes, Malformed (400) for a header that
    cannot be read or names no partner that is let in, or a purpose that is not registered for it.
    """
    if not may_view_as(viewer):
        text = f"this token does not allow `{VIEW_AS}`; an agency client needs `system/*.rs` for it"
        raise Forbidden(text)
    found = _FORM.fullmatch(asked)
    if found is None:
        raise Malformed(f"`{VIEW_AS}` names a client and a purpose: `food-bank; purpose=TREAT`")
    partner = as_client(found["client"], found["purpose"] or "", find_client, f"`{VIEW_AS}`")
    return replace(partner, expires=viewer.expires, viewer=viewer)


def as_client(
    id_: str, purpose: str, find_client: Callable[[str], Client | None], where: str = "`partner`"
) -> Caller:
    """The caller that a partner's client is when it calls for itself; without a purpose for its default.

    Raises Malformed (400), beginning with `where`, for what is no partner's client that is let in, or a
    purpose that is not registered for it.
    """
    client = find_client(id_)
    if client is None or not client.is_let_in or client.kind != "partner":
        text = f"`{id_[:_LONGEST_SHOWN]}` is no partner's client here; see `careplan client list`"
        raise Malformed(f"{where}: {text}")
    purpose = purpose or client.purpose
    if purpose not in client.purposes:
        registered = ", ".join(client.purposes)
        raise Malformed(f"{where}: `{purpose}` is not registered for `{client.id}`; it has {registered}")
    return Caller(
        client_id=client.id,
        kind=client.kind,
        organization=client.organization,
        purposes=(purpose,),
        scopes=parse_scopes(client.scopes),
    )

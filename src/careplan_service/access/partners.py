"""A partner, named by its client or its organisation, as the caller it would be.

For who asks on its behalf: through its eyes (`viewing.py`), or why it may see something.
https://hl7.org/fhir/R4/security.html#AccessDenied
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from careplan_service.access.caller import Caller
from careplan_service.access.clients import Client
from careplan_service.access.consent.recipients import local, local_reference
from careplan_service.access.scope_text import parse_scopes
from careplan_service.access.scopes import Scopes, scopes_of
from careplan_service.errors import Malformed

_LONGEST_SHOWN = 80


def is_partner(client: Client | None) -> bool:
    """Whether it is the client of a partner, and let in."""
    return client is not None and client.is_let_in and client.kind == "partner"


def as_registered(client: Client, purpose: str, named_in: str) -> Caller:
    """The caller that a partner's client is, for a purpose of use or, with none given, its default.

    `named_in` says where it was named. Raises Malformed (400) for a purpose that is not registered for it.
    """
    purpose = purpose or client.purpose
    if purpose not in client.purposes:
        registered = ", ".join(client.purposes)
        text = f"`{purpose[:_LONGEST_SHOWN]}` is not registered for `{client.id}`; it has {registered}"
        raise Malformed(f"`{named_in}`: {text}")
    return Caller(client.id, client.kind, client.organization, (purpose,), parse_scopes(client.scopes))


def partner_named(name: str, purpose: str, clients: Iterable[Client], base_url: str) -> Caller:
    """The partner that is named by a client's id, or by `Organization/x`.

    The clients of an organisation count together where it has several: what one of them may ask, it may.
    An organisation without clients has no scopes. Raises Malformed (400) for what names no partner, and for
    a purpose that is not registered.
    """
    partners = [client for client in clients if is_partner(client)]
    organization = local(name, base_url)
    if not local_reference(organization, "Organization"):
        found = [client for client in partners if client.id == name]
        if not found:
            text = f"`{name[:_LONGEST_SHOWN]}` is no partner's client here"
            raise Malformed(f"`partner`: {text}; name a client, or an organisation as `Organization/x`")
        return as_registered(found[0], purpose, "purpose")
    theirs = [client for client in partners if client.organization == organization]
    if len(theirs) == 1:
        return as_registered(theirs[0], purpose, "purpose")
    return _together(organization, purpose, theirs)


def _together(organization: str, purpose: str, clients: Sequence[Client]) -> Caller:
    registered = {one for client in clients for one in client.purposes}
    defaults = {client.purpose for client in clients}
    if not purpose and len(defaults) == 1:
        (purpose,) = defaults
    if clients and purpose not in registered:
        text = (
            f"`{organization}` has several clients; name one, or a `purpose`: {', '.join(sorted(registered))}"
        )
        raise Malformed(text)
    able = [client for client in clients if purpose in client.purposes]
    scopes = scopes_of(grant for client in able for grant in parse_scopes(client.scopes).grants)
    return Caller("", "partner", organization, (purpose,) if purpose else (), scopes if able else Scopes())

"""Clients that registered themselves: what they sent, and how many there may be.

https://www.rfc-editor.org/rfc/rfc7591#section-5 (an open endpoint must bear being flooded)
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from careplan_service.access.clients import Client

WINDOW_SECONDS = 3600
"""The window in which the registrations of one network address are counted."""
MOST_FROM_ADDRESS = 20
"""Attempts to register from one address in a window, refused ones too."""
MOST_WAITING = 200
"""Clients that wait for their first approval at the same time."""
WAITING_SECONDS = 30 * 24 * 3600
"""A client that nobody approved for this long is forgotten."""


@dataclass(frozen=True)
class Registration:
    """A client that registered itself, with the metadata it is registered by (a JSON object as text).

    `token_digest` is that of its registration access token (SHA-256, in hex), empty where it has none.
    `version` grows with every change. A client with a certificate is known by the `uri` in it;
    `certificate` is the one it registered with, in PEM.
    """

    client: Client
    metadata: str
    token_digest: str = field(default="", repr=False)
    version: int = 1
    uri: str = ""
    certificate: str = ""

    @property
    def is_candidate(self) -> bool:
        """Whether nobody approved it yet: whom it acts for is said there."""
        return self.client.pending and not self.client.organization


def approved(client: Client, kind: str, organization: str, purposes: tuple[str, ...]) -> Client:
    """The client once an operator said whose it is and what for; `purposes` are one or more."""
    return replace(
        client,
        kind=kind,
        organization=organization,
        purpose=purposes[0],
        further_purposes=purposes[1:],
        pending=False,
    )

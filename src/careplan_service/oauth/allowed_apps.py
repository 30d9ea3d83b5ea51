"""What a person sees of the apps that were allowed, and takes back.

https://hl7.org/fhir/smart-app-launch/STU2.2/conformance.html#response (`management_endpoint`)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from careplan_service.access.authorizations import AllowedApp, Authorization
from careplan_service.access.clients import Client
from careplan_service.access.people import User
from careplan_service.oauth.app_tokens import ends
from careplan_service.oauth.people_audit import PeopleAudit


class Kept(Protocol):
    """What people allowed apps, as it is kept. Moments are seconds since the epoch."""

    def of_user(self, user_id: str) -> tuple[Authorization, ...]:
        """What a person allowed and did not take back."""

    def revoke(self, id_: str, now: int) -> bool:
        """Take it back; False when it was before."""


@dataclass(frozen=True)
class AllowedApps:
    """The apps of one person at a time; `seconds` is how long an access token is valid."""

    kept: Kept
    find_client: Callable[[str], Client | None]
    audit: PeopleAudit
    seconds: int

    def of(self, user: User) -> tuple[AllowedApp, ...]:
        """Those that can still do anything, the newest first."""
        now = self._now()
        standing = (one for one in self.kept.of_user(user.id) if now < ends(one, self.seconds))
        return tuple(self._told(one) for one in standing)

    def take_back(self, user: User, id_: str, address: str) -> bool:
        """End what the person allowed under that id; False where there is none of this person's."""
        own = {one.id: one for one in self.kept.of_user(user.id)}
        if id_ not in own or not self.kept.revoke(id_, self._now()):
            return False
        self.audit.done(f"take-back {own[id_].client_id}", user, address)
        return True

    def _told(self, one: Authorization) -> AllowedApp:
        client = self.find_client(one.client_id)
        name = client.name if client else one.client_id
        return AllowedApp(one.id, name, one.created, one.used, tuple(one.scope.split(" ")), one.patient)

    def _now(self) -> int:
        return int(self.audit.clock().timestamp())

"""Launches that wait for their app, in SQL, each to be used once by one process.

https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html#launch-app-ehr-launch
"""

from __future__ import annotations

from dataclasses import asdict

from sqlalchemy import BigInteger, Column, Engine, ForeignKey, Table, delete, insert, select

from careplan_service.access.launches import Launch
from careplan_service.store.people_tables import transaction
from careplan_service.store.purging import purge
from careplan_service.store.tables import Text, metadata

oauth_launch = Table(
    "oauth_launch",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("client_id", Text, ForeignKey("oauth_client.id"), nullable=False),
    Column("user", Text, nullable=False),
    Column("patient", Text, nullable=False),
    Column("context", Text, nullable=False),
    Column("expires", BigInteger, nullable=False, index=True),
)

_KEPT_LONGER = 3600
"""Seconds: who is at the scope page when a launch ends may still answer."""


class SqlLaunches:
    """Handles of launches. Moments are seconds since the epoch; raises Unavailable without a database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, launch: Launch, now: int) -> None:
        """Keep a launch, and forget those that are long over."""
        over = oauth_launch.c.expires < now - _KEPT_LONGER
        with transaction(self._engine) as connection:
            connection.execute(purge(oauth_launch, over))
            connection.execute(insert(oauth_launch).values(asdict(launch)))

    def find(self, digest: str, now: int) -> Launch | None:
        """The launch of that digest if it was not used and is not over at that moment."""
        row = oauth_launch.c
        wanted = select(oauth_launch).where(row.digest == digest, row.expires > now)
        with transaction(self._engine) as connection:
            found = connection.execute(wanted).mappings().one_or_none()
        return Launch(**found) if found else None

    def use(self, digest: str) -> bool:
        """Take the launch away; of two who do it at the same moment the second one hears False."""
        used = delete(oauth_launch).where(oauth_launch.c.digest == digest)
        with transaction(self._engine) as connection:
            return connection.execute(used).rowcount == 1

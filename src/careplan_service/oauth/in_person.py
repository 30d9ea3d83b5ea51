"""What a person may see, asked by the pages that lead to an app: patients to choose from, their names.

Everything goes through the one predicate, as that person at that app: hidden is absent.
https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html#launch-context-arrives-with-your-access_token
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from careplan_service.access.barring import barred_from
from careplan_service.access.clients import Client
from careplan_service.access.instants import microseconds
from careplan_service.access.people import User
from careplan_service.access.person import caller_for_person
from careplan_service.access.scopes import ANY_TYPE, Grant, Scopes
from careplan_service.errors import Gone, NotFound
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.policy import Policy
from careplan_service.interactions.query import asker_of, query_of
from careplan_service.interactions.read import read
from careplan_service.interactions.records import Cursor, Records
from careplan_service.interactions.search import search
from careplan_service.resources.registry import SERVED

_LOOKING = Scopes(frozenset(Grant("user", ANY_TYPE, letter) for letter in "rs"))
_MOST_ENCOUNTERS, _PAGE = "20", "10"
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")

Document = dict[str, Any]


@dataclass(frozen=True)
class Sight:
    """What people may see. `new_id` gives fresh ids, `custodians` the organisations that run this service."""

    records: Records
    policy: Policy
    clock: Callable[[], datetime]
    new_id: Callable[[], str]
    custodians: Callable[[], Collection[str]]

    def desk(self, client: Client, user: User, interaction: str, asked: str) -> Desk:
        """A desk at which that person looks, for the purpose that the app is registered with."""
        now = self.clock()
        caller = caller_for_person(
            client, user, _LOOKING, (client.purpose,), "", int(now.timestamp()) + 60, self.custodians()
        )
        caller = replace(caller, barred=barred_from(caller, self.records.edges))
        return Desk(
            caller, self.records, microseconds(now), asked, self.new_id, interaction, policy=self.policy
        )

    def patients(
        self, client: Client, user: User, asked: Sequence[tuple[str, str]], after: Cursor | None
    ) -> tuple[list[Document], Cursor | None]:
        """A page of the patients that match, and where the next one begins.

        Raises Malformed for a value that cannot be searched for.
        """
        desk = self.desk(client, user, "choose-patient", f"Patient?{urlencode(asked)}")
        page = [("_count", _PAGE), ("_total", "none"), ("_sort", "family")]
        query = query_of(["Patient"], [*asked, *page], asker_of(desk), after)
        found = search(desk, query, desk.sees("s", "Patient"))
        desk.note(200)
        return [json.loads(one.body) for one in found.matches], found.following

    def encounters(self, client: Client, user: User, patient: str) -> list[Document]:
        """The newest encounters of a patient."""
        desk = self.desk(client, user, "choose-encounter", f"Encounter?patient=Patient/{patient}")
        asked = [("patient", f"Patient/{patient}"), ("_sort", "-date"), ("_count", _MOST_ENCOUNTERS)]
        found = search(desk, query_of(["Encounter"], asked, asker_of(desk)), desk.sees("s", "Encounter"))
        desk.note(200)
        return [json.loads(one.body) for one in found.matches]

    def sees(self, client: Client, user: User, reference: str) -> Document | None:
        """The resource of a relative reference if the person may see it, otherwise None."""
        type_, _, id_ = reference.partition("/")
        if type_ not in SERVED or not _ID.fullmatch(id_):
            return None
        desk = self.desk(client, user, "look-up", reference)
        try:
            found: Document = json.loads(read(desk, type_, id_).body)
        except (NotFound, Gone):
            desk.note(404, "not found")
            return None
        desk.note(200)
        return found

    def organization(self, client: Client, user: User, reference: str) -> str:
        """How an organisation is called: by its name if the person may see it, otherwise by its reference."""
        return str((self.sees(client, user, reference) or {}).get("name") or reference)


def name_of(patient: Document | None) -> str:
    """How a patient is called: the first name there is, otherwise the id; empty for None."""
    if patient is None:
        return ""
    names = [name for name in patient.get("name", ()) if name.get("use") != "old"]
    for name in names:
        parts = [*name.get("given", ()), name.get("family", "")]
        whole = name.get("text") or " ".join(part for part in parts if part)
        if whole:
            return str(whole)
    return f"Patient/{patient.get('id', '')}"


def is_of(encounter: Document | None, patient: str) -> bool:
    """Whether an encounter is that patient's."""
    reference = (encounter or {}).get("subject", {}).get("reference", "")
    return bool(patient) and str(reference).endswith(f"Patient/{patient}")


def visit_of(encounter: Document) -> str:
    """How an encounter is called: when it began, of which kind."""
    begun = str(encounter.get("period", {}).get("start", ""))[:10] or "without a date"
    class_ = encounter.get("class", {})
    return ", ".join(filter(None, (begun, str(class_.get("display") or class_.get("code") or ""))))

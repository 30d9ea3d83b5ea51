"""One row of Exit.csv, from an EpisodeOfCare that ended, the row that came in and what was derived.

https://hl7.org/fhir/R4/episodeofcare.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from careplan_service.interventions.canonical import extension_value, hmis, sw
from careplan_service.interventions.hmis.columns import EXIT, columns_of
from careplan_service.interventions.hmis.staging import Cells, Kept

NOT_COLLECTED = "99"
_WRITER = "careplan"


def exit_of(rows: Kept | None, enrollment: str) -> Cells:
    """The row of an enrollment's exit as it came in; empty where it ended here."""
    for row in (rows or {}).get(EXIT, {}).values():
        if row["EnrollmentID"] == enrollment and "DateDeleted" not in row:
            return row
    return {}


def exit_row(
    episode: Mapping[str, Any],
    came: Cells,
    derived: Mapping[str, str],
    *,
    enrollment: str,
    person: str,
    reason: str | None,
    updated: str,
    export: str,
) -> list[str]:
    """The cells in the order of the columns: what is here first, then what came in.

    `reason` is CMExitReason by the plan, for an episode that says none; `updated` is when it was last
    changed here.
    """
    row = {
        "ExitID": str(episode["id"]).replace("-", "")[:32],
        "Destination": NOT_COLLECTED,
        "DateCreated": updated,
        "DateUpdated": updated,
        "UserID": _WRITER,
        **({"CMExitReason": reason} if reason else {}),
        **came,
        **derived,
        "EnrollmentID": enrollment,
        "PersonalID": person,
        "ExitDate": str(episode["period"]["end"])[:10],
        "ExportID": export,
    }
    destination = extension_value(episode, sw("exit-destination")) or {}
    row |= _coded(destination, "Destination")
    row |= {"OtherDestination": destination["text"]} if "text" in destination else {}
    row |= _coded(extension_value(episode, sw("termination-reason")) or {}, "CMExitReason")
    if derived and any(row.get(name) != came.get(name) for name in derived):
        row["DateUpdated"] = max(updated, row["DateUpdated"])
    return [row.get(name, "") for name in columns_of(EXIT)]


def _coded(concept: Mapping[str, Any], column: str) -> Cells:
    codes = [str(one["code"]) for one in concept.get("coding", ()) if one.get("system") == hmis(column)]
    return {column: codes[0]} if codes else {}

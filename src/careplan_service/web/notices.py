"""What is told with data under 42 CFR Part 2, and how secret a Bundle is.

https://www.ecfr.gov/current/title-42/part-2/section-2.32 and
https://build.fhir.org/ig/HL7/fhir-security-label-ds4p/
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask import Response

from careplan_service.access.consent.terminology import ACT_CODE, CONFIDENTIALITY, NORMAL, RANK
from careplan_service.errors import Fault
from careplan_service.interactions import break_glass
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.records import Stored

HEADER = "X-Careplan-Notice"
TEXT = "42 CFR part 2 prohibits unauthorized use or disclosure of these records."
NOTICE = Fault("informational", TEXT, None, "information")
_CODES = {rank: code for code, rank in RANK.items()}


def noticed(response: Response, desk: Desk) -> Response:
    """The response, with the notice where it brings such data to others than the custodian's staff.

    And with the request not to use further what was opened in an emergency.
    """
    if desk.under_part2 and not desk.caller.is_agency:
        response.headers.add(HEADER, TEXT)
    if any(glass.patient in desk.patients for glass in desk.caller.glasses):
        response.headers.add(HEADER, break_glass.NOTICE)
    return response


def security_of(page: Iterable[Stored]) -> list[dict[str, Any]]:
    """The labels of a Bundle: the highest confidentiality of its entries if that is above normal.

    Nothing that says more of an entry than its own labels do, and no handling of single entries (MASK).
    """
    there = [one for one in page if not one.deleted]
    highest = max((one.rank for one in there), default=NORMAL)
    labels = [{"system": CONFIDENTIALITY, "code": _CODES[highest]}] if highest > NORMAL else []
    if any(one.part2 for one in there):
        labels.append({"system": ACT_CODE, "code": "NORDSCLCD"})
    return labels

"""What becomes of a plan, from loaded data to values: a builder for each part of `record`.

https://hl7.org/fhir/R4/careplan.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from careplan_service.interventions import plan as parts
from careplan_service.interventions import record
from careplan_service.interventions.intake_names import Names

Data = Mapping[str, Any]


def built(of: type[Any], data: Data, **more: Any) -> Any:
    """A value of the fields that are there; lists become tuples."""
    given = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in {**data, **more}.items()
        if value is not None
    }
    return of(**given)


def recorded(data: Data, known: Names) -> dict[str, Any]:
    """The fields of a plan that hold what has become of it, each name as the plan calls somebody."""
    return {
        "assessments": [_assessment(one, known) for one in data["assessments"]],
        "sessions": [_session(one, known) for one in data["sessions"]],
        "reviews": [
            built(record.Review, one, findings=[built(record.Finding, part) for part in one["findings"]])
            for one in data["reviews"]
        ],
        "referrals": [built(record.Referral, one, to=known.label(one["to"])) for one in data["referrals"]],
        "closing": built(record.Closing, data["closing"]) if data.get("closing") else None,
    }


def scaling(data: Data | None) -> record.Scaling | None:
    """The scale of a goal."""
    made: record.Scaling | None = built(record.Scaling, data) if data else None
    return made


def _assessment(data: Data, known: Names) -> record.Assessment:
    worker = data.get("worker")
    made: record.Assessment = built(
        record.Assessment,
        data,
        worker=known.label(worker) if worker else None,
        sections=[built(record.Section, one) for one in data["sections"]],
        needs=[built(parts.Need, one) for one in data["needs"]],
        strengths=[built(parts.Strength, one) for one in data["strengths"]],
        risks=[built(record.Risk, one) for one in data["risks"]],
        answers=[built(record.Answer, one) for one in data["answers"]],
        screening=_screening(data.get("screening")),
    )
    return made


def _screening(data: Data | None) -> record.Screening | None:
    if not data:
        return None
    answers = [built(record.ScreeningAnswer, one) for one in data["answers"]]
    made: record.Screening = built(record.Screening, data, answers=answers)
    return made


def _session(data: Data, known: Names) -> record.Session:
    by, cosigned_by = data.get("by"), data.get("cosigned_by")
    made: record.Session = built(
        record.Session,
        data,
        by=known.label(by) if by else None,
        cosigned_by=known.label(cosigned_by) if cosigned_by else None,
        attendance=[built(record.Attendance, one, who=known.label(one["who"])) for one in data["attendance"]],
        addenda=[built(record.Addendum, one) for one in data["addenda"]],
    )
    return made

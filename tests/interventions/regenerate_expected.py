"""Writes `fixtures/plans/expected/*.json` anew: run it as a script, with the Python of `.venv`.

Read the difference before committing it: these Bundles are what partners test against.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from careplan_service.interventions.intake import plan_from_json
from careplan_service.interventions.intake_csv import plans_from_csv
from careplan_service.interventions.plan import Plan
from careplan_service.interventions.sensitivity import security
from careplan_service.interventions.to_fhir import to_fhir

FIXTURES = Path(__file__).parents[2] / "fixtures" / "plans"
NOW = datetime(2025, 1, 10, 9, 30, tzinfo=UTC)
AGENCY = "Organization/eastgate"


def plan_of(path: Path) -> Plan:
    """The one plan of a fixture file."""
    if path.suffix == ".json":
        return plan_from_json(json.loads(path.read_text(encoding="utf-8")))
    return plans_from_csv(path.read_bytes())[0]


def documents_of(plan: Plan, known=None) -> list[dict]:
    """The documents of a plan, with ids that tell the plan and the order."""
    numbers = count(1)
    return to_fhir(
        plan,
        agency=AGENCY,
        new_id=lambda: f"{plan.number.lower()}-{next(numbers)}",
        now=NOW,
        known=known or {},
    )


def labels_of(document: dict) -> set[str]:
    """The security labels of a document, without its confidentiality."""
    return {coding["code"] for coding in document["meta"]["security"]} - {"N", "R"}


def bundle_of(plan: Plan) -> dict:
    """A collection Bundle of a plan's documents, labelled as high as the highest of them."""
    documents = documents_of(plan)
    return {
        "resourceType": "Bundle",
        "id": plan.number.lower(),
        "meta": {"security": security(set().union(*map(labels_of, documents)))},
        "type": "collection",
        "entry": [
            {
                "fullUrl": f"https://careplan-service.org/fhir/{one['resourceType']}/{one['id']}",
                "resource": one,
            }
            for one in documents
        ],
    }


def fixtures() -> list[Path]:
    """The plans that partners may use."""
    return sorted([*FIXTURES.glob("*.json"), *FIXTURES.glob("*.csv")])


def text_of(path: Path) -> str:
    """What the expected file of a fixture says."""
    return json.dumps(bundle_of(plan_of(path)), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    (FIXTURES / "expected").mkdir(exist_ok=True)
    for fixture in fixtures():
        (FIXTURES / "expected" / f"{fixture.stem}.json").write_text(text_of(fixture), encoding="utf-8")

"""What follows the story: the other worked plans, so that the service that stays up has something to look at.

https://hl7.org/fhir/R4/careplan.html
"""

from __future__ import annotations

import json
from pathlib import Path

from careplan_service.cli.demo.people import AGENCY
from careplan_service.cli.demo.story import Story


def take_in_the_others(story: Story, told: Path) -> None:
    """Posts every JSON plan that lies beside `told`, which is on record already."""
    others = [path for path in sorted(told.parent.glob("*.json")) if path != told]
    story.step(f"10. The agency takes in {len(others)} more plans, from crisis work to community organising")
    for path in others:
        plan = json.loads(path.read_text(encoding="utf-8"))
        status, _ = story.ask(AGENCY, "POST", "/plans", plan, kind="json")
        story.check(status == 201, f"{path.name} is taken")

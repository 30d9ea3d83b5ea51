"""XML on many lines says the same as on one."""

from __future__ import annotations

import json
from pathlib import Path

from careplan_service.resources.xml import from_xml, indented, to_xml
from resources.xml.laws import FHIR, XHTML


def test_every_element_has_a_line_and_narratives_stay_as_they_are() -> None:
    div = f'<div xmlns="{XHTML}"><div> a <b>b</b>\n</div><br/></div>'
    document = {
        "resourceType": "Goal",
        "id": "g",
        "text": {"status": "generated", "div": div},
        "statusReason": "a > b </div>",
        "target": [{"dueDate": "2026", "_dueDate": {"extension": [{"url": "u:x", "valueString": "/>"}]}}],
    }
    written = indented(to_xml(json.dumps(document).encode())).decode()
    assert written == "\n".join((
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<Goal xmlns="{FHIR}">',
        '  <id value="g"/>',
        "  <text>",
        '    <status value="generated"/>',
        f"    {div}",
        "  </text>",
        "  <target>",
        '    <dueDate value="2026">',
        '      <extension url="u:x">',
        '        <valueString value="/&gt;"/>',
        "      </extension>",
        "    </dueDate>",
        "  </target>",
        '  <statusReason value="a &gt; b &lt;/div&gt;"/>',
        "</Goal>",
    ))  # fmt: skip


def test_published_resources_say_the_same_on_many_lines(shared: Path) -> None:
    for path in sorted((shared / "corpora" / "us-core-6.1.0").glob("*.json")):
        written = to_xml(path.read_bytes())
        assert from_xml(indented(written)) == from_xml(written)

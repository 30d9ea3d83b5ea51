"""Published resources go to XML and come back the same, whatever their type."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from resources.xml.laws import same, there_and_back

FOLDERS = (
    "balp",
    "pcf",
    "r4-core",
    "sdohcc",
    "subscriptions",
    "synthea/bundles",
    "us-core-6.1.0",
    "us-core-6.1.0-definitions",
)
EVERY = 200
"""Of the long NDJSON files only each so-many-th line is read."""


def resources(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*.json")):
        data = path.read_bytes()
        if "resourceType" in json.loads(data):
            yield path.name, data


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_published_resource_says_the_same_after_xml(shared: Path, folder: str) -> None:
    found = {name: same(data, there_and_back(data)) for name, data in resources(shared / "corpora" / folder)}
    assert found
    assert [name for name, equal in found.items() if not equal] == []


def test_synthetic_records_say_the_same_after_xml(shared: Path) -> None:
    for path in sorted((shared / "corpora" / "synthea").glob("*.ndjson")):
        for line in path.read_bytes().splitlines()[::EVERY]:
            assert same(line, there_and_back(line)), line

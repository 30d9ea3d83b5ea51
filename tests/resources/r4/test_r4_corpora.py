"""Published examples pass, but for the listed ones, which break R4's own rules."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from careplan_service.resources.r4 import SUPPORTED, check, parse

HERE = Path(__file__).parent
CORPORA = Path(os.environ.get("CAREPLAN_SHARED", HERE.parents[2] / ".." / "shared")) / "corpora"
REFUSED = json.loads((HERE / "corpus_refusals.json").read_text(encoding="utf-8"))
FOLDERS = ("r4-core", "us-core-6.1.0", "sdohcc/examples", "pcf/examples", "synthea/bundles")
EVERY = 20
"""Of the long NDJSON files only each so-many-th line is read."""

pytestmark = pytest.mark.skipif(not CORPORA.is_dir(), reason="the shared folder is not here")


def resources(document, place):
    """The resource, or those of a Bundle's entries, with their places."""
    if document.get("resourceType") != "Bundle":
        yield place, document
        return
    for index, entry in enumerate(document.get("entry", [])):
        if "resource" in entry:
            yield from resources(entry["resource"], f"{place}#{index}")


def refusals(documents):
    found = {}
    for place, document in documents:
        resource_type = document.get("resourceType")
        faults = check(document, resource_type) if resource_type in SUPPORTED else ()
        if faults:
            found[place] = [faults[0].code, faults[0].expression]
    return found


def stored(folder):
    for path in sorted((CORPORA / folder).rglob("*.json")):
        yield from resources(parse(path.read_bytes()), path.relative_to(CORPORA).as_posix())


@pytest.mark.parametrize("folder", FOLDERS)
def test_exactly_the_listed_examples_are_refused(folder):
    expected = {place: fault for place, fault in REFUSED.items() if place.startswith(folder + "/")}
    assert refusals(stored(folder)) == expected


@pytest.mark.parametrize(
    "resource_type", ["CarePlan", "Condition", "Goal", "Organization", "Patient", "Practitioner"]
)
def test_synthetic_records_pass(resource_type):
    lines = (CORPORA / "synthea" / f"{resource_type}.ndjson").read_bytes().splitlines()[::EVERY]
    assert refusals((str(number), parse(line)) for number, line in enumerate(lines)) == {}

"""The published cases of both kinds of patch: tests of RFC 6902 and of https://hl7.org/fhir/R4/fhirpatch.html."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from careplan_service.errors import Problem
from careplan_service.resources.patching import json_patch, patched

_FHIR, _XHTML = "{http://hl7.org/fhir}", "{http://www.w3.org/1999/xhtml}"
_MANY = frozenset(
    "contact identifier name telecom given address line coding relationship extension part".split()
)
_SINGLE_INSIDE = {"contact": {"name", "address"}, "part": {"name"}, "parameter": {"name"}}


def test_every_published_case_of_json_patch_holds(shared: Path) -> None:
    cases = json.loads((shared / "corpora/patch/json-patch-tests.json").read_text())
    assert len(cases) == 16
    for case in cases:
        if "error" in case:
            with pytest.raises(Problem):
                json_patch.changed(case["doc"], json.dumps(case["patch"]).encode())
        else:
            assert json_patch.changed(case["doc"], json.dumps(case["patch"]).encode()) == case["expected"]


def test_every_published_case_of_fhirpath_patch_holds(shared: Path) -> None:
    cases = ElementTree.parse(shared / "corpora/patch/fhir-patch-tests.xml").getroot().findall("case")
    assert len(cases) == 33
    for case in cases:
        data = json.dumps(_document(case, "input")).encode()
        patch = json.dumps(_document(case, "diff")).encode()
        if case.find("error") is not None:
            with pytest.raises(Problem, match="finds nothing"):
                patched(data, patch, "fhirpath")
        else:
            after = json.loads(patched(data, patch, "fhirpath"))
            assert _plain(after) == _plain(_document(case, "output")), case.get("name")


def _document(case: ElementTree.Element, name: str) -> dict[str, Any]:
    element = case.find(name)
    assert element is not None
    return {"resourceType": element[0].tag.removeprefix(_FHIR), **_object(element[0])}


def _object(element: ElementTree.Element) -> dict[str, Any]:
    """As much of FHIR's XML as the cases use."""
    found: dict[str, Any] = {name: value for name, value in element.attrib.items() if name != "value"}
    holder = element.tag.removeprefix(_FHIR)
    for child in element:
        name = child.tag.removeprefix(_FHIR).removeprefix(_XHTML)
        many = name in _MANY | {"parameter"} and name not in _SINGLE_INSIDE.get(holder, ())
        if name == "div":
            found[name] = ElementTree.tostring(child, encoding="unicode")
            continue
        inside = _object(child)
        if "value" in child.attrib:
            _put(found, name, _primitive(name, child.attrib["value"]), many)
            if inside:
                _put(found, f"_{name}", inside, many)
        else:
            _put(found, name, inside, many)
    return found


def _put(found: dict[str, Any], name: str, value: Any, many: bool) -> None:
    if many:
        found.setdefault(name, []).append(value)
    else:
        found[name] = value


def _primitive(name: str, text: str) -> Any:
    if name == "valueInteger":
        return int(text)
    return text == "true" if name in ("active", "deceasedBoolean") else text


def _plain(value: Any) -> Any:
    """The document with narratives compared by what they say."""
    if isinstance(value, dict):
        return {name: _words(inner) if name == "div" else _plain(inner) for name, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value


def _words(div: str) -> list[str]:
    return re.sub(r"<[^>]*>", " ", div).replace('"', " ").replace("&quot;", " ").split()

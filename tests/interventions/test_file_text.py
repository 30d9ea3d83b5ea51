"""What is told of a file that cannot be read. https://www.rfc-editor.org/rfc/rfc8259"""

from __future__ import annotations

import pytest

from careplan_service.errors import Invalid
from careplan_service.interventions.csv_mapping import mapping_from_json, mapping_from_toml
from careplan_service.interventions.hsds.reading import directory_from_json

TOML = [
    ('[columns]\na = "x"y\n', "line 2", "is there a quotation mark too many?"),
    ("[columns\n", "line 1", "closing bracket"),
    ('a = "x"\na = "y"\n', "line 2", "this name comes twice"),
    ("[columns]\n[columns]\n", "line 2", "this section comes twice"),
    ("a = {b = 1, b = 2}\n", "line 1", "this name comes twice"),
    ("\nGoal Nr = 'x'\n", "line 2", "is in quotation marks"),
    ("é = 'x'\n", "line 1", "is in quotation marks"),
    ("a = x\n", "line 1", "write a value here"),
    ("a = ", "line 1", "write a value here"),
    ('a = "x\nb = 1\n', "line 1", "closing quotation mark"),
    ("a = 'x\nb = 1\n", "line 2", "closing quotation mark"),
    ("a = ['x'\n", "line 1", "closing bracket"),
    ('a = "C:\\plans"\n', "line 1", "a backslash"),
    ('a = "\x01"\n', "line 1", "look for a typing error"),
    (f"a = {'1' * 5000}", None, "too many digits"),
    (f"a = {'[' * 5000}", None, "nested too deeply"),
]
JSON = [
    ("", None, "is empty"),
    ('[\n {"id": 1,}]', "line 2", "take out the comma before it"),
    ("[1,\n]", "line 2", "take out the comma before it"),
    ("[\n {'id': 1}]", "line 2", "double quotation marks"),
    ("[1 2]", "line 1", "put a comma"),
    ('{"a" 1}', "line 1", "put a colon"),
    ("{}\n{}", "line 2", "what follows the closing bracket"),
    ('{"a": "x}', "line 1", "closing quotation mark"),
    ('{"a": "x\ny"}', "line 1", "a line break inside a text"),
    ('{"a": "C:\\plans"}', "line 1", "a backslash"),
    (f"[{'1' * 5000}", None, "too many digits"),
    ("[" * 100_000, None, "nested too deeply"),
]
PARSERS_WORDS = ("codec", "delimiter", "Expect", "expecting", "(at ", "char ", "namespace", "statement")


def refused(read, text):
    with pytest.raises(Invalid) as caught:
        read(text if isinstance(text, bytes) else text.encode())
    (fault,) = caught.value.faults
    assert not any(word in fault.text for word in PARSERS_WORDS), fault.text
    return fault


@pytest.mark.parametrize(("text", "line", "told"), TOML)
def test_toml_that_cannot_be_read_is_told_by_line_with_what_to_do(text, line, told):
    fault = refused(mapping_from_toml, text)
    assert fault.expression == line
    assert told in fault.text


@pytest.mark.parametrize(("text", "line", "told"), JSON)
def test_json_that_cannot_be_read_is_told_by_line_with_what_to_do(text, line, told):
    fault = refused(mapping_from_json, text)
    assert fault.expression == line
    assert told in fault.text


@pytest.mark.parametrize(("text", "line", "told"), [one for one in JSON if "digits" not in one[2]])
def test_a_directory_is_told_likewise(text, line, told):
    fault = refused(directory_from_json, text)
    assert fault.expression == line
    assert told in fault.text


@pytest.mark.parametrize("read", [mapping_from_toml, mapping_from_json, directory_from_json])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_bytes_that_are_not_utf_8_are_told_by_line(read, mark):
    fault = refused(read, mark + b"# \n\n caf\xe9")
    assert fault.text.startswith("byte 0xE9 in line 3 is not utf-8: save the ")

"""`careplan plan export --format html` and `pdf`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pdf_text import text_of

PLAN = Path(__file__).parents[2] / "fixtures" / "plans" / "family-eviction.json"


@pytest.mark.usefixtures("agency")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_plan_is_printed_from_the_command_line(careplan):
    id_ = careplan("plan", "import", str(PLAN)).made("CarePlan")
    page = careplan("plan", "export", id_, "--format", "html", "--language", "es", "--large-print")
    assert page.code == 0
    assert '<html lang="es" class="large">' in page.out
    assert "We want to stay in our flat." in page.out
    assert "afraid" not in page.out
    whole = careplan("plan", "export", id_, "--format", "html", "--include", "sensitive")
    assert "I want to stop being afraid at home." in whole.out
    wrong = careplan("plan", "export", id_, "--format", "pdf", "--language", "fr")
    assert wrong.code == 1
    assert "one of en, es" in wrong.err
    for shape in ("json", "csv"):
        for words in (
            ["--language", "es"],
            ["--language", "en"],
            ["--large-print"],
            ["--include", "sensitive"],
        ):
            ran = careplan("plan", "export", id_, "--format", shape, *words)
            told = f"`{words[0]}` is for a print: add `--format html` or `--format pdf`, or leave it out"
            assert (ran.code, ran.out, ran.err) == (1, "", f"careplan: {told}\n")
    command = [sys.executable, "-m", "careplan_service.cli", "plan", "export", id_, "--format", "pdf"]
    file = subprocess.run(command, capture_output=True, check=True, timeout=120).stdout
    assert file.startswith(b"%PDF-")
    assert "We want to stay in our flat." in text_of(file)
    assert "afraid" not in text_of(file)

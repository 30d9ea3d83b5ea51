"""`careplan consent`: vectors carried out, and what cannot be enforced kept and listed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from builders import PARTNER, a_consent, a_goal, a_patient, a_provision
from careplan_service.cli import careplan

VECTORS = Path(__file__).parents[2] / "fixtures" / "vectors" / "consents.json"


def test_our_own_vectors_are_decided_as_they_say_by_both_twins() -> None:
    done = CliRunner().invoke(careplan, ["consent", "check", str(VECTORS)])
    lines = done.output.splitlines()
    assert done.exit_code == 0, done.output
    assert lines[0].split("\t") == ["vector", "profile", "expected", "python", "sqlite", "differs"]
    assert lines[-1] == f"{len(lines) - 2} passed, 0 failed"


def test_a_vector_that_is_decided_otherwise_ends_the_command_with_1(tmp_path: Path) -> None:
    file = json.loads(VECTORS.read_text())
    file["vectors"] = file["vectors"][:1]
    file["vectors"][0]["expected"]["decision"] = "deny"
    (tmp_path / "wrong.json").write_text(json.dumps(file))
    done = CliRunner().invoke(careplan, ["consent", "check", str(tmp_path / "wrong.json")])
    assert done.exit_code == 1
    assert "python: decision is `permit`, not `deny`" in done.output
    assert "0 passed, 1 failed" in done.output


def test_what_cannot_be_enforced_is_refused_or_kept_and_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAREPLAN_KEYS_DIR", str(tmp_path / "keys"))
    url = ["--database-url", f"sqlite:///{tmp_path}/records.db"]
    narrowed = a_provision("permit", PARTNER)
    narrowed["extension"] = [{"url": "http://example.org/weekdays-only", "valueBoolean": True}]
    consents = [
        a_consent("Patient/ann", a_provision("permit", PARTNER), id="plain"),
        a_consent("Patient/ann", narrowed, id="narrowed"),
    ]
    for document in ({**a_patient(), "id": "ann"}, {**a_goal(of="Patient/ann"), "id": "g"}, *consents):
        (tmp_path / f"{document['id']}.json").write_text(json.dumps(document))
    files = [str(path) for path in sorted(tmp_path.glob("*.json"))]

    def run(*words: str) -> str:
        return CliRunner().invoke(careplan, [*words, *url]).output

    assert "Consent.provision.extension: cannot enforce" in run("load", *files)
    assert run("consent", "list", "--unenforceable") == ""
    assert "refused: 0" in run("load", "--keep-unenforceable", *files)
    kept = "Consent/narrowed\tPatient/ann\tunenforceable\tunknown-extension:provision\n"
    assert run("consent", "list", "--unenforceable") == kept
    assert run("consent", "list") == kept + "Consent/plain\tPatient/ann\tpermit\tprovision\n"


@pytest.mark.parametrize("data", [b"", b"\xff", b"[]", b'{"vectors": 1,}', b"{}", b"null"])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_file_without_vectors_is_told_in_one_line(careplan, tmp_path, data):
    (tmp_path / "v.json").write_bytes(data)
    ran = careplan("consent", "check", str(tmp_path / "v.json"))
    assert (ran.code, ran.err.count("\n")) == (1, 1)
    assert ran.err.startswith("careplan: ")

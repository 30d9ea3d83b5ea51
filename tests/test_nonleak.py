"""What a partner gets does not depend on what is hidden from it: two databases that differ in that alone.

Requests of every kind are replayed on both, and the answers are the same to the byte: status, headers and
body, over all pages. Small here; `make prove` does it at full size and on both databases.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from careplan_service.access import moments
from careplan_service.log import configure_log
from nonleak.corpus import Pair, close, opened
from nonleak.planted import PLANTED, Fault, everything_is_large
from nonleak.worlds import Script, Size, build, scripts

SEED = 2
Files = tuple[tuple[Path, Path], tuple[Script, Script]]


@pytest.fixture(scope="module")
def files(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory, keys_dir: Path) -> Files:
    """Both worlds in files, built once."""
    place = tmp_path_factory.mktemp("worlds")
    paths = place / "a.db", place / "b.db"
    for path in paths:
        shutil.copyfile(_sqlite_template, path)
    told = scripts(SEED, Size())
    worlds = opened([f"sqlite:///{path}" for path in paths], keys_dir)
    for world, script in zip(worlds, told, strict=True):
        build(world, script)
    close(worlds)
    return paths, told


@pytest.fixture
def pair(files: Files, tmp_path: Path, keys_dir: Path) -> Iterator[Pair]:
    """Copies of both worlds, and services on them that judge each answer twice."""
    yield from copied(files, tmp_path, keys_dir, 1)


@pytest.fixture
def judged_once(files: Files, tmp_path: Path, keys_dir: Path) -> Iterator[Pair]:
    """The same without the second judge, who would withhold what leaks by a fault."""
    yield from copied(files, tmp_path, keys_dir, 0)


def copied(files: Files, tmp_path: Path, keys_dir: Path, recheck: float) -> Iterator[Pair]:
    configure_log("critical")
    paths, told = files
    urls = []
    for path in paths:
        shutil.copyfile(path, tmp_path / path.name)
        urls.append(f"sqlite:///{tmp_path / path.name}")
    worlds = opened(urls, keys_dir, recheck)
    yield Pair(worlds, told, SEED, Size())
    close(worlds)


def test_the_worlds_differ_and_show_the_same(pair: Pair) -> None:
    pair.prepare()
    wrong = [
        name
        for world, name, status in pair.hidden_and_shown()
        if world.api.partner.get(f"/fhir/{name}").status != status
    ]
    assert wrong == []
    one, other = pair.scripts
    assert len(set(one.hidden) ^ set(other.hidden)) > 20
    assert set(one.hidden) & set(other.hidden)
    assert (one.shown, one.own) == (other.shown, other.own)


def test_no_answer_depends_on_what_is_hidden(pair: Pair) -> None:
    found = pair.first_difference()
    assert found is None, str(found)


def test_whether_a_total_comes_unasked_does_not_depend_on_what_is_hidden(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Attack 5: neither how large a type nor how rare a fact is may decide."""
    everything_is_large(monkeypatch)
    found = pair.first_difference(("searches",))
    assert found is None, str(found)


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_leak_is_seen(name: str, judged_once: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    fault: Fault = PLANTED[name]
    fault.plant(monkeypatch)
    moments.forget()
    try:
        assert judged_once.first_difference(fault.parts) is not None
    finally:
        moments.forget()

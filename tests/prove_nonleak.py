"""The proof of `test_nonleak.py` at full size: more of everything, every parameter, both databases.

`make prove` runs it; it takes many minutes.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from careplan_service.log import configure_log
from nonleak.corpus import Pair, close, opened
from nonleak.worlds import Size, build, scripts

FULL = Size(clients=5, each=2, hidden=(500, 150), names=60, questions=3)
SMALL = Size(questions=1)


@pytest.mark.timeout(4 * 3600)
@pytest.mark.parametrize(("seed", "size"), [(1, FULL), (2, SMALL), (3, SMALL), (4, SMALL)])
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_no_answer_depends_on_what_is_hidden(
    kind: str, seed: int, size: Size, new_database: Callable[[str, str], str], keys_dir: Path
) -> None:
    configure_log("critical")
    told, worlds = scripts(seed, size), opened([new_database(kind, name) for name in "ab"], keys_dir)
    try:
        for world, script in zip(worlds, told, strict=True):
            build(world, script)
        found = Pair(worlds, told, seed, size).first_difference()
    finally:
        close(worlds)
    assert found is None, str(found)

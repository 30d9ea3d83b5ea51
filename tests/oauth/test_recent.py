"""What registers said a moment ago: kept for few ids, whoever chooses them."""

from __future__ import annotations

from careplan_service.oauth.recent import _MOST, Recent


def test_ids_without_end_take_no_memory_without_end() -> None:
    recent = Recent(lambda id_: id_.upper(), lambda: 0.0)
    for number in range(2 * _MOST + 5):
        assert recent.get(f"id{number}") == f"ID{number}"
    assert len(recent._asked) <= _MOST

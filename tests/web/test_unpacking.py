"""Compressed bodies, opened only as far as a body may be long. https://www.rfc-editor.org/rfc/rfc1952"""

from __future__ import annotations

import gzip
import tracemalloc
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from careplan_service.errors import Malformed, TooLarge
from careplan_service.web.unpacking import unzipped


@given(st.binary(max_size=2000))
def test_what_was_packed_comes_out(data: bytes) -> None:
    assert unzipped(gzip.compress(data), len(data)) == data
    with pytest.raises(TooLarge):
        unzipped(gzip.compress(data + b"x"), len(data))


PACKED = gzip.compress(b"x" * 1000, mtime=0)
BROKEN = (b"", b"{}", PACKED[:-1], PACKED[:-8], PACKED[:9], PACKED + b"x", PACKED * 2, zlib.compress(b"x"))


@pytest.mark.parametrize("data", BROKEN)
def test_what_is_not_one_whole_member_is_refused(data: bytes) -> None:
    with pytest.raises(Malformed):
        unzipped(data, 1000)


def test_a_wrong_checksum_is_noticed() -> None:
    with pytest.raises(Malformed):
        unzipped(PACKED[:-8] + b"\0\0\0\0" + PACKED[-4:], 1000)


def test_a_bomb_takes_no_more_memory_than_a_body_may() -> None:
    bomb = gzip.compress(bytes(32 * 1024 * 1024), 1, mtime=0)
    tracemalloc.start()
    with pytest.raises(TooLarge):
        unzipped(bomb, 1000)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1024 * 1024

"""FHIR dates as ranges of microseconds, to their precision."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from careplan_service.access.instants import BEGINNING, END, as_datetime, instant, microseconds, period, span

SECOND, DAY = 1_000_000, 86_400_000_000


def us(*parts: int) -> int:
    return microseconds(datetime(*parts, tzinfo=UTC))  # type: ignore[arg-type, misc]


RANGES = {
    "2026": (us(2026, 1, 1), us(2027, 1, 1) - 1),
    "2024-02": (us(2024, 2, 1), us(2024, 3, 1) - 1),
    "2025-12": (us(2025, 12, 1), us(2026, 1, 1) - 1),
    "2026-06-01": (us(2026, 6, 1), us(2026, 6, 2) - 1),
    "2024-02-29": (us(2024, 2, 29), us(2024, 3, 1) - 1),
    "2026-06-01T12:30Z": (us(2026, 6, 1, 12, 30), us(2026, 6, 1, 12, 31) - 1),
    "2026-06-01T12:30:15Z": (us(2026, 6, 1, 12, 30, 15), us(2026, 6, 1, 12, 30, 16) - 1),
    "2026-06-01T12:30:15": (us(2026, 6, 1, 12, 30, 15), us(2026, 6, 1, 12, 30, 16) - 1),
    "2026-06-01T12:30:15+02:00": (us(2026, 6, 1, 10, 30, 15), us(2026, 6, 1, 10, 30, 16) - 1),
    "2026-06-01T00:30:00+05:30": (us(2026, 5, 31, 19), us(2026, 5, 31, 19, 0, 1) - 1),
    "2026-12-31T23:30:00-03:30": (us(2027, 1, 1, 3), us(2027, 1, 1, 3, 0, 1) - 1),
    "2026-06-01T12:30:15.5Z": (us(2026, 6, 1, 12, 30, 15, 500_000), us(2026, 6, 1, 12, 30, 15, 599_999)),
    "2026-06-01T12:30:15.250Z": (us(2026, 6, 1, 12, 30, 15, 250_000), us(2026, 6, 1, 12, 30, 15, 250_999)),
    "2026-06-01T12:30:15.123456789Z": (
        us(2026, 6, 1, 12, 30, 15, 123_456),
        us(2026, 6, 1, 12, 30, 15, 123_456),
    ),
    "2016-12-31T23:59:60Z": (us(2016, 12, 31, 23, 59, 59), us(2017, 1, 1) - 1),
    "0001": (us(1, 1, 1), us(2, 1, 1) - 1),
    "0001-01-01": (us(1, 1, 1), us(1, 1, 2) - 1),
    "9999": (us(9999, 1, 1), END),
    "9999-12": (us(9999, 12, 1), END),
    "9999-12-31": (us(9999, 12, 31), us(9999, 12, 31) + DAY - 1),
    "9999-12-31T23:59:59-14:00": (
        us(9999, 12, 31, 23, 59, 59) + 14 * 3600 * SECOND,
        us(9999, 12, 31, 23, 59, 59) + 14 * 3600 * SECOND + SECOND - 1,
    ),
    "0001-01-01T00:00:00+14:00": (
        us(1, 1, 1) - 14 * 3600 * SECOND,
        us(1, 1, 1) - 14 * 3600 * SECOND + SECOND - 1,
    ),
    "1969-12-31T23:59:59.999999Z": (-1, -1),
}


@pytest.mark.parametrize("text", RANGES)
def test_a_date_covers_what_its_precision_leaves_open(text: str) -> None:
    assert span(text) == RANGES[text]


@pytest.mark.parametrize(
    "text",
    [
        "", "26", "2026-6", "2026-13", "2026-00", "2026-02-30", "2025-02-29", "0000",
        "2026-06-01T", "2026-06-01T12", "2026-06-01T24:00:00Z", "2026-06-01T12:60:00Z",
        "2026-06-01T12:00:61Z", "2026-06-01T12:00:00.Z", "10000", "2026-06-01T12:00:00+2:00",
        "2026-06-01T12:00:00+99:00", "2026-06-01 12:00:00Z", " 2026", "2026Z", "-2026",
        "2026-06-01T12:00:00z", "٢٠٢٦", "2026\n",
    ],
)  # fmt: skip
def test_what_is_no_date_is_told_in_one_line(text: str) -> None:
    with pytest.raises(ValueError) as told:
        span(text)
    assert text == "2026\n" or "\n" not in str(told.value)


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_moment_read_as_an_instant_lies_in_its_range(moment: datetime) -> None:
    lo, hi = span(moment.isoformat())
    assert lo <= microseconds(moment) <= hi
    assert as_datetime(microseconds(moment)) == moment


@given(st.dates(), st.integers(0, DAY - 1))
def test_every_moment_of_a_day_lies_in_the_day_the_month_and_the_year(day: datetime, within: int) -> None:
    text = day.isoformat()
    moment = span(text)[0] + within
    for precision in (4, 7, 10):
        lo, hi = span(text[:precision])
        assert lo <= moment <= hi


@given(st.datetimes(min_value=datetime(1970, 1, 1), timezones=st.just(UTC)))
def test_an_instant_is_written_to_the_millisecond(moment: datetime) -> None:
    written = instant(microseconds(moment))
    assert written == moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert span(written)[0] == microseconds(moment) // 1000 * 1000


def test_a_period_is_open_where_it_says_nothing() -> None:
    assert period(None, None) == (BEGINNING, END)
    assert period("2026", None) == (us(2026, 1, 1), END)
    assert period(None, "2026") == (BEGINNING, us(2027, 1, 1) - 1)
    assert period("soon", 7) == (BEGINNING, END)
    assert as_datetime(0) + timedelta(microseconds=1) == as_datetime(1)

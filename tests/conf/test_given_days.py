"""Days and moments typed into forms: what nobody can mean is refused before a time zone or a term overflows."""

from datetime import UTC, date, datetime

import pytest

from conf.clock import day_given, moment_given


def test_a_day_and_a_moment_of_beijing() -> None:
    assert day_given("2026-11-21") == date(2026, 11, 21)
    assert moment_given("2026-11-21T08:05") == datetime(2026, 11, 21, 0, 5, tzinfo=UTC)


@pytest.mark.parametrize("day", ["0001-01-01", "1899-12-31", "2200-01-01", "9999-12-31", "2026-02-30", "", "20261121"])
def test_other_days_are_none(day: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        day_given(day)
    with pytest.raises(ValueError, match=r"."):
        moment_given(f"{day}T23:59")

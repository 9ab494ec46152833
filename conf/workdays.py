"""Working days of mainland China: weekends and the table in holidays.toml. Called wherever a term is promised."""

import tomllib
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path

from conf.clock import BEIJING, beijing
from conf.live import live

_TABLE = Path(__file__).with_name("holidays.toml")


def is_working(day: date) -> bool:
    """Whether offices work on that day."""
    state = live()
    if day in state.working or day in state.free:  # approved since the file was written; a working day outranks
        return day in state.working
    free, working = _table()
    return day in working or (day.weekday() < 5 and day not in free)


def end_of_term(start: datetime, days: int) -> datetime:
    """Midnight (Beijing) that ends the `days`-th working day after the day of `start`, as aware UTC.

    The day of the request itself does not count (民法典 Art. 201).
    """
    day = beijing(start).date()
    while days > 0:
        day += timedelta(days=1)
        days -= is_working(day)
    return datetime.combine(day + timedelta(days=1), time(), BEIJING).astimezone(UTC)


def days_of_file() -> tuple[frozenset[date], frozenset[date]]:
    """(days off, working days) as conf/holidays.toml has them."""
    return _table()


def days_left(now: datetime, due: datetime) -> int:
    """Working days after the day of `now` up to the term's last (`due` is the midnight that ends it); 0 when over."""
    day, last, left = beijing(now).date(), beijing(due - timedelta(seconds=1)).date(), 0
    while day < last:
        day += timedelta(days=1)
        left += is_working(day)
    return left


@cache
def _table() -> tuple[frozenset[date], frozenset[date]]:
    table = tomllib.loads(_TABLE.read_text(encoding="utf-8"))
    return frozenset(table["free"]), frozenset(table["working"])

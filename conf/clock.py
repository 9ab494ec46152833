"""The clock that is passed in, and Beijing time for people; days and times they type. Stored times are aware UTC."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone

Clock = Callable[[], datetime]

BEIJING = timezone(timedelta(hours=8), "北京时间")
#: What anybody can mean by a day here; nearer the ends of the calendar time zones and terms overflow.
FIRST_YEAR, LAST_YEAR = 1900, 2199


def utc_now() -> datetime:
    """Now as aware UTC, cut to the millisecond MongoDB keeps, so what is stored equals what was meant."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def beijing(moment: datetime) -> datetime:
    """The same moment on the wall clock a visitor reads."""
    return moment.astimezone(BEIJING)


def day_given(text: str) -> date:
    """A day as a form sends it (`2026-11-21`). Raises ValueError for anything else and for years nobody means."""
    return _meant(datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=BEIJING)).date()


def moment_given(text: str) -> datetime:
    """A moment on Beijing's wall clock as a form sends it (`2026-11-21T10:05`), aware. Raises ValueError likewise."""
    return _meant(datetime.strptime(text, "%Y-%m-%dT%H:%M").replace(tzinfo=BEIJING))


def _meant(moment: datetime) -> datetime:
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise ValueError(f"nobody means the year {moment.year}")
    return moment

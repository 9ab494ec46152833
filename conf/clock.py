"""The clock that is passed in, and Beijing time for people. Stored times are aware UTC."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

Clock = Callable[[], datetime]

BEIJING = timezone(timedelta(hours=8), "北京时间")


def utc_now() -> datetime:
    """Now as aware UTC, cut to the millisecond MongoDB keeps, so what is stored equals what was meant."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def beijing(moment: datetime) -> datetime:
    """The same moment on the wall clock a visitor reads."""
    return moment.astimezone(BEIJING)

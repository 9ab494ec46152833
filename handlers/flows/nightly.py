"""Yesterday counted anew, once a day by one process; a difference is an alarm. Background and `recount` call it."""

from datetime import date, datetime, timedelta

from conf.clock import beijing
from conf.logs import get_log
from conf.measures import day_of
from store import Store
from store.records.numbers import Recount

log = get_log("numbers")

#: Hour in Beijing from which yesterday is counted: what began before midnight is committed by then.
FROM_HOUR = 1
_LEASE = 600


async def recount_day(store: Store, day: date, *, now: datetime) -> Recount:
    """Count `day` anew, keep what was found, and tell operators of every difference."""
    found = Recount(day=day, at=now, differences=await store.recounter.differences(day))
    await store.numbers.keep_recount(found)
    for each in found.differences[:50]:
        log.error(
            "numbers_differ", day=day.isoformat(), measure=each.measure, cell=each.cell, kept=each.kept,
            counted=each.counted,
        )  # fmt: skip
    return found


async def recount_due(store: Store, owner: str, *, now: datetime) -> Recount | None:
    """Count yesterday when it is time, nobody has and nobody is about it; None otherwise."""
    if beijing(now).hour < FROM_HOUR:
        return None
    day = day_of(now) - timedelta(days=1)
    latest = await store.numbers.recounts(1)
    if latest and latest[0].day >= day:
        return None
    if not await store.leases.take("recount", owner, _LEASE):
        return None
    return await recount_day(store, day, now=now)

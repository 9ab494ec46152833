"""Jobs due once a day or once a month, whichever process comes first. Background runs them; the store keeps turns."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from conf.clock import Clock, beijing
from conf.logs import get_log
from store import Store

log = get_log("turns")

#: A turn whose process died is taken by another after this; one under way is prolonged.
LEASE_SECONDS = 600
AGAIN_AFTER = timedelta(minutes=30)


@dataclass(frozen=True, kw_only=True)
class Turn:
    """A job and how its periods are named; `run` takes the period. `after`: seconds from a start to the first look."""

    name: str
    period: Callable[[datetime], str]
    run: Callable[[str], Awaitable[object]]
    after: float = 0


def day(now: datetime) -> str:
    """2026-11-21: the day in Beijing."""
    return beijing(now).date().isoformat()


def month(now: datetime) -> str:
    """2026-11: the month in Beijing."""
    return day(now)[:7]


async def take_turn(store: Store, turn: Turn, owner: str, clock: Clock) -> bool:
    """Do the job when its period has not been done; whether it was done here. A fault is kept, and tried again."""
    period = turn.period(clock())
    if not await store.jobs.begin(turn.name, period, owner, LEASE_SECONDS):
        return False
    holding = asyncio.create_task(_hold(store, turn, period, owner))
    try:
        await turn.run(period)
    except Exception as fault:  # whatever it is, it must be seen in the inspection, and the loop goes on
        log.exception("job_failed", job=turn.name, period=period)
        again_at = clock() + AGAIN_AFTER
        await store.jobs.failed(turn.name, period, owner, f"{type(fault).__name__}: {fault}", again_at=again_at)
        return False
    finally:
        holding.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await holding
    await store.jobs.done(turn.name, period, owner)
    return True


async def _hold(store: Store, turn: Turn, period: str, owner: str) -> None:
    """Prolong the lease as long as the job goes on."""
    while True:
        await asyncio.sleep(LEASE_SECONDS / 3)
        await store.jobs.begin(turn.name, period, owner, LEASE_SECONDS)

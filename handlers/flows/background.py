"""Background work of one process: loops that claim records and move them on. Made and stopped by the application.

The record is the queue: every loop claims by status with a lease, so several processes run side by side and work left
behind by a killed process is taken up when its lease ends. A loop sleeps until woken or its interval is over.
"""

import asyncio
import contextlib
import os
import random
import secrets
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from conf.clock import Clock, utc_now
from conf.errors import Conflict, EqichaError
from conf.logs import get_log
from conf.settings import Settings
from conf.terms import OrderStatus
from conf.tuning import tuned
from handlers.flows import nightly, ordering, paper_loans, ratings
from handlers.flows.turns import Turn, take_turn
from store import Store
from store.records import Order

log = get_log("background")

#: One step of a loop: whether it found work. Found: it runs again at once; nothing found: it sleeps.
StepOnce = Callable[[], Awaitable[bool]]

SETTLE_LEASE = 10
SEAL_LEASE = 60
_BATCH = 50
_LONGEST_BACKOFF = 60.0
#: Seconds an audit event may wait for its position before operators are told.
_UNSEQUENCED_ALARM = 10.0


@dataclass(frozen=True, kw_only=True)
class Job:
    """What one loop does. `interval`: seconds between looks when nothing wakes it."""

    name: str
    once: StepOnce
    interval: float
    is_woken: bool = True  # a look is cheap and worth it as soon as something happened
    after: float = 0  # seconds from the start to the first look


class Background:
    """All loops of one process. `seal` takes a claimed order to its next lasting state."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        *,
        seal: Callable[[Order], Awaitable[object]],
        deliver: StepOnce,
        checkpoint: Callable[[], Awaitable[object]],
        sweep: Callable[[], Awaitable[object]],
        apply_waiting: StepOnce,
        batches: StepOnce | None = None,
        turns: Sequence[Turn] = (),
        clock: Clock = utc_now,
        owner: str = "",
        seal_lease: int = SEAL_LEASE,
    ) -> None:
        self.store, self.settings, self.clock = store, settings, clock
        self.owner = owner or f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self._seal, self._checkpoint, self._sweep, self._seal_lease = seal, checkpoint, sweep, seal_lease
        sealing = [Job(name=f"seal-{n}", once=self.seal_next, interval=2) for n in range(settings.child_processes)]
        self.jobs = (
            Job(name="settle", once=self.settle_next, interval=2),
            *sealing,
            Job(name="outbox", once=deliver, interval=2),
            Job(name="inbox", once=apply_waiting, interval=15),
            Job(name="sequence", once=self.sequence_next, interval=0.5, is_woken=False),
            Job(name="checkpoint", once=self.checkpoint_due, interval=5, is_woken=False),
            Job(name="expire", once=self.expire_due, interval=60, is_woken=False),
            Job(name="fold", once=self.fold_next, interval=5, is_woken=False),
            Job(name="recount", once=self.recount_due, interval=900, is_woken=False),
            Job(name="default-ratings", once=self.default_ratings_due, interval=600, is_woken=False),
            Job(name="paper-reminders", once=self.papers_overdue, interval=1800, is_woken=False),
            Job(name="sweep", once=self.sweep_due, interval=3600, is_woken=False),
            *([Job(name="batches", once=batches, interval=5)] if batches else []),
            *map(self._turn_job, turns),
        )
        self._bells = {job.name: asyncio.Event() for job in self.jobs}
        self._stopping = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Set every loop going on the running event loop."""
        self._tasks = [asyncio.create_task(self._run(job), name=f"background-{job.name}") for job in self.jobs]

    def wake(self) -> None:
        """Something happened that a loop may want to take up at once: an order placed, permitted, rated."""
        for job in self.jobs:
            if job.is_woken:
                self._bells[job.name].set()

    async def stop(self) -> None:
        """Let every loop finish the step it is in, for at most `drain_seconds`; a step cut off is resumed by lease."""
        self._stopping.set()
        for bell in self._bells.values():
            bell.set()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=self.settings.drain_seconds)
            for task in late:
                log.warning("background_cut_off", task=task.get_name())
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        self._tasks = []

    # -- what the loops do, one step each

    async def settle_next(self) -> bool:
        """Take one submitted order to review or to sealing."""
        order = await self.store.orders.claim((OrderStatus.SUBMITTED,), self.owner, SETTLE_LEASE)
        if order is None:
            return False
        await self._held(order, lambda: ordering.settle(self.store, self.settings, order, now=self.clock()))
        return True

    async def seal_next(self) -> bool:
        """Take one permitted (or left behind while sealing) order to its sealed copy."""
        waiting = (OrderStatus.PERMITTED, OrderStatus.SEALING)
        order = await self.store.orders.claim(waiting, self.owner, self._seal_lease)
        if order is None:
            return False
        await self._held(order, lambda: self._seal(order))
        return True

    async def sequence_next(self) -> bool:
        """Give positions to audit events that have none."""
        return bool(await self.store.audit.sequence(self.owner))

    async def checkpoint_due(self) -> bool:
        """Sign the tree when it is time, and raise the alarm when events wait for a place in it."""
        if (age := await self.store.audit.oldest_unsequenced_age()) > _UNSEQUENCED_ALARM:
            log.error("audit_unsequenced", seconds=round(age))
        await self._checkpoint()
        return False

    async def expire_due(self) -> bool:
        """Close the copies whose time for download is over."""
        due = await self.store.orders.due_to_expire(self.clock(), _BATCH)
        for order in due:
            with contextlib.suppress(Conflict):  # moved on meanwhile: the next look sees its new state
                await ordering.expire(self.store, order, now=self.clock())
        return len(due) == _BATCH

    async def default_ratings_due(self) -> bool:
        """Count as fair what nobody rated in time, where the settings say so."""
        days = tuned(self.settings).rating_default_days
        if not days or not await self.store.leases.take("default-ratings", self.owner, 900):
            return False
        return await ratings.default_due(self.store, days=days, now=self.clock())

    async def papers_overdue(self) -> bool:
        """Write to those who should have brought papers back."""
        return await paper_loans.remind_next(self.store, now=self.clock())

    async def sweep_due(self) -> bool:
        if not await self.store.backups.is_running() and await self.store.leases.take("sweep", self.owner, 3600):
            await self._sweep()
        return False

    def _turn_job(self, turn: Turn) -> Job:
        async def once() -> bool:
            await take_turn(self.store, turn, self.owner, self.clock)
            return False

        return Job(name=turn.name, once=once, interval=300, is_woken=False, after=turn.after)

    async def fold_next(self) -> bool:
        """Move counts that wait into their buckets."""
        return bool(await self.store.numbers.fold(self.owner))

    async def recount_due(self) -> bool:
        """Once a day, compare yesterday's counts with the records."""
        await nightly.recount_due(self.store, self.owner, now=self.clock())
        return False

    # -- how a loop runs

    async def _held(self, order: Order, work: Callable[[], Awaitable[object]]) -> None:
        """Do `work` under the order's lease; a fault puts the order back with its reason and a later time."""
        try:
            await work()
        except Conflict:
            log.info("order_moved_meanwhile", order_no=order.no)
            await self.store.orders.release(order.no, self.owner)
        except Exception as fault:  # one bad record must not hold up the ones behind it
            retry_at = self.clock() + timedelta(seconds=backoff(order.attempts))
            trace = None if isinstance(fault, EqichaError) else fault
            log.warning("order_put_back", order_no=order.no, fault=type(fault).__name__, exc_info=trace)
            reason = f"{type(fault).__name__}: {fault}"[:200]
            await self.store.orders.release(order.no, self.owner, fault=reason, retry_at=retry_at)
        else:
            await self.store.orders.release(order.no, self.owner)
            self.wake()

    async def _run(self, job: Job) -> None:
        faults = 0
        await _rest(self._stopping, job.after)
        while not self._stopping.is_set():
            bell = self._bells[job.name]
            bell.clear()
            try:
                found = await job.once()
            except Exception:  # a loop never dies of one bad record or a database away
                faults += 1
                log.exception("background_step_failed", job=job.name, faults=faults)
                await _rest(self._stopping, backoff(faults))  # no bell cuts this short: a fault must not spin
            else:
                faults = 0
                await _rest(bell, 0 if found else job.interval)


async def _rest(event: asyncio.Event, seconds: float) -> None:
    """Until `event` or `seconds` are over, with jitter, so that processes do not march in step."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), seconds * random.uniform(0.8, 1.2))  # noqa: S311


def backoff(attempts: int) -> float:
    """Seconds before the next try: 2, 4, 8 … at most a minute."""
    return min(_LONGEST_BACKOFF, 2.0 ** min(max(attempts, 1), 10))

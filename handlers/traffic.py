"""Answers as visitors had them: counted in memory by the access log, written down every minute by application.py."""

import asyncio
import contextlib
from collections import Counter
from datetime import datetime
from typing import Any

from conf.clock import Clock
from conf.logs import get_log
from conf.measures import ANSWER_BOUNDS, Measure, bound, cell

log = get_log("web")

EVERY = 60.0
#: Not visitors: machines, and our own people.
_OTHERS = ("/callbacks", "/staff", "/healthz", "/readyz", "/metrics", "/static")
_REPORTS = ("/staff/numbers", "/staff/investment")


class Traffic:
    """Counts of one process since the last flush."""

    def __init__(self, store: Any, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._cells: Counter[str] = Counter()
        self._visitors: set[str] = set()

    def seen(self, *, route: str, status: int, seconds: float, visitor: str) -> None:
        """One answered request; `visitor` tells visitors of one minute apart and is never written down."""
        group = "report" if route.startswith(_REPORTS) else "image" if "pages/" in route else "page"
        if group != "report" and (route.startswith(_OTHERS) or route == "(none)"):
            return
        self._cells[cell(group, "fault" if status >= 500 else "ok", bound(seconds, ANSWER_BOUNDS))] += 1
        if group != "report" and visitor:
            self._visitors.add(visitor)

    async def flush(self, now: datetime) -> None:
        """Write down this minute; what cannot be written is kept for the next one."""
        cells, self._cells = self._cells, Counter()
        visitors, self._visitors = len(self._visitors), set()
        try:
            await self._store.numbers.served(now, visitors)
            if cells:
                await self._store.numbers.add(now, {Measure.ANSWERS: cells})
        except Exception as fault:  # the figures of a minute are worth less than the service
            self._cells.update(cells)
            log.warning("traffic_kept", fault=type(fault).__name__)

    async def run(self) -> None:
        """Flush every minute until cancelled, and once more then."""
        try:
            while True:
                await self.flush(self._clock())
                await asyncio.sleep(EVERY)
        except asyncio.CancelledError:
            with contextlib.suppress(Exception):
                await asyncio.wait_for(self.flush(self._clock()), 2)
            raise

"""Measures how late the event loop is, and names the code that held it; started by `handlers.application.serve`."""

import asyncio
import sys
import threading
import time
import traceback

from conf.logs import get_log
from handlers.metrics import Metrics

log = get_log("watchdog")
BEAT = 0.1  # seconds between two looks
LATE = 0.05  # a request may not hold the loop longer
STUCK = 0.2  # from here on the stack is written down while it lasts


class Watchdog:
    """A beat on the loop and a thread that watches the beat."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._beat = time.monotonic()
        self._stopped = threading.Event()
        self._loop_thread = threading.get_ident()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._measure())
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()

    def stop(self) -> None:
        self._stopped.set()
        if self._task:
            self._task.cancel()

    async def _measure(self) -> None:
        while True:
            self._beat = time.monotonic()
            await asyncio.sleep(BEAT)
            lag = time.monotonic() - self._beat - BEAT
            self._metrics.lagged(max(0.0, lag))
            if lag > LATE:
                log.warning("loop_lag", ms=round(lag * 1000))

    def _watch(self) -> None:
        told = 0.0
        while not self._stopped.wait(BEAT):
            beat = self._beat
            if time.monotonic() - beat - BEAT > STUCK and beat != told:
                told = beat
                frame = sys._current_frames().get(self._loop_thread)
                where = [f"{f.filename.rsplit('/', 1)[-1]}:{f.lineno} {f.name}" for f in traceback.extract_stack(frame)]
                log.warning("loop_lag", lasting=True, stack=" < ".join(reversed(where[-8:])))

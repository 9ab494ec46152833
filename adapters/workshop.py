"""Work that must not run on the event loop, done in child processes with limits; adapters and flows use it.

Three pools. `trusted` serves small work on our own material (watermarks, viewing sizes) with long-lived children;
`large` composes and seals copies, one job a process, so that its memory ends with it; `intake` parses what strangers
made, one job a process, so that nothing a file did to a child outlives that file.
"""

import asyncio
import ctypes
import os
import resource
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import TimeoutError as JobTimeout
from concurrent.futures.process import BrokenProcessPool
from contextlib import nullcontext
from multiprocessing.context import ForkServerContext, ForkServerProcess
from types import ModuleType
from typing import Any, Literal, TypeVar

from pebble import ProcessExpired, ProcessPool

from conf.errors import EqichaError, WorkFault
from conf.logs import get_log
from conf.memory import return_big_buffers, return_free_memory

T = TypeVar("T")
Pool = Literal["trusted", "large", "intake"]

#: Loaded once in the fork server, so that a child starts with its libraries in shared memory. Absent ones are ignored.
PRELOAD = [
    "adapters.workshop",
    "adapters.imaging.watermark",
    "adapters.imaging.render",
    "adapters.imaging.probe",
    "adapters.pdf.compose",
    "weasyprint",
    "adapters.seal.signing",
]
#: No child may write a file larger than this (an unpacked package goes through here too).
LARGEST_FILE = 2 << 30
#: Fresh children kept waiting where each does one job only: replacing one takes a moment.
_SPARE: dict[Pool, int] = {"trusted": 0, "large": 1, "intake": 4}
#: Seconds of processor time from which a job counts as large, and its memory is given back at once.
_LARGE_JOB = 0.2
#: prctl option: the kernel kills a child whose parent is gone, so `kill -9` of the service leaves nobody behind.
_PR_SET_PDEATHSIG = 1

log = get_log("workshop")


class Workshop:
    """`await run(function, *args)` in a child. `function` must stand at the top level of an importable module.

    `processes` children a pool, `memory_mb` MiB of address space each. Children start with the first job or `warm()`.
    """

    def __init__(self, processes: int = 2, memory_mb: int = 1536) -> None:
        self.processes, self.memory_mb = processes, memory_mb
        self._pools: dict[str, ProcessPool] = {}
        self._turns = {pool: asyncio.Semaphore(processes) for pool, spare in _SPARE.items() if spare}
        self._opening = asyncio.Lock()
        self._context = _QuietContext()
        self._context.set_forkserver_preload(PRELOAD)

    async def run(self, function: Callable[..., T], *args: Any, seconds: float = 30, pool: Pool = "trusted") -> T:
        """Result of `function(*args)`. Errors of ours (conf.errors) pass through as raised in the child.

        Raises WorkFault when the job fails otherwise, dies, or is killed after `seconds`.
        """
        async with self._turns.get(pool) or nullcontext():
            return await self._persist(pool, function, args, seconds)

    async def warm(self, pool: Pool = "trusted") -> None:
        """Start the children of a pool now, so that the first visitor does not wait for them."""
        await asyncio.gather(*(self.run(os.getpid, pool=pool) for _ in range(self.processes)))

    async def close(self) -> None:
        """Stop all children at once; jobs under way end with WorkFault."""
        pools, self._pools = list(self._pools.values()), {}
        for pool in pools:
            pool.stop()
        for pool in pools:
            await asyncio.to_thread(pool.join)

    async def _persist(self, pool: Pool, function: Callable[..., T], args: tuple[Any, ...], seconds: float) -> T:
        try:
            return await self._attempt(pool, function, args, seconds)
        except BrokenProcessPool:  # an idle child was killed from outside; the pool gives up, a new one takes over
            log.warning("workshop_pool_replaced", pool=pool)
            self._discard(pool)
            return await self._attempt(pool, function, args, seconds)

    async def _attempt(self, pool: Pool, function: Callable[..., T], args: tuple[Any, ...], seconds: float) -> T:
        name = function.__name__
        try:
            opened = self._pools.get(pool) or await self._open(pool)
            job = opened.schedule(_job, args=(function, args, seconds), timeout=seconds)
        except RuntimeError as fault:  # what pebble says of a pool that gave up since the last job
            raise BrokenProcessPool(str(fault)) from fault
        try:
            return await asyncio.wrap_future(job)
        except (EqichaError, BrokenProcessPool):
            raise
        except (JobTimeout, TimeoutError):
            raise WorkFault(f"处理超过 {seconds:g} 秒，已中止（{name}）") from None
        except ProcessExpired as fault:
            raise WorkFault(f"处理进程意外结束（{name}，{_ending(fault.exitcode)}）") from None
        except MemoryError:
            raise WorkFault(f"处理所需内存超过 {self.memory_mb} MiB 的上限，已中止（{name}）") from None
        except Exception as fault:
            log.warning("workshop_job_failed", job=name, fault=type(fault).__name__)
            raise WorkFault(f"处理失败（{name}：{type(fault).__name__} {fault}）") from fault

    async def _open(self, name: Pool) -> ProcessPool:
        """Start a pool beside the loop: the fork server loads its libraries first, which takes seconds."""
        async with self._opening:
            if name not in self._pools:
                self._pools[name] = await asyncio.to_thread(self._started, name)
            return self._pools[name]

    def _started(self, name: Pool) -> ProcessPool:
        pool = ProcessPool(
            max_workers=self.processes + _SPARE[name],
            max_tasks=0 if name == "trusted" else 1,
            initializer=_prepare,
            initargs=(self.memory_mb,),
            context=self._context,
        )
        pool.schedule(os.getpid).result()
        return pool

    def _discard(self, name: Pool) -> None:
        broken = self._pools.pop(name, None)
        if broken is not None:
            broken.stop()


def _prepare(memory_mb: int) -> None:
    """Runs in each new child before its first job: limits on memory and files, no core dumps, no orphans."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    return_big_buffers()
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    resource.setrlimit(resource.RLIMIT_AS, (memory_mb << 20, memory_mb << 20))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST_FILE, LARGEST_FILE))


def _job(function: Callable[..., T], args: tuple[Any, ...], seconds: float) -> T:
    """Runs in the child: the processor time of one job is limited too, counted from what the child used before."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    allowed = int(used.ru_utime + used.ru_stime + seconds * (os.cpu_count() or 1)) + 2
    resource.setrlimit(resource.RLIMIT_CPU, (allowed, resource.RLIM_INFINITY))
    try:
        return function(*args)
    finally:
        if resource.getrusage(resource.RUSAGE_SELF).ru_utime - used.ru_utime > _LARGE_JOB:
            return_free_memory()


def _ending(code: int | None) -> str:
    if code is not None and code < 0:
        return f"信号 {signal.Signals(-code).name}"
    return f"退出码 {code}"


class _QuietProcess(ForkServerProcess):
    """A child that does not import the program which started it: `eqicha.py` would bring every room along."""

    _lock = threading.Lock()

    @staticmethod
    def _Popen(process_obj: Any) -> Any:
        with _QuietProcess._lock:
            main = sys.modules["__main__"]
            sys.modules["__main__"] = ModuleType("__main__")
            try:
                return ForkServerProcess._Popen(process_obj)  # type: ignore[attr-defined]
            finally:
                sys.modules["__main__"] = main


class _QuietContext(ForkServerContext):
    """Children fork from a small clean server, never from us with our threads and sockets."""

    Process = _QuietProcess  # type: ignore[assignment]

"""The workshop: results and our own errors come back, anything else ends in WorkFault, and the next job runs."""

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from adapters.workshop import Workshop
from conf.errors import Invalid, WorkFault
from tests.imaging import jobs


@pytest.fixture(scope="module")
def run() -> Iterator[Callable[[Any], Any]]:
    async def awaited(work: Any) -> Any:
        return await work

    with asyncio.Runner() as runner:
        yield lambda work: runner.run(awaited(work))


@pytest.fixture(scope="module")
def workshop(run: Callable[[Any], Any]) -> Iterator[Workshop]:
    shop = Workshop(2, 512)
    run(shop.warm())
    yield shop
    run(shop.close())


def test_a_job_runs_in_another_process_with_limits(run: Callable[[Any], Any], workshop: Workshop) -> None:
    assert run(workshop.run(jobs.double, 21)) == 42
    assert run(workshop.run(jobs.process_id)) != os.getpid()
    memory, cpu = run(workshop.run(jobs.limits, seconds=5))
    assert memory == 512 << 20
    assert 0 < cpu < 60


def test_children_do_not_load_the_program_that_started_them(run: Callable[[Any], Any], workshop: Workshop) -> None:
    assert run(workshop.run(jobs.rooms_loaded, pool="intake")) == []


@pytest.mark.parametrize("pool", ["trusted", "large", "intake"])
@pytest.mark.parametrize(
    ("job", "args", "words"),
    [
        (jobs.sleep, (60,), "超过 0.4 秒"),
        (jobs.spin, (), "超过 0.4 秒"),
        (jobs.die, (), "SIGSEGV"),
        (jobs.grab, (800,), "内存"),
        (jobs.stumble, (), "stumbled"),
    ],
)
def test_a_failing_job_is_a_work_fault_and_the_next_one_runs(
    run: Callable[[Any], Any], workshop: Workshop, pool: Any, job: Any, args: Any, words: str
) -> None:
    with pytest.raises(WorkFault) as caught:
        run(workshop.run(job, *args, seconds=0.4, pool=pool))
    assert words in caught.value.reason
    assert run(workshop.run(jobs.double, 2, pool=pool)) == 4


def test_our_own_errors_come_through_as_raised(run: Callable[[Any], Any], workshop: Workshop) -> None:
    with pytest.raises(Invalid) as caught:
        run(workshop.run(jobs.refuse))
    assert caught.value.fields == {"file": "不行"}


@pytest.mark.parametrize("pool", ["large", "intake"])
def test_a_child_of_these_pools_serves_one_job_only(run: Callable[[Any], Any], workshop: Workshop, pool: Any) -> None:
    async def six() -> list[int]:
        return await asyncio.gather(*(workshop.run(jobs.process_id, pool=pool) for _ in range(6)))

    assert len(set(run(six()))) == 6


def test_an_idle_child_killed_from_outside_does_not_stop_the_workshop(
    run: Callable[[Any], Any], workshop: Workshop
) -> None:
    async def killed_and_asked_again() -> list[int]:
        os.kill(await workshop.run(jobs.process_id), signal.SIGKILL)
        await asyncio.sleep(0.5)
        return [await workshop.run(jobs.double, number) for number in range(3)]

    assert run(killed_and_asked_again()) == [0, 2, 4]


def test_a_cancelled_job_frees_its_child(run: Callable[[Any], Any]) -> None:
    async def cancelled() -> int:
        shop = Workshop(1, 512)
        try:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(shop.run(jobs.sleep, 60, seconds=90), 0.5)
            return await asyncio.wait_for(shop.run(jobs.double, 4), 20)
        finally:
            await shop.close()

    assert run(cancelled()) == 8

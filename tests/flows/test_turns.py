"""Jobs of a day or month: done once a period by whoever comes first, taken over from the dead, tried again."""

import asyncio
from dataclasses import replace
from typing import Any

from conf.clock import BEIJING
from handlers.flows.turns import AGAIN_AFTER, LEASE_SECONDS, Turn, day, month, take_turn
from tests.desk import Desk
from tests.flows.test_background import background, until


def a_turn(done: list[str], *, fault: Exception | None = None) -> Turn:
    async def run(period: str) -> None:
        done.append(period)
        if fault:
            raise fault

    return Turn(name="retention", period=day, run=run)


def test_of_several_processes_one_does_the_job_once_a_day(desk: Desk) -> None:
    done: list[str] = []
    turn = a_turn(done)

    async def all_come() -> None:
        await asyncio.gather(*(take_turn(desk.store, turn, f"p{n}", desk.clock) for n in range(8)))

    desk.run(all_come())
    desk.run(all_come())
    today = day(desk.clock())
    assert done == [today]
    desk.clock.forward(days=1)
    desk.run(all_come())
    assert done == [today, day(desk.clock())]


def test_a_day_begins_at_midnight_in_beijing(desk: Desk) -> None:
    midnight = desk.clock().astimezone(BEIJING).replace(month=12, day=1, hour=0, minute=0)
    assert (day(midnight), month(midnight)) == (f"{midnight.year}-12-01", f"{midnight.year}-12")
    before = midnight.replace(month=11, day=30, hour=23, minute=59)
    assert (day(before), month(before)) == (f"{midnight.year}-11-30", f"{midnight.year}-11")


def test_a_fault_is_kept_for_the_inspection_and_the_job_tried_again_later(desk: Desk) -> None:
    done: list[str] = []
    assert not desk.run(take_turn(desk.store, a_turn(done, fault=OSError("no space")), "p", desk.clock))
    assert desk.run(desk.store.jobs.all())[0].fault == "OSError: no space"
    assert not desk.run(take_turn(desk.store, a_turn(done), "q", desk.clock)), "not at once"
    desk.clock.now += AGAIN_AFTER
    assert desk.run(take_turn(desk.store, a_turn(done), "q", desk.clock))
    (run,) = desk.run(desk.store.jobs.all())
    assert (run.fault, len(done)) == ("", 2)


def test_a_job_that_asks_much_waits_until_the_start_is_over(desk: Desk) -> None:
    done: list[str] = []
    at_once, later = replace(a_turn(done), name="retention"), replace(a_turn(done), name="inspection", after=3600)

    async def started() -> None:
        work = background(desk, nothing_to_seal, turns=(later, at_once))
        work.start()
        await until(lambda: is_done(desk, "retention"))
        await work.stop()

    desk.run(started())
    assert [run.name for run in desk.run(desk.store.jobs.all())] == ["retention"]
    assert len(done) == 1


async def nothing_to_seal(_order: Any) -> None:
    raise AssertionError("there is no order")


async def is_done(desk: Desk, job: str) -> bool:
    return any(run.name == job and run.done_at for run in await desk.store.jobs.all())


def test_the_turn_of_a_process_that_died_is_taken_over(desk: Desk) -> None:
    done: list[str] = []
    assert desk.run(desk.store.jobs.begin("retention", day(desk.clock()), "dead", LEASE_SECONDS))
    assert not desk.run(take_turn(desk.store, a_turn(done), "p", desk.clock))
    desk.clock.forward(seconds=LEASE_SECONDS)
    assert desk.run(take_turn(desk.store, a_turn(done), "p", desk.clock))
    assert len(done) == 1


def test_background_runs_the_turns(desk: Desk) -> None:
    done: list[str] = []

    async def nothing_to_seal(_order: Any) -> None:
        return

    async def journey() -> None:
        work = background(desk, nothing_to_seal, turns=(a_turn(done),))
        work.start()

        async def ran() -> bool:
            return bool(done)

        await until(ran)
        await work.stop()

    desk.run(journey())
    assert done == [day(desk.clock())]

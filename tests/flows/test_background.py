"""Background work: every order moves on by itself, once, whatever faults or deaths come in between."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

from conf.errors import ProviderUnavailable
from conf.terms import OrderStatus
from handlers.flows.background import SEAL_LEASE, Background, Job
from store.records import Order
from tests.desk import Desk

#: Ends a test that would otherwise hang; nothing is measured by it.
STUCK = 20.0


async def nothing() -> bool:
    return False


def background(desk: Desk, seal: Callable[[Order], Awaitable[Any]], **parts: Any) -> Background:
    parts = dict.fromkeys(("deliver", "checkpoint", "sweep", "apply_waiting"), nothing) | parts
    return Background(desk.store, desk.settings, seal=seal, clock=desk.clock, **parts)


def sealing(desk: Desk, sealed: Counter[str]) -> Callable[[Order], Awaitable[Any]]:
    async def seal(order: Order) -> None:
        sealed[order.no] += 1
        await desk.seal(order)

    return seal


async def until(reached: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(STUCK):
        while not await reached():  # noqa: ASYNC110  the store has no event to wait for
            await asyncio.sleep(0.01)


async def status(desk: Desk, no: str) -> OrderStatus:
    order = await desk.store.orders.by_no(no)
    assert order is not None
    return order.status


def test_an_order_runs_from_submitted_to_ready_by_itself_and_leaves_its_trail(desk: Desk) -> None:
    sealed: Counter[str] = Counter()

    async def journey() -> list[str]:
        work = background(desk, sealing(desk, sealed))
        work.start()
        order = await desk.place(await desk.account("legal_representative"))
        work.wake()

        async def ready() -> bool:
            return await status(desk, order.no) == OrderStatus.READY

        await until(ready)
        await work.stop()
        found = await desk.store.orders.by_no(order.no)
        assert found is not None
        return [step.status.value for step in found.history]

    assert desk.run(journey()) == ["submitted", "permitted", "sealing", "ready"]
    assert desk.run(desk.tags())[:3] == ["access:dossier:decided", "order:record:created", "order:record:moved"]


def test_several_processes_side_by_side_seal_each_order_once(desk: Desk) -> None:
    sealed: Counter[str] = Counter()

    async def journey() -> set[str]:
        account = await desk.account("legal_representative")
        numbers = {(await desk.place(account)).no for _ in range(12)}
        works = [background(desk, sealing(desk, sealed)) for _ in range(3)]
        for work in works:
            work.start()

        async def all_ready() -> bool:
            return {await status(desk, no) for no in numbers} == {OrderStatus.READY}

        await until(all_ready)
        await asyncio.gather(*(work.stop() for work in works))
        return numbers

    numbers = desk.run(journey())
    assert sealed == Counter(dict.fromkeys(numbers, 1))


def test_a_seal_that_is_away_puts_the_order_back_and_it_is_tried_again_later(desk: Desk) -> None:
    tries: list[int] = []

    async def seal(order: Order) -> None:
        tries.append(order.attempts)
        if len(tries) < 3:
            raise ProviderUnavailable("seal", "no time-stamp")
        await desk.seal(order)

    async def journey() -> Order:
        order = await desk.settled(await desk.account("legal_representative"))
        work = background(desk, seal)
        assert await work.seal_next()
        put_back = await desk.store.orders.by_no(order.no)
        assert put_back is not None
        assert put_back.status == OrderStatus.PERMITTED
        assert "no time-stamp" in put_back.fault
        assert not await work.seal_next()  # not before its time
        for _ in range(2):
            desk.clock.forward(seconds=61)
            assert await work.seal_next()
        found = await desk.store.orders.by_no(order.no)
        assert found is not None
        return found

    assert desk.run(journey()).status == OrderStatus.READY
    assert tries == [1, 2, 3]


def test_what_a_killed_process_left_behind_is_taken_up_when_its_lease_ends(desk: Desk) -> None:
    sealed: Counter[str] = Counter()

    async def journey() -> OrderStatus:
        order = await desk.settled(await desk.account("legal_representative"))
        dead = await desk.store.orders.claim((OrderStatus.PERMITTED,), "killed", SEAL_LEASE)
        assert dead is not None
        work = background(desk, sealing(desk, sealed))
        assert not await work.seal_next()
        desk.clock.forward(seconds=SEAL_LEASE)
        assert await work.seal_next()
        return await status(desk, order.no)

    assert desk.run(journey()) == OrderStatus.READY
    assert sum(sealed.values()) == 1


def test_one_bad_order_does_not_hold_up_the_ones_behind_it(desk: Desk) -> None:
    async def journey() -> tuple[OrderStatus, OrderStatus]:
        account = await desk.account("legal_representative")
        bad = await desk.settled(account)
        desk.clock.forward(seconds=1)
        good = await desk.settled(account)

        async def seal(order: Order) -> None:
            if order.no == bad.no:
                raise ZeroDivisionError("a fault nobody foresaw")
            await desk.seal(order)

        work = background(desk, seal)
        assert await work.seal_next()
        assert await work.seal_next()
        return await status(desk, bad.no), await status(desk, good.no)

    assert desk.run(journey()) == (OrderStatus.PERMITTED, OrderStatus.READY)


def test_stopping_lets_the_step_under_way_finish(desk: Desk) -> None:
    async def journey() -> OrderStatus:
        order = await desk.settled(await desk.account("legal_representative"))
        begun, go_on = asyncio.Event(), asyncio.Event()

        async def seal(order: Order) -> None:
            begun.set()
            await go_on.wait()
            await desk.seal(order)

        work = background(desk, seal)
        work.start()
        async with asyncio.timeout(STUCK):
            await begun.wait()
            stopping = asyncio.create_task(work.stop())
            await asyncio.sleep(0.05)
            assert not stopping.done()
            go_on.set()
            await stopping
        return await status(desk, order.no)

    assert desk.run(journey()) == OrderStatus.READY


def test_a_failing_loop_neither_dies_nor_spins_and_the_others_go_on(desk: Desk) -> None:
    calls: Counter[str] = Counter()

    async def broken() -> bool:
        calls["broken"] += 1
        raise ConnectionError("the database is away")

    async def busy() -> bool:
        calls["busy"] += 1
        return calls["busy"] < 50

    async def journey() -> None:
        work = background(desk, nothing, deliver=broken)
        work.jobs = (
            work.jobs[-4],
            Job(name="outbox", once=broken, interval=0.01),
            Job(name="settle", once=busy, interval=60),
        )
        work.start()

        async def worked() -> bool:
            work.wake()
            return calls["busy"] >= 50

        await until(worked)
        await work.stop()

    desk.run(journey())
    assert calls["broken"] == 1  # woken dozens of times, and still resting after its fault


def test_the_end_of_the_download_term_closes_the_order_on_record(desk: Desk) -> None:
    async def journey() -> OrderStatus:
        order = await desk.seal(await desk.settled(await desk.account("legal_representative")))
        work = background(desk, nothing)
        await work.expire_due()
        assert await status(desk, order.no) == OrderStatus.READY
        desk.clock.forward(days=desk.settings.copy_download_days)
        await work.expire_due()
        return await status(desk, order.no)

    assert desk.run(journey()) == OrderStatus.EXPIRED
    assert desk.run(desk.tags())[-1] == "order:record:moved"

"""The portal learns each step of an order that came from it: in order, once, nothing personal, and of no other."""

import random
from datetime import timedelta
from typing import Any

import pytest
from pymongo import MongoClient

from adapters.sandbox.server import Sandbox
from conf.terms import EntryPoint, OrderStatus, OutboxKind, OutboxStatus
from handlers.flows import notices, ordering
from store.records import Account, Entry, Order
from tests.desk import DATABASE, TRACE, Desk
from tests.flows.test_reviewing import permit, refuse, reviewer
from tests.outside import Outside

TASKS = {
    EntryPoint.SHB: "EQC-SHB-01",
    EntryPoint.YST: "EQC-YST-01",
    EntryPoint.PORTAL: "11440106000000000X4440000000001",
}
FAULTS = ["refuse", "slow", "hang", "500", "html", "truncated", "garbage", "huge", "bomb", "redirect", "lost"]


async def placed(desk: Desk, account: Account, point: EntryPoint | None = EntryPoint.SHB) -> Order:
    """A submitted order of a visit through that door, or of one that came by itself."""
    entry = Entry(point=point, task_code=TASKS[point]) if point else None
    return await ordering.place(
        desk.store, desk.settings, account, desk.form(), now=desk.clock(), trace=TRACE, entry=entry
    )


def settled(desk: Desk, role: str = "legal_representative", point: EntryPoint | None = EntryPoint.SHB) -> Order:
    order = desk.run(placed(desk, desk.run(desk.account(role)), point))
    desk.clock.forward(seconds=1)
    return desk.run(ordering.settle(desk.store, desk.settings, order, now=desk.clock()))


def moved(desk: Desk, order: Order, *statuses: OrderStatus) -> Order:
    """Steps as the sealing flow takes them: state, evidence and word to the portal in one transaction."""
    for status in statuses:
        desk.clock.forward(seconds=1)

        async def work(tx: Any, order: Order = order, status: OrderStatus = status) -> Order:
            after = await desk.store.orders.advance(order.no, order.status, status, "worker", tx=tx)
            await ordering.record_move(desk.store, order, status, at=desk.clock(), tx=tx)
            return after

        order = desk.run(desk.store.atomically(work))
    return order


def deliver_all(desk: Desk, outside: Outside, *, minutes: int = 1) -> None:
    """What the background loop does in that time."""
    ends = desk.clock() + timedelta(minutes=minutes)
    while desk.clock() < ends:
        work = notices.deliver_next(
            desk.store,
            outside,  # type: ignore[arg-type]
            owner="w1",
            now=desk.clock(),
            kinds=[OutboxKind.PROGRESS],
            chance=random.Random(1),
        )
        if not desk.run(work):
            desk.clock.forward(seconds=10)


@pytest.mark.parametrize("point", list(EntryPoint))
def test_every_step_arrives_in_order_at_the_portal_it_came_from(
    desk: Desk, outside: Outside, sandbox: Sandbox, point: EntryPoint
) -> None:
    order = settled(desk, point=point)
    moved(desk, order, OrderStatus.SEALING, OrderStatus.READY, OrderStatus.DOWNLOADED, OrderStatus.EXPIRED)
    deliver_all(desk, outside)
    case = sandbox.state.portal_cases[order.no]
    assert case["states"] == ["1", "2", "3", "6"]
    assert (case["source"], case["taskCode"], case["userCode"]) == (point.value, TASKS[point], "s-legal_representative")


def test_a_failed_order_ends_there_too(desk: Desk, outside: Outside, sandbox: Sandbox) -> None:
    order = moved(desk, settled(desk), OrderStatus.SEALING, OrderStatus.FAILED)
    deliver_all(desk, outside)
    assert sandbox.state.portal_cases[order.no]["states"] == ["1", "2", "5"]


def test_a_review_is_accepted_until_a_person_decides(desk: Desk, outside: Outside, sandbox: Sandbox) -> None:
    staff = reviewer(desk)
    first, second = settled(desk, "shareholder"), settled(desk, "director")
    deliver_all(desk, outside)
    assert sandbox.state.portal_cases[first.no]["states"] == ["1"]
    desk.run(permit(desk, first.no, staff, "d1", reason="经审核，用途与材料相符。"))
    desk.run(refuse(desk, second.no, staff, "所查材料与申请用途不符，请更换。"))
    deliver_all(desk, outside)
    states = [sandbox.state.portal_cases[order.no]["states"] for order in (first, second)]
    assert states == [["1", "2"], ["1", "4"]]


def test_an_order_that_came_by_itself_is_nobodys_business(desk: Desk, outside: Outside, sandbox: Sandbox) -> None:
    order = moved(desk, settled(desk, point=None), OrderStatus.SEALING, OrderStatus.READY)
    deliver_all(desk, outside)
    assert sandbox.state.calls["portal"] == 0
    assert all(m.kind is not OutboxKind.PROGRESS for m in desk.run(desk.store.outbox.recent(order.no)))


def test_neither_outbox_nor_portal_learns_a_name_a_company_or_a_paper(
    desk: Desk, outside: Outside, sandbox: Sandbox, mongo_url: str
) -> None:
    order = moved(desk, settled(desk), OrderStatus.SEALING, OrderStatus.READY)
    with MongoClient[Any](mongo_url) as client:
        waiting = str(list(client[DATABASE]["outbox"].find({"kind": "progress"})))
    deliver_all(desk, outside)
    account = desk.run(desk.store.accounts.by_id(order.account_id))
    number = desk.store.vault.reveal(account.id_number)
    for where in (waiting, str(sandbox.state.received["portal"])):
        for word in (
            account.name,
            number,
            "19900000001",
            order.company_name,
            order.uscc,
            order.items[0].document_title,
        ):
            assert word not in where


def test_a_step_is_told_only_if_it_was_taken(desk: Desk, outside: Outside, sandbox: Sandbox) -> None:
    order = settled(desk)

    async def broken(tx: Any) -> None:
        await desk.store.orders.advance(order.no, OrderStatus.PERMITTED, OrderStatus.FAILED, "worker", tx=tx)
        await ordering.record_move(desk.store, order, OrderStatus.FAILED, at=desk.clock(), tx=tx)
        raise RuntimeError("the state was not written")

    with pytest.raises(RuntimeError):
        desk.run(desk.store.atomically(broken))
    deliver_all(desk, outside)
    assert sandbox.state.portal_cases[order.no]["states"] == ["1", "2"]


@pytest.mark.parametrize("fault", FAULTS)
def test_after_any_fault_the_portal_has_every_step_once_and_in_order(
    desk: Desk, outside: Outside, sandbox: Sandbox, fault: str
) -> None:
    sandbox.state.faults.switch("portal", fault, times=2)
    order = moved(desk, settled(desk), OrderStatus.SEALING, OrderStatus.READY)
    deliver_all(desk, outside, minutes=5)
    assert sandbox.state.portal_cases[order.no]["states"] == ["1", "2", "3"]
    told = [m for m in desk.run(desk.store.outbox.recent(order.no)) if m.kind is OutboxKind.PROGRESS]
    assert [m.status for m in told] == [OutboxStatus.DELIVERED] * 3


def test_one_orders_trouble_does_not_hold_up_anothers(desk: Desk, outside: Outside, sandbox: Sandbox) -> None:
    stuck = settled(desk)
    sandbox.state.portal_cases[stuck.no] = {"userCode": "somebody-else", "states": ["1"]}
    other = settled(desk)
    deliver_all(desk, outside)
    assert sandbox.state.portal_cases[other.no]["states"] == ["1", "2"]
    told = [m for m in desk.run(desk.store.outbox.recent(stuck.no)) if m.kind is OutboxKind.PROGRESS]
    assert {(m.status, m.fault) for m in told} == {(OutboxStatus.REJECTED, "case of another user")}

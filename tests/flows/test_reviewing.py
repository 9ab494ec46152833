"""A person decides: with a reason the visitor reads, once, and what is permitted opens for a time."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from conf.errors import Conflict, EqichaError, Invalid, NotFound
from conf.terms import Channel, OrderStatus, StaffRole
from handlers.flows import reviewing, staffing
from handlers.flows.access import decide
from store.records import Account, Order, Staff
from tests.access import cases
from tests.desk import TRACE, Desk

DESK_TRACE = TRACE | {"role": "staff", "channel": Channel.STAFF}


def reviewer(desk: Desk, login: str = "li.shenhe") -> Staff:
    made = staffing.create_staff(desk.store, login=login, name="样例审核员", roles=[StaffRole.REVIEWER])
    return desk.run(made).staff


def waiting(desk: Desk) -> tuple[Account, Order]:
    account = desk.run(desk.account("shareholder"))
    return account, desk.run(desk.settled(account))


def permit(desk: Desk, no: str, staff: Staff, *documents: str, reason: str = "") -> Any:
    return reviewing.permit(
        desk.store,
        desk.settings,
        no,
        staff=staff,
        document_ids=documents,
        reason=reason,
        now=desk.clock(),
        trace=DESK_TRACE,
    )


def refuse(desk: Desk, no: str, staff: Staff, reason: str) -> Any:
    return reviewing.refuse(desk.store, no, staff=staff, reason=reason, now=desk.clock(), trace=DESK_TRACE)


def test_a_permission_is_on_record_opens_the_papers_for_a_time_and_is_told(desk: Desk) -> None:
    account, order = waiting(desk)
    staff = reviewer(desk)
    moved = desk.run(permit(desk, order.no, staff, "d1", "d2"))
    assert (moved.status, moved.document_ids_permitted) == (OrderStatus.PERMITTED, {"d1", "d2"})
    assert moved.history[-1].by == f"staff:{staff.id}"
    (grant,) = desk.run(desk.store.accounts.grants(account.id, cases.USCC))
    assert grant.until == desk.clock() + timedelta(days=desk.settings.lawyer_grant_days)
    paper = cases.document("d1")
    assert decide(account, desk.company(), (paper,), cases.OWN, desk.clock(), grants=[grant]).outcome == "permit"
    desk.clock.forward(days=desk.settings.lawyer_grant_days)
    assert decide(account, desk.company(), (paper,), cases.OWN, desk.clock(), grants=[grant]).outcome == "review"
    assert desk.run(desk.tags())[-2:] == ["staff:order:decided", "order:record:moved"]
    assert [m.body["notice"] for m in desk.run(desk.store.outbox.recent(order.no))] == ["order_permitted"]


def test_part_of_the_papers_needs_a_reason_and_counts_its_own_pages(desk: Desk) -> None:
    _, order = waiting(desk)
    staff = reviewer(desk)
    with pytest.raises(Invalid) as fault:
        desk.run(permit(desk, order.no, staff, "d2"))
    assert set(fault.value.fields) == {"reason"}
    moved = desk.run(permit(desk, order.no, staff, "d2", reason="章程与所述用途无关"))
    assert (moved.document_ids_permitted, moved.page_count) == ({"d2"}, 2)


@pytest.mark.parametrize("documents", [(), ("d3",), ("d1", "of-another-company")])
def test_nothing_that_was_not_asked_for_can_be_permitted(desk: Desk, documents: tuple[str, ...]) -> None:
    _, order = waiting(desk)
    with pytest.raises(Invalid):
        desk.run(permit(desk, order.no, reviewer(desk), *documents, reason="样例理由五字"))
    assert desk.run(desk.store.orders.by_no(order.no)).status == OrderStatus.UNDER_REVIEW


def test_a_refusal_carries_its_reason_to_the_visitor(desk: Desk) -> None:
    account, order = waiting(desk)
    staff = reviewer(desk)
    with pytest.raises(Invalid):
        desk.run(refuse(desk, order.no, staff, "不行"))
    moved = desk.run(refuse(desk, order.no, staff, "所述用途与材料无关，请补充说明。"))
    assert (moved.status, moved.refusal) == (OrderStatus.REFUSED, "所述用途与材料无关，请补充说明。")
    assert desk.run(desk.store.accounts.grants(account.id, cases.USCC)) == ()
    assert [m.body["notice"] for m in desk.run(desk.store.outbox.recent(order.no))] == ["order_refused"]


def test_two_reviewers_at_once_give_one_answer(desk: Desk) -> None:
    _, order = waiting(desk)
    first, second = reviewer(desk), reviewer(desk, "wang.shenhe")

    async def both() -> list[Any]:
        answers = (permit(desk, order.no, first, "d1", "d2"), refuse(desk, order.no, second, "样例理由五个字"))
        return await asyncio.gather(*answers, return_exceptions=True)

    answers = desk.run(both())
    assert sorted(isinstance(answer, Conflict) for answer in answers) == [False, True]
    assert desk.run(desk.tags()).count("staff:order:decided") == 1
    assert len(desk.run(desk.store.outbox.recent(order.no))) == 1


def test_only_orders_under_review_can_be_decided(desk: Desk) -> None:
    staff = reviewer(desk)
    order = desk.run(desk.settled(desk.run(desk.account("legal_representative"))))
    for no, fault in ((order.no, Conflict), ("TH20261121-222222", NotFound)):
        with pytest.raises(fault) as raised:
            desk.run(permit(desk, no, staff, "d1"))
        assert isinstance(raised.value, EqichaError)

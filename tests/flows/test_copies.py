"""A sealed copy is handed out to its own visitor only, while its term runs, and never before that is on record."""

import asyncio
from typing import Any

import pytest

from conf.errors import Conflict, IntegrityFault, NotFound
from conf.terms import OrderStatus
from handlers.flows import copies, ordering
from store.records import Account, Order
from tests.desk import PDF, TRACE, Desk, handed_whole


def sealed(desk: Desk, **seal: Any) -> tuple[Account, Order]:
    account = desk.run(desk.account("legal_representative"))
    return account, desk.run(desk.seal(desk.run(desk.settled(account)), **seal))


def handed(desk: Desk, account: Account, no: str) -> copies.Download:
    return desk.run(handed_whole(desk, account, no))


def test_a_file_that_did_not_arrive_is_on_record_and_leaves_the_order_as_it_was(desk: Desk) -> None:
    account, order = sealed(desk)
    desk.run(copies.download(desk.store, account, order.no, now=desk.clock(), trace=TRACE))
    assert desk.run(desk.tags()).count("copy:file:downloaded") == 1
    assert desk.run(desk.store.orders.by_no(order.no)).status == OrderStatus.READY


def test_the_file_comes_with_a_chinese_name_and_moves_the_order_once(desk: Desk) -> None:
    account, order = sealed(desk)
    download = handed(desk, account, order.no)
    assert download.pdf == PDF + order.no.encode()
    assert download.filename == f"{order.company_name}-登记档案复制件-{download.copy.no}.pdf"
    assert desk.run(desk.store.orders.by_no(order.no)).status == OrderStatus.DOWNLOADED
    handed(desk, account, order.no)
    tags = desk.run(desk.tags())
    assert tags.count("copy:file:downloaded") == 2
    assert [step.status for step in desk.run(desk.store.orders.by_no(order.no)).history].count("downloaded") == 1


def test_many_first_downloads_at_once_move_the_order_once(desk: Desk) -> None:
    account, order = sealed(desk)

    async def many() -> list[Any]:
        return await asyncio.gather(*(handed_whole(desk, account, order.no) for _ in range(6)))

    assert len(desk.run(many())) == 6
    assert [step.status for step in desk.run(desk.store.orders.by_no(order.no)).history].count("downloaded") == 1
    assert desk.run(desk.tags()).count("copy:file:downloaded") == 6


def test_another_visitors_copy_is_as_absent_as_none(desk: Desk) -> None:
    _, order = sealed(desk)
    stranger = desk.run(desk.account("stranger"))
    for no in (order.no, "TH20261121-222222"):
        with pytest.raises(NotFound):
            handed(desk, stranger, no)
    assert "copy:file:downloaded" not in desk.run(desk.tags())


def test_nothing_is_handed_out_before_the_copy_is_ready(desk: Desk) -> None:
    account = desk.run(desk.account("legal_representative"))
    order = desk.run(desk.settled(account))
    with pytest.raises(NotFound):
        handed(desk, account, order.no)


def test_the_term_of_download_ends(desk: Desk) -> None:
    account, order = sealed(desk)
    desk.clock.forward(days=desk.settings.copy_download_days)
    with pytest.raises(Conflict):
        handed(desk, account, order.no)
    desk.run(ordering.expire(desk.store, order, now=desk.clock()))
    with pytest.raises(Conflict):
        handed(desk, account, order.no)
    assert "copy:file:downloaded" not in desk.run(desk.tags())


def test_a_withdrawn_copy_stays_here(desk: Desk) -> None:
    account, order = sealed(desk)
    copy = desk.run(desk.store.copies.by_order(order.no))
    desk.run(desk.store.copies.withdraw(copy.no, "样例"))
    with pytest.raises(Conflict):
        handed(desk, account, order.no)


def test_a_copy_holding_more_than_its_order_permits_never_leaves(desk: Desk) -> None:
    account, order = sealed(desk, document_id="d3")
    with pytest.raises(IntegrityFault):
        handed(desk, account, order.no)
    assert "copy:file:downloaded" not in desk.run(desk.tags())


def test_a_file_that_is_not_what_was_sealed_never_leaves(desk: Desk) -> None:
    account, order = sealed(desk)
    chunks = desk.store._base.db["copy_files.chunks"]

    async def spoil() -> None:
        await chunks.update_one({}, {"$set": {"data": (PDF + order.no.encode())[:-1] + b"!"}})

    desk.run(spoil())
    with pytest.raises(IntegrityFault):
        handed(desk, account, order.no)
    assert desk.run(desk.store.orders.by_no(order.no)).status == OrderStatus.READY

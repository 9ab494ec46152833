"""Orders: made once, moved only along the allowed moves, worked on by one claimant at a time."""

import asyncio
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from conf.errors import Conflict, NotFound
from conf.terms import ORDER_MOVES, OrderStatus
from store import Store
from store.ids import SIGNS, copy_no_of, new_order_no
from store.records import Order
from tests.conftest import Clock
from tests.store.things import T0, a_copy, an_event, an_order

S, R, P, SEAL, READY = (
    OrderStatus.SUBMITTED,
    OrderStatus.UNDER_REVIEW,
    OrderStatus.PERMITTED,
    OrderStatus.SEALING,
    OrderStatus.READY,
)


def test_what_is_read_is_what_was_written(store: Store, run: Any) -> None:
    order = an_order()
    assert run(store.orders.create(order)) == order
    assert run(store.orders.by_no(order.no)) == order
    assert run(store.orders.by_request_key(order.account_id, order.request_key)) == order
    assert run(store.orders.by_no("TH20261121-AAAAAA")) is None


def test_order_numbers_carry_the_beijing_date_and_no_ambiguous_sign() -> None:
    late = T0.replace(hour=17)  # already the 22nd in Beijing
    numbers = {new_order_no(late) for _ in range(500)}
    assert len(numbers) == 500
    assert all(re.fullmatch(r"TH20261122-[2-9A-HJKMNP-Z]{6}", number) for number in numbers)
    assert len(SIGNS) == 31
    assert copy_no_of("TH20261122-7K3M9Q") == "THC20261122-7K3M9Q"


def test_two_hundred_parallel_posts_make_one_order_and_one_event(store: Store, run: Any) -> None:
    first = an_order(request_key="once")

    async def post() -> str:
        order = replace(first, no=new_order_no(T0))

        async def work(tx: Any) -> Order:
            made = await store.orders.create(order, tx)
            if made.no == order.no:
                await store.audit.append(**an_event(subject=order.no), tx=tx)
            return made

        try:
            return (await store.atomically(work)).no
        except Conflict:  # being made this very moment by another
            known = await store.orders.by_request_key(order.account_id, order.request_key)
            assert known is not None
            return known.no

    async def all_of_them() -> list[str]:
        return await asyncio.gather(*(post() for _ in range(200)))

    numbers = run(all_of_them())
    assert len(numbers) == 200
    assert len(set(numbers)) == 1
    mine, _ = run(store.orders.of_account(first.account_id))
    assert [order.no for order in mine] == [numbers[0]]
    run(store.audit.sequence("t"))
    assert [event.subject for event in run(store.audit.events())] == [numbers[0]]


def test_parallel_creates_without_a_transaction_return_the_same_order(store: Store, run: Any) -> None:
    first = an_order(request_key="once")

    async def all_of_them() -> list[Order]:
        return await asyncio.gather(*(store.orders.create(replace(first, no=new_order_no(T0))) for _ in range(50)))

    assert len({order.no for order in run(all_of_them())}) == 1


def test_the_same_key_with_another_body_is_refused_and_of_another_account_is_free(store: Store, run: Any) -> None:
    order = run(store.orders.create(an_order(request_key="k")))
    with pytest.raises(Conflict):
        run(store.orders.create(an_order(request_key="k", request_digest="other")))
    other = run(store.orders.create(an_order(request_key="k", request_digest="other", account_id="acc-2")))
    assert other.no != order.no


def test_an_order_moves_only_along_the_allowed_moves(store: Store, run: Any) -> None:
    for expect in OrderStatus:
        order = run(store.orders.create(an_order(status=expect)))
        for to in OrderStatus:
            if to in ORDER_MOVES[expect]:
                continue
            with pytest.raises(Conflict):
                run(store.orders.advance(order.no, expect, to, "worker"))
        assert run(store.orders.by_no(order.no)) == order


def test_a_move_writes_history_time_version_and_what_changed(store: Store, run: Any, store_clock: Clock) -> None:
    order = run(store.orders.create(an_order()))
    store_clock.forward(seconds=5)
    moved = run(
        store.orders.advance(
            order.no, S, P, "worker", note="by rule", document_ids_permitted=frozenset({"d1"}), due_at=None
        )
    )
    assert (moved.status, moved.version, moved.updated_at) == (P, 1, store_clock())
    assert [(step.status, step.by, step.note) for step in moved.history] == [
        (S, "visitor", ""),
        (P, "worker", "by rule"),
    ]
    assert moved.document_ids_permitted == {"d1"}
    assert run(store.orders.by_no(order.no)) == moved
    with pytest.raises(TypeError):
        run(store.orders.advance(order.no, P, SEAL, "worker", account_id="thief"))
    with pytest.raises(Conflict):
        run(store.orders.advance(order.no, P, SEAL, "worker", version=0))
    with pytest.raises(NotFound):
        run(store.orders.advance("TH20261121-AAAAAA", P, SEAL, "worker"))


def test_of_many_who_move_the_same_order_one_succeeds(store: Store, run: Any) -> None:
    order = run(store.orders.create(an_order(status=R)))

    async def decide(n: int) -> bool:
        try:
            await store.orders.advance(order.no, R, P if n % 2 else OrderStatus.REFUSED, f"staff:{n}")
        except Conflict:
            return False
        return True

    async def all_of_them() -> list[bool]:
        return await asyncio.gather(*(decide(n) for n in range(30)))

    assert run(all_of_them()).count(True) == 1
    assert len(run(store.orders.by_no(order.no)).history) == 2


def test_the_oldest_order_is_claimed_first_and_by_one_process_only(store: Store, run: Any) -> None:
    orders = [an_order(created_at=T0 - timedelta(minutes=n)) for n in range(10)]
    for order in orders:
        run(store.orders.create(order))

    async def all_of_them() -> list[Order | None]:
        return await asyncio.gather(*(store.orders.claim((S,), f"p{n}", 30) for n in range(14)))

    claimed = [order.no for order in run(all_of_them()) if order]
    assert sorted(claimed) == sorted(order.no for order in orders)
    assert run(store.orders.claim((S,), "p", 30)) is None
    assert run(store.orders.release(orders[3].no, "nobody")) is False
    for order in orders:
        for n in range(14):
            run(store.orders.release(order.no, f"p{n}"))
    assert run(store.orders.claim((S,), "p", 30)).no == orders[9].no


def test_a_claim_of_a_dead_process_ends_and_another_takes_over(store: Store, run: Any, store_clock: Clock) -> None:
    order = run(store.orders.create(an_order(status=SEAL)))
    assert run(store.orders.claim((P, SEAL), "dead", 30)).attempts == 1
    store_clock.forward(seconds=29)
    assert run(store.orders.claim((P, SEAL), "alive", 30)) is None
    store_clock.forward(seconds=1)
    assert run(store.orders.claim((P, SEAL), "alive", 30)).attempts == 2
    assert run(store.orders.release(order.no, "dead")) is False
    assert run(store.orders.claim((P, SEAL), "third", 30)) is None


def test_a_failed_order_waits_until_its_next_try_and_keeps_its_fault(
    store: Store, run: Any, store_clock: Clock
) -> None:
    order = run(store.orders.create(an_order(status=P, attempts=7)))
    run(store.orders.claim((P,), "p", 30))
    later = store_clock() + timedelta(seconds=90)
    assert run(store.orders.release(order.no, "p", fault="time-stamp server away", retry_at=later))
    store_clock.forward(seconds=89)
    assert run(store.orders.claim((P,), "p", 30)) is None
    store_clock.forward(seconds=1)
    again = run(store.orders.claim((P,), "p", 30))
    assert (again.fault, again.attempts) == ("time-stamp server away", 9)


def test_tries_count_anew_from_permission(store: Store, run: Any) -> None:
    order = run(store.orders.create(an_order()))
    run(store.orders.claim((S,), "p", 30))
    assert run(store.orders.advance(order.no, S, P, "worker")).attempts == 0
    assert run(store.orders.claim((P,), "q", 30)) is None, "the settling process still holds it"
    run(store.orders.release(order.no, "p"))
    assert run(store.orders.claim((P,), "q", 30)).attempts == 1
    assert run(store.orders.advance(order.no, P, SEAL, "worker")).attempts == 1


def test_lists_go_in_batches_without_gap_or_repeat(store: Store, run: Any) -> None:
    same = [an_order(status=R, created_at=T0 + timedelta(seconds=n // 3)) for n in range(11)]
    for order in [*same, an_order(account_id="acc-2")]:
        run(store.orders.create(order))
    wanted = [order.no for order in sorted(same, key=lambda order: (order.created_at, order.no))]

    def walk(ask: Any) -> list[str]:
        seen, after = [], ""
        while True:
            batch, after = run(ask(after))
            seen += [order.no for order in batch]
            if not after:
                return seen

    assert walk(lambda after: store.orders.waiting_for_review(after, 4)) == wanted
    assert walk(lambda after: store.orders.of_account("acc-1", after, 4)) == wanted[::-1]
    for nonsense in ("x", "~", "99999999999999999999~a", "-5~TH"):
        assert run(store.orders.of_account("acc-1", nonsense)) == ((), "")


def test_ages_tell_how_long_the_first_has_waited(store: Store, run: Any, store_clock: Clock) -> None:
    now = store_clock()
    for status, minutes in ((S, 1), (S, 9), (SEAL, 3), (READY, 60)):
        run(store.orders.create(an_order(status=status, updated_at=now - timedelta(minutes=minutes))))
    assert run(store.orders.queue_ages()) == {S: 540.0, SEAL: 180.0}


def test_an_order_is_due_to_expire_when_its_copy_may_no_longer_be_had(store: Store, run: Any) -> None:
    orders = [an_order(status=READY) for _ in range(3)]
    for days, order in enumerate(orders):
        run(store.orders.create(order))
        run(store.copies.create(a_copy(store, order, download_until=T0 + timedelta(days=days))))
    due = run(store.orders.due_to_expire(T0 + timedelta(days=1), 10))
    assert [order.no for order in due] == [orders[0].no, orders[1].no]
    run(store.orders.advance(orders[0].no, READY, OrderStatus.EXPIRED, "worker"))
    assert [order.no for order in run(store.orders.due_to_expire(T0 + timedelta(days=1), 10))] == [orders[1].no]


def test_an_aborted_transaction_leaves_no_order(store: Store, run: Any) -> None:
    order = an_order()

    async def work(tx: Any) -> None:
        await store.orders.create(order, tx)
        await store.audit.append(**an_event(), tx=tx)
        raise RuntimeError("crash before commit")

    with pytest.raises(RuntimeError):
        run(store.atomically(work))
    assert run(store.orders.by_no(order.no)) is None
    assert run(store.audit.sequence("t")) == 0


@pytest.mark.parametrize("asked", [{"$ne": ""}, ["a"], None, 5])
def test_nothing_but_text_gets_into_a_filter(store: Store, run: Any, asked: Any) -> None:
    from conf.errors import Invalid

    run(store.orders.create(an_order()))
    for question in (store.orders.by_no, store.copies.by_no, store.accounts.by_id, store.staff.by_login):
        with pytest.raises(Invalid):
            run(question(asked))

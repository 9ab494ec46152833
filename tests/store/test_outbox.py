"""Messages leave at least once, in order within an order and kind; a dead or failed one holds up nobody for good."""

import asyncio
import random
from datetime import timedelta
from typing import Any

import pytest
from pymongo import MongoClient

from conf.terms import OutboxKind, OutboxStatus
from store import Store
from store.records import OutboxMessage
from tests.conftest import Clock
from tests.store.conftest import DATABASE
from tests.store.things import a_message, an_event

SMS, MAIL = OutboxKind.SMS, OutboxKind.MAIL


def put(store: Store, run: Any, *references: str, **changes: Any) -> None:
    for reference in references:
        run(store.outbox.put(a_message(reference, **changes)))


def claim(store: Store, run: Any, owner: str = "p", kinds: Any = None) -> str:
    message = run(store.outbox.claim(owner, 30, kinds))
    return message.reference if message else ""


def test_a_message_goes_out_once_and_is_then_done(store: Store, run: Any) -> None:
    put(store, run, "a", order_no="o1")
    message = run(store.outbox.claim("p", 30))
    assert (message.reference, message.attempts, message.status) == ("a", 1, OutboxStatus.WAITING)
    assert claim(store, run, "q") == ""
    assert run(store.outbox.done(message.id, "p")) is True
    assert run(store.outbox.done(message.id, "p")) is False
    assert claim(store, run, "q") == ""
    (kept,) = run(store.outbox.recent("o1"))
    assert kept.status is OutboxStatus.DELIVERED
    assert kept.done_at is not None


def test_the_same_reference_is_kept_once_even_when_put_in_parallel_transactions(store: Store, run: Any) -> None:
    async def one(n: int) -> None:
        async def work(tx: Any) -> None:
            await store.audit.append(**an_event(n), tx=tx)
            await store.outbox.put(a_message("same", "o1", id=f"m-{n}"), tx)

        await store.atomically(work)

    async def all_of_them() -> None:
        await asyncio.gather(*(one(n) for n in range(20)))

    run(all_of_them())
    assert len(run(store.outbox.recent("o1"))) == 1


def test_a_message_of_an_aborted_transaction_never_leaves(store: Store, run: Any) -> None:
    async def work(tx: Any) -> None:
        await store.outbox.put(a_message("ghost"), tx)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        run(store.atomically(work))
    assert claim(store, run) == ""


def test_a_later_message_of_an_order_waits_for_the_earlier_one(store: Store, run: Any, store_clock: Clock) -> None:
    put(store, run, "first", "second", order_no="o1")
    put(store, run, "other", order_no="o2")
    assert [claim(store, run), claim(store, run), claim(store, run)] == ["first", "other", ""]
    later = store_clock() + timedelta(minutes=10)
    assert run(store.outbox.retry("m-first", "p", later, "no answer"))
    store_clock.forward(minutes=9)
    assert claim(store, run) == "other", "its lease ended unanswered; the second of o1 still waits"
    run(store.outbox.done("m-other", "p"))
    store_clock.forward(minutes=2)
    assert claim(store, run) == "first"
    run(store.outbox.done("m-first", "p"))
    assert claim(store, run) == "second"


@pytest.mark.parametrize("how", ["reject", "give_up"])
def test_a_message_that_will_never_arrive_blocks_nobody(store: Store, run: Any, how: str) -> None:
    put(store, run, "first", "second", order_no="o1")
    assert claim(store, run) == "first"
    assert claim(store, run, "q") == ""
    assert run(getattr(store.outbox, how)("m-first", "stranger", "not mine")) is False
    assert run(getattr(store.outbox, how)("m-first", "p", "number unknown")) is True
    assert claim(store, run, "q") == "second"
    first, _ = run(store.outbox.recent("o1"))
    assert first.status in (OutboxStatus.REJECTED, OutboxStatus.GAVE_UP)
    assert first.fault == "number unknown"


def test_messages_without_an_order_do_not_wait_for_one_another(store: Store, run: Any) -> None:
    put(store, run, "a", "b")
    assert {claim(store, run), claim(store, run)} == {"a", "b"}


def test_an_sms_that_cannot_leave_holds_no_mail_of_its_order_back(store: Store, run: Any) -> None:
    put(store, run, "sms", order_no="o1")
    put(store, run, "mail", order_no="o1", kind=MAIL)
    assert run(store.outbox.claim("a", 30)).reference == "sms"
    assert run(store.outbox.claim("a", 30)).reference == "mail"
    assert run(store.outbox.claim("a", 30)) is None


def test_a_claim_may_ask_for_some_kinds(store: Store, run: Any) -> None:
    put(store, run, "sms", order_no="o1")
    put(store, run, "mail", order_no="o2", kind=MAIL)
    assert run(store.outbox.claim("a", 30, (MAIL,))).reference == "mail"
    assert run(store.outbox.claim("a", 30, (MAIL,))) is None


def test_a_claim_of_a_dead_process_ends(store: Store, run: Any, store_clock: Clock) -> None:
    put(store, run, "a")
    assert claim(store, run, "dead") == "a"
    store_clock.forward(seconds=31)
    again = run(store.outbox.claim("alive", 30))
    assert (again.reference, again.attempts) == ("a", 2)
    assert run(store.outbox.retry(again.id, "dead", store_clock(), "late")) is False
    assert run(store.outbox.done(again.id, "dead")) is True, "it did arrive, whoever says so"


def test_many_workers_deliver_everything_once_and_in_order(store: Store, run: Any, store_clock: Clock) -> None:
    luck = random.Random(7)
    for n in range(60):
        put(store, run, f"{n:02d}", order_no=f"o{n % 6}")
    delivered: list[OutboxMessage] = []

    async def work(owner: str) -> None:
        idle = 0
        while idle < 40:
            message = await store.outbox.claim(owner, 30)
            if message is None:
                idle += 1
                store_clock.forward(seconds=0.5)
                await asyncio.sleep(0.002)
            elif luck.random() < 0.3:
                await store.outbox.retry(message.id, owner, store_clock() + timedelta(seconds=2), "again")
            else:
                delivered.append(message)
                await store.outbox.done(message.id, owner)

    async def all_of_them() -> None:
        await asyncio.gather(*(work(f"p{n}") for n in range(6)))

    run(all_of_them())
    assert sorted(message.reference for message in delivered) == [f"{n:02d}" for n in range(60)]
    for group in range(6):
        mine = [message.reference for message in delivered if message.order_no == f"o{group}"]
        assert mine == sorted(mine)


def test_ages_tell_how_long_the_first_of_each_kind_has_waited(store: Store, run: Any, store_clock: Clock) -> None:
    put(store, run, "a", created_at=store_clock() - timedelta(seconds=30))
    put(store, run, "b", created_at=store_clock() - timedelta(seconds=90))
    put(store, run, "c", kind=MAIL, created_at=store_clock())
    assert run(store.outbox.ages()) == {SMS: 90.0, MAIL: 0.0}


def test_a_recipient_is_stored_as_a_secret_only(store: Store, run: Any, mongo_url: str) -> None:
    phone = "13800138000"
    put(store, run, "a", recipient=store.vault.conceal(phone, "138****8000"))
    with MongoClient(mongo_url) as client:
        raw = client[DATABASE]["outbox"].find_one({"reference": "a"})
    assert phone not in str(raw)
    assert store.vault.reveal(run(store.outbox.claim("p", 30)).recipient) == phone


def test_an_outage_is_not_paid_for_at_every_claim(store: Store, run: Any, store_clock: Clock) -> None:
    """Messages behind a failing one are looked at once a retry, not once a claim."""
    put(store, run, "0", *map(str, range(1, 40)), order_no="o1")
    run(store.outbox.retry("m-0", run(store.outbox.claim("p", 30)) and "p", store_clock() + timedelta(days=9), "away"))
    assert claim(store, run) == ""
    due = {"status": "waiting", "next_at": {"$lte": store_clock()}}
    assert run(store.outbox._outbox.count_documents(due)) == 0

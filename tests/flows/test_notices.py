"""Messages to visitors: queued with the state they tell of, sent once each, and never in a copy's way."""

import asyncio
import random
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from pymongo import MongoClient

from adapters.sandbox.server import Sandbox
from adapters.sandbox.sms import BLACKLISTED
from conf.live import adopt, live
from conf.terms import AccountKind, IdentityLevel, InboxStatus, Notice, OutboxKind, OutboxStatus
from conf.texts import text_of
from handlers.flows import notices
from handlers.flows.resending import resend
from store.records import Account, InboxEvent, Order, OutboxMessage
from tests.desk import DATABASE, TRACE, Desk
from tests.outside import Outside

ABOUT_ORDERS = [notice for notice in Notice if notice not in (Notice.CODE, Notice.TASK_DONE, Notice.PAPER_OVERDUE)]
UNTIL = datetime.fromisoformat("2026-11-28T02:00:00+00:00")
#: Faults after which the counterpart may or may not have the message; it must end up having it once.
FAULTS = ["refuse", "slow", "hang", "500", "html", "truncated", "garbage", "huge", "lost"]


async def an_order(desk: Desk, *, phone: str = "19900000001", mail: str = "") -> Order:
    """An order of a legal representative with these addresses."""
    account = await desk.account("legal_representative")
    await again(desk, account, phone=phone, mail=mail)
    return await desk.settled(account)


async def again(desk: Desk, account: Account, *, phone: str, mail: str) -> None:
    await desk.store.accounts.remember(
        provider=account.provider,
        subject=account.subject,
        kind=AccountKind.NATURAL,
        name=account.name,
        id_type=account.id_type,
        id_number=desk.store.vault.reveal(account.id_number),
        level=IdentityLevel.L2,
        phone=phone,
        mail=mail,
    )


def queue(desk: Desk, order: Order, notice: Notice = Notice.COPY_READY) -> None:
    until = UNTIL if notice in (Notice.COPY_READY, Notice.ORDER_QUESTION) else None

    async def work(tx: Any) -> None:
        await notices.queue(desk.store, order, notice, now=desk.clock(), tx=tx, until=until)

    desk.run(desk.store.atomically(work))


#: An order leaves other work in the outbox too; here only what goes to visitors is sent.
MESSAGES = (OutboxKind.SMS, OutboxKind.MAIL)


def deliver(desk: Desk, outside: Outside) -> bool:
    work = notices.deliver_next(
        desk.store,
        outside,  # type: ignore[arg-type]
        owner="w1",
        now=desk.clock(),
        kinds=MESSAGES,
        chance=random.Random(1),
    )
    return desk.run(work)


def deliver_all(desk: Desk, outside: Outside, *, hours: int = 2) -> None:
    """What the background loop does in that time."""
    ends = desk.clock() + timedelta(hours=hours)
    while desk.clock() < ends:
        while deliver(desk, outside):
            pass
        desk.clock.forward(seconds=60)


def recent(desk: Desk, order: Order) -> tuple[OutboxMessage, ...]:
    return desk.run(desk.store.outbox.recent(order.no))


def test_an_sms_and_where_known_a_mail_tell_that_the_copy_is_ready(
    desk: Desk, outside: Outside, sandbox: Sandbox
) -> None:
    order = desk.run(an_order(desk, mail="visitor@example.com"))
    queue(desk, order)
    while deliver(desk, outside):
        pass
    (sms,), (mail,) = sandbox.state.received["sms"], sandbox.state.received["mail"]
    assert (sms["phone"], mail["to"]) == ("19900000001", ["visitor@example.com"])
    for text in (sms["text"], mail["text"]):
        assert order.no in text
        assert "11月28日10:00" in text, "Beijing time"
    assert [each.status for each in recent(desk, order)] == [OutboxStatus.DELIVERED] * 2


def test_a_message_says_nothing_of_who_asked_for_what(desk: Desk, outside: Outside, sandbox: Sandbox) -> None:
    order = desk.run(an_order(desk, mail="visitor@example.com"))
    for notice in ABOUT_ORDERS:
        queue(desk, order, notice)
    while deliver(desk, outside):
        pass
    assert len(sandbox.state.received["sms"]) == len(sandbox.state.received["mail"]) == len(ABOUT_ORDERS)
    account = desk.run(desk.store.accounts.by_id(order.account_id))
    for row in sandbox.state.received["sms"] + sandbox.state.received["mail"]:
        for personal in (account.name, order.company_name, order.uscc, desk.store.vault.reveal(account.id_number)):
            assert personal not in str(row)


def test_the_outbox_holds_no_address_in_clear(desk: Desk, mongo_url: str) -> None:
    queue(desk, desk.run(an_order(desk, phone="19912345678", mail="visitor@example.com")))
    with MongoClient(mongo_url) as client:
        stored = str(list(client[DATABASE]["outbox"].find()))
    assert "19912345678" not in stored
    assert "visitor@example.com" not in stored


def test_the_same_notice_is_queued_once_and_only_if_the_state_is_written(
    desk: Desk, outside: Outside, sandbox: Sandbox
) -> None:
    order = desk.run(an_order(desk))

    async def broken(tx: Any) -> None:
        await notices.queue(desk.store, order, Notice.COPY_READY, now=desk.clock(), tx=tx, until=UNTIL)
        raise RuntimeError("the state was not written")

    with pytest.raises(RuntimeError):
        desk.run(desk.store.atomically(broken))
    assert not deliver(desk, outside)
    queue(desk, order)
    queue(desk, order)
    while deliver(desk, outside):
        pass
    assert len(sandbox.state.received["sms"]) == 1
    assert sandbox.state.calls["sms"] == 1


def test_who_has_no_number_gets_no_message_and_no_trouble(desk: Desk, outside: Outside) -> None:
    order = desk.run(an_order(desk, phone=""))
    queue(desk, order)
    assert recent(desk, order) == ()
    assert not deliver(desk, outside)


def test_ready_without_a_last_day_is_a_mistake_of_ours(desk: Desk) -> None:
    order = desk.run(an_order(desk))
    with pytest.raises(ValueError, match="until"):
        desk.run(notices.queue(desk.store, order, Notice.COPY_READY, now=desk.clock(), tx=None))


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("kind", ["sms", "mail"])
def test_after_any_fault_the_visitor_has_exactly_one_message(
    desk: Desk, outside: Outside, sandbox: Sandbox, kind: str, fault: str
) -> None:
    order = desk.run(an_order(desk, mail="visitor@example.com"))
    queue(desk, order)
    sandbox.state.faults.switch(kind, fault, times=2)
    deliver_all(desk, outside, hours=1)
    assert [len(sandbox.state.received[name]) for name in ("sms", "mail")] == [1, 1]
    assert {each.status for each in recent(desk, order)} == {OutboxStatus.DELIVERED}


def test_a_refused_message_ends_and_holds_up_nobody(desk: Desk, outside: Outside, sandbox: Sandbox) -> None:
    order = desk.run(an_order(desk, phone=BLACKLISTED, mail="visitor@example.com"))
    queue(desk, order)
    deliver_all(desk, outside, hours=1)
    first, second = recent(desk, order)
    assert (first.kind, first.status, first.fault) == (
        OutboxKind.SMS,
        OutboxStatus.REJECTED,
        "number refuses messages",
    )
    assert (second.kind, second.status) == (OutboxKind.MAIL, OutboxStatus.DELIVERED)
    assert sandbox.state.calls["sms"] == 1, "a refusal is final"


def test_a_message_nobody_takes_is_given_up_after_a_day(desk: Desk, outside: Outside, sandbox: Sandbox) -> None:
    order = desk.run(an_order(desk))
    queue(desk, order)
    sandbox.state.faults.switch("sms", "500")
    deliver_all(desk, outside, hours=30)
    (message,) = recent(desk, order)
    assert message.status is OutboxStatus.GAVE_UP
    assert message.fault == "HTTP 500" or "circuit" in message.fault
    assert message.attempts < 60, "the waits grow: an outage is not met with a flood"
    assert sandbox.state.received["sms"] == []


def test_a_message_that_cannot_be_put_together_is_set_aside(desk: Desk, outside: Outside) -> None:
    order = desk.run(an_order(desk))
    queue(desk, order)
    (good,) = recent(desk, order)
    token = replace(good.recipient, token=b"\x02k9" + good.recipient.token[3:])
    desk.run(desk.store.outbox.put(replace(good, id="m3", reference="no-key", recipient=token, order_no="other")))
    deliver_all(desk, outside, hours=1)
    (kept,) = desk.run(desk.store.outbox.recent("other"))
    assert kept.status is OutboxStatus.REJECTED
    assert recent(desk, order)[0].status is OutboxStatus.DELIVERED


def test_two_workers_send_a_message_once(desk: Desk, outside: Outside, sandbox: Sandbox) -> None:
    order = desk.run(an_order(desk))
    queue(desk, order)

    async def both() -> list[bool]:
        one = [
            notices.deliver_next(desk.store, outside, owner=f"w{n}", now=desk.clock(), kinds=MESSAGES)  # type: ignore[arg-type]
            for n in range(4)
        ]
        return await asyncio.gather(*one)

    assert sum(desk.run(both())) == 1
    assert sandbox.state.calls["sms"] == 1


def test_a_worker_that_died_leaves_its_message_to_another(desk: Desk, outside: Outside, sandbox: Sandbox) -> None:
    queue(desk, desk.run(an_order(desk)))
    desk.run(desk.store.outbox.claim("dead", notices.LEASE_SECONDS, MESSAGES))
    assert not deliver(desk, outside)
    desk.clock.forward(seconds=notices.LEASE_SECONDS + 1)
    assert deliver(desk, outside)
    assert len(sandbox.state.received["sms"]) == 1


def test_waits_grow_and_are_spread() -> None:
    chance = random.Random(7)
    for tries, seconds in enumerate(notices.RETRY_AFTER, start=1):
        waits = {notices.wait_before(tries, chance).total_seconds() for _ in range(50)}
        assert len(waits) > 40
        assert seconds * 0.8 <= min(waits) <= max(waits) <= seconds * 1.2
    assert notices.wait_before(1000, chance) <= timedelta(seconds=3600 * 1.2)


def test_the_receipt_of_a_one_time_code_waits_for_nothing(desk: Desk) -> None:
    """Codes never stand in the outbox; their receipts must not lie about for a day as something unknown."""
    now = desk.clock()
    event = InboxEvent(
        id="sms:n1", system="sms", subject="code.0123456789", values={"receipt": "failed"}, happened_at=now,
        received_at=now, status=InboxStatus.WAITING,
    )  # fmt: skip
    assert desk.run(desk.store.atomically(lambda tx: notices.note_receipt(desk.store, event, tx)))
    known = replace(event, subject="TH1.copy_ready.sms")
    assert not desk.run(desk.store.atomically(lambda tx: notices.note_receipt(desk.store, known, tx)))


def changed_text(desk: Desk, **row: str) -> None:
    """The text that tells of a ready copy changed at run time, as an approved proposal leaves it."""
    text = text_of(Notice.COPY_READY)
    before = {"template": text.template, "sms": text.sms, "subject": text.subject, "mail": text.mail.strip()}
    adopt(replace(live(), texts={Notice.COPY_READY.value: before | row}))


def test_a_template_changed_at_run_time_is_refused_clearly_until_the_platform_knows_it(
    desk: Desk, outside: Outside, sandbox: Sandbox
) -> None:
    order = desk.run(an_order(desk))
    changed_text(desk, template="TH-EQC-NEW", sms="查询件已办好，单号${order_no}，${until}前可以下载。")
    queue(desk, order)
    while deliver(desk, outside):
        pass
    (refused,) = recent(desk, order)
    assert (refused.status, refused.fault) == (OutboxStatus.REJECTED, "template unknown")
    assert sandbox.state.received["sms"] == []

    async def register() -> int:
        form = {"template": "TH-EQC-NEW", "text": "查询件已办好，单号${order_no}，${until}前可以下载。"}
        async with httpx.AsyncClient(trust_env=False) as client:
            return (await client.post(f"{sandbox.url}/sms/templates", data=form)).status_code

    assert desk.run(register()) == 302
    desk.run(resend(desk.store, refused.id, now=desk.clock(), trace=TRACE))
    while deliver(desk, outside):
        pass
    (taken,) = sandbox.state.received["sms"]
    assert taken["text"] == f"【天河e企查】查询件已办好，单号{order.no}，11月28日10:00前可以下载。"
    assert [each.status for each in recent(desk, order)] == [OutboxStatus.DELIVERED]

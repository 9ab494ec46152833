"""What counterparts tell us is applied once: repeated, at the same time, too early, forged, replayed."""

import asyncio
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest

from adapters import tif
from adapters.callbacks import Call, CallbackEvent, CallbackRefused
from conf.terms import Channel, InboxStatus, OutboxKind, OutboxStatus
from handlers.flows.callbacks import WAITS, apply_waiting, receive
from store.records import InboxEvent, OutboxMessage
from tests.desk import Desk

TOKENS = {"counterpart": "its-token"}
TRACE: dict[str, Any] = {
    "who": "", "role": "counterpart", "channel": Channel.COUNTERPART, "request_id": "", "address": "",
}  # fmt: skip


class Reader:
    """A counterpart that signs as the gateway does and sends {"events": [{"key", "subject", "at", "state"}]}."""

    def read(self, headers: Mapping[str, str], body: bytes, *, now: datetime, skew: int) -> Call:
        try:
            signed = tif.check(headers, TOKENS, now=now, skew=skew)
        except tif.SignatureRefused as fault:
            raise CallbackRefused(fault.ground) from None
        events = [
            CallbackEvent(
                key=each["key"],
                subject=each["subject"],
                happened_at=datetime.fromisoformat(each["at"]),
                values={"state": each["state"]},
            )
            for each in json.loads(body)["events"]
        ]
        return Call(events=tuple(events), nonce=signed.nonce)

    def answer(self, *, taken: bool) -> Mapping[str, Any]:
        return {"taken": taken}


async def apply(store: Any, event: InboxEvent, tx: Any) -> bool:
    return await store.outbox.note_receipt(event.subject, event.values["state"], event.happened_at, tx)


def told(desk: Desk, *keys: str, subject: str = "m1", state: str = "arrived", later: int = 0) -> bytes:
    at = (desk.clock() + timedelta(seconds=later)).isoformat()
    return json.dumps({"events": [{"key": key, "subject": subject, "at": at, "state": state} for key in keys]}).encode()


def call(desk: Desk, body: bytes, headers: dict[str, str] | None = None) -> int:
    headers = tif.sign("counterpart", "its-token", now=desk.clock()) if headers is None else headers
    return desk.run(
        receive(
            desk.store, Reader(), apply, system="counterpart", headers=headers, body=body, skew=180, now=desk.clock(),
            trace=TRACE,
        )
    )  # fmt: skip


def message(desk: Desk, reference: str = "m1") -> OutboxMessage:
    return OutboxMessage(
        id=reference, kind=OutboxKind.SMS, reference=reference, order_no="", body={}, recipient=None,
        status=OutboxStatus.WAITING, attempts=0, next_at=desk.clock(), created_at=desk.clock(), done_at=None, fault="",
    )  # fmt: skip


def receipt(desk: Desk) -> str:
    (found,) = desk.run(desk.store.outbox.listed(list(OutboxStatus)))
    return found.receipt


def statuses(desk: Desk, subject: str = "m1") -> list[InboxStatus]:
    return [event.status for event in desk.run(desk.store.inbox.of_subject(subject))]


def test_a_word_told_a_hundred_times_counts_once(desk: Desk) -> None:
    desk.run(desk.store.outbox.put(message(desk)))
    body = told(desk, "k1")
    assert call(desk, body) == 1
    assert sum(call(desk, body) for _ in range(99)) == 0
    assert receipt(desk) == "arrived"
    assert statuses(desk) == [InboxStatus.APPLIED]
    assert desk.run(desk.tags()).count("callback:event:received") == 1


def test_the_same_word_at_the_same_moment_counts_once(desk: Desk) -> None:
    desk.run(desk.store.outbox.put(message(desk)))
    body = told(desk, "k1")

    async def at_once() -> list[int]:
        def one() -> Any:
            headers = tif.sign("counterpart", "its-token", now=desk.clock())
            return receive(
                desk.store, Reader(), apply, system="counterpart", headers=headers, body=body, skew=180,
                now=desk.clock(), trace=TRACE,
            )  # fmt: skip

        return await asyncio.gather(*(one() for _ in range(20)))

    assert sum(desk.run(at_once())) == 1
    assert desk.run(desk.tags()).count("callback:event:received") == 1


def test_an_older_word_never_replaces_a_newer_one(desk: Desk) -> None:
    desk.run(desk.store.outbox.put(message(desk)))
    call(desk, told(desk, "k2", state="arrived", later=60))
    assert call(desk, told(desk, "k1", state="failed")) == 1
    assert receipt(desk) == "arrived"


def test_what_comes_too_early_waits_for_its_subject(desk: Desk) -> None:
    assert call(desk, told(desk, "k1")) == 1
    assert statuses(desk) == [InboxStatus.WAITING]
    assert desk.run(apply_waiting(desk.store, {"counterpart": apply}, now=desk.clock())) == 0
    desk.run(desk.store.outbox.put(message(desk)))
    assert desk.run(apply_waiting(desk.store, {"counterpart": apply}, now=desk.clock())) == 1
    assert (receipt(desk), statuses(desk)) == ("arrived", [InboxStatus.APPLIED])


def test_what_waits_in_vain_is_laid_aside_after_a_day(desk: Desk) -> None:
    call(desk, told(desk, "k1"))
    desk.clock.forward(seconds=WAITS.total_seconds() + 1)
    assert desk.run(apply_waiting(desk.store, {"counterpart": apply}, now=desk.clock())) == 1
    assert statuses(desk) == [InboxStatus.UNMATCHED]


def test_a_forged_or_stale_call_changes_nothing_and_is_on_record(desk: Desk) -> None:
    desk.run(desk.store.outbox.put(message(desk)))
    good = tif.sign("counterpart", "its-token", now=desk.clock())
    for ground, headers in (
        ("unsigned", {}),
        ("signature", {**good, tif.SIGNATURE: "0" * 64}),
        ("unknown", {**good, tif.ID: "somebody"}),
        ("clock", tif.sign("counterpart", "its-token", now=desk.clock() - timedelta(hours=24))),
    ):
        with pytest.raises(CallbackRefused) as caught:
            call(desk, told(desk, "k1"), headers)
        assert caught.value.ground == ground
    assert (receipt(desk), statuses(desk)) == ("", [])
    assert desk.run(desk.tags()).count("callback:event:refused") == 4


def test_a_nonce_serves_one_call_but_the_same_call_may_be_repeated(desk: Desk) -> None:
    desk.run(desk.store.outbox.put(message(desk)))
    headers = tif.sign("counterpart", "its-token", now=desk.clock())
    assert call(desk, told(desk, "k1"), headers) == 1
    assert call(desk, told(desk, "k1"), headers) == 0, "the answer was lost: taken again, and nothing changes"
    with pytest.raises(CallbackRefused, match="nonce"):
        call(desk, told(desk, "k2", state="failed", later=5), headers)
    assert receipt(desk) == "arrived"


def test_a_call_whose_work_fails_can_be_made_again(desk: Desk) -> None:
    """Nonce, event and effect are one transaction: a fault in between leaves none of them."""
    desk.run(desk.store.outbox.put(message(desk)))
    headers = tif.sign("counterpart", "its-token", now=desk.clock())

    async def failing(store: Any, event: InboxEvent, tx: Any) -> bool:
        await apply(store, event, tx)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        desk.run(
            receive(
                desk.store, Reader(), failing, system="counterpart", headers=headers, body=told(desk, "k1"),
                skew=180, now=desk.clock(), trace=TRACE,
            )
        )  # fmt: skip
    assert (receipt(desk), statuses(desk)) == ("", [])
    assert call(desk, told(desk, "k1"), headers) == 1
    assert receipt(desk) == "arrived"


def test_what_ended_badly_is_sent_again_on_request(desk: Desk) -> None:
    desk.run(desk.store.outbox.put(message(desk)))
    desk.run(desk.store.outbox.claim("w", 30))
    desk.run(desk.store.outbox.reject("m1", "w", "number invalid"))
    again = desk.run(desk.store.outbox.resend("m1"))
    assert again is not None
    assert (again.status, again.attempts) == (OutboxStatus.WAITING, 0)
    assert desk.run(desk.store.outbox.resend("m1")) is None, "it waits: there is nothing to send again"
    assert desk.run(desk.store.outbox.claim("w", 30)) is not None

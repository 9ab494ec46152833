"""What counterparts tell us: proved, then applied exactly once, however often and in whatever order it comes.

Called by the callbacks handler, and by background work for what came before the thing it is about.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from adapters.callbacks import CallbackEvent, CallbackReader, CallbackRefused
from conf.logs import get_log
from conf.terms import AuditTag, InboxStatus
from store.records import InboxEvent

if TYPE_CHECKING:
    from store import Store

__all__ = ["Apply", "CallbackRefused", "apply_waiting", "receive"]

log = get_log("callbacks")

#: Applies one event in the transaction it is given; False when what it is about is not there (yet).
Apply = Callable[["Store", InboxEvent, Any], Awaitable[bool]]

#: How long an event may wait for its subject.
WAITS = timedelta(hours=24)
#: A nonce is remembered longer than any call may be old.
NONCE_LIVES = timedelta(hours=1)


async def receive(
    store: "Store",
    reader: CallbackReader,
    apply: Apply,
    *,
    system: str,
    headers: Mapping[str, str],
    body: bytes,
    skew: int,
    now: datetime,
    trace: Mapping[str, Any],
) -> int:
    """How many events were new; `skew`: seconds a caller's clock may differ. Raises CallbackRefused, recorded.

    Nonce, events, effects and audit are one transaction: a call cut off can be made again. A call whose events are
    all known is taken though its nonce is spent, and changes nothing: the answer to the first may have been lost.
    """
    try:
        call = reader.read(headers, body, now=now, skew=skew)
        events = [_event(system, each, now) for each in call.events]
        known = await store.inbox.known([event.id for event in events])
        fresh = [event for event in events if event.id not in known]
        if not fresh:
            return 0

        async def work(tx: Any) -> int:
            if call.nonce and not await store.inbox.spend_nonce(system, call.nonce, now + NONCE_LIVES, tx):
                raise CallbackRefused("nonce")
            return sum([await _take(store, event, apply, now, tx, trace) for event in fresh])

        return await store.atomically(work)
    except CallbackRefused as fault:
        await _record_refusal(store, system, fault.ground, now, trace)
        raise


async def apply_waiting(store: "Store", applies: Mapping[str, Apply], *, now: datetime) -> int:
    """Try again what came too early; what waited `WAITS` is laid aside. Returns how many were settled."""
    settled = 0
    for event in await store.inbox.waiting():
        apply = applies.get(event.system)
        if apply is not None and await _apply_late(store, event, apply):
            settled += 1
        elif now - event.received_at > WAITS and await store.inbox.settle(event.id, InboxStatus.UNMATCHED):
            log.warning("callback_unmatched", system=event.system, subject=event.subject)
            settled += 1
    return settled


def _event(system: str, told: CallbackEvent, now: datetime) -> InboxEvent:
    return InboxEvent(
        id=f"{system}:{told.key}",
        system=system,
        subject=told.subject,
        values=told.values,
        happened_at=told.happened_at,
        received_at=now,
        status=InboxStatus.WAITING,
    )


async def _take(
    store: "Store", event: InboxEvent, apply: Apply, now: datetime, tx: Any, trace: Mapping[str, Any]
) -> bool:
    """Keep the event and do what it says; False when another call brought it first."""
    if not await store.inbox.take(event, tx):
        return False
    if await apply(store, event, tx):
        await store.inbox.settle(event.id, InboxStatus.APPLIED, tx)
    await store.audit.append(
        tag=AuditTag.CALLBACK_RECEIVED,
        subject=event.subject,
        outcome="done",
        fields={"system": event.system, "key": event.id},
        at=now,
        tx=tx,
        **trace,
    )
    return True


async def _apply_late(store: "Store", event: InboxEvent, apply: Apply) -> bool:
    async def work(tx: Any) -> bool:
        return await apply(store, event, tx) and await store.inbox.settle(event.id, InboxStatus.APPLIED, tx)

    return await store.atomically(work)


async def _record_refusal(store: "Store", system: str, ground: str, now: datetime, trace: Mapping[str, Any]) -> None:
    log.warning("callback_refused", system=system, ground=ground)
    await store.audit.append(
        tag=AuditTag.CALLBACK_REFUSED,
        subject=system,
        outcome="refused",
        fields={"system": system, "ground": ground},
        at=now,
        **trace,
    )

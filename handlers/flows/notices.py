"""Messages to visitors: written with the state they tell of, sent afterwards. Called by flows and background work."""

import random
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from conf.clock import beijing
from conf.errors import IntegrityFault, ProviderRejected, ProviderUnavailable
from conf.logs import get_log
from conf.terms import Notice, OutboxKind
from handlers.flows.outgoing import WAYS
from store.outbox import new_message
from store.records import Account, InboxEvent, Order, OutboxMessage, Secret

if TYPE_CHECKING:
    from adapters.assembly import Adapters
    from store import Store

log = get_log("notices")

#: Longer than any outside call may take, so that a message is never under way twice.
LEASE_SECONDS = 30
#: Seconds until the next try, by tries made so far; afterwards the last one again.
RETRY_AFTER = (5, 15, 60, 300, 900, 1800, 3600)
#: References of one-time codes: they never stood in the outbox, and nobody waits for their receipts.
CODES = "code."
JITTER = 0.2  # ± share, so that a recovered counterpart is not met by all at once


async def queue(
    store: "Store", order: Order, notice: Notice, *, now: datetime, tx: Any, until: datetime | None = None
) -> None:
    """Put the SMS (and the mail, where an address is known) about `order` into the outbox, in the caller's transaction.

    `until`: last moment of download, for COPY_READY. The same notice of the same order is queued once.
    """
    account = await store.accounts.by_id(order.account_id)
    if account is None:
        return
    values = _values(order, notice, until)
    for kind, recipient in _ways(account):
        await store.outbox.put(_message(order, notice, kind, recipient, values, now), tx)


async def deliver_next(
    store: "Store",
    adapters: "Adapters",
    *,
    owner: str,
    now: datetime,
    kinds: Collection[OutboxKind] | None = None,
    chance: random.Random | None = None,
) -> bool:
    """Send the oldest message that is due; False when none is. Whatever happens to it, nothing else waits for it.

    No database session is open while the outside system is asked.
    """
    message = await store.outbox.claim(owner, LEASE_SECONDS, kinds)
    if message is None:
        return False
    try:
        sent = await WAYS[message.kind].send(store, adapters, message)
    except ProviderRejected as fault:
        await store.outbox.reject(message.id, owner, fault.reason)
        log.warning("message_rejected", reference=message.reference, kind=message.kind.value, reason=fault.reason)
    except ProviderUnavailable as fault:
        await _again(store, message, owner, now, fault, chance or random.Random())  # noqa: S311  spreads load
    except (IntegrityFault, LookupError, ValueError) as fault:  # it cannot even be put together: no repeat mends that
        await store.outbox.reject(message.id, owner, f"cannot be put together: {type(fault).__name__}")
        log.error("message_unsendable", reference=message.reference, fault=type(fault).__name__)
    else:
        await store.outbox.done(message.id, owner, vendor=sent.vendor, vendor_no=sent.vendor_no)
    return True


async def note_receipt(store: "Store", event: InboxEvent, tx: Any) -> bool:
    """What became of a message at the phone; False when we know of no such message (yet)."""
    if event.values["receipt"] == "failed":
        log.warning("message_not_received", reference=event.subject)
    if event.subject.startswith(CODES):
        return True
    return await store.outbox.note_receipt(event.subject, event.values["receipt"], event.happened_at, tx)


def wait_before(tries: int, chance: random.Random) -> timedelta:
    """How long to wait after `tries` tries (≥ 1), spread by ± 20 %."""
    base = RETRY_AFTER[min(tries, len(RETRY_AFTER)) - 1]
    return timedelta(seconds=base * chance.uniform(1 - JITTER, 1 + JITTER))


def _ways(account: Account) -> list[tuple[OutboxKind, Secret]]:
    known = ((OutboxKind.SMS, account.phone), (OutboxKind.MAIL, account.mail))
    return [(kind, recipient) for kind, recipient in known if recipient is not None]


def _values(order: Order, notice: Notice, until: datetime | None) -> dict[str, str]:
    """What the texts need; never a name, a company or an address."""
    values = {"order_no": order.no}
    if notice is Notice.COPY_READY:
        if until is None:
            raise ValueError("COPY_READY tells until when the copy can be downloaded: give `until`")
        local = beijing(until)
        values["until"] = f"{local.month}月{local.day}日{local:%H:%M}"
    return values


def _message(
    order: Order, notice: Notice, kind: OutboxKind, recipient: Secret, values: dict[str, str], now: datetime
) -> OutboxMessage:
    return new_message(
        kind,
        f"{order.no}.{notice.value}.{kind.value}",
        now=now,
        order_no=order.no,
        body={"notice": notice.value, "values": values},
        recipient=recipient,
    )


async def _again(
    store: "Store", message: OutboxMessage, owner: str, now: datetime, fault: ProviderUnavailable, chance: random.Random
) -> None:
    """Later, or never: after a day nobody needs to be told that a copy is ready."""
    if now - message.created_at >= WAYS[message.kind].give_up_after:
        await store.outbox.give_up(message.id, owner, fault.reason)
        log.error("message_given_up", reference=message.reference, kind=message.kind.value, reason=fault.reason)
        return
    at = now + wait_before(max(1, message.attempts), chance)
    await store.outbox.retry(message.id, owner, at, fault.reason, vendor=fault.system if fault.in_doubt else "")

"""A lawyer's practising licence looked up when the lawyer orders: facts for the reviewer, never a decision.

Called by the order form right after the order is made and, when the platform was away, by background work.
"""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from adapters.sharing import Licence
from conf import masks
from conf.clock import beijing
from conf.errors import NotFound, ProviderRejected, ProviderUnavailable
from conf.han import plain
from conf.logs import get_log
from conf.terms import AuditTag, Channel, CheckOutcome, LicenceKind, LicenceStatus, OutboxKind
from store.outbox import new_message
from store.records import LicenceCheck, Order

if TYPE_CHECKING:
    from adapters.assembly import Adapters
    from store import Store

Trace = Mapping[str, Any]
BY_SYSTEM: Trace = {"who": "", "role": "system", "channel": Channel.WORKER, "request_id": "", "address": ""}
SOURCE = "sharing"
#: How long the lawyer's browser may wait for it.
SECONDS = 3.0
#: The background leaves the first try to the request that made the order.
LEFT_TO_THE_REQUEST = timedelta(seconds=10)
UNCHECKED = LicenceCheck(outcome=CheckOutcome.UNCHECKED)

log = get_log("flows")


def judge(licence: Licence | None, *, name: str, firm: str, now: datetime) -> LicenceCheck:
    """What the register's licence says beside the account's `name` and the `firm` that was written down."""
    if licence is None:
        return LicenceCheck(outcome=CheckOutcome.NOT_FOUND, source=SOURCE, checked_at=now)
    is_same_name = bool(licence.holder) and plain(licence.holder) == plain(name)
    is_same_firm = bool(licence.firm) and plain(licence.firm) == plain(firm)
    is_over = licence.valid_until is not None and licence.valid_until < beijing(now).date()
    is_in_force = licence.status is LicenceStatus.IN_FORCE and not is_over
    is_right = is_same_name and is_same_firm and is_in_force
    return LicenceCheck(
        outcome=CheckOutcome.MATCHES if is_right else CheckOutcome.DIFFERS,
        source=SOURCE,
        checked_at=now,
        is_same_name=is_same_name,
        is_same_firm=is_same_firm,
        is_in_force=is_in_force,
        holder_masked=masks.name(licence.holder),
        firm=licence.firm,
        status=licence.status,
        valid_until=licence.valid_until,
    )


async def check(
    store: "Store", adapters: "Adapters", order_no: str, *, now: datetime, trace: Trace = BY_SYSTEM
) -> LicenceCheck | None:
    """Look the licence up and keep the answer with the order, once; None when there is nothing (left) to check.

    Raises ProviderRejected, ProviderUnavailable, NotFound.
    """
    order = await store.orders.by_no(order_no)
    if order is None:
        raise NotFound(order_no)
    claim = order.purpose.lawyer
    if claim is None or order.licence is None or order.licence.outcome is not CheckOutcome.UNCHECKED:
        return None
    account = await store.accounts.by_id(order.account_id)
    if account is None:
        raise NotFound(order_no)
    licence = await adapters.sharing.licence(LicenceKind.LAWYER, claim.licence_no, reference=order.no)
    found = judge(licence, name=account.name, firm=claim.firm, now=now)

    async def work(tx: Any) -> bool:
        if not await store.orders.note_licence(order.no, found, tx):
            return False  # the other of the two ways was first
        fields = {"outcome": found.outcome.value, "source": SOURCE}
        await store.audit.append(
            tag=AuditTag.LICENCE_CHECKED, subject=order.no, outcome=found.outcome.value, fields=fields, at=now, tx=tx,
            **trace,
        )  # fmt: skip
        return True

    return found if await store.atomically(work) else None


async def check_soon(store: "Store", adapters: "Adapters", order: Order, *, now: datetime, trace: Trace) -> None:
    """The try while the visitor waits: at most `SECONDS`, and whatever comes of it the order stands.

    What does not work here is tried again from the outbox, where the order's own transaction left the message.
    """
    if order.licence is None or order.licence.outcome is not CheckOutcome.UNCHECKED:
        return
    try:
        async with asyncio.timeout(SECONDS):
            await check(store, adapters, order.no, now=now, trace=trace)
    except (ProviderUnavailable, ProviderRejected, TimeoutError) as fault:
        log.warning("licence_unchecked", order_no=order.no, fault=type(fault).__name__)


async def queue(store: "Store", order: Order, *, now: datetime, tx: Any) -> None:
    """Have it looked up by background work, in case the request that made the order does not come to it."""
    message = new_message(
        OutboxKind.LICENCE, f"{order.no}.licence", now=now, order_no=order.no, next_at=now + LEFT_TO_THE_REQUEST
    )
    await store.outbox.put(message, tx)

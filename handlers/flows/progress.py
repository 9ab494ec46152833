"""How an order stands, for the portal it came from: written with each step, sent later. Called by flows/ordering."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from adapters.entry import Progress
from conf.errors import ProviderRejected
from conf.terms import OrderStatus, OutboxKind
from store.outbox import new_message
from store.records import Order, OutboxMessage

if TYPE_CHECKING:
    from store import Store

#: What the visitor sees there: accepted, permitted, ready, or how else it ended. Our own steps in between are ours.
TOLD = frozenset(
    {
        OrderStatus.SUBMITTED,
        OrderStatus.PERMITTED,
        OrderStatus.READY,
        OrderStatus.REFUSED,
        OrderStatus.FAILED,
        OrderStatus.EXPIRED,
    }
)


async def tell(store: "Store", order: Order, status: OrderStatus, *, now: datetime, tx: Any) -> None:
    """Queue the step in the caller's transaction; nothing for an order that came by itself. A state is told once."""
    if order.entry is None or status not in TOLD:
        return
    message = new_message(
        OutboxKind.PROGRESS,
        f"{order.no}.{status.value}.{OutboxKind.PROGRESS.value}",
        now=now,
        order_no=order.no,
        body={"status": status.value, "at": now},
    )
    await store.outbox.put(message, tx)


async def progress_of(store: "Store", message: OutboxMessage) -> Progress:
    """The step a message tells of, read at the moment of sending. Raises ProviderRejected when its order is gone."""
    order = await store.orders.by_no(message.order_no)
    account = await store.accounts.by_id(order.account_id) if order else None
    if order is None or order.entry is None or account is None:
        raise ProviderRejected("portal", "order or account is gone")
    return Progress(
        order_no=order.no,
        entry=order.entry.point,
        task_code=order.entry.task_code,
        provider=account.provider,
        subject=account.subject,
        status=OrderStatus(message.body["status"]),
        at=message.body["at"],
    )

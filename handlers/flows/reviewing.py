"""A person decides an order that may not be settled by rule alone. Called by the staff order pages."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from conf.errors import Conflict, Invalid, NotFound
from conf.settings import Settings
from conf.terms import AuditTag, Notice, OrderStatus
from conf.tuning import tuned
from handlers.flows import notices
from handlers.flows.ordering import Trace, record_move
from store import Store
from store.records import Grant, Order, Staff

SHORTEST_REASON = 5
LONGEST_REASON = 500


async def permit(
    store: Store,
    settings: Settings,
    order_no: str,
    *,
    staff: Staff,
    document_ids: Collection[str],
    reason: str,
    now: datetime,
    trace: Trace,
) -> Order:
    """Permit all or some of the documents asked for, and open them to the visitor for a time.

    Raises Invalid (nothing chosen, strange ids, part without reason), Conflict when another has decided meanwhile.
    """
    order = await _under_review(store, order_no)
    asked, permitted = {item.document_id for item in order.items}, frozenset(document_ids)
    if not permitted or permitted - asked:
        raise Invalid({"documents": "请至少勾选一份同意提供的材料；都不同意时请选择“不予同意”。"})
    if permitted != asked:
        _check_reason(reason)

    async def work(tx: Any) -> Order:
        changes = {"document_ids_permitted": permitted, "page_count": _pages(order, permitted)}
        moved = await _decide(store, order, OrderStatus.PERMITTED, staff, reason, now, trace, tx, **changes)
        await store.accounts.grant(_grant(order, settings, permitted, now), tx)
        await notices.queue(store, moved, Notice.ORDER_PERMITTED, now=now, tx=tx)
        return moved

    return await store.atomically(work)


async def refuse(store: Store, order_no: str, *, staff: Staff, reason: str, now: datetime, trace: Trace) -> Order:
    """Refuse with a reason the visitor reads. Raises Invalid, NotFound, Conflict."""
    order = await _under_review(store, order_no)
    _check_reason(reason)

    async def work(tx: Any) -> Order:
        moved = await _decide(store, order, OrderStatus.REFUSED, staff, reason, now, trace, tx, refusal=reason)
        await notices.queue(store, moved, Notice.ORDER_REFUSED, now=now, tx=tx)
        return moved

    return await store.atomically(work)


async def _under_review(store: Store, order_no: str) -> Order:
    order = await store.orders.by_no(order_no)
    if order is None:
        raise NotFound
    if order.status != OrderStatus.UNDER_REVIEW:
        raise Conflict("这份申请已经处理过了。")
    return order


async def _decide(
    store: Store,
    order: Order,
    to: OrderStatus,
    staff: Staff,
    reason: str,
    now: datetime,
    trace: Trace,
    tx: Any,
    **changes: Any,
) -> Order:
    by, note = f"staff:{staff.id}", reason
    moved = await store.orders.advance(order.no, OrderStatus.UNDER_REVIEW, to, by, note=note, tx=tx, **changes)
    await store.audit.append(
        tag=AuditTag.STAFF_DECIDED,
        subject=order.no,
        outcome=to.value,
        fields={"outcome": to.value},
        at=now,
        tx=tx,
        **trace,
    )
    await record_move(store, order, to, at=now, tx=tx, trace=trace)
    return moved


def _grant(order: Order, settings: Settings, permitted: frozenset[str], now: datetime) -> Grant:
    """What was permitted on request also opens in the viewer, until the term ends (domain facts 1.2)."""
    return Grant(
        id=f"{order.no}-g",
        account_id=order.account_id,
        uscc=order.uscc,
        document_ids=permitted,
        order_no=order.no,
        rule_id=order.decision.rule_id,
        until=now + timedelta(days=tuned(settings).lawyer_grant_days),
    )


def _pages(order: Order, permitted: frozenset[str]) -> int:
    return sum(item.page_count for item in order.items if item.document_id in permitted)


def _check_reason(reason: str) -> None:
    if not SHORTEST_REASON <= len(reason) <= LONGEST_REASON:
        raise Invalid({"reason": f"请写明理由（{SHORTEST_REASON} 到 {LONGEST_REASON} 个字），申请人会看到。"})

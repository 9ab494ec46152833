"""A person decides an order that may not be settled by rule alone: claim, ask, permit, refuse. For staff pages."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from conf.errors import Conflict, Invalid, NotFound
from conf.refusals import refusal_of
from conf.settings import Settings
from conf.terms import AuditTag, Notice, OrderStatus
from conf.tuning import tuned
from conf.workdays import days_left, end_of_term
from handlers.flows import notices
from handlers.flows.ordering import Trace, record_move
from store import Store
from store.records import Grant, Order, Question, Staff

SHORTEST_REASON = 5
LONGEST_REASON = 500
#: So often may a visitor be asked for more about one order.
MOST_QUESTIONS = 3
WAITING = "申请人补充的期限还没有到，期限内不能拒绝；期限届满或者收到答复后再决定。"


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
    order = await _mine_to_decide(store, order_no, staff, now)
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


async def refuse(
    store: Store,
    order_no: str,
    *,
    staff: Staff,
    reason: str,
    now: datetime,
    trace: Trace,
    reason_id: str = "other",
) -> Order:
    """Refuse with a reason of conf/refusals.toml and the reviewer's own words (`reason`), both read by the visitor.

    Raises Invalid (also while the visitor's time to answer runs), NotFound, Conflict.
    """
    order = await _mine_to_decide(store, order_no, staff, now)
    chosen = refusal_of(reason_id)
    if chosen is None:
        raise Invalid({"reason_id": "请选择理由。"})
    if chosen.needs_text or reason:
        _check_reason(reason)
    if order.review.waits(now):
        raise Invalid({"reason_id": WAITING})
    says = chosen.sentence(reason)

    async def work(tx: Any) -> Order:
        changes = {"refusal": says, "refusal_id": chosen.id}
        moved = await _decide(store, order, OrderStatus.REFUSED, staff, says, now, trace, tx, **changes)
        await notices.queue(store, moved, Notice.ORDER_REFUSED, now=now, tx=tx)
        return moved

    return await store.atomically(work)


async def claim(store: Store, settings: Settings, order_no: str, *, staff: Staff, now: datetime, trace: Trace) -> Order:
    """Take the order, or take it for longer; it lapses by itself. Raises NotFound, Conflict (another has it)."""
    await _mine_to_decide(store, order_no, staff, now)

    async def work(tx: Any) -> Order:
        minutes = settings.review_claim_minutes
        held = await store.reviews.take(order_no, staff.id, staff.name, now=now, minutes=minutes, tx=tx)
        await _record(store, AuditTag.STAFF_CLAIMED, order_no, {}, now, trace, tx)
        return held

    return await store.atomically(work)


async def release(store: Store, order_no: str, *, staff: Staff, now: datetime, trace: Trace) -> Order:
    """Let go of it. Raises NotFound, Conflict (this person does not have it)."""
    await _under_review(store, order_no)

    async def work(tx: Any) -> Order:
        free = await store.reviews.give_back(order_no, staff.id, tx=tx)
        await _record(store, AuditTag.STAFF_RELEASED, order_no, {}, now, trace, tx)
        return free

    return await store.atomically(work)


async def ask(
    store: Store, settings: Settings, order_no: str, *, staff: Staff, text: str, now: datetime, trace: Trace
) -> Order:
    """Ask the visitor for more. The order stays under review; its clock stands until the answer or the end of the term.

    Raises Invalid (words, asked too often, a question is open), NotFound, Conflict.
    """
    order = await _mine_to_decide(store, order_no, staff, now)
    if not SHORTEST_REASON <= len(text) <= LONGEST_REASON:
        raise Invalid({"question": f"请写明需要补充什么（{SHORTEST_REASON} 到 {LONGEST_REASON} 个字），申请人会看到。"})
    if order.review.waits(now):
        raise Invalid({"question": "已经请申请人补充，正在等候答复。"})
    if len(order.review.questions) >= MOST_QUESTIONS:
        raise Invalid({"question": f"同一份申请最多请申请人补充 {MOST_QUESTIONS} 次，请根据现有材料决定。"})
    until = end_of_term(now, settings.review_answer_days)
    left = days_left(now, order.due_at) if order.due_at else settings.review_days
    due_at = end_of_term(until - timedelta(seconds=1), left)  # when nothing comes, the clock goes on by itself
    question = Question(at=now, by=staff.id, name=staff.name, text=text, until=until)

    async def work(tx: Any) -> Order:
        asked = await store.reviews.ask(order_no, question, days_left=left, due_at=due_at, now=now, tx=tx)
        number = len(asked.review.questions)
        await _record(store, AuditTag.STAFF_ASKED, order_no, {"question": number}, now, trace, tx)
        await notices.queue(store, asked, Notice.ORDER_QUESTION, now=now, tx=tx, until=until, number=number)
        return asked

    return await store.atomically(work)


async def _record(
    store: Store, tag: AuditTag, order_no: str, fields: dict[str, Any], now: datetime, trace: Trace, tx: Any
) -> None:
    await store.audit.append(tag=tag, subject=order_no, outcome="done", fields=fields, at=now, tx=tx, **trace)


async def _mine_to_decide(store: Store, order_no: str, staff: Staff, now: datetime) -> Order:
    """Under review, and claimed by nobody else; the guarded update proves the same again as it writes."""
    order = await _under_review(store, order_no)
    if order.review.held_by(now) not in ("", staff.id):
        raise Conflict(f"这份申请正由{order.review.holder_name}办理。")
    return order


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
    moved = await store.orders.advance(
        order.no, OrderStatus.UNDER_REVIEW, to, by, note=note, reviewer=staff.id, tx=tx, **changes
    )
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

"""Rating a service (好差评): invited after download, once per order plus one follow-up. Called by the rating pages."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from conf.errors import Conflict, Invalid, NotFound
from conf.rating_tags import TAGS
from conf.terms import AuditTag, Channel, OrderStatus, OutboxKind, OutboxStatus, Satisfaction
from handlers.flows import counting
from handlers.flows.ordering import Trace, record_move
from store.ids import sortable_id
from store.records import Account, Order, OutboxMessage, Rating

if TYPE_CHECKING:
    from store import Store

LONGEST_TEXT = 500
#: Up to here a level is a low one and needs a reason (GDZW 0059; the platform refuses it otherwise).
LOW = Satisfaction.BAD
FIRST, FOLLOW_UP = 1, 2
RATEABLE = frozenset({OrderStatus.DOWNLOADED, OrderStatus.RATED})


@dataclass(frozen=True, kw_only=True, slots=True)
class Invitation:
    """What the rating page shows. `number` goes into the form; 0 when nothing is left to rate."""

    order: Order
    given: tuple[Rating, ...]
    number: int


async def invite(store: "Store", account: Account, order_no: str) -> Invitation:
    """Whether and which rating this order may still get. Raises NotFound for another's order, or one not handed out."""
    order = await _own(store, account, order_no)
    given = await store.ratings.of_order(order_no)
    return Invitation(order=order, given=given, number=len(given) + 1 if len(given) < FOLLOW_UP else 0)


async def rate(
    store: "Store",
    account: Account,
    order_no: str,
    *,
    number: int,
    satisfaction: int,
    tags: Collection[str] = (),
    text: str = "",
    channel: Channel,
    now: datetime,
    trace: Trace,
) -> Rating:
    """Keep the rating, move the order, queue the report: all or nothing.

    `number` comes from the form, so that a form sent twice is one rating and never the follow-up too.
    Raises Invalid, NotFound, Conflict (this one is given already, or the first is still missing).
    """
    order = await _own(store, account, order_no)
    rating = _checked(order_no, number, satisfaction, tags, text.strip(), channel, now)
    given = {each.number for each in await store.ratings.of_order(order_no)}
    if number in given or number - 1 not in given | {0}:
        raise Conflict("这次评价已经提交过了，谢谢您。")
    await store.atomically(lambda tx: _write(store, order, rating, now, tx, trace))
    return rating


async def _own(store: "Store", account: Account, order_no: str) -> Order:
    order = await store.orders.by_no(order_no)
    if order is None or order.account_id != account.id or order.status not in RATEABLE:
        raise NotFound
    return order


def _checked(
    order_no: str, number: int, satisfaction: int, tags: Collection[str], text: str, channel: Channel, now: datetime
) -> Rating:
    """The form as a Rating, or Invalid with a sentence per field."""
    if number not in (FIRST, FOLLOW_UP) or satisfaction not in list(Satisfaction):
        raise Invalid({"satisfaction": "请选择满意程度。"})
    level = Satisfaction(satisfaction)
    chosen = tuple(code for code in TAGS[level] if code in set(tags))
    if set(tags) - set(chosen):
        raise Invalid({"tags": "所选的原因与满意程度不一致，请重新选择。"})
    if len(text) > LONGEST_TEXT:
        raise Invalid({"text": f"内容太长，最多 {LONGEST_TEXT} 个字。"})
    if level <= LOW and not chosen and not text:
        raise Invalid({"text": "请勾选一项原因，或写几句说明，好让我们知道哪里需要改进。"})
    return Rating(order_no=order_no, number=number, satisfaction=level, tags=chosen, text=text, channel=channel, at=now)


async def _write(store: "Store", order: Order, rating: Rating, now: datetime, tx: Any, trace: Trace) -> None:
    await store.ratings.add(rating, tx)
    fields = {"satisfaction": int(rating.satisfaction), "number": rating.number}
    await store.audit.append(
        tag=AuditTag.RATING_GIVEN, subject=order.no, outcome="done", fields=fields, at=now, tx=tx, **trace
    )
    await counting.rated(store, rating, tx=tx)
    if rating.number == FIRST:
        await store.orders.advance(order.no, OrderStatus.DOWNLOADED, OrderStatus.RATED, "visitor", tx=tx)
        await record_move(store, order, OrderStatus.RATED, at=now, tx=tx, trace=trace)
    await store.outbox.put(_message(rating, now), tx)


def _message(rating: Rating, now: datetime) -> OutboxMessage:
    """The report's place in the outbox; what it says is read when it is sent."""
    return OutboxMessage(
        id=sortable_id(now),
        kind=OutboxKind.RATING,
        reference=f"{rating.order_no}.rating.{rating.number}",
        order_no=rating.order_no,
        body={"number": rating.number},
        recipient=None,
        status=OutboxStatus.WAITING,
        attempts=0,
        next_at=now,
        created_at=now,
        done_at=None,
        fault="",
    )

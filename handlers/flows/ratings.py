"""Rating a service (好差评): invited after download, once per order plus one follow-up. Called by the rating pages,
by what the platform tells of its own page, and by background work for orders nobody rated.
"""

import contextlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from conf.errors import Conflict, Invalid, NotFound
from conf.logs import get_log
from conf.rating_tags import TAGS
from conf.terms import AuditTag, Channel, OrderStatus, OutboxKind, Satisfaction
from handlers.flows import counting, followups
from handlers.flows.ordering import Trace, record_move
from store.outbox import new_message
from store.records import Account, InboxEvent, Order, OutboxMessage, Rating

if TYPE_CHECKING:
    from store import Store

log = get_log("flows")

LONGEST_TEXT = 500
#: Up to here a level is a low one: it needs a reason (GDZW 0059; the platform refuses it otherwise) and a follow-up.
LOW = Satisfaction.BAD
FIRST, FOLLOW_UP = 1, 2
RATEABLE = frozenset({OrderStatus.DOWNLOADED, OrderStatus.RATED})
BATCH = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class Invitation:
    """What the rating page shows. `number` goes into the form; 0 when nothing is left to rate."""

    order: Order
    given: tuple[Rating, ...]
    number: int

    @property
    def is_rated(self) -> bool:
        """The visitor has said something; a default rating is nobody's word."""
        return any(not rating.is_default for rating in self.given)


def is_rateable(order: Order) -> bool:
    """Handed out, even if the time for download is over by now."""
    was_handed_out = any(step.status is OrderStatus.DOWNLOADED for step in order.history)
    return order.status in RATEABLE or (order.status is OrderStatus.EXPIRED and was_handed_out)


async def invitation_of(store: "Store", order: Order) -> Invitation:
    """Which rating an order may still get; none while nothing was handed out."""
    given = await store.ratings.of_order(order.no) if is_rateable(order) else ()
    return Invitation(order=order, given=given, number=_next(given) if is_rateable(order) else 0)


async def invite(store: "Store", account: Account, order_no: str) -> Invitation:
    """Whether and which rating this order may still get. Raises NotFound for another's order, or one not handed out."""
    order = await _own(store, account, order_no)
    return await invitation_of(store, order)


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
    await store.atomically(lambda tx: _write(store, order, rating, now, tx, trace, tells=True))
    return rating


async def note_platform_rating(store: "Store", event: InboxEvent, tx: Any) -> bool:
    """Keep what a visitor said on the platform's own page; False while nothing was handed out.

    What was rated here before stays. Only where a default rating took the first place is the visitor's word the second.
    """
    order = await store.orders.by_no(event.subject, tx)
    if order is None or not is_rateable(order):
        return False
    said, number = event.values, int(event.values["number"])
    given = {each.number: each for each in await store.ratings.of_order(order.no, tx)}
    if number in given and given[number].is_default:
        number = FOLLOW_UP
    if number in given:
        log.info("rating_known", order_no=order.no, number=number)
        return True
    rating = Rating(
        order_no=order.no,
        number=number,
        satisfaction=Satisfaction(said["satisfaction"]),
        tags=tuple(said["tags"]),
        text=said["text"],
        channel=Channel(said["channel"]),
        at=min(event.happened_at, event.received_at),
    )
    await _write(store, order, rating, event.received_at, tx, _trace("counterpart", Channel.COUNTERPART), tells=False)
    return True


async def default_due(store: "Store", *, days: int, now: datetime) -> bool:
    """One batch of default ratings for orders handed out `days` ago and not rated since; True: there may be more."""
    due, written = await store.orders.due_for_default(now - timedelta(days=days), BATCH), 0
    for order in due:
        with contextlib.suppress(Conflict):  # rated in this moment
            await _write_default(store, order, now)
            written += 1
    return bool(written) and len(due) == BATCH


async def _write_default(store: "Store", order: Order, now: datetime) -> None:
    rating = Rating(
        order_no=order.no,
        number=FIRST,
        satisfaction=Satisfaction.FAIR,
        tags=(),
        text="",
        channel=order.channel,
        at=now,
        is_default=True,
    )
    trace = _trace("system", Channel.WORKER)
    await store.atomically(lambda tx: _write(store, order, rating, now, tx, trace, tells=True))


def _trace(role: str, channel: Channel) -> Trace:
    return {"who": "", "role": role, "channel": channel, "request_id": "", "address": ""}


def _next(given: Collection[Rating]) -> int:
    """The number of the rating that may come; 0 when both are there."""
    left = {FIRST, FOLLOW_UP} - {rating.number for rating in given}
    return min(left, default=0)


async def _own(store: "Store", account: Account, order_no: str) -> Order:
    order = await store.orders.by_no(order_no)
    if order is None or order.account_id != account.id or not is_rateable(order):
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


async def _write(
    store: "Store", order: Order, rating: Rating, now: datetime, tx: Any, trace: Trace, *, tells: bool
) -> None:
    """Rating, evidence, the order's move, the follow-up of a low one and (`tells`) the report, in one transaction."""
    await store.ratings.add(rating, tx)
    await store.orders.note_rated(order.no, tx)
    fields = {"satisfaction": int(rating.satisfaction), "number": rating.number}
    tag = AuditTag.RATING_DEFAULTED if rating.is_default else AuditTag.RATING_GIVEN
    await store.audit.append(tag=tag, subject=order.no, outcome="done", fields=fields, at=now, tx=tx, **trace)
    await counting.rated(store, rating, tx=tx)
    current = await store.orders.by_no(order.no, tx)  # it may have expired since it was read
    if current is not None and current.status is OrderStatus.DOWNLOADED and not rating.is_default:
        by = "visitor"
        await store.orders.advance(order.no, OrderStatus.DOWNLOADED, OrderStatus.RATED, by, tx=tx)
        await record_move(store, current, OrderStatus.RATED, at=now, tx=tx, trace=trace)
    if rating.satisfaction <= LOW and not rating.is_default:
        await followups.open_for(store, order, rating, now=now, tx=tx, trace=trace)
    if tells:
        await store.outbox.put(_message(rating, now), tx)


def _message(rating: Rating, now: datetime) -> OutboxMessage:
    """The report's place in the outbox; what it says is read when it is sent."""
    reference = f"{rating.order_no}.rating.{rating.number}"
    return new_message(OutboxKind.RATING, reference, now=now, order_no=rating.order_no, body={"number": rating.number})

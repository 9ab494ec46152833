"""A stored rating as the rating platform wants it; read at the moment of sending, so the outbox holds no names."""

from datetime import datetime
from typing import TYPE_CHECKING

from adapters.rating import RatingReport, RatingVisit
from conf.errors import ProviderRejected
from conf.terms import AccountKind, AuditTag, OrderStatus
from handlers.flows.ordering import Trace
from store.records import Account, Order, Rating

if TYPE_CHECKING:
    from store import Store

TASK_NAME = "企业登记档案查询"


async def report_of(store: "Store", order_no: str, *, number: int) -> RatingReport:
    """The report of rating `number` of an order. Raises ProviderRejected when what it tells of is gone."""
    order = await store.orders.by_no(order_no)
    account = await store.accounts.by_id(order.account_id) if order else None
    rating = next((each for each in await store.ratings.of_order(order_no) if each.number == number), None)
    if order is None or account is None or rating is None:
        raise ProviderRejected("rating", "order, account or rating is gone")
    return _report(order, account, rating, id_number=store.vault.reveal(account.id_number))


async def visit_of(
    store: "Store", account: Account, order: Order, *, number: int, now: datetime, trace: Trace
) -> RatingVisit:
    """What the platform's own page must know of a case about to be rated there; that it is told so is on record."""
    await store.audit.append(
        tag=AuditTag.RATING_SENT_ON, subject=order.no, outcome="done", fields={"number": number}, at=now, **trace
    )
    return RatingVisit(
        order_no=order.no,
        task_name=TASK_NAME,
        company_name=order.company_name,
        visitor_name=account.name,
        visitor_is_body=account.kind is AccountKind.LEGAL,
        id_number=store.vault.reveal(account.id_number),
        finished_at=_finished(order),
        channel=trace["channel"],
    )


def _finished(order: Order) -> datetime:
    return next((step.at for step in order.history if step.status is OrderStatus.READY), order.updated_at)


def _report(order: Order, account: Account, rating: Rating, *, id_number: str) -> RatingReport:
    return RatingReport(
        order_no=order.no,
        task_name=TASK_NAME,
        company_name=order.company_name,
        visitor_name=account.name,
        visitor_is_body=account.kind is AccountKind.LEGAL,
        id_number=id_number,
        accepted_at=order.created_at,
        finished_at=_finished(order),
        channel=rating.channel,
        satisfaction=rating.satisfaction,
        tags=rating.tags,
        text=rating.text,
        rated_at=rating.at,
        number=rating.number,
        is_default=rating.is_default,
        is_on_the_spot=all(step.status is not OrderStatus.UNDER_REVIEW for step in order.history),
    )

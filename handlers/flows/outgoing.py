"""How each kind of outbox message is sent: one sender a kind. Called by flows/notices, which claims and retries them.

A sender reads what it needs at the moment of sending, so that the outbox holds nothing personal. It raises
ProviderRejected (for good) or ProviderUnavailable (again later), and is safe to call twice: our reference goes along.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from conf.errors import NotFound, ProviderRejected
from conf.terms import Notice, OutboxKind
from conf.texts import text_of
from handlers.flows import comparing, licence_checks, progress, rating_reports
from store.records import OutboxMessage

if TYPE_CHECKING:
    from adapters.assembly import Adapters
    from store import Store


@dataclass(frozen=True, kw_only=True, slots=True)
class Sent:
    """Who took it (where there are several) and its number there."""

    vendor: str = ""
    vendor_no: str = ""


Sender = Callable[["Store", "Adapters", OutboxMessage], Awaitable[Sent]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Way:
    """How a kind goes out, and after how long it is no use any more."""

    send: Sender
    give_up_after: timedelta


async def send_sms(store: "Store", adapters: "Adapters", message: OutboxMessage) -> Sent:
    to, values = _recipient(store, message), dict(message.body["values"])
    text = text_of(Notice(message.body["notice"]))
    taken = await adapters.sms.send(
        phone=to, template=text.template, values=values, reference=message.reference, vendor=message.vendor
    )
    return Sent(vendor=taken.vendor, vendor_no=taken.number)


async def send_mail(store: "Store", adapters: "Adapters", message: OutboxMessage) -> Sent:
    to, values = _recipient(store, message), dict(message.body["values"])
    subject, body = text_of(Notice(message.body["notice"])).mail_text(values)
    return Sent(vendor_no=await adapters.mail.send(to=to, subject=subject, text=body, reference=message.reference))


async def send_rating(store: "Store", adapters: "Adapters", message: OutboxMessage) -> Sent:
    report = await rating_reports.report_of(store, message.order_no, number=int(message.body["number"]))
    await adapters.rating.report(report)
    return Sent()


async def send_progress(store: "Store", adapters: "Adapters", message: OutboxMessage) -> Sent:
    await adapters.progress.report(await progress.progress_of(store, message))
    return Sent()


async def send_comparison(store: "Store", adapters: "Adapters", message: OutboxMessage) -> Sent:
    uscc = str(message.body["uscc"])
    try:
        await comparing.compare(store, adapters, uscc, reference=message.reference, now=store.clock())
    except NotFound:
        raise ProviderRejected(message.kind.value, "no such company") from None
    return Sent()


async def send_licence(store: "Store", adapters: "Adapters", message: OutboxMessage) -> Sent:
    try:
        await licence_checks.check(store, adapters, message.order_no, now=store.clock())
    except NotFound:
        raise ProviderRejected(message.kind.value, "no such order") from None
    return Sent()


WAYS: dict[OutboxKind, Way] = {
    OutboxKind.SMS: Way(send=send_sms, give_up_after=timedelta(hours=24)),
    OutboxKind.MAIL: Way(send=send_mail, give_up_after=timedelta(days=3)),
    OutboxKind.RATING: Way(send=send_rating, give_up_after=timedelta(days=30)),
    OutboxKind.PROGRESS: Way(send=send_progress, give_up_after=timedelta(days=7)),
    OutboxKind.COMPARISON: Way(send=send_comparison, give_up_after=timedelta(days=1)),
    OutboxKind.LICENCE: Way(send=send_licence, give_up_after=timedelta(days=3)),
}


def _recipient(store: "Store", message: OutboxMessage) -> str:
    if message.recipient is None:
        raise ProviderRejected(message.kind.value, "no recipient")
    return store.vault.reveal(message.recipient)

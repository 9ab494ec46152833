"""Handing out a certified copy (checked, recorded, sent, its order moved), and withdrawing one. Called by the copies
pages; why the record comes before the first byte and the order's step before the last: docs/decisions/016."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from conf.errors import Conflict, IntegrityFault, Invalid, NotFound
from conf.terms import AuditTag, CopyStatus, OrderStatus
from handlers.flows import counting
from handlers.flows.lookers import inquirer_under
from handlers.flows.ordering import Trace, record_move
from store import Store
from store.records import Account, Copy, Order

#: Orders in these states have a copy to hand out.
HAS_COPY = frozenset({OrderStatus.READY, OrderStatus.DOWNLOADED, OrderStatus.RATED})


class DownloadOver(Conflict):
    """The copy is not handed out any more; says why in a sentence for the visitor."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Download:
    """A sealed file ready to send; its hand-out is already on record, at `at`, as `outcome`."""

    copy: Copy
    pdf: bytes
    filename: str
    at: datetime
    outcome: str


async def ready_copy(store: Store, account: Account, order_no: str, *, now: datetime) -> tuple[Order, Copy]:
    """The visitor's own order and its copy, as long as it may be handed out.

    Raises NotFound (absent, another's, not ready) and DownloadOver (term over, withdrawn).
    """
    order = await store.orders.by_no(order_no)
    if order is None or order.account_id != account.id:
        raise NotFound
    if order.status == OrderStatus.EXPIRED:
        raise DownloadOver("这份复制件的下载期已过，如仍需要，请重新申请。")
    copy = await store.copies.by_order(order.no) if order.status in HAS_COPY else None
    if copy is None:
        raise NotFound
    _refuse_closed(copy, order, now)
    return order, copy


async def download(
    store: Store, account: Account, order_no: str, *, now: datetime, trace: Trace, outcome: str = "done"
) -> Download:
    """The sealed file of the visitor's own order, read and verified, its hand-out recorded before the first byte.

    `outcome` says in the audit how it left: "done" as a file, "print" to a kiosk's printer. Raises as `ready_copy`.
    """
    order, copy = await ready_copy(store, account, order_no, now=now)
    pdf = await store.copies.file(copy.sha256)
    await _record(store, order, copy, now=now, trace=trace, outcome=outcome)
    filename = f"{order.company_name}-登记档案复制件-{copy.no}.pdf"
    return Download(copy=copy, pdf=pdf, filename=filename, at=now, outcome=outcome)


async def arrived(store: Store, handed: Download, *, trace: Trace) -> None:
    """The file has reached the visitor: the first time the order's step, dated as its hand-out; two at once are one."""

    async def work(tx: Any) -> None:
        order = await store.orders.by_no(handed.copy.order_no, tx=tx)
        if order is None or order.status != OrderStatus.READY:
            return
        await store.orders.advance(order.no, OrderStatus.READY, OrderStatus.DOWNLOADED, "visitor", tx=tx)
        await record_move(store, order, OrderStatus.DOWNLOADED, at=handed.at, tx=tx, trace=trace)
        await counting.pages_given(store, order, how=handed.outcome, at=handed.at, tx=tx)

    await store.atomically(work)


async def withdraw(store: Store, copy_no: str, *, reason: str, now: datetime, trace: Trace) -> Copy:
    """Declare a copy withdrawn: no more download, and whoever verifies it is told. Cannot be taken back.

    Raises Invalid (no reason), NotFound, Conflict (withdrawn before).
    """
    if not 5 <= len(reason) <= 500:
        raise Invalid({"reason": "请写明撤回的理由（5 到 500 个字）。"})

    async def work(tx: Any) -> Copy:
        copy = await store.copies.withdraw(copy_no, reason, tx)
        await store.audit.append(
            tag=AuditTag.COPY_WITHDRAWN,
            subject=copy.no,
            outcome="done",
            fields={"order_no": copy.order_no, "reason": reason},
            at=now,
            tx=tx,
            **trace,
        )
        return copy

    return await store.atomically(work)


def _refuse_closed(copy: Copy, order: Order, now: datetime) -> None:
    if copy.status == CopyStatus.WITHDRAWN:
        raise DownloadOver("这份复制件已被撤回，不能再下载。如有疑问请联系登记机关。")
    if now >= copy.download_until:
        raise DownloadOver("这份复制件的下载期已过，如仍需要，请重新申请。")
    stray = {page.document_id for page in copy.pages if page.document_id} - order.document_ids_permitted
    if stray:
        raise IntegrityFault(f"copy {copy.no} holds documents its order does not permit")


def _who_and_why(order: Order, copy: Copy, trace: Trace) -> dict[str, str | int]:
    """What the company itself may later learn of this copy."""
    pages = sum(page.kind == "scan" for page in copy.pages)
    inquirer = inquirer_under(order.decision, str(trace.get("role", "")))
    return {
        "uscc": order.uscc, "inquirer": str(inquirer), "purpose": str(order.purpose.code), "pages": pages,
    }  # fmt: skip


async def _record(store: Store, order: Order, copy: Copy, *, now: datetime, trace: Trace, outcome: str) -> None:
    """Audit event and count in one transaction."""

    async def work(tx: Any) -> None:
        await store.audit.append(
            tag=AuditTag.COPY_DOWNLOADED,
            subject=copy.no,
            outcome=outcome,
            fields={"order_no": order.no, "sha256": copy.sha256, **_who_and_why(order, copy, trace)},
            at=now,
            tx=tx,
            **trace,
        )
        await counting.handed_out(store, channel=trace["channel"], how=outcome, at=now, tx=tx)

    await store.atomically(work)

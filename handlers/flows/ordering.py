"""Ordering a copy: what it would take, placing the order once, and its first step. Called by orders and background."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from weakref import WeakValueDictionary

from conf import masks
from conf.errors import Conflict, Forbidden, Invalid, NotFound, TooMany
from conf.logs import get_log
from conf.settings import Settings
from conf.terms import AccountKind, AuditTag, Channel, OrderStatus, Outcome, PurposeCode
from conf.workdays import end_of_term
from handlers.flows import comparing, counting, licence_checks, progress
from handlers.flows.access import decide, decide_extract
from handlers.flows.order_forms import OrderForm, choose, problems, purpose_of
from store import Store
from store.ids import new_order_no
from store.records import Account, Company, Decision, Document, Entry, LawyerClaim, Order, OrderItem, Purpose, Step

log = get_log("flows")

#: Who asked, by which way: `BaseHandler.audit_context()`.
Trace = Mapping[str, Any]

#: One order at a time for one account in this process: a double click waits for the first and finds its order.
_turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()


class KeyReused(Conflict):
    """The same request key came with another body; says so in a sentence for the visitor."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Quote:
    """What an order would hold and how long it takes. `due_at` is set when a person must look at it first."""

    company: Company
    items: tuple[OrderItem, ...]
    with_extract: bool
    page_count: int
    decision: Decision
    purpose: PurposeCode | None  # the only purpose that opens these papers to this visitor, if so
    due_at: datetime | None

    @property
    def needs_review(self) -> bool:
        return self.decision.outcome == Outcome.REVIEW


@dataclass(frozen=True, kw_only=True, slots=True)
class _Chosen:
    """Papers of one company, and what an order keeps of them; `items` go with `documents` one by one."""

    company: Company
    documents: tuple[Document, ...]
    items: tuple[OrderItem, ...]

    @property
    def page_count(self) -> int:
        return sum(item.page_count for item in self.items)

    def without(self, document_ids: set[str]) -> "_Chosen":
        return replace(
            self,
            documents=tuple(document for document in self.documents if document.id not in document_ids),
            items=tuple(item for item in self.items if item.document_id not in document_ids),
        )


async def quote(store: Store, settings: Settings, account: Account, form: OrderForm, *, now: datetime) -> Quote:
    """What the form's choice would take. Raises NotFound, or Forbidden when no purpose opens it to this visitor."""
    asked = await _choose(store, form)
    purpose, usual = None, Purpose(code=_usual(form), lawyer=_lawyer_to_be())
    chosen, decision = await _decided(store, account, asked, form, usual, now)
    if decision.outcome == Outcome.REFUSE:
        purpose = PurposeCode.LEGAL_SERVICE
        as_lawyer = Purpose(code=purpose, lawyer=_lawyer_to_be())
        chosen, opened = await _decided(store, account, asked, form, as_lawyer, now)
        if opened.outcome == Outcome.REFUSE:
            raise Forbidden(decision)
        decision = opened
    review = decision.outcome == Outcome.REVIEW
    return Quote(
        company=chosen.company,
        items=await _told(store, account, chosen, now),
        with_extract=form.with_extract,
        page_count=chosen.page_count,
        decision=decision,
        purpose=purpose,
        due_at=end_of_term(now, settings.review_days) if review else None,
    )


async def place(
    store: Store,
    settings: Settings,
    account: Account,
    form: OrderForm,
    *,
    now: datetime,
    trace: Trace,
    entry: Entry | None = None,
) -> Order:
    """The order of this form: made once, however often the same form arrives. `entry`: the door the visit came through.

    Raises Invalid by field, Forbidden (refused outright: the decision is recorded, no order is made), TooMany,
    NotFound, and KeyReused when the same key comes with another body.
    """
    async with _turns.setdefault(account.id, asyncio.Lock()):
        known = await store.orders.by_request_key(account.id, form.request_key)
        if known:
            return _same(known, form)
        return await _place(store, settings, account, form, now=now, trace=trace, entry=entry)


async def settle(store: Store, settings: Settings, order: Order, *, now: datetime) -> Order:
    """First step of a submitted order: to a person when its decision says so, otherwise straight to sealing."""
    permitted = order.decision.outcome == Outcome.PERMIT
    to = OrderStatus.PERMITTED if permitted else OrderStatus.UNDER_REVIEW
    changes: dict[str, Any] = {"due_at": None if permitted else end_of_term(order.created_at, settings.review_days)}
    if permitted:
        changes["document_ids_permitted"] = frozenset(item.document_id for item in order.items)

    async def work(tx: Any) -> Order:
        moved = await store.orders.advance(order.no, OrderStatus.SUBMITTED, to, "worker", tx=tx, **changes)
        await record_move(store, order, to, at=now, tx=tx)
        await comparing.queue(store, order.uscc, now=now, tx=tx)
        return moved

    return await store.atomically(work)


async def expire(store: Store, order: Order, *, now: datetime) -> None:
    """Close a copy's time for download. An order that moved on meanwhile is left alone."""

    async def work(tx: Any) -> None:
        await store.orders.advance(order.no, order.status, OrderStatus.EXPIRED, "worker", tx=tx)
        await record_move(store, order, OrderStatus.EXPIRED, at=now, tx=tx)

    await store.atomically(work)


async def record_move(
    store: Store, order: Order, to: OrderStatus, *, at: datetime, tx: Any, trace: Trace | None = None
) -> None:
    """The audit event of one step, its count, word of it to the portal; without a trace the system itself took it."""
    by = trace or {"who": "", "role": "system", "channel": Channel.WORKER, "request_id": "", "address": ""}
    fields = {"from": order.status.value, "to": to.value}
    await store.audit.append(
        tag=AuditTag.ORDER_MOVED, subject=order.no, outcome="done", fields=fields, at=at, tx=tx, **by
    )
    await counting.moved(store, order, to, at=at, tx=tx)
    await progress.tell(store, order, to, now=at, tx=tx)


async def _place(
    store: Store,
    settings: Settings,
    account: Account,
    form: OrderForm,
    *,
    now: datetime,
    trace: Trace,
    entry: Entry | None = None,
) -> Order:
    asked = await _choose(store, form)
    purpose = purpose_of(form)
    chosen, decision = await _decided(store, account, asked, form, purpose, now)
    faults = problems(form, chosen.documents, max_pages=settings.copy_max_pages)
    if decision.outcome == Outcome.REFUSE and form.names_papers:
        faults.pop("documents", None)  # the refusal says it; which papers there are is not told
    if faults:
        raise Invalid(faults)
    if decision.outcome == Outcome.REFUSE:
        await _record_refusal(store, chosen.company.uscc, decision, now=now, trace=trace)
        raise Forbidden(decision)
    retry_after = await store.limits.hit(f"order:{account.id}", settings.order_per_hour, 3600)
    if retry_after:
        raise TooMany(retry_after)
    order = _order(account, chosen, form, purpose, decision, now=now, channel=trace["channel"], entry=entry)
    if account.operator_name:
        operator = store.vault.conceal(account.operator_name, masks.name(account.operator_name))
        order = replace(order, operator=operator)
    try:
        return await store.atomically(lambda tx: _create(store, order, trace=trace, tx=tx))
    except Conflict:  # another process made it in the same moment
        known = await store.orders.by_request_key(account.id, form.request_key)
        if known is None:
            raise
        return _same(known, form)


async def _create(store: Store, order: Order, *, trace: Trace, tx: Any) -> Order:
    created = await store.orders.create(order, tx)
    if created.no != order.no:
        return created
    await _record_decision(store, order.uscc, order.decision, at=order.created_at, trace=trace, tx=tx)
    if order.licence:
        await licence_checks.queue(store, order, now=order.created_at, tx=tx)
    await counting.ordered(store, order, tx=tx)
    await store.audit.append(
        tag=AuditTag.ORDER_CREATED,
        subject=order.no,
        outcome="done",
        fields={"rule": order.decision.rule_id, "pages": order.page_count, "uscc": order.uscc},
        tx=tx,
        **trace,
    )
    await progress.tell(store, order, order.status, now=order.created_at, tx=tx)
    return created


async def _record_refusal(store: Store, uscc: str, decision: Decision, *, now: datetime, trace: Trace) -> None:
    async def work(tx: Any) -> None:
        await _record_decision(store, uscc, decision, at=now, trace=trace, tx=tx)
        await counting.refused(store, decision, at=now, tx=tx)

    await store.atomically(work)


async def _record_decision(store: Store, uscc: str, decision: Decision, *, at: datetime, trace: Trace, tx: Any) -> None:
    fields = {"rule": decision.rule_id, "rule_version": decision.rule_version}
    await store.audit.append(
        tag=AuditTag.ACCESS_DECIDED, subject=uscc, outcome=decision.outcome.value, fields=fields, at=at, tx=tx, **trace
    )


async def _choose(store: Store, form: OrderForm) -> _Chosen:
    company = await store.companies.by_uscc(form.uscc)
    if company is None:
        raise NotFound(form.uscc)
    dossier = await store.dossiers.of(form.uscc) if form.names_papers else None
    documents, items = choose(dossier, form)
    return _Chosen(company=company, documents=documents, items=items)


async def _decided(
    store: Store, account: Account, asked: _Chosen, form: OrderForm, purpose: Purpose, now: datetime
) -> tuple[_Chosen, Decision]:
    """The decision over everything chosen: a refused extract refuses the order, papers decide the rest.

    A paper that stays shut is as if it were not in the dossier, also when it is named by itself: whoever may not
    see it learns neither its title nor that it is there.
    """
    extract = decide_extract(account, asked.company, now)
    if not form.names_papers or (form.with_extract and extract.outcome == Outcome.REFUSE):
        return asked, extract
    grants = await store.accounts.grants(account.id, asked.company.uscc)
    decision = decide(account, asked.company, asked.documents, purpose, now, grants=grants)
    shut = {paper.document_id for paper in decision.documents if paper.outcome == Outcome.REFUSE}
    chosen = asked.without(shut)
    if chosen == asked:
        return asked, decision
    return chosen, decide(account, chosen.company, chosen.documents, purpose, now, grants=grants)


async def _told(store: Store, account: Account, chosen: _Chosen, now: datetime) -> tuple[OrderItem, ...]:
    """The items as this visitor may read them: who could only ask as a lawyer is told a paper's kind, no title."""
    if not chosen.documents:
        return chosen.items
    grants = await store.accounts.grants(account.id, chosen.company.uscc)
    own = Purpose(code=PurposeCode.OWN_AFFAIRS)
    decision = decide(account, chosen.company, chosen.documents, own, now, grants=grants)
    shut = {paper.document_id for paper in decision.documents if paper.outcome == Outcome.REFUSE}
    pairs = zip(chosen.documents, chosen.items, strict=True)
    return tuple(
        replace(item, document_title=document.kind) if document.id in shut else item for document, item in pairs
    )


def _same(order: Order, form: OrderForm) -> Order:
    if order.request_digest != form.digest():
        raise KeyReused("这次提交的内容与先前不同，先前的申请已经受理。请到“我的办件”查看，或返回档案页重新选择材料。")
    return order


def _order(
    account: Account,
    chosen: _Chosen,
    form: OrderForm,
    purpose: Purpose,
    decision: Decision,
    *,
    now: datetime,
    channel: Channel,
    entry: Entry | None,
) -> Order:
    return Order(
        no=new_order_no(now),
        account_id=account.id,
        request_key=form.request_key,
        request_digest=form.digest(),
        uscc=chosen.company.uscc,
        company_name=chosen.company.name,
        requester_masked=mask_requester(account),
        by_sub_account=bool(account.parent_subject),
        items=chosen.items,
        with_extract=form.with_extract,
        page_count=chosen.page_count,
        purpose=purpose,
        consent_version=form.consent_version,
        channel=channel,
        decision=decision,
        status=OrderStatus.SUBMITTED,
        history=(Step(status=OrderStatus.SUBMITTED, at=now, by="visitor"),),
        created_at=now,
        updated_at=now,
        due_at=None,
        copy_no="",
        refusal="",
        fault="",
        attempts=0,
        version=0,
        document_ids_permitted=frozenset(),
        entry=entry,
        licence=licence_checks.UNCHECKED if purpose.lawyer else None,
    )


def mask_requester(account: Account) -> str:
    """How papers and pages name who asked: a body by its public name with its operator masked, a person masked."""
    if account.kind == AccountKind.NATURAL:
        return masks.name(account.name)
    return f"{account.name}（经办人 {masks.name(account.operator_name)}）" if account.operator_name else account.name


def _usual(form: OrderForm) -> PurposeCode:
    known = form.purpose in set(PurposeCode)
    return PurposeCode(form.purpose) if known else PurposeCode.OWN_AFFAIRS


def _lawyer_to_be() -> LawyerClaim:
    """Whether a lawyer could ask is told before the form is filled in; placing the order checks what was filled in."""
    return LawyerClaim(licence_no="1" * 17, firm="样例", case_summary="样例", promised=True)

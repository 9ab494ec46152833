"""The order form, placing an order, one order's page and the visitor's list of orders."""

import secrets
from typing import Any

from conf.consent import current_consent
from conf.errors import Forbidden, Invalid, NotFound, SignInNeeded
from conf.terms import IdentityLevel, OrderStatus, PurposeCode
from handlers.base import BaseHandler
from handlers.flows import licence_checks, ordering, ratings
from handlers.flows.access import needed_level
from handlers.flows.copies import HAS_COPY
from handlers.flows.entries import entry_of
from handlers.flows.order_forms import OrderForm
from handlers.guards import signed_in
from store.records import Order
from views.contexts import orders as contexts


def wake(app: Any) -> None:
    """Tell this process's background loops, when it has them, that there is work."""
    if app.background is not None:
        app.background.wake()


class PlaceOrder(BaseHandler):
    """`/companies/{uscc}/order`: the form for a selection, and the one place where an order is made."""

    repeatable = frozenset({"document", "filing"})

    @signed_in(level=IdentityLevel.L1)
    async def get(self, uscc: str) -> None:
        await self._form(self._sent(uscc, secrets.token_urlsafe(24)), errors={}, status=200)

    @signed_in(level=IdentityLevel.L1)
    async def post(self, uscc: str) -> None:
        assert self.account is not None  # by the guard
        form = self._sent(uscc, self.text("request_key", max=64))
        try:
            order = await ordering.place(
                self.store,
                self.conf,
                self.account,
                form,
                now=self.clock(),
                trace=self.audit_context(),
                entry=entry_of(self.session),
            )
        except Invalid as fault:
            await self._form(form, errors=fault.fields, status=422)
            return
        except ordering.KeyReused as fault:
            await self._form(form, errors={"request_key": str(fault)}, status=409)
            return
        await licence_checks.check_soon(self.store, self.adapters, order, now=self.clock(), trace=self.audit_context())
        wake(self.application)
        self.go(f"/orders/{order.no}")

    def _sent(self, uscc: str, request_key: str) -> OrderForm:
        return OrderForm(
            uscc=uscc,
            request_key=request_key,
            document_ids=self.texts("document", max_each=80),
            filing_ids=self.texts("filing", max_each=80),
            with_extract=self.text("extract") == "1",
            purpose=self.text("purpose", max=40),
            statement=self.text("statement", max=200),
            licence_no=self.text("licence_no", max=40),
            firm=self.text("firm", max=80),
            case_summary=self.text("case_summary", max=500),
            promised=self.text("promised") == "1",
            consent_version=self.text("consent", max=20),
        )

    async def _form(self, form: OrderForm, *, errors: dict[str, str], status: int) -> None:
        assert self.account is not None  # by the guard
        try:
            quote = await ordering.quote(self.store, self.conf, self.account, form, now=self.clock())
        except Forbidden as fault:
            level = needed_level(fault.decision)
            if level is not None and self.account.level < level:
                raise SignInNeeded(level) from None
            raise
        purposes = (quote.purpose,) if quote.purpose else tuple(PurposeCode)
        self.show(
            contexts.OrderForm(
                title="申请复制件",
                uscc=form.uscc,
                company_name=quote.company.name,
                items=quote.items,
                with_extract=form.with_extract,
                page_count=quote.page_count,
                decision=quote.decision,
                due_at=quote.due_at,
                purposes=purposes,
                purpose=form.purpose or (quote.purpose or ""),
                statement=form.statement,
                licence_no=form.licence_no,
                firm=form.firm,
                case_summary=form.case_summary,
                promised=form.promised,
                consent=current_consent(),
                is_consented=form.consent_version == current_consent().version,
                request_key=form.request_key,
                errors=errors,
            ),
            status=status,
        )


class OrderHandler(BaseHandler):
    """What the pages of one order of the visitor share."""

    async def own_order(self, no: str) -> Order:
        """Raises NotFound for another's as for an absent one."""
        order = await self.store.orders.by_no(no)
        if order is None or self.account is None or order.account_id != self.account.id:
            raise NotFound
        return order

    async def show_order(
        self, no: str, *, status: int = 200, errors: dict[str, str] | None = None, answer: str = ""
    ) -> None:
        order = await self.own_order(no)
        has_copy = order.status in HAS_COPY or order.status == OrderStatus.EXPIRED
        copy = await self.store.copies.by_order(order.no) if has_copy else None
        rating = await ratings.invitation_of(self.store, order)
        self.show(
            contexts.OrderPage(
                title="申请进度",
                order=order,
                copy=copy,
                now=self.clock(),
                is_rateable=bool(rating.number),
                is_rated=rating.is_rated,
                address=f"{self.conf.base_url.rstrip('/')}/orders/{order.no}",
                answer=answer,
                errors=errors or {},
            ),
            status=status,
        )


class OneOrder(OrderHandler):
    """`/orders/{no}`: how far it is; htmx fetches the same block until the order is final."""

    @signed_in
    async def get(self, no: str) -> None:
        await self.show_order(no)


class MyOrders(BaseHandler):
    """`/orders`: the visitor's orders in batches."""

    @signed_in
    async def get(self) -> None:
        assert self.account is not None  # by the guard
        after = self.text("after", max=200)
        orders, rest = await self.store.orders.of_account(self.account.id, after=after)
        tasks = () if after else await self.store.tasks.of_account(self.account.id)
        self.show(contexts.Orders(title="我的办件", orders=orders, after=rest, is_first=not after, tasks=tasks))


NO = r"(TH\d{8}-[0-9A-Z]{6})"
ROUTES = [
    (r"/companies/([0-9A-Z]{18})/order", PlaceOrder),
    (r"/orders", MyOrders),
    (rf"/orders/{NO}", OneOrder),
]

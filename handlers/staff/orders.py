"""Orders under review: the queue with its filters, one order, and what a reviewer does with it."""

from collections.abc import Awaitable
from typing import Any

from conf.errors import Conflict, Invalid, NotFound
from conf.rights import Action
from conf.terms import OrderStatus
from conf.workdays import end_of_term
from handlers.flows import reviewing
from handlers.flows.access import decide
from handlers.guards import staff
from handlers.orders import NO, wake
from handlers.staff import StaffHandler
from store.records import Order
from store.reviews import Sought
from views.contexts import reviews as contexts

FILTERS = ("rule", "kind", "purpose", "due", "holder", "words")


class ReviewHandler(StaffHandler):
    """What the pages of reviewing share."""

    @property
    def me(self) -> str:
        assert self.staff is not None  # by the guard
        return self.staff.id

    @property
    def soon(self) -> Any:
        """Terms that end before this moment carry a warning."""
        return end_of_term(self.clock(), self.conf.review_warn_days)

    async def order(self, no: str) -> Order:
        """The order, if it has ever been under review; any other is not the reviewers' business."""
        order = await self.store.orders.by_no(no)
        if order is None or all(step.status != OrderStatus.UNDER_REVIEW for step in order.history):
            raise NotFound(no)
        return order

    async def show_order(
        self, no: str, *, status: int = 200, errors: dict[str, str] | None = None, problem: str = ""
    ) -> None:
        order = await self.order(no)
        company = await self.store.companies.by_uscc(order.uscc)
        account = await self.store.accounts.by_id(order.account_id)
        now = self.clock()
        roles = decide(account, company, (), order.purpose, now).facts["roles"] if account and company else ()
        dossier = await self.store.dossiers.of(order.uscc)
        chosen = frozenset(self.texts("document", max_each=80)) or frozenset(i.document_id for i in order.items)
        self.show(
            contexts.StaffOrder(
                title="审核申请", order=order, company=company, account=account, roles_now=tuple(roles),
                documents_now={one.id: one for one in dossier.documents} if dossier else {},
                earlier=await self.store.reviews.earlier(order), decided=await self._decided(order),
                questions=self._questions(order), now=now, soon=self.soon, me=self.me,
                operator=self.store.vault.reveal(order.operator) if order.operator else "",
                reason=self.text("reason", max=2000), refusal=self.text("refusal", max=2000),
                reason_id=self.text("reason_id", "other", max=40), question=self.text("question", max=2000),
                done=self.text("done", max=20), problem=problem, chosen=chosen, errors=errors or {},
            ),
            status=status,
        )  # fmt: skip

    async def act(self, no: str, work: Awaitable[Order], *, fields: dict[str, str] | None = None) -> bool:
        """Do it; a fault shows the order again with what is wrong. `fields`: the flow's field → the page's."""
        try:
            await work
        except Invalid as fault:
            renamed = {(fields or {}).get(name, name): says for name, says in fault.fields.items()}
            await self.show_order(no, status=422, errors=renamed)
        except Conflict as fault:
            await self.show_order(no, status=409, problem=str(fault) if str(fault).endswith("。") else "")
        else:
            return True
        return False

    async def go_on(self, no: str) -> None:
        """To the next request this reviewer could decide, or back to the queue."""
        wake(self.application)
        following = await self.store.reviews.next_for(self.me, now=self.clock(), but=no)
        self.go(f"/staff/orders/{following.no}?done={no}" if following else f"/staff/orders?done={no}")

    async def _decided(self, order: Order) -> contexts.Decided | None:
        """Who gave the answer, and when."""
        step = next((step for step in order.history if step.by.startswith("staff:")), None)
        if step is None:
            return None
        person = await self.store.staff.by_id(step.by.removeprefix("staff:"))
        return contexts.Decided(name=person.name if person else "同事", at=step.at, status=step.status, note=step.note)

    def _questions(self, order: Order) -> tuple[contexts.Asked, ...]:
        return tuple(
            contexts.Asked(
                number=number, name=each.name, at=each.at, until=each.until, text=each.text,
                answered_at=each.answered_at, answer=self.store.vault.reveal(each.answer) if each.answer else "",
                files=tuple((f.sha256, "PDF" if "pdf" in f.media_type else "图片", f.pages) for f in each.files),
            )
            for number, each in enumerate(order.review.questions, 1)
        )  # fmt: skip


class ReviewList(ReviewHandler):
    """`/staff/orders`: what waits, oldest first, narrowed by filters."""

    @staff(Action.ORDERS_REVIEW)
    async def get(self) -> None:
        after = self.text("after", max=200)
        sought = {name: self.text(name, max=80).strip() for name in FILTERS}
        wanted = Sought(**sought, staff_id=self.me, soon=self.soon)
        orders, rest = await self.store.reviews.queue(wanted, now=self.clock(), after=after)
        self.show(
            contexts.StaffOrders(
                title="待审核", orders=orders, after=rest, is_first=not after, now=self.clock(), soon=self.soon,
                me=self.me, sought=sought, rules=await self.store.reviews.rules(), done=self.text("done", max=20),
            )
        )  # fmt: skip


class OneReview(ReviewHandler):
    """`/staff/orders/{no}`"""

    @staff(Action.ORDERS_REVIEW)
    async def get(self, no: str) -> None:
        await self.show_order(no)


class Claim(ReviewHandler):
    """`/staff/orders/{no}/claim`: mine for a while."""

    @staff(Action.ORDERS_REVIEW)
    async def post(self, no: str) -> None:
        assert self.staff is not None  # by the guard
        now, trace = self.clock(), self.audit_context()
        if await self.act(no, reviewing.claim(self.store, self.conf, no, staff=self.staff, now=now, trace=trace)):
            self.go(f"/staff/orders/{no}")


class Release(ReviewHandler):
    """`/staff/orders/{no}/release`"""

    @staff(Action.ORDERS_REVIEW)
    async def post(self, no: str) -> None:
        assert self.staff is not None  # by the guard
        now, trace = self.clock(), self.audit_context()
        if await self.act(no, reviewing.release(self.store, no, staff=self.staff, now=now, trace=trace)):
            self.go(f"/staff/orders/{no}")


class Ask(ReviewHandler):
    """`/staff/orders/{no}/ask`: a question to the visitor; the order stays under review."""

    @staff(Action.ORDERS_REVIEW)
    async def post(self, no: str) -> None:
        assert self.staff is not None  # by the guard
        text, now, trace = self.text("question", max=2000), self.clock(), self.audit_context()
        work = reviewing.ask(self.store, self.conf, no, staff=self.staff, text=text, now=now, trace=trace)
        if await self.act(no, work):
            await self.go_on(no)


class Permit(ReviewHandler):
    """`/staff/orders/{no}/permit`: all or part of the papers."""

    @staff(Action.ORDERS_REVIEW)
    async def post(self, no: str) -> None:
        assert self.staff is not None  # by the guard
        work = reviewing.permit(
            self.store, self.conf, no, staff=self.staff, document_ids=self.texts("document", max_each=80),
            reason=self.text("reason", max=2000), now=self.clock(), trace=self.audit_context(),
        )  # fmt: skip
        if await self.act(no, work):
            await self.go_on(no)


class Refuse(ReviewHandler):
    """`/staff/orders/{no}/refuse`: with a reason of the list and words the visitor reads."""

    @staff(Action.ORDERS_REVIEW)
    async def post(self, no: str) -> None:
        assert self.staff is not None  # by the guard
        work = reviewing.refuse(
            self.store, no, staff=self.staff, reason=self.text("refusal", max=2000),
            reason_id=self.text("reason_id", "other", max=40), now=self.clock(), trace=self.audit_context(),
        )  # fmt: skip
        if await self.act(no, work, fields={"reason": "refusal"}):
            await self.go_on(no)


ROUTES = [
    (r"/staff/orders", ReviewList),
    (rf"/staff/orders/{NO}", OneReview),
    (rf"/staff/orders/{NO}/claim", Claim),
    (rf"/staff/orders/{NO}/release", Release),
    (rf"/staff/orders/{NO}/ask", Ask),
    (rf"/staff/orders/{NO}/permit", Permit),
    (rf"/staff/orders/{NO}/refuse", Refuse),
]

"""Orders under review: the list, oldest first, and one order with its two answers."""

from conf.errors import Conflict, Invalid, NotFound
from conf.rights import Action
from conf.terms import OrderStatus
from handlers.flows import reviewing
from handlers.guards import staff
from handlers.orders import NO, wake
from handlers.staff import StaffHandler
from store.records import Order
from views.contexts import staff as contexts


class ReviewList(StaffHandler):
    """`/staff/orders`"""

    @staff(Action.ORDERS_REVIEW)
    async def get(self) -> None:
        after = self.text("after", max=200)
        orders, rest = await self.store.orders.waiting_for_review(after=after)
        self.show(contexts.StaffOrders(title="待审核", orders=orders, after=rest, is_first=not after, now=self.clock()))


class ReviewHandler(StaffHandler):
    """What the pages of one order share."""

    async def order(self, no: str) -> Order:
        """The order, if it has ever been under review; any other is not the reviewers' business."""
        order = await self.store.orders.by_no(no)
        if order is None or all(step.status != OrderStatus.UNDER_REVIEW for step in order.history):
            raise NotFound(no)
        return order

    async def show_order(self, no: str, *, status: int = 200, errors: dict[str, str] | None = None) -> None:
        order = await self.order(no)
        chosen = frozenset(self.texts("document", max_each=80)) or frozenset(i.document_id for i in order.items)
        self.show(
            contexts.StaffOrder(
                title="审核申请",
                order=order,
                decided=await self._decided(order),
                operator=self.store.vault.reveal(order.operator) if order.operator else "",
                reason=self.text("reason", max=2000),
                refusal=self.text("refusal", max=2000),
                chosen=chosen,
                errors=errors or {},
                now=self.clock(),
            ),
            status=status,
        )

    async def _decided(self, order: Order) -> contexts.Decided | None:
        """Who gave the answer, and when."""
        step = next((step for step in order.history if step.by.startswith("staff:")), None)
        if step is None:
            return None
        person = await self.store.staff.by_id(step.by.removeprefix("staff:"))
        return contexts.Decided(name=person.name if person else "同事", at=step.at, status=step.status, note=step.note)


class OneReview(ReviewHandler):
    """`/staff/orders/{no}`"""

    @staff(Action.ORDERS_REVIEW)
    async def get(self, no: str) -> None:
        await self.show_order(no)


class Permit(ReviewHandler):
    """`/staff/orders/{no}/permit`: all or part of the papers."""

    @staff(Action.ORDERS_REVIEW)
    async def post(self, no: str) -> None:
        assert self.staff is not None  # by the guard
        try:
            await reviewing.permit(
                self.store,
                self.conf,
                no,
                staff=self.staff,
                document_ids=self.texts("document", max_each=80),
                reason=self.text("reason", max=2000),
                now=self.clock(),
                trace=self.audit_context(),
            )
        except Invalid as fault:
            await self.show_order(no, status=422, errors=fault.fields)
        except Conflict:
            await self.show_order(no, status=409)
        else:
            wake(self.application)
            self.go("/staff/orders")


class Refuse(ReviewHandler):
    """`/staff/orders/{no}/refuse`: with a reason the visitor reads."""

    @staff(Action.ORDERS_REVIEW)
    async def post(self, no: str) -> None:
        assert self.staff is not None  # by the guard
        try:
            await reviewing.refuse(
                self.store,
                no,
                staff=self.staff,
                reason=self.text("refusal", max=2000),
                now=self.clock(),
                trace=self.audit_context(),
            )
        except Invalid as fault:
            await self.show_order(no, status=422, errors={"refusal": fault.fields["reason"]})
        except Conflict:
            await self.show_order(no, status=409)
        else:
            wake(self.application)
            self.go("/staff/orders")


ROUTES = [
    (r"/staff/orders", ReviewList),
    (rf"/staff/orders/{NO}", OneReview),
    (rf"/staff/orders/{NO}/permit", Permit),
    (rf"/staff/orders/{NO}/refuse", Refuse),
]

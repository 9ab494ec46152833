"""What a reviewer looks at before deciding: papers asked for and the visitor's own files, marked and on record."""

from conf.clock import beijing
from conf.errors import NotFound
from conf.rights import Action
from conf.terms import OrderStatus, PageSize
from handlers import pictures
from handlers.flows import supplements, viewing
from handlers.guards import staff
from handlers.orders import NO
from handlers.staff import StaffHandler
from store.records import Document, Order, Page
from views.contexts.reviews import StaffPaper

ID = r"([A-Za-z0-9_.-]{1,80})"


class EvidenceHandler(StaffHandler):
    """What these pages share."""

    async def under_review(self, no: str) -> Order:
        """Only while it is to be decided; before and after, the papers are nobody's business."""
        order = await self.store.orders.by_no(no)
        if order is None or order.status != OrderStatus.UNDER_REVIEW:
            raise NotFound(no)
        return order

    def lines(self, order: Order) -> tuple[str, ...]:
        """What is burned into a page: who looks, for which order, when."""
        assert self.staff is not None  # by the guard
        return (f"{self.staff.name} · 审核 {order.no}", f"{beijing(self.clock()):%Y-%m-%d %H:%M} 天河e企查 仅供审核")

    async def paper(self, order: Order, document_id: str) -> Document:
        document = await self.store.dossiers.document(document_id)
        is_asked = any(item.document_id == document_id for item in order.items)
        if document is None or not is_asked or document.uscc != order.uscc:
            raise NotFound(document_id)
        return document


class PaperView(EvidenceHandler):
    """`/staff/orders/{no}/documents/{id}/pages/{n}`"""

    @staff(Action.ORDERS_REVIEW)
    async def get(self, no: str, document_id: str, number: str) -> None:
        order = await self.under_review(no)
        document = await self.paper(order, document_id)
        pages = await self.store.dossiers.pages(document_id)
        if not 1 <= int(number) <= len(pages):
            raise NotFound(number)
        self.show(
            StaffPaper(
                title=f"{document.title}，第 {int(number)} 页，共 {len(pages)} 页", order_no=no, document=document,
                pages=pages, number=int(number), watermark=" · ".join(self.lines(order)),
            )
        )  # fmt: skip


class PaperImage(EvidenceHandler):
    """`/staff/orders/{no}/images/{page}/{size}.jpg`: recorded before a byte is read."""

    @staff(Action.ORDERS_REVIEW)
    async def get(self, no: str, page_id: str, size: str) -> None:
        order = await self.under_review(no)
        page: Page | None = await self.store.dossiers.page(page_id)
        if page is None:
            raise NotFound(page_id)
        await self.paper(order, page.document_id)
        picture = await viewing.review_image(
            self.store, self.adapters.workshop, page, PageSize(size), uscc=order.uscc, lines=self.lines(order),
            now=self.clock(), trace=self.audit_context(),
        )  # fmt: skip
        await pictures.send(self, picture.content, picture.media_type)


class AnswerPage(EvidenceHandler):
    """`/staff/orders/{no}/answers/{sha256}/{n}.jpg`: the visitor's file as pictures, never the file itself."""

    @staff(Action.ORDERS_REVIEW)
    async def get(self, no: str, sha256: str, number: str) -> None:
        order = await self.under_review(no)
        content = await supplements.page_of(
            self.store, self.adapters.workshop, order, sha256, int(number), lines=self.lines(order), now=self.clock(),
            trace=self.audit_context(),
        )  # fmt: skip
        await pictures.send(self, content, "image/jpeg")


ROUTES = [
    (rf"/staff/orders/{NO}/documents/{ID}/pages/([0-9]{{1,5}})", PaperView),
    (rf"/staff/orders/{NO}/images/{ID}/({'|'.join(PageSize)})\.jpg", PaperImage),
    (rf"/staff/orders/{NO}/answers/{ID}/([0-9]{{1,5}})\.jpg", AnswerPage),
]

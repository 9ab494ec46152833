"""The viewer: one page of a paper at a time, and the route to each page's picture, decided anew every time."""

from conf.errors import NotFound, TooMany
from conf.terms import IdentityLevel, PageSize
from handlers import pictures
from handlers.base import BaseHandler
from handlers.dossiers import visitor_of
from handlers.flows import viewing
from handlers.guards import signed_in
from views.contexts.dossiers import ZOOM_STEPS, Viewer


class PageHandler(BaseHandler):
    """What the addresses of one page share."""

    async def show_page(
        self, uscc: str, document_id: str, number: str, *, status: int = 200, errors: dict[str, str] | None = None
    ) -> None:
        visitor = visitor_of(self)
        found = await viewing.open_document(self.store, uscc, document_id, visitor)
        if not 1 <= int(number) <= len(found.pages):
            raise NotFound
        self.show(
            Viewer(
                title=f"{found.document.title}，第 {int(number)} 页，共 {len(found.pages)} 页",
                company=found.company,
                document=found.document,
                pages=found.pages,
                number=int(number),
                zoom=zoom_of(self),
                purpose=found.purpose,
                watermark=" · ".join(viewing.watermark_lines(visitor, found.purpose)),
                reported=self.text("reported", max=20),
                fault=self.text("fault", max=20),
                words=self.text("words", max=2000),
                errors=errors or {},
            ),
            status=status,
        )


class PageView(PageHandler):
    """`GET /companies/{uscc}/documents/{id}/pages/{n}?zoom=`: plain HTML; script only makes it quicker."""

    @signed_in(level=IdentityLevel.L0)
    async def get(self, uscc: str, document_id: str, number: str) -> None:
        await self.show_page(uscc, document_id, number)


class PageImage(BaseHandler):
    """`GET /pages/{id}/{size}.jpg`: the picture with this visitor's watermark, or the 404 of what is not there."""

    @signed_in(level=IdentityLevel.L0)
    async def get(self, page_id: str, size: str) -> None:
        assert self.session is not None  # @signed_in proved it
        wait = await self.limits.hit(f"image:{self.session.id}", self.conf.image_per_minute, 60)
        if wait:
            raise TooMany(wait)
        workshop = self.adapters.workshop
        picture = await viewing.open_image(self.store, workshop, page_id, PageSize(size), visitor_of(self))
        await pictures.send(self, picture.content, picture.media_type)


def zoom_of(handler: BaseHandler) -> int:
    """The zoom asked for in the address, 100 % for anything else."""
    asked = handler.text("zoom", max=5)
    return int(asked) if asked in {str(step) for step in ZOOM_STEPS} else 100


PAGE = r"/companies/([0-9A-Z]{18})/documents/([A-Za-z0-9_.-]{1,80})/pages/([0-9]{1,5})"
ROUTES = [
    (PAGE, PageView),
    (rf"/pages/([A-Za-z0-9_.-]{{1,80}})/({'|'.join(PageSize)})\.jpg", PageImage),
]

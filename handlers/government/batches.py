"""Batch look-ups of a case: the list sent in, and the sealed file had once it is ready."""

from tornado.web import HTTPError, stream_request_body

from conf.errors import Conflict, Invalid, NotFound
from handlers.flows import batches
from handlers.flows.batch_lists import LARGEST, BadLine
from handlers.flows.organ_viewing import OrganVisitor
from handlers.government import ID, GovernmentHandler, UploadHandler
from handlers.guards import government
from views.contexts import government as contexts

TITLE = "批量查询"
NUMBER = r"(ZWP\d{8}-[0-9A-Z]{6})"


class NewBatch(GovernmentHandler):
    """`/gov/cases/{id}/batches`: up to 200 codes or names."""

    @government
    async def get(self, id: str) -> None:
        show_form(self, await self.visitor_for(id))


@stream_request_body
class SendBatch(UploadHandler):
    """`/gov/cases/{id}/batches/file`: the list; every bad line is named."""

    file_field, largest, most_read = "list", LARGEST, 4 * LARGEST

    @government
    async def post(self, id: str) -> None:
        visitor = await self.visitor_for(id)
        try:
            _, bad = await batches.ask(self.store, self.whole().file, visitor)
        except Invalid as fault:
            show_form(self, visitor, errors=fault.fields, status=422)
            return
        if bad:
            show_form(self, visitor, bad=tuple(bad), status=422)
            return
        self.go(f"/gov/cases/{id}")


def show_form(
    handler: GovernmentHandler,
    visitor: OrganVisitor,
    *,
    errors: dict[str, str] | None = None,
    bad: tuple[BadLine, ...] = (),
    status: int = 200,
) -> None:
    """The form again with what was wrong."""
    lines = tuple((line.number, line.text, line.why) for line in bad)
    handler.show(contexts.GovBatch(title=TITLE, case=visitor.case, errors=errors or {}, bad=lines), status=status)


class BatchFile(GovernmentHandler):
    """`/gov/cases/{id}/batches/{no}/file`"""

    @government
    async def get(self, id: str, no: str) -> None:
        visitor = await self.visitor_for(id)
        batch = await self.store.batches.by_id(no)
        if batch is None or batch.case_id != visitor.case.id:
            raise NotFound(no)
        try:
            content = await batches.fetch(self.store, batch, visitor.case, now=visitor.now, trace=visitor.trace)
        except Conflict as fault:
            show_form(self, visitor, errors={"list": str(fault)}, status=409)
            return
        self.set_header("Cache-Control", "private, no-store")
        self.set_header("Content-Type", "application/pdf")
        self.set_header("Content-Disposition", f'attachment; filename="{batch.id}.pdf"')
        self.finish(content)

    async def head(self, *args: str, **kwargs: str) -> None:
        """A result is handed out or not: there is nothing to ask without a trace."""
        raise HTTPError(405)


ROUTES = [
    (rf"/gov/cases/{ID}/batches", NewBatch),
    (rf"/gov/cases/{ID}/batches/file", SendBatch),
    (rf"/gov/cases/{ID}/batches/{NUMBER}/file", BatchFile),
]

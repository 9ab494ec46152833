"""What visitors tell us about the archive: `…/pages/{n}/report` from the viewer, `…/scans` from the dossier."""

from conf.errors import Invalid, TooMany
from conf.terms import IdentityLevel
from handlers.base import BaseHandler
from handlers.dossiers import visitor_of
from handlers.flows import tasks
from handlers.guards import signed_in
from handlers.pageviews import PAGE, PageHandler


class TaskHandler(BaseHandler):
    """What both share: so many a day from one account."""

    async def count(self) -> None:
        """One more from this account. Raises TooMany."""
        assert self.account is not None  # by the guard
        wait = await self.limits.hit(f"task:{self.account.id}", self.conf.task_per_day, 86_400)
        if wait:
            raise TooMany(wait)


class Report(TaskHandler, PageHandler):
    """`/companies/{uscc}/documents/{id}/pages/{n}/report`: plain form, plain answer."""

    @signed_in(level=IdentityLevel.L0)
    async def post(self, uscc: str, document_id: str, number: str) -> None:
        await self.count()
        fault, words = self.text("fault", max=20), self.text("words", max=2000).strip()
        try:
            task = await tasks.report_page(
                self.store, self.conf, uscc, document_id, int(number), visitor_of(self), fault=fault, words=words
            )
        except Invalid as wrong:
            await self.show_page(uscc, document_id, number, status=422, errors=wrong.fields)
        else:
            self.go(f"/companies/{uscc}/documents/{document_id}/pages/{int(number)}?reported={task.id}")


class AskScan(TaskHandler):
    """`/companies/{uscc}/scans`: 申请补扫."""

    @signed_in(level=IdentityLevel.L1)
    async def post(self, uscc: str) -> None:
        await self.count()
        await tasks.ask_scan(self.store, self.conf, uscc, self.text("paper", max=80), visitor_of(self))
        self.go(f"/companies/{uscc}/dossier")


ROUTES = [
    (rf"{PAGE}/report", Report),
    (r"/companies/([0-9A-Z]{18})/scans", AskScan),
]

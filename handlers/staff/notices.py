"""Notices of the first page: the list, a new one, ending one."""

from contextlib import suppress

from conf.errors import Conflict, Invalid
from conf.rights import Action
from handlers.flows import front_notices
from handlers.guards import staff
from handlers.staff import StaffHandler
from views.contexts.tuning import FrontNotices


class NoticeList(StaffHandler):
    """`/staff/notices`"""

    @staff(Action.NOTICES_WRITE)
    async def get(self) -> None:
        await self._page({})

    @staff(Action.NOTICES_WRITE)
    async def post(self) -> None:
        assert self.staff is not None  # by the guard
        try:
            await front_notices.write(
                self.store, title=self.text("title", max=200), text=self.text("text", max=2000),
                kind=self.text("kind", max=20), starts=self.text("starts", max=30), ends=self.text("ends", max=30),
                by=self.staff, now=self.clock(), trace=self.audit_context(),
            )  # fmt: skip
        except Invalid as fault:
            await self._page(fault.fields, status=422)
        else:
            self.go("/staff/notices")

    async def _page(self, errors: dict[str, str], *, status: int = 200) -> None:
        values = {name: self.text(name, max=2000) for name in ("title", "text", "kind", "starts", "ends")}
        page = FrontNotices(
            title="首页公告", notices=await self.store.front_notices.listed(), now=self.clock(), values=values,
            errors=errors,
        )  # fmt: skip
        self.show(page, status=status)


class EndNotice(StaffHandler):
    """`/staff/notices/{id}/end`"""

    @staff(Action.NOTICES_WRITE)
    async def post(self, id: str) -> None:
        assert self.staff is not None  # by the guard
        with suppress(Conflict):  # ended before: the page says so
            await front_notices.end(self.store, id, by=self.staff, now=self.clock(), trace=self.audit_context())
        self.go("/staff/notices")


ROUTES = [
    (r"/staff/notices", NoticeList),
    (r"/staff/notices/([A-Za-z0-9_.-]{1,80})/end", EndNotice),
]

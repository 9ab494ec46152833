"""A copy looked up by its number, and its withdrawal."""

from conf.errors import Conflict, Invalid
from conf.rights import Action
from handlers.flows import copies
from handlers.guards import staff
from handlers.staff import StaffHandler
from views.contexts.staff import StaffCopy

TITLE = "复制件"


class FindCopy(StaffHandler):
    """`/staff/copies?no=`"""

    @staff(Action.COPIES_KEEP)
    async def get(self) -> None:
        no = self.text("no", max=30).upper()
        copy = await self.store.copies.by_no(no) if no else None
        errors = {"no": "没有这个编号的复制件，请核对。"} if no and copy is None else {}
        self.show(StaffCopy(title=TITLE, no=no, copy=copy, errors=errors), status=404 if errors else 200)


class WithdrawCopy(StaffHandler):
    """`/staff/copies/{no}/withdraw`"""

    @staff(Action.COPIES_KEEP)
    async def post(self, no: str) -> None:
        reason = self.text("reason", max=2000)
        try:
            await copies.withdraw(self.store, no, reason=reason, now=self.clock(), trace=self.audit_context())
        except Invalid as fault:
            copy = await self.store.copies.by_no(no)
            self.show(StaffCopy(title=TITLE, no=no, copy=copy, errors=fault.fields, reason=reason), status=422)
            return
        except Conflict:  # withdrawn before: the page says so
            pass
        self.go(f"/staff/copies?no={no}")


ROUTES = [
    (r"/staff/copies", FindCopy),
    (r"/staff/copies/(THC\d{8}-[0-9A-Z]{6})/withdraw", WithdrawCopy),
]

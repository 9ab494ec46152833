"""What goes out to other systems, and how those stand: the page staff look at when something does not arrive."""

import contextlib

from conf.errors import Conflict
from conf.rights import Action, may
from conf.terms import OutboxStatus
from handlers.flows import resending
from handlers.guards import staff
from handlers.orders import wake
from handlers.staff import StaffHandler
from views.contexts.outbox import Outbox

ENDED_BADLY = (OutboxStatus.REJECTED, OutboxStatus.GAVE_UP)


class OutboxList(StaffHandler):
    """`/staff/outbox`: lines to the counterparts, messages that wait, messages that ended badly."""

    @staff(Action.OUTBOX_SEE)
    async def get(self) -> None:
        assert self.staff is not None  # by the guard
        outbox = self.store.outbox
        lines = tuple(line.state() for line in getattr(self.adapters, "lines", ()))
        waiting = await outbox.listed((OutboxStatus.WAITING,))
        failed = await outbox.listed(ENDED_BADLY)
        self.show(
            Outbox(
                title="对接与消息",
                lines=lines,
                waiting=waiting,
                failed=failed,
                unreceived=await outbox.unreceived(),
                now=self.clock(),
                may_resend=may(self.staff.roles, Action.OUTBOX_RESEND),
            )
        )


class Resend(StaffHandler):
    """`/staff/outbox/{id}/resend`"""

    @staff(Action.OUTBOX_RESEND)
    async def post(self, message_id: str) -> None:
        with contextlib.suppress(Conflict):  # asked twice: it is under way, which the list shows
            await resending.resend(self.store, message_id, now=self.clock(), trace=self.audit_context())
        wake(self.application)
        self.go("/staff/outbox")


ROUTES = [
    (r"/staff/outbox", OutboxList),
    (r"/staff/outbox/([A-Za-z0-9_.-]{1,80})/resend", Resend),
]

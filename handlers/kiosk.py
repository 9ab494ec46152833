"""A kiosk machine: enrolment by its one-time key, and the end of a visit, which leaves nothing behind."""

from conf.errors import Invalid, NotFound
from conf.terms import Channel
from handlers.base import BaseHandler
from handlers.flows import kiosks
from handlers.guards import public
from handlers.visit import NOBODY
from views.contexts.kiosk import Cleared, Enrol

#: Cookies are taken back one by one: "cookies" here would also end the machine's own enrolment.
WIPED = '"cache", "storage"'


class Enrolment(BaseHandler):
    """The technician's page: the key printed by `create-terminal` turns this browser into that machine."""

    @public
    def get(self) -> None:
        self.show(Enrol())

    @public
    async def post(self) -> None:
        wait = await self.limits.hit(f"enrol:{self.request.remote_ip}", 10, 600)
        key = self.text("key", max=100)
        try:
            if wait:
                raise Invalid({"key": f"尝试次数过多，请 {wait} 秒后再试"})
            terminal = await kiosks.enrol(self.store, key)
        except NotFound:
            self.show(Enrol(errors={"key": "没有这台终端的密钥，或终端已停用"}), status=422)
            return
        except Invalid as fault:
            self.show(Enrol(errors=fault.fields), status=429)
            return
        self.set_visit_cookie("terminal", key, days=3650)
        self.application.terminals.forget()
        self.show(Enrol(enrolled=terminal.name))


class End(BaseHandler):
    """Sign-out at a kiosk, by the visitor or by the idle clock: session dropped, browser emptied, proof written."""

    @public
    async def post(self) -> None:
        await self.wipe()

    async def wipe(self) -> None:
        if self.terminal is None:
            raise NotFound("not a kiosk")
        await kiosks.wipe(
            self.store, self.sessions, self.session, terminal=self.terminal.id, audit=self.audit_context()
        )
        self.visit = NOBODY
        self.set_header("Clear-Site-Data", WIPED)
        for purpose in ("session", "back", "type"):
            self.clear_visit_cookie(purpose)
        self.show(Cleared())


class Idle(End):
    """Where a page without script goes by itself after the idle time. Ends only what the idle clock has ended."""

    @public
    async def get(self) -> None:
        if self.channel is not Channel.KIOSK:
            raise NotFound("not a kiosk")
        await self.wipe()


class Stay(BaseHandler):
    """The visitor touched "go on": asking is enough, since every request marks the session as seen."""

    @public
    def get(self) -> None:
        self.set_status(204)


ROUTES = [
    (r"/kiosk/enrol", Enrolment),
    (r"/kiosk/end", End),
    (r"/kiosk/idle", Idle),
    (r"/kiosk/stay", Stay),
]

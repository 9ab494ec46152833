"""Handing out a sealed copy: as a file, or at a kiosk to its printer."""

from urllib.parse import quote

from tornado.iostream import StreamClosedError
from tornado.web import HTTPError

from conf.errors import NotFound
from conf.terms import Channel, CodePurpose, IdentityLevel
from handlers.base import BaseHandler
from handlers.flows import codes, copies
from handlers.guards import signed_in
from handlers.headers import framing_headers
from handlers.orders import NO
from views.contexts.errors import Fault
from views.contexts.orders import PrintPage

CHUNK = 256 * 1024
#: Kept back until the order has moved: whoever holds the whole file can rate it, who was cut off asks again.
LAST = 1024


class CopyHandler(BaseHandler):
    """What every way to a copy has in common: a copy that is no longer handed out says so."""

    def closed(self, no: str, says: str) -> None:
        page = Fault(title="不能下载", status=409, says=says, request_id=self.request_id, back=f"/orders/{no}")
        self.show(page, status=409)

    async def must_check(self, no: str) -> bool:
        """True when the visitor was sent to prove themselves by SMS first; asked of their own copy only."""
        if self.conf.copy_recheck == "none":
            return False
        assert self.account is not None  # by the guard
        assert self.session is not None
        await copies.ready_copy(self.store, self.account, no, now=self.clock())
        needed = await codes.needs_check(
            self.store, self.conf, self.account, self.session, purpose=CodePurpose.COPY, now=self.clock()
        )
        if needed:
            self.send_to_check(no)
        return needed

    def send_to_check(self, no: str) -> None:
        self.go(f"/orders/{no}/check")

    @property
    def policy(self) -> str:
        """The standing Content-Security-Policy."""
        return dict(self.application.standing_headers)["Content-Security-Policy"]


class DownloadCopy(CopyHandler):
    """`/orders/{no}/copy`: the file, after its hand-out is on record."""

    outcome, way = "done", "attachment"

    @signed_in(level=IdentityLevel.L1)
    async def get(self, no: str) -> None:
        await self.hand_out(no)

    async def hand_out(self, no: str) -> None:
        """The file as the answer; why not, as a page."""
        assert self.account is not None  # by the guard
        refuse_asked_ahead(self)
        now, trace = self.clock(), self.audit_context()
        try:
            if await self.must_check(no):
                return
            handed = await copies.download(self.store, self.account, no, now=now, trace=trace, outcome=self.outcome)
        except copies.DownloadOver as fault:
            self.closed(no, str(fault))
            return
        self.set_header("Content-Type", "application/pdf")
        self.set_header("Content-Disposition", disposition(self.way, handed.filename, f"{handed.copy.no}.pdf"))
        self.set_header("Content-Length", str(len(handed.pdf)))
        await self._send(handed)

    async def head(self, *args: str, **kwargs: str) -> None:
        """Refused: asking about a file must not count as handing it out."""
        raise HTTPError(405)

    async def _send(self, handed: copies.Download) -> None:
        """In chunks, each waited for, so that a slow reader holds one chunk and not the whole file in our buffers."""
        pdf = memoryview(handed.pdf)
        rest, last = pdf[:-LAST], pdf[-LAST:]
        try:
            for start in range(0, len(rest), CHUNK):
                self.write(bytes(rest[start : start + CHUNK]))
                await self.flush()
            if self.is_gone:
                return
            await copies.arrived(self.store, handed, trace=self.audit_context())
            await self.finish(bytes(last))
        except StreamClosedError:  # the visitor went away; the hand-out stays on record and can be repeated
            return

    @property
    def is_gone(self) -> bool:
        """The other side has closed the connection."""
        stream = self.request.connection.stream if self.request.connection else None  # type: ignore[attr-defined]
        return stream is None or stream.closed()


class PrintedCopy(DownloadCopy):
    """`/orders/{no}/print/copy`: the same file, shown in the frame of a kiosk's print page and nowhere else."""

    outcome, way = "print", "inline"

    def send_to_check(self, no: str) -> None:
        """In the frame there is no room for another page."""
        self.closed(no, "身份核对已过期，请返回申请，重新核对后打印。")

    @signed_in(level=IdentityLevel.L1)
    async def get(self, no: str) -> None:
        only_at_a_kiosk(self)
        for name, value in framing_headers(self.policy).items():
            self.set_header(name, value)
        await self.hand_out(no)


class PrintCopy(CopyHandler):
    """`/orders/{no}/print`: the kiosk's own page around the file, so that its clock and its way out stay in sight."""

    @signed_in(level=IdentityLevel.L1)
    async def get(self, no: str) -> None:
        assert self.account is not None  # by the guard
        only_at_a_kiosk(self)
        try:
            if await self.must_check(no):
                return
            order, _ = await copies.ready_copy(self.store, self.account, no, now=self.clock())
        except copies.DownloadOver as fault:
            self.closed(no, str(fault))
            return
        self.set_header("Content-Security-Policy", f"{self.policy}; frame-src 'self'")
        self.show(PrintPage(title="打印复制件", order=order))


def refuse_asked_ahead(handler: BaseHandler) -> None:
    """Raises 403 for a browser that fetches what nobody has asked for yet (`Sec-Purpose: prefetch;prerender`)."""
    said = " ".join(handler.request.headers.get(name, "") for name in ("Sec-Purpose", "Purpose", "X-Moz"))
    if "prefetch" in said.lower() or "preview" in said.lower() or "prerender" in said.lower():
        raise HTTPError(403)


def only_at_a_kiosk(handler: BaseHandler) -> None:
    """Raises NotFound elsewhere: a browser of one's own prints the file it has downloaded."""
    if handler.channel is not Channel.KIOSK:
        raise NotFound("not a kiosk")


def disposition(way: str, filename: str, fallback: str) -> str:
    """RFC 6266 with RFC 8187: the Chinese name for today's browsers, an ASCII one for the rest."""
    return f"{way}; filename=\"{fallback}\"; filename*=UTF-8''{quote(filename, safe='')}"


ROUTES = [
    (rf"/orders/{NO}/copy", DownloadCopy),
    (rf"/orders/{NO}/print", PrintCopy),
    (rf"/orders/{NO}/print/copy", PrintedCopy),
]

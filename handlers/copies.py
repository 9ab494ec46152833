"""The download of a sealed copy."""

from urllib.parse import quote

from tornado.iostream import StreamClosedError
from tornado.web import HTTPError

from conf.terms import IdentityLevel
from handlers.base import BaseHandler
from handlers.flows import copies
from handlers.guards import signed_in
from handlers.orders import NO
from views.contexts.errors import Fault

CHUNK = 256 * 1024


class DownloadCopy(BaseHandler):
    """`/orders/{no}/copy`: the file, after its hand-out is on record."""

    @signed_in(level=IdentityLevel.L1)
    async def get(self, no: str) -> None:
        assert self.account is not None  # by the guard
        try:
            handed = await copies.download(self.store, self.account, no, now=self.clock(), trace=self.audit_context())
        except copies.DownloadOver as fault:
            self._closed(no, str(fault))
            return
        self.set_header("Content-Type", "application/pdf")
        self.set_header("Content-Disposition", disposition(handed.filename, f"{handed.copy.no}.pdf"))
        self.set_header("Content-Length", str(len(handed.pdf)))
        await self._send(memoryview(handed.pdf))

    async def head(self, *args: str, **kwargs: str) -> None:
        """Refused: asking about a file must not count as handing it out."""
        raise HTTPError(405)

    def _closed(self, no: str, says: str) -> None:
        page = Fault(title="不能下载", status=409, says=says, request_id=self.request_id, back=f"/orders/{no}")
        self.show(page, status=409)

    async def _send(self, pdf: memoryview) -> None:
        """In chunks, each waited for, so that a slow reader holds one chunk and not the whole file in our buffers."""
        try:
            for start in range(0, len(pdf), CHUNK):
                self.write(bytes(pdf[start : start + CHUNK]))
                await self.flush()
        except StreamClosedError:  # the visitor went away; the hand-out stays on record and can be repeated
            return


def disposition(filename: str, fallback: str) -> str:
    """RFC 6266 with RFC 8187: the Chinese name for today's browsers, an ASCII one for the rest."""
    return f"attachment; filename=\"{fallback}\"; filename*=UTF-8''{quote(filename, safe='')}"


ROUTES = [(rf"/orders/{NO}/copy", DownloadCopy)]
